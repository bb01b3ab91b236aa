/**
 * What durability costs: how soon a server is back, how long its event loop stands still while it takes a snapshot, how
 * soon an empty follower has one, what the log takes on disk. Each figure beside its goal.
 * `node dist/bench/durability.js --help`.
 */
import { rmSync } from 'node:fs'
import { valueBytesMax } from '../codec/limits.js'
import { makeDiskDirectory } from '../bin/disk-directory.js'
import type { ExitStatus } from '../bin/exit-status.js'
import { exitStatus } from '../bin/exit-status.js'
import type { Values } from '../bin/option.js'
import { flag, optional, seconds, text, whole, withDefault } from '../bin/option.js'
import type { Output } from '../bin/output.js'
import { table } from '../bin/table.js'
import { packageVersion } from '../bin/version.js'
import { help, runBench, told } from './bench-command.js'
import { fileSystemOf, machineConditions } from './conditions.js'
import { MadeState } from './durability/made-directory.js'
import type { Place } from './durability/phases.js'
import { diskUse, restartFromLog, restartFromSnapshot, taking, transfer } from './durability/phases.js'
import { Programs } from './loss/programs.js'
import { rowsOf, type Measured, type PhaseName } from './durability/goals.js'
import { checkServeOptions } from './serve-options.js'

const phaseNames: readonly PhaseName[] = ['log', 'snapshot', 'transfer', 'taking', 'disk']

const options = {
  phases: withDefault('What to measure', names, phaseNames.join(',')),
  puts: withDefault('Entries of the log, and keys of the snapshot', whole(1, 10_000_000), '1000000'),
  valueBytes: withDefault('Bytes of a value', whole(0, valueBytesMax), '256'),
  seconds: withDefault('Time under load for each part of a figure', seconds, '10'),
  outstanding: withDefault('Puts outstanding under load', whole(1, 60_000), '64'),
  data: optional('Parent of the temporary directory, on a disk', text),
  json: flag('One JSON object per phase on stdout, then one with the conditions; nothing else there'),
  help,
}

type Settings = Values<typeof options>

function names(typed: string): readonly PhaseName[] {
  return typed.split(',').map(name => {
    const known = phaseNames.find(each => each === name)
    if (known === undefined) throw new Error(`must be of ${phaseNames.join(', ')}, not '${name}'`)
    return known
  })
}

async function measureAll(
  settings: Settings,
  serveOptions: readonly string[],
  directory: string,
  end: Promise<never>,
  output: Output,
): Promise<ExitStatus> {
  const { puts, valueBytes, seconds, outstanding, phases } = settings
  const shape = { puts, valueBytes }
  let made: MadeState | null = null
  const state = (): MadeState => (made ??= new MadeState(shape))
  const measured: Measured = {}
  for (const [at, phase] of phases.entries()) {
    output.note(`${at + 1}/${phases.length}  ${phase}`)
    const programs = new Programs(0)
    const place = { directory, programs, shape, seconds, outstanding, serveOptions }
    try {
      const measuring = measure(phase, place, state, measured)
      // It fails, too, when its servers are taken down.
      measuring.catch(() => undefined)
      await Promise.race([measuring, end])
    } finally {
      await programs.end()
    }
    if (output.isJson) output.result({ phase, ...measured[phase] })
  }
  const conditions = {
    ...shape,
    seconds,
    outstanding,
    fsync: 'every write',
    fileSystem: fileSystemOf(directory),
    serveOptions,
    raftgram: packageVersion(),
    ...machineConditions(),
  }
  const rows = rowsOf(measured)
  const headings = ['figure', 'measured', 'goal', 'met']
  const lines = rows.map(({ figure, measured, goal, isMet }) => [figure, measured, goal, isMet ? 'yes' : 'no'])
  output.result({ goals: rows, conditions }, `${table(headings, lines, ['measured', 'goal'])}\n\n${told(conditions)}`)
  return rows.every(({ isMet }) => isMet) ? exitStatus.done : exitStatus.no
}

async function measure(phase: PhaseName, place: Place, state: () => MadeState, measured: Measured): Promise<void> {
  switch (phase) {
    case 'log':
      measured.log = await restartFromLog(place)
      return
    case 'snapshot':
      measured.snapshot = await restartFromSnapshot(place, state())
      return
    case 'transfer':
      measured.transfer = await transfer(place, state())
      return
    case 'taking':
      measured.taking = await taking(place, state())
      return
    case 'disk':
      measured.disk = await diskUse(place)
  }
}

await runBench({
  file: 'bench/durability.js',
  options,
  details: `
log       restart with all puts in the log, one entry each
snapshot  restart with all keys in a snapshot
transfer  an empty follower joins two servers under load
taking    a server takes a snapshot under load
disk      what the log takes on disk while it is cut again and again

Exit status 1 where a goal is not met. The goals are those of 1,000,000 puts of 256 bytes.
`,
  async run(settings, serveOptions, end, output) {
    checkServeOptions(serveOptions)
    const directory = makeDiskDirectory('raftgram-durability-', settings.data)
    try {
      return await measureAll(settings, serveOptions, directory, end, output)
    } finally {
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    }
  },
})
