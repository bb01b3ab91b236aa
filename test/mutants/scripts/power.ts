/** The power goes at each point of the disk's work in turn; and a process is killed before its machine loses power. */
import type { SimCluster } from '../../../src/sim/cluster.js'
import { crashPoints } from '../../../src/sim/crash-points.js'
import { drawPlan } from '../../../src/sim/draw-plan.js'
import { runPlan } from '../../../src/sim/run.js'
import type { ServerProcess } from '../../../src/sim/server-process.js'
import type { SimOperation } from '../../../src/storage/disk-sim.js'
import { calmCluster, calmPlan, ignored, pass, passUntil, told } from './calm-cluster.js'
import { allIsWell, type Said, type Script } from './script.js'

/** Each seed is another choice of what the crash leaves. */
const seedsEach = 6

/** Of a young cluster: directories are founded, leaders elected. */
function powerGoesAt(points: readonly string[]): Said {
  for (const point of points) {
    for (let seed = 1; seed <= seedsEach; seed++) {
      const plan = drawPlan(seed, { servers: 3, durationMs: 700, calm: true })
      const faults = [1, 2].map(id => ({ kind: 'crash point', atMs: 0, forMs: 600, servers: [id], amount: 0, point }))
      const { invariant, message } = runPlan({ ...plan, faults })
      if (invariant !== '') return { invariant, message: `${point}, seed ${seed}: ${message}` }
    }
  }
  return allIsWell
}

const isOfFounding = (point: string): boolean => /identity|directory/.test(point)

export const founding: Script = {
  name: 'the power goes while directories are founded',
  run: () => powerGoesAt(crashPoints.filter(isOfFounding)),
}

export const hardStates: Script = {
  name: 'the power goes while term and vote are written',
  run: () => powerGoesAt(crashPoints.filter(point => point.includes('hard state'))),
}

/** Until a server that starts has so many more entries on its disk than it found there. */
function passUntilWritten(cluster: SimCluster, server: ServerProcess, entries: number): void {
  const written = (): number => server.node?.raft.server.persistedIndex ?? 0
  passUntil(cluster, () => server.node !== null)
  const found = written()
  passUntil(cluster, () => written() >= found + entries)
}

/** A segment has its name, which is not durable yet, when its process is killed; the next one uses it, until the power goes. */
export const killedFirst: Script = {
  name: 'the process is killed while a segment is named, and the machine loses power',
  run: () =>
    told(() => {
      const slowDisk = { diskFromMs: 3, diskToMs: 6, segmentBytes: 8_192 }
      const load = { ...calmPlan.load, clients: 4, outstanding: 3, pauseMs: 2, valueBytes: 300, putShare: 0.9 }
      const cluster = calmCluster({ servers: 1, clockRates: [1], ...slowDisk, load })
      const [server] = cluster.servers
      for (let turn = 0; turn < 8; turn++) {
        let isNamed = false
        const disk = (_lane: number, { kind }: SimOperation): void => {
          isNamed ||= kind === 'rename'
        }
        cluster.watch = { process: ignored, disk, invoked: ignored, answered: ignored, fault: ignored }
        passUntil(cluster, () => isNamed)
        cluster.watch = null
        server!.kill()
        server!.start()
        passUntilWritten(cluster, server!, 1)
        server!.crash()
        server!.start()
      }
      return allIsWell
    }),
}

/** Again and again under load, at another moment of its writes each time, something ends the one server there is. */
function endedInWrite(end: (server: ServerProcess, cluster: SimCluster) => void): Said {
  return told(() => {
    const slowDisk = { diskFromMs: 3, diskToMs: 6, segmentBytes: 65_536, snapshotEveryBytes: 1_000_000_000 }
    const load = { ...calmPlan.load, clients: 4, outstanding: 3, pauseMs: 2, valueBytes: 300, putShare: 0.9 }
    const cluster = calmCluster({ servers: 1, clockRates: [1], ...slowDisk, load })
    const server = cluster.servers[0]!
    for (let turn = 0; turn < 40; turn++) {
      passUntil(cluster, () => server.node?.raft.isLeader === true)
      pass(cluster, 20 + 0.7 * turn)
      end(server, cluster)
      server.start()
    }
    return allIsWell
  })
}

/** A process is killed while it writes to its log; the next one has recovered what it read, and then the power goes. */
export const killedInWrite: Script = {
  name: 'the process is killed while it writes, and after the next start the machine loses power',
  run: () =>
    endedInWrite((server, cluster) => {
      server.kill()
      server.start()
      passUntil(cluster, () => server.node !== null)
      server.crash()
    }),
}

/** A write is torn; the next process writes on where the log ends, and the one after it reads that. */
export const tornInWrite: Script = {
  name: 'the power goes in the middle of a write, and after more of them the process is killed',
  run: () =>
    endedInWrite((server, cluster) => {
      server.crash()
      server.start()
      passUntilWritten(cluster, server, 2)
      server.kill()
    }),
}
