/** raftgram bench: throughput and latency under a closed loop of requests, and what they cost the servers. */
import { rmSync } from 'node:fs'
import { fileSystemOf, machineConditions } from '../bench/conditions.js'
import type { LoadKind } from '../bench/load.js'
import { Load, loadKinds, numberedKeys, together } from '../bench/load.js'
import { diskBytesBetween, largestDatagramBytes, rssMiB } from '../bench/server-costs.js'
import { findProcesses, usageOf } from '../bench/server-usage.js'
import { valueBytesMax } from '../codec/limits.js'
import { Prng } from '../src/base/prng.js'
import { RealClock } from '../src/base/real-clock.js'
import type { ClientCore } from '../src/client/client-core.js'
import { Client } from '../src/client/client.js'
import { openCore } from '../src/client/connect.js'
import type { ServerStatus } from '../src/node/status.js'
import { endpoints } from './client-command.js'
import { defineCommand } from './command.js'
import { makeDiskDirectory } from './disk-directory.js'
import { CommandError, exitStatus, usageError } from './exit-status.js'
import { LocalCluster, freePorts } from './local-cluster.js'
import { dashed, optional, seconds, secondsOrNone, text, whole, withDefault } from './option.js'
import type { Output } from './output.js'
import { showProgress } from './progress.js'
import { tuningOptions } from './server-options.js'
import { askedToEnd } from './signals.js'
import { packageVersion } from './version.js'

const electionMsMax = 15_000
const requestMsMax = 10_000
/** After so long it is told what is waited for. */
const silentDrainMs = 1_000

interface Settings {
  readonly concurrency: number
  readonly clients: number
  readonly valueBytes: number
  readonly keys: number
  readonly durationS: number
  readonly warmUpS: number
  readonly seed: number
  readonly datagramBytesMax: number | undefined
}

export const benchCommand = defineCommand({
  name: 'bench',
  words: ['put|get|mixed'],
  describe: 'Measure throughput and latency of put, get or half of each',
  details: `
Without --endpoints it starts three servers of its own, with their data in a temporary directory on a disk, and
removes everything afterwards. Keys are drawn evenly; every key is written once before the measurement begins.
put waits for a majority of disks; get is linearizable; mixed is half of each. Requests that are outstanding when the
measured time is over are waited for, ${requestMsMax / 1_000} s at most: they count in the latencies, and what is never answered as an error, too.`,
  options: {
    endpoints: optional('Servers of a running cluster, HOST:PORT,...', endpoints),
    concurrency: withDefault('Requests outstanding, of all clients together', whole(1, 60_000), '64'),
    clients: withDefault('Clients, each with a socket and a session of its own', whole(1, 1_000), '1'),
    valueBytes: withDefault('Bytes of a value', whole(0, valueBytesMax), '100'),
    keys: withDefault('So many different keys', whole(1, 10_000_000), '10000'),
    durationS: withDefault('Measured time', seconds, '10'),
    warmUpS: withDefault('Time under load before, 0 for none', secondsOrNone, '2'),
    seed: withDefault('Of the keys drawn', whole(0), '1'),
    servers: withDefault('Servers to start, without --endpoints', whole(1, 7), '3'),
    data: optional('Parent of the temporary directory, without --endpoints', text),
    ...tuningOptions,
  },
  examples: [
    ['bench put', ''],
    ['bench mixed --concurrency 512 --value-bytes 1000 --duration-s 30 --json', ''],
  ],
  async run({ words: [what], options, given, output }) {
    const kind = loadKinds.find(candidate => candidate === what!.text)
    if (kind === undefined) throw usageError(`bench takes ${loadKinds.join(', ')}, not '${what!.text}'`)
    let isEnding = false
    const end = askedToEnd().then((): never => {
      isEnding = true
      throw interrupted()
    })
    const wasAskedToEnd = () => isEnding
    // It may come where nobody waits for it: who waits next meets it.
    end.catch(() => undefined)
    if (options.endpoints !== undefined) {
      await measure(kind, options.endpoints, options, {}, end, output)
      return exitStatus.done
    }
    const directory = makeDiskDirectory('raftgram-bench-', options.data)
    let cluster: LocalCluster | null = null
    try {
      cluster = await LocalCluster.start({
        ports: await freePorts(options.servers),
        data: directory,
        serveOptions: () =>
          Object.keys(tuningOptions)
            .map(dashed)
            .flatMap(name => (given.has(name) ? [`--${name}`, given.get(name)!] : [])),
        onLogLine: line => {
          if (options.logLevel === 'debug') output.note(line)
        },
      })
      await Promise.race([cluster.leader(electionMsMax), end])
      const { heartbeatMs, electionTimeoutMs, snapshotEveryMib } = options
      const conditions = { heartbeatMs, electionTimeoutMs, snapshotEveryMib, fileSystem: fileSystemOf(directory) }
      await measure(kind, cluster.endpoints, options, conditions, end, output)
      return exitStatus.done
    } catch (error) {
      // The servers meet the signal as well where it goes to the whole process group: what became of them is not the reason.
      throw wasAskedToEnd() ? interrupted() : error
    } finally {
      await cluster?.stop()
      rmSync(directory, { recursive: true, force: true })
    }
  },
})

