/**
 * What packet loss costs: three servers and a client, each on a host of its own (a network namespace), whose links drop
 * the same share of packets in each direction. `node dist/bench/loss.js --help`. Needs Linux and root.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { splitArguments } from '../bin/arguments.js'
import { CommandError, codeOfError, exitStatus, exitStatusOf, messageOfError, usageError } from '../bin/exit-status.js'
import type { Option, Values } from '../bin/option.js'
import { amount, dashed, flag, optional, seconds, secondsOrNone, text, whole, withDefault } from '../bin/option.js'
import { Output, handleOutputErrors, table } from '../bin/output.js'
import { askedToEnd } from '../bin/signals.js'
import { packageVersion } from '../bin/version.js'
import { fileSystemOf, isInMemory, machineConditions } from './conditions.js'
import type { Figures, System } from './loss/cell.js'
import { clientHost } from './loss/cell.js'
import { etcd } from './loss/etcd.js'
import { floor } from './loss/floor.js'
import { Hosts, whyNoHosts } from './loss/hosts.js'
import { Programs } from './loss/programs.js'
import { raftgram } from './loss/raftgram.js'

/** Numbers separated by commas, in the order in which they are measured. */
function percents(typed: string): readonly number[] {
  return typed.split(',').map(amount(0, 99))
}

const options = {
  loss: withDefault('Per cent of packets that each direction of each link loses', percents, '0,1,5,10,20'),
  seconds: withDefault('Measured time of a cell', seconds, '10'),
  warmUp: withDefault('Seconds under load before, 0 for none', secondsOrNone, '2'),
  outstanding: withDefault('Requests outstanding', whole(1, 60_000), '64'),
  valueBytes: withDefault('Bytes of a value', whole(0), '256'),
  keys: withDefault('So many different keys', whole(1), '10000'),
  repeat: withDefault('Times that every cell is measured', whole(1), '1'),
  raftgram: optional('Built raftgram.js to measure, instead of the one beside this', text),
  data: optional('Parent of the temporary directory, on a disk', text),
  json: flag('One JSON object per cell on stdout, nothing else there'),
  help: flag('This text'),
}

type Settings = Values<typeof options>

interface Measured extends Figures {
  readonly system: string
  readonly loss: number
  readonly repeat: number
  readonly shareOfLossless: number | null
}

async function main(typed: readonly string[]): Promise<number> {
  const { words, given } = splitArguments(typed, options)
  const settings = Object.fromEntries(
    Object.entries<Option<unknown>>(options).map(([name, option]) => [name, valueOf(name, option, given)]),
  ) as Settings
  const output = new Output(settings.json)
  if (settings.help) {
    process.stdout.write(helpText())
    return exitStatus.done
  }
  const why = await whyNoHosts()
  if (why !== null) throw usageError(why)
  const script = settings.raftgram ?? fileURLToPath(new URL('../bin/raftgram.js', import.meta.url))
  const end = askedToEnd().then(() => {
    throw new CommandError('unavailable', 'interrupted')
  })
  // It may come between two cells, where nobody waits for it: the next one meets it.
  end.catch(() => undefined)
  const directory = makeDirectory(settings.data)
  let hosts: Hosts | null = null
  const systems = [
    floor,
    etcd(directory),
    raftgram(
      script,
      words.map(word => word.text),
    ),
  ]
  try {
    hosts = await Hosts.make(clientHost)
    const conditions = { fileSystem: fileSystemOf(directory), mtu: 1_500, raftgram: packageVersion() }
    output.note(JSON.stringify({ ...conditions, ...machineConditions() }))
    await measureAll(systems, hosts, directory, settings, end, output)
  } finally {
    await hosts?.remove()
    rmSync(directory, { recursive: true, force: true })
  }
  return exitStatus.done
}

async function measureAll(
  systems: readonly System[],
  hosts: Hosts,
  directory: string,
  settings: Settings,
  end: Promise<never>,
  output: Output,
): Promise<void> {
  const all: Measured[] = []
  for (let repeat = 1; repeat <= settings.repeat; repeat++) {
    for (const loss of settings.loss) {
      for (const system of systems.filter(({ canLose }) => canLose || loss === 0)) {
        const figures = await measureCell(system, hosts, directory, loss, settings, end)
        const lossless = all.find(each => each.system === system.name && each.repeat === repeat && each.loss === 0)
        const whole = loss === 0 ? figures.opsPerSec : lossless?.opsPerSec
        const shareOfLossless = whole === undefined ? null : Number((figures.opsPerSec / whole).toFixed(3))
        const measured = { system: system.name, loss, repeat, shareOfLossless, ...figures }
        all.push(measured)
        output.note(`${system.name} at ${loss} %: ${figures.opsPerSec}/s, p99 ${figures.p99Ms} ms`)
        if (output.isJson) output.result(measured)
      }
    }
  }
  const headings = ['system', 'loss', 'ops/s', 'share', 'p50', 'p99', 'max', 'errors', 'elections', 'CPU us', 'packets']
  const rows = all.map(cell =>
    [
      cell.system,
      cell.loss,
      cell.opsPerSec,
      cell.shareOfLossless ?? '-',
      cell.p50Ms,
      cell.p99Ms,
      cell.maxMs,
      cell.errors,
      cell.elections ?? '-',
      cell.cpuUsPerOp ?? '-',
      cell.packetsPerOp ?? '-',
    ].map(String),
  )
  if (!output.isJson) output.result({}, table(headings, rows, headings.slice(1)))
}

async function measureCell(
  system: System,
  hosts: Hosts,
  parent: string,
  lossPercent: number,
  { seconds, warmUp, outstanding, valueBytes, keys }: Settings,
  end: Promise<never>,
): Promise<Figures> {
  const programs = new Programs()
  const directory = mkdtempSync(join(parent, `${system.name}-`))
  const load = { seconds, warmUpS: warmUp, outstanding, valueBytes, keys }
  try {
    // Servers find one another on links that lose nothing.
    await hosts.lose(0)
    return await Promise.race([system.measure({ hosts, programs, directory, lossPercent, load }), end])
  } finally {
    await programs.end()
    rmSync(directory, { recursive: true, force: true })
  }
}

function valueOf(name: string, option: Option<unknown>, given: ReadonlyMap<string, string>): unknown {
  const typed = given.get(dashed(name))
  if (typed === undefined) return option.fallback
  try {
    return option.parse(typed)
  } catch (error) {
    throw usageError(`--${dashed(name)} ${messageOfError(error)}`)
  }
}

function makeDirectory(parent: string | undefined): string {
  const candidates = parent === undefined ? [tmpdir(), '/var/tmp', process.cwd()] : [parent]
  if (parent !== undefined) mkdirSync(parent, { recursive: true })
  const onDisk = candidates.find(candidate => !isInMemory(candidate))
  if (onDisk === undefined) throw usageError(`${candidates.join(', ')} are in memory: name a disk with --data DIR`)
  return mkdtempSync(join(onDisk, 'raftgram-loss-'))
}

function helpText(): string {
  const lines = Object.entries(options).map(([name, { describe, fallbackText }]) => {
    const fallback = fallbackText === undefined ? '' : ` (${fallbackText})`
    return `  --${dashed(name).padEnd(14)}${describe}${fallback}\n`
  })
  return `node dist/bench/loss.js [options] [-- options of raftgram serve]\n\n${lines.join('')}`
}

handleOutputErrors()
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const code = codeOfError(error)
  new Output(process.argv.includes('--json')).failure(code, messageOfError(error))
  process.exitCode = exitStatusOf(code)
}
