/**
 * What packet loss costs: three servers and a client, each on a host of its own (a network namespace), whose links drop
 * the same share of packets in each direction; Raftgram, the floor of the machine and, where it is installed, etcd.
 * `node dist/bench/loss.js --help`. Needs Linux and root.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeDiskDirectory } from '../bin/disk-directory.js'
import type { ExitStatus } from '../bin/exit-status.js'
import { exitStatus, usageError } from '../bin/exit-status.js'
import type { Values } from '../bin/option.js'
import { amount, flag, optional, seconds, secondsOrNone, text, whole, withDefault } from '../bin/option.js'
import type { Output } from '../bin/output.js'
import { refuseUnwritable } from '../bin/refuse-unwritable.js'
import { packageVersion } from '../bin/version.js'
import { help, runBench, told } from './bench-command.js'
import { fileSystemOf, machineConditions } from './conditions.js'
import type { System } from './loss/cell.js'
import { clientHost } from './loss/cell.js'
import { lossChart } from './loss/chart.js'
import { etcd, etcdVersion } from './loss/etcd.js'
import { floor } from './loss/floor.js'
import { floorValueBytesMax } from './loss/floor/wire.js'
import { Hosts, whyNoHosts } from './loss/hosts.js'
import { raftgram } from './loss/raftgram.js'
import { legend, lossTable, togetherLegend } from './loss/report.js'
import { planCells, runCells } from './loss/run.js'
import type { Measured } from './loss/summary.js'
import { shareOfLossless, summarize } from './loss/summary.js'
import { checkServeOptions } from './serve-options.js'

const builtScript = fileURLToPath(new URL('../bin/raftgram.js', import.meta.url))
const subject = 'raftgram'
const baseName = 'base'
const systemNames = [subject, 'etcd', 'floor'] as const

/** What a cell takes beside its load: starting, electing, filling, ending. */
const aroundCellS = 4

const options = {
  loss: withDefault('Per cent of packets that each direction of each link loses', percents, '0,1,5,10,20'),
  systems: withDefault('What to measure; what is not installed is left out', names, systemNames.join(',')),
  seconds: withDefault('Measured time of a cell', seconds, '10'),
  warmUp: withDefault('Seconds under load before, for V8 to compile what is hot; 0 for none', secondsOrNone, '10'),
  outstanding: withDefault('Requests outstanding', whole(1, 60_000), '64'),
  valueBytes: withDefault('Bytes of a value', whole(0, floorValueBytesMax), '256'),
  keys: withDefault('So many different keys', whole(1, 10_000_000), '10000'),
  repeat: withDefault('Times that every cell is measured', whole(1, 1_000), '1'),
  nice: withDefault('Nice value of servers and clients; below 0 it helps on a busy machine', niceness, '0'),
  raftgram: withDefault('Built raftgram.js to measure', text, builtScript),
  base: optional('Another one, measured in turns with it as "base"', text),
  together: flag('Measure --base at the same time: what slows the machine slows both'),
  svg: optional('File for a picture of the rates', text),
  data: optional('Parent of the temporary directory, on a disk', text),
  json: flag('One JSON object per cell on stdout, then one with the medians; nothing else there'),
  help,
}

type Settings = Values<typeof options>

/** Numbers separated by commas, in the order in which they are measured. */
function percents(typed: string): readonly number[] {
  return typed.split(',').map(amount(0, 99))
}

function niceness(typed: string): number {
  const value = Number(typed)
  if (!/^-?\d+$/.test(typed) || value < -20 || value > 19) throw new Error(`must be from -20 to 19, not '${typed}'`)
  return value
}

function names(typed: string): readonly string[] {
  const chosen = typed.split(',')
  const unknown = chosen.find(name => !systemNames.some(known => known === name))
  if (unknown !== undefined) throw new Error(`must be of ${systemNames.join(', ')}, not '${unknown}'`)
  return chosen
}

/** Those that were asked for and can be measured here. */
function systemsOf(
  settings: Settings,
  serveOptions: readonly string[],
  directory: string,
  output: Output,
): readonly System[] {
  const all = [
    raftgram(subject, settings.raftgram, serveOptions),
    ...(settings.base === undefined ? [] : [raftgram(baseName, settings.base, serveOptions)]),
    etcd(directory),
    floor,
  ]
  return all
    .filter(({ name }) => name === baseName || settings.systems.includes(name))
    .filter(system => {
      const why = system.whyNot()
      if (why !== null && system.name !== 'etcd') throw usageError(why)
      if (why !== null) output.note(`${system.name} is left out: ${why}`)
      return why === null
    })
}