async function measure(
  kind: LoadKind,
  endpoints: readonly string[],
  settings: Settings,
  conditions: object,
  end: Promise<never>,
  output: Output,
): Promise<void> {
  const clock = new RealClock()
  const { concurrency, clients, valueBytes, keys, durationS, warmUpS, seed } = settings
  const observer = await Promise.race([Client.connect({ endpoints, timeoutMs: requestMsMax }), end])
  const connecting = Promise.all(Array.from({ length: clients }, () => connect(clock, endpoints, settings)))
  const cores = await Promise.race([connecting, end])
  const encodedKeys = numberedKeys(keys)
  const loads = cores.map(
    (core, at) =>
      new Load(core, clock, {
        kind,
        // What does not divide evenly goes to the first ones.
        concurrency: Math.floor(concurrency / clients) + (at < concurrency % clients ? 1 : 0),
        valueBytes,
        keys: encodedKeys,
        timeoutMs: requestMsMax,
        prng: new Prng(seed, at),
      }),
  )
  try {
    output.note(`writing ${keys} keys, then ${warmUpS} s of load, before ${durationS} s are measured`)
    await Promise.race([fill(loads[0]!), end])
    for (const load of loads) load.start()
    await until(end, warmUpS)
    const before = await serverStatuses(observer)
    const beforeMs = clock.now()
    const pids = before.length === 0 ? null : findProcesses(before.map(({ address }) => address))
    const usedBefore = pids === null ? null : usageOf(pids)
    const ownBefore = process.cpuUsage()
    for (const load of loads) load.reset()
    const startMs = clock.now()
    const progress = showProgress(durationS * 1_000, () =>
      loads.reduce((sum, load) => sum + load.measured.completed, 0),
    )
    await until(end, durationS).finally(() => progress.stop())

    const endMs = clock.now()
    const elapsedS = (endMs - startMs) / 1_000
    const own = process.cpuUsage(ownBefore)
    const used = pids === null ? null : usageOf(pids)
    await drain(loads, end, output)
    const drainMs = clock.now() - endMs
    const measured = together(loads.map(load => load.measured))
    const betweenMs = clock.now() - beforeMs
    const after = await serverStatuses(observer)
    const cpuUs = used === null || usedBefore === null ? null : used.cpuUs - usedBefore.cpuUs
    const ms = (ns: number) => rounded(ns / 1e6)
    const { latencyNs, completed, errors } = measured
    const perOp = (total: number | null) => (total === null || completed === 0 ? null : rounded(total / completed))
    const quantileMs = (percent: number) => (latencyNs.count === 0 ? 0 : ms(latencyNs.percentile(percent)))
    const result = {
      what: kind,
      opsPerSec: Math.round(completed / elapsedS),
      p50Ms: quantileMs(50),
      p99Ms: quantileMs(99),
      p999Ms: quantileMs(99.9),
      maxMs: latencyNs.count === 0 ? 0 : ms(latencyNs.max),
      operations: completed,
      errors: [...errors.values()].reduce((sum, count) => sum + count, 0),
      errorsByCode: Object.fromEntries(errors),
      cpuUsPerOp: perOp(cpuUs),
      clientCpuUsPerOp: perOp(own.user + own.system),
      diskBytesPerOp: perOp(diskBytesBetween(before, after, betweenMs)),
      leaderRssMiB: rssMiB(after.filter(({ role }) => role === 'leader')),
      followerRssMiB: rssMiB(after.filter(({ role }) => role !== 'leader')),
      concurrency,
      clients,
      valueBytes,
      keys,
      durationS: rounded(elapsedS),
      drainMs: rounded(drainMs),
      warmUpS,
      seed,
      servers: before.length === 0 ? null : before.length,
      fsync: 'O_DSYNC',
      datagramBytesMax: largestDatagramBytes(after),
      ...conditions,
      raftgram: packageVersion(),
      ...machineConditions(),
    }
    if (completed === 0) throw nothingAnswered(result)
    output.result({ ok: true, ...result }, readable(result))
  } finally {
    for (const load of loads) load.stop()
    await observer.close()
    await Promise.all(cores.map(core => new Promise<void>(resolve => core.close(resolve))))
  }
}

