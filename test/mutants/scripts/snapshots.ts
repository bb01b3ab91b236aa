/** Snapshots beside a disk, a process and a machine that choose the worst moment. */
import type { SimCluster } from '../../../src/sim/cluster.js'
import type { SimPlan } from '../../../src/sim/plan.js'
import type { ServerProcess } from '../../../src/sim/server-process.js'
import type { SimOperation } from '../../../src/storage/disk-sim.js'
import { calmCluster, calmPlan, expected, ignored, pass, passUntil, rolesOf, told } from './calm-cluster.js'
import { allIsWell, notTold, type Said, type Script } from './script.js'

const load = { ...calmPlan.load, clients: 4, outstanding: 2, pauseMs: 16, valueBytes: 200, putShare: 0.9 }

/** A cluster that takes a snapshot every few entries, under load. */
function busyCluster(changes: Partial<SimPlan> = {}): SimCluster {
  return calmCluster({ load, segmentBytes: 8_192, snapshotEveryBytes: 3_000, ...changes })
}

/** The leader's log does not reach back to the end of this server's any more. */
function isBehind(cluster: SimCluster, lastIndex: number): boolean {
  return rolesOf(cluster).leader.node!.raft.server.log.baseIndex > lastIndex
}

/** Kills a follower, and waits until it needs a snapshot. */
function leaveBehind(cluster: SimCluster, away: ServerProcess): void {
  const { lastIndex } = away.node!.raft.server.log
  away.kill()
  passUntil(cluster, () => isBehind(cluster, lastIndex))
}

function cutOff({ network, servers }: SimCluster, away: ServerProcess): void {
  for (const { id } of servers) {
    network.cut(away.id, id)
    network.cut(id, away.id)
  }
}

function joinAgain({ network, servers }: SimCluster, away: ServerProcess): void {
  for (const { id } of servers) {
    network.heal(away.id, id)
    network.heal(id, away.id)
  }
}

function snapshotIndexOf({ node }: ServerProcess): number {
  return node?.raft.server.snapshotIndex ?? 0
}

/** What its disk does when it is killed: a piece is about to be written, or the snapshot has got its name. */
const moments = ['sync', 'rename'] as const

/** The next process goes on with what it finds, until the power goes; and the one after that with entries. */
export const killedReceiving: Script = {
  name: 'the process is killed while it receives a snapshot, and after the next start the machine loses power',
  run: () =>
    told(() => {
      const cluster = busyCluster({ diskFromMs: 3, diskToMs: 6 })
      const [away] = rolesOf(cluster).followers as [ServerProcess]
      for (let turn = 0; turn < 20; turn++) {
        leaveBehind(cluster, away)
        for (const client of cluster.clients) client.kill()
        away.start()
        passUntil(cluster, () => away.node !== null)
        const before = snapshotIndexOf(away)
        passUntilDone(cluster, away, moments[turn % moments.length]!)
        away.kill()
        away.start()
        passUntil(cluster, () => snapshotIndexOf(away) > before)
        for (let client = 0; client < load.clients; client++) cluster.replaceClient(client)
        if (turn % 4 < 2) passUntil(cluster, () => isWriting(away))
        else pass(cluster, 10)
        if (snapshotIndexOf(away) === before) return expected(false, notTold, 'it is sent a snapshot')
        away.crash()
        away.start()
        passUntil(cluster, () => away.node !== null)
      }
      return allIsWell
    }),
}

/** Has it entries behind its snapshot on its disk? */
function isWriting({ node }: ServerProcess): boolean {
  const { persistedIndex, snapshotIndex } = node!.raft.server
  return persistedIndex > snapshotIndex
}

/** Until this server has done something of that kind with its snapshots. */
function passUntilDone(cluster: SimCluster, server: ServerProcess, kind: SimOperation['kind']): void {
  let isDone = false
  const disk = (lane: number, operation: SimOperation): void => {
    isDone ||= lane === server.id && operation.kind === kind && operation.path.startsWith('data/snapshots')
  }
  cluster.watch = { process: ignored, disk, invoked: ignored, answered: ignored, fault: ignored }
  passUntil(cluster, () => isDone)
  cluster.watch = null
}

/** The others commit what is not on the leader's disk yet, and the leader takes a snapshot of it. */
export const slowLeader: Script = {
  name: "a snapshot is durable before the leader's log is",
  run: () =>
    told(() => {
      const cluster = busyCluster()
      const { leader } = rolesOf(cluster)
      const before = snapshotIndexOf(leader)
      leader.disk.logSlowness = 100
      pass(cluster, 100)
      return expected(snapshotIndexOf(leader) > before, notTold, 'the leader takes snapshots')
    }),
}

