/** What is measured, one figure after the other. Each phase makes its directories and ends its servers. */
import { join } from 'node:path'
import { freePorts } from '../../bin/local-cluster.js'
import type { Programs } from '../loss/programs.js'
import { entryBytesOf, lastIndexOf, makeLog, type MadeState, type Owner, type Shape } from './made-directory.js'
import { MeasuredServer, sleep } from './measured-server.js'
import type { Pauses } from './pause-meter.js'
import { SteadyLoad } from './steady-load.js'

/** No snapshot falls due. */
const never = ['--snapshot-every-mib', '1048576']

/** Of the log between two snapshots, for each second that is measured: less than a disk takes in that time. */
const mibPerSecond = 2

/** How long is waited for what has to happen under load. */
const underLoadMsMax = 120_000

const pollMs = 2

export interface Place {
  /** Empty, on a disk. */
  readonly directory: string
  readonly programs: Programs
  readonly shape: Shape
  readonly seconds: number
  readonly outstanding: number
  readonly serveOptions: readonly string[]
}

export interface Restart {
  /** Since the process was started: until it listens, and until it has applied everything. */
  readonly listensMs: number
  readonly appliedMs: number
  /** Of the process by then: what a machine that is busy with others leaves comparable. */
  readonly cpuMs: number
  readonly rssBytes: number
}

export async function restartFromLog(place: Place): Promise<Restart> {
  const [owner] = await owners(place, 'log', 1)
  await makeLog(owner!, place.shape)
  return restart(place, owner!)
}

export async function restartFromSnapshot(place: Place, state: MadeState): Promise<Restart> {
  const [owner] = await owners(place, 'snapshot', 1)
  await state.makeSnapshot(owner!)
  return restart(place, owner!)
}

async function restart(place: Place, owner: Owner): Promise<Restart> {
  const server = MeasuredServer.start(place.programs, owner, [...never, ...place.serveOptions])
  const listensMs = await server.listens()
  const appliedMs = await server.applied(lastIndexOf(place.shape))
  const { cpuMs } = server
  const { rssBytesMax } = await server.pauses()
  await server.end()
  return { listensMs, appliedMs, cpuMs, rssBytes: rssBytesMax }
}

export interface Transfer {
  /** From when the empty server listens until it has applied what the snapshot holds. */
  readonly transferMs: number
  /** Of the two servers that have the snapshot, alone. */
  readonly putsPerSecBefore: number
  readonly putsPerSecMeanwhile: number
  /** Of all three: what the cluster is able to. */
  readonly putsPerSecAfter: number
}

/** Two servers have the snapshot, the third one has nothing and joins under load. */
export async function transfer(place: Place, state: MadeState): Promise<Transfer> {
  const all = await owners(place, 'transfer', 3)
  const holders = all.slice(0, 2)
  for (const owner of holders) await state.makeSnapshot(owner)
  const start = (owner: Owner) => MeasuredServer.start(place.programs, owner, [...never, ...place.serveOptions])
  const servers = holders.map(start)
  await Promise.all(servers.map(server => server.listens()))
  const load = await startLoad(place, servers)
  await sleep(place.seconds * 1_000)
  load.lap()
  await sleep(place.seconds * 1_000)
  const { putsPerSec: putsPerSecBefore } = load.lap()
  const joining = start(all[2]!)
  const listensMs = await joining.listens()
  load.lap()
  const appliedMs = await joining.applied(lastIndexOf(place.shape))
  const { putsPerSec: putsPerSecMeanwhile } = load.lap()
  await sleep(place.seconds * 1_000)
  const { putsPerSec: putsPerSecAfter } = load.lap()
  await load.end()
  await Promise.all([...servers, joining].map(server => server.end()))
  return { transferMs: appliedMs - listensMs, putsPerSecBefore, putsPerSecMeanwhile, putsPerSecAfter }
}

export interface Taking {
  readonly before: Pauses
  /** While a snapshot was taken. */
  readonly meanwhile: Pauses
  readonly takingMs: number
  readonly putsPerSecBefore: number
  readonly putsPerSecMeanwhile: number
  readonly memoryGrowth: number
  /** Of the log, whose segments are all fresh: what was written, and zeros ahead of it. */
  readonly freshBytesPerPut: number
}