async function connect(clock: RealClock, endpoints: readonly string[], settings: Settings): Promise<ClientCore> {
  const core = await openCore(clock, { endpoints, limits: {}, datagramBytesMax: settings.datagramBytesMax ?? null })
  const outcome = await new Promise<{ code: string }>(resolve => core.connect(clock.now() + requestMsMax, resolve))
  if (outcome.code !== 'ok') throw new CommandError('unavailable', `no server answered at ${endpoints.join(', ')}`)
  return core
}

async function fill(load: Load): Promise<void> {
  const failure = await new Promise<{ code: string } | null>(resolve => load.fill(resolve))
  if (failure !== null)
    throw new CommandError('unavailable', `the keys could not be written first (${failure.code}): see raftgram status`)
}

/** Waits, unless the process is asked to end: then everything is taken down, and nothing is reported. */
async function until(end: Promise<never>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>(resolve => (timer = setTimeout(resolve, seconds * 1_000)))
  await Promise.race([over, end]).finally(() => clearTimeout(timer))
}

/** Until nothing is outstanding, which the time that each request has bounds; an interruption ends it as it ends all else. */
async function drain(loads: readonly Load[], end: Promise<never>, output: Output): Promise<void> {
  const notice = setTimeout(
    () => output.note(`waiting for what is outstanding, ${requestMsMax / 1_000} s at most`),
    silentDrainMs,
  )
  const drained = Promise.all(loads.map(load => new Promise<void>(resolve => load.drain(resolve))))
  await Promise.race([drained, end]).finally(() => clearTimeout(notice))
}

function interrupted(): CommandError {
  return new CommandError('unavailable', 'interrupted: nothing was measured to the end')
}

async function serverStatuses(observer: Client): Promise<ServerStatus[]> {
  const reports = await observer.status()
  return reports.filter(report => report.role !== 'unreachable')
}

/** Not a measurement, but what there is of it is told: the conditions, and what failed how often. */
function nothingAnswered(result: { readonly durationS: number; readonly errorsByCode: object }): CommandError {
  const why = JSON.stringify(result.errorsByCode)
  const message = `no request was answered in ${result.durationS} s (${why}): see raftgram status, or measure for longer`
  return new CommandError('unavailable', message, result)
}

function readable(result: object): string {
  const width = Math.max(...Object.keys(result).map(name => readableName(name).length))
  const shown = (value: unknown) =>
    typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
  return Object.entries(result)
    .map(([name, value]: [string, unknown]) => `${readableName(name).padEnd(width)}  ${shown(value ?? 'not known')}`)
    .join('\n')
}

/** What people read for a key of the JSON. */
function readableName(key: string): string {
  return readableNames.get(key) ?? key.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}

const readableNames: ReadonlyMap<string, string> = new Map([
  ['opsPerSec', 'operations per second'],
  ['p50Ms', 'latency p50 (ms)'],
  ['p99Ms', 'latency p99 (ms)'],
  ['p999Ms', 'latency p99.9 (ms)'],
  ['maxMs', 'longest latency (ms)'],
  ['errorsByCode', 'errors by code'],
  ['cpuUsPerOp', 'CPU of all servers (us per operation)'],
  ['clientCpuUsPerOp', 'CPU of the clients (us per operation)'],
  ['diskBytesPerOp', 'written to disks (bytes per operation)'],
  ['leaderRssMiB', 'memory of the leader (MiB)'],
  ['followerRssMiB', 'memory of a follower (MiB)'],
  ['concurrency', 'requests outstanding'],
  ['valueBytes', 'value (bytes)'],
  ['durationS', 'measured (s)'],
  ['drainMs', 'then waited for what was outstanding (ms)'],
  ['warmUpS', 'warm-up (s)'],
  ['datagramBytesMax', 'largest datagram (bytes)'],
  ['heartbeatMs', 'heartbeat (ms)'],
  ['snapshotEveryMib', 'a snapshot every (MiB)'],
  ['electionTimeoutMs', 'election timeout (ms)'],
  ['cpuModel', 'CPU model'],
  ['memoryMiB', 'memory of the host (MiB)'],
])

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