/** A follower's disk is at work on entries when a snapshot takes the place of its log, and no more may wait for that disk. */
export const slowFollower: Script = {
  name: 'a snapshot takes the place of a log that is being written',
  run: () =>
    told(() => {
      const unpersistedBytesMax = 1_000
      const cluster = busyCluster({ unpersistedBytesMax })
      const { leader, followers } = rolesOf(cluster)
      const [away] = followers as [ServerProcess]
      away.disk.logSlowness = 3_000
      passUntil(cluster, () => away.node!.raft.server.unpersistedBytes >= unpersistedBytesMax)
      const { lastIndex } = away.node!.raft.server.log
      cutOff(cluster, away)
      passUntil(cluster, () => isBehind(cluster, lastIndex))
      joinAgain(cluster, away)
      passUntil(cluster, () => away.node!.raft.server.installing !== null)
      const isAtWork = away.node!.raft.server.unpersistedBytes >= unpersistedBytesMax
      away.disk.logSlowness = 1
      // There are entries behind the snapshot.
      passUntil(cluster, () => leader.node!.raft.server.log.lastIndex > snapshotIndexOf(leader) + 2)
      for (const client of cluster.clients) client.kill()
      pass(cluster, 6_000)
      return isAtWork ? isCaughtUp(leader, away) : expected(false, notTold, 'entries were being written')
    }),
}

/** Snapshots are taken faster than one can be sent. */
export const leftBehindUnderLoad: Script = {
  name: 'a server is left behind under load',
  run: () =>
    told(() => {
      const cluster = busyCluster()
      const { leader, followers } = rolesOf(cluster)
      const [away] = followers as [ServerProcess]
      leaveBehind(cluster, away)
      away.disk.slowness = 20
      away.start()
      pass(cluster, 600)
      for (let looks = 0; looks < 20; looks++) {
        pass(cluster, 10)
        const { snapshotsWanted } = leader.node!.raft
        const isDone = snapshotsWanted.length === 0
        if (!isDone) return expected(isDone, 'Followers Catch Up', 'a follower is sent one snapshot after another')
      }
      return expected(snapshotIndexOf(away) > 0, notTold, 'it was sent a snapshot')
    }),
}

function isCaughtUp(leader: ServerProcess, away: ServerProcess): Said {
  const { lastIndex } = leader.node!.raft.server.log
  const has = away.node!.raft.server.log.lastIndex
  return expected(
    has === lastIndex,
    'Followers Catch Up',
    `a follower ends with entry ${has}, its leader with ${lastIndex}`,
  )
}

/** Half of a snapshot is there when another leader sends its own, which is newer. */
export const anotherSnapshot: Script = {
  name: 'another leader sends another snapshot in the middle of a transfer',
  run: () =>
    told(() => {
      const large = {
        ...calmPlan.load,
        keys: 6,
        pauseMs: 40,
        putShare: 1,
        casShare: 0,
        largeShare: 1,
        largeBytes: 60_000,
      }
      const slowDisk = { diskFromMs: 2, diskToMs: 4 }
      const cluster = calmCluster({ load: large, segmentBytes: 262_144, snapshotEveryBytes: 120_000, ...slowDisk })
      const { leader, followers } = rolesOf(cluster)
      const [away, other] = followers as [ServerProcess, ServerProcess]
      leaveBehind(cluster, away)
      away.start()
      passUntil(cluster, () => heldBytesOf(away) > 0)
      cutOff(cluster, away)
      const isHalfThere = heldBytesOf(away) > 0
      const { lastIncludedIndex } = other.newestSnapshot!
      passUntil(cluster, () => other.newestSnapshot!.lastIncludedIndex > lastIncludedIndex)
      for (const client of cluster.clients) client.kill()
      leader.kill()
      joinAgain(cluster, away)
      pass(cluster, 3_000)
      return isHalfThere ? isCaughtUp(other, away) : expected(false, notTold, 'a piece was there')
    }),
}

function heldBytesOf({ node }: ServerProcess): number {
  return node?.status().snapshots.receiving?.heldBytes ?? 0
}

/** Nothing on the server itself shows it: its leader remembers what it was told. */
export const olderCopy: Script = {
  name: 'a server starts on an older copy of its disk',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const [server] = rolesOf(cluster).followers as [ServerProcess]
      const { disk } = server.disk
      server.kill()
      const copy = disk.paths().map(path => ({ path, bytes: disk.contents(path)! }))
      server.start()
      pass(cluster, 500)
      // What it promised is not asked for: that it goes on is what is wrong.
      cluster.invariants.ended(server.id, true)
      server.kill()
      server.disk.erase()
      for (const { path, bytes } of copy) disk.overwrite(path, 0, bytes, true)
      server.start()
      try {
        pass(cluster, 100)
      } catch (error) {
        // A server that ends by itself counts as a crash elsewhere.
        if (!(error instanceof Error && error.message.includes('acknowledged entries are gone'))) throw error
      }
      return expected(!server.isRunning, 'Damage Is Noticed', 'a server goes on without what it acknowledged')
    }),
}