async function measure(
  systems: readonly System[],
  networks: readonly Hosts[],
  directory: string,
  serveOptions: readonly string[],
  settings: Settings,
  end: Promise<never>,
  output: Output,
): Promise<ExitStatus> {
  const { seconds, warmUp, outstanding, valueBytes, keys, nice } = settings
  const load = { seconds, warmUpS: warmUp, outstanding, valueBytes, keys }
  const together = settings.together ? [subject, baseName] : []
  const planned = planCells(systems, settings.loss, settings.repeat, together)
  const cells = planned.flat().length
  if (cells === 0) throw usageError('nothing is left to be measured: the floor sends nothing again and needs --loss 0')
  const minutes = Math.ceil((planned.length * (seconds + warmUp + aroundCellS)) / 60)
  output.note(`${cells} ${cells === 1 ? 'cell' : 'cells'}, about ${minutes} min`)
  const all: Measured[] = []
  let failures = 0
  await runCells(
    planned,
    { networks, directory, load, nice, end },
    {
      measured: (cell, at) => {
        all.push(cell)
        if (output.isJson) output.result({ ...cell, shareOfLossless: shareOfLossless(cell, all) })
        const { system, lossPercent, opsPerSec, p50Ms, p99Ms, otherCpuPercent } = cell
        const rate = `${Math.round(opsPerSec)}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms, other CPU ${otherCpuPercent ?? '?'} %`
        output.note(`${at + 1}/${cells}  ${system} at ${lossPercent} %: ${rate}`)
      },
      failed: ({ system, lossPercent, repeat }, why) => {
        failures++
        if (output.isJson) output.result({ system: system.name, lossPercent, repeat, failed: why })
        output.note(`${system.name} at ${lossPercent} % could not be measured: ${why}`)
      },
    },
  )
  const rows = summarize(all)
  const conditions = {
    ...load,
    nice,
    together: settings.together,
    servers: 3,
    mtu: 1_500,
    fsync: 'every write',
    fileSystem: fileSystemOf(directory),
    serveOptions,
    raftgram: packageVersion(),
    etcd: systems.some(({ name }) => name === 'etcd') ? etcdVersion() : null,
    ...machineConditions(),
  }
  const notes = settings.together ? `${legend}\n${togetherLegend}` : legend
  output.result({ medians: rows, conditions }, [lossTable(rows, subject), notes, told(conditions)].join('\n\n'))
  if (settings.svg !== undefined) {
    const { raftgram, etcd, fileSystem, node, cores } = conditions
    writeFileSync(
      settings.svg,
      lossChart(rows, told({ outstanding, valueBytes, raftgram, etcd, fileSystem, node, cores })),
    )
  }
  return failures === 0 ? exitStatus.done : exitStatus.no
}

/** A signal meets the tools that make a network, too: it is the reason then, and not what became of them. */
async function madeUnless(end: Promise<never>): Promise<Hosts> {
  const making = Hosts.make(clientHost)
  try {
    return await Promise.race([making, end])
  } catch (error) {
    await making.then(
      hosts => hosts.remove(),
      () => undefined,
    )
    throw error
  }
}

await runBench({
  file: 'bench/loss.js',
  options,
  async run(settings, serveOptions, end, output) {
    const why = await whyNoHosts()
    if (why !== null) throw usageError(`hosts of their own cannot be made: ${why}`)
    if (settings.together && settings.base === undefined) throw usageError('--together needs --base, the other build')
    // Another build may know other options.
    if (settings.raftgram === builtScript && settings.base === undefined) checkServeOptions(serveOptions)
    refuseUnwritable(settings.svg, 'svg')
    const directory = makeDiskDirectory('raftgram-loss-', settings.data)
    const networks: Hosts[] = []
    try {
      const systems = systemsOf(settings, serveOptions, directory, output)
      for (let made = 0; made < (settings.together ? 2 : 1); made++) networks.push(await madeUnless(end))
      return await measure(systems, networks, directory, serveOptions, settings, end, output)
    } finally {
      for (const hosts of networks) await hosts.remove()
      rmSync(directory, { recursive: true, force: true })
    }
  },
})