/** One server with everything in memory, under load, until it has taken its next snapshot. */
export async function taking(place: Place, state: MadeState): Promise<Taking> {
  const [owner] = await owners(place, 'taking', 1)
  await state.makeSnapshot(owner!)
  const every = ['--snapshot-every-mib', String(mibPerSecond * place.seconds)]
  const server = MeasuredServer.start(place.programs, owner!, [...every, ...place.serveOptions])
  await server.listens()
  const first = server.snapshots
  const load = await startLoad(place, [server])
  await server.pauses()
  load.lap()
  const statusBefore = await server.status()
  await until(() => server.isTaking || server.snapshots !== first, 'a snapshot falls due')
  const beganMs = performance.now()
  const { puts, putsPerSec: putsPerSecBefore } = load.lap()
  const before = await server.pauses()
  const statusAfter = await server.status()
  await until(() => !server.isTaking && server.snapshots !== first, 'the snapshot is taken')
  const takingMs = performance.now() - beganMs
  const { putsPerSec: putsPerSecMeanwhile } = load.lap()
  const meanwhile = await server.pauses()
  await load.end()
  await server.end()
  const memoryGrowth = meanwhile.rssBytesMax / before.rssBytesMax - 1
  const freshBytesPerPut = diskBytes(statusBefore, statusAfter) / puts
  return { before, meanwhile, takingMs, putsPerSecBefore, putsPerSecMeanwhile, memoryGrowth, freshBytesPerPut }
}

export interface DiskUse {
  /** Of the entry of one put: what it is measured against. */
  readonly entryBytes: number
  readonly bytesPerPut: number
  readonly timesTheEntry: number
  /** Segments that began in an old file meanwhile: with none, it is no steady state. */
  readonly recycled: number
  /** The most that the log took, and between how many bytes of it a snapshot was taken. */
  readonly logBytesMax: number
  readonly snapshotEveryBytes: number
}

/** One server whose log is cut again and again. */
export async function diskUse(place: Place): Promise<DiskUse> {
  const [owner] = await owners(place, 'disk', 1)
  await makeLog(owner!, place.shape)
  const everyMib = mibPerSecond * place.seconds
  const every = ['--snapshot-every-mib', String(everyMib)]
  const server = MeasuredServer.start(place.programs, owner!, [...every, ...place.serveOptions])
  await server.listens()
  await server.applied(lastIndexOf(place.shape))
  const load = await startLoad(place, [server])
  await until(() => server.snapshots !== '', 'the log is cut')
  // Files of the log that it began with go one by one: it is bounded once they are gone.
  for (let bytes = Infinity; server.logBytes < bytes;) {
    bytes = server.logBytes
    await sleep(500)
  }
  const before = await server.status()
  load.lap()
  let logBytesMax = 0
  const endMs = performance.now() + place.seconds * 1_000
  while (performance.now() < endMs) {
    logBytesMax = Math.max(logBytesMax, server.logBytes)
    await sleep(100)
  }
  const { puts } = load.lap()
  const after = await server.status()
  await load.end()
  await server.end()
  const entryBytes = entryBytesOf(place.shape.valueBytes)
  const bytesPerPut = diskBytes(before, after) / puts
  return {
    entryBytes,
    bytesPerPut,
    timesTheEntry: bytesPerPut / entryBytes,
    recycled: after.storage.recycled - before.storage.recycled,
    logBytesMax,
    snapshotEveryBytes: everyMib * 2 ** 20,
  }
}

/** What the log wrote between two moments, zeros included. */
function diskBytes(before: Stored, after: Stored): number {
  const bytes = ({ storage }: Stored) => storage.bytesWritten + storage.bytesZeroed
  return bytes(after) - bytes(before)
}

type Stored = Awaited<ReturnType<MeasuredServer['status']>>

async function owners({ directory }: Place, name: string, count: number): Promise<Owner[]> {
  const ports = await freePorts(count)
  const cluster = ports.map((port, at) => `${at + 1}=127.0.0.1:${port}`).join(',')
  return ports.map((_, at) => ({ directory: join(directory, `${name}-${at + 1}`), id: at + 1, cluster }))
}

function startLoad({ outstanding, shape }: Place, servers: readonly MeasuredServer[]): Promise<SteadyLoad> {
  const shapeOfLoad = { outstanding, valueBytes: shape.valueBytes, keys: shape.puts }
  return SteadyLoad.start(
    servers.map(({ address }) => address),
    shapeOfLoad,
  )
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + underLoadMsMax
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`it takes more than ${underLoadMsMax / 1_000} s until ${what}`)
    await sleep(pollMs)
  }
}
