/** What happens to processes and machines: they are killed, lose power, stand still, become slow, stop and start again. */
import type { SimCluster } from '../cluster.js'
import type { PlannedFault } from '../plan.js'
import { violated } from '../invariants/violation.js'
import { firstStartPoints, isRare, laterPoints, needsTransfer } from '../crash-points.js'
import { leaveBehind, leavesBehind, leftBehind } from './left-behind.js'
import { usualShare, anyServer, nothingToMend, someServers, sometime, type FaultKind } from './fault-kind.js'
import { names } from './network-faults.js'

function startAll(cluster: SimCluster, ids: readonly number[]): () => void {
  return () => {
    for (const id of ids) cluster.server(id).start()
  }
}

const crash: FaultKind = {
  name: 'crash',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs), servers: [anyServer(prng, size)] }),
  begin: (cluster, { servers }) => {
    cluster.server(servers[0]!).crash()
    return startAll(cluster, servers)
  },
  describe: ({ servers }) => `${names(servers)} loses power`,
}

const kill: FaultKind = {
  name: 'kill',
  weight: usualShare,
  draw: crash.draw,
  begin: (cluster, { servers }) => {
    cluster.server(servers[0]!).kill()
    return startAll(cluster, servers)
  },
  describe: ({ servers }) => `kill -9 of ${names(servers)}`,
}

const killLeader: FaultKind = {
  name: 'leader killed',
  weight: usualShare,
  draw: (prng, _size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs), amount: prng.below(2) }),
  begin: (cluster, { amount }) => {
    const leader = cluster.leader ?? cluster.server(1)
    if (amount === 0) leader.kill()
    else leader.crash()
    return startAll(cluster, [leader.id])
  },
  describe: ({ amount }) => (amount === 0 ? 'kill -9 of the leader' : 'the leader loses power'),
}

const crashAll: FaultKind = {
  name: 'all crash',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: timeoutMs * prng.between(0.1, 2),
    servers: Array.from({ length: size }, (_, i) => i + 1),
  }),
  begin: (cluster, { servers }) => {
    for (const id of servers) cluster.server(id).crash()
    return startAll(cluster, servers)
  },
  describe: () => 'all servers lose power',
}

const crashSome: FaultKind = {
  name: 'some crash',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs), servers: someServers(prng, size) }),
  begin: crashAll.begin,
  describe: ({ servers }) => `${names(servers)} lose power`,
}

/** A process that dies again and again, faster than it can do anything useful; killed and by power in turn, `amount` times. */
const crashLoop: FaultKind = {
  name: 'crash loop',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: timeoutMs * prng.between(1, 6),
    servers: [anyServer(prng, size)],
    amount: 3 + prng.below(6),
  }),
  begin: (cluster, { servers: [id], forMs, amount }) => {
    const { kernel } = cluster
    const server = cluster.server(id!)
    let isOver = false
    for (let i = 0; i < amount; i++) {
      kernel.at(kernel.nowMs + (forMs * i) / amount, null, 0, () => {
        if (isOver) return
        // What a killed process wrote may be seen by the next one and still be lost when the power goes (F01).
        if (i % 2 === 0) server.kill()
        else server.crash()
        server.start()
      })
    }
    return () => {
      isOver = true
    }
  },
  describe: ({ servers, amount }) => `${names(servers)} is killed or loses power ${amount} times`,
}

/** A server that is asked to stop hands over, closes its log and is gone, within so many election timeouts. */
const stopTimeoutsMax = 4

/** No other fault happens meanwhile, which could hold a server up. */
function isAlone({ atMs, forMs }: PlannedFault, faults: readonly PlannedFault[]): boolean {
  return faults.filter(other => other.atMs <= atMs + forMs && other.atMs + other.forMs >= atMs).length === 1
}

const stop: FaultKind = {
  name: 'clean stop',
  weight: usualShare,
  draw: crash.draw,
  begin: (cluster, fault) => {
    const { plan, kernel } = cluster
    const server = cluster.server(fault.servers[0]!)
    const { starts, isRunning } = server
    const beganMs = kernel.nowMs
    server.stop()
    return () => {
      const tookMs = kernel.nowMs - beganMs
      const isLate = isRunning && server.isRunning && tookMs > stopTimeoutsMax * plan.electionTimeoutMs
      if (isLate && server.starts === starts && isAlone(fault, plan.faults)) {
        violated('Progress', `server ${server.id} was asked to stop ${Math.round(tookMs)} ms ago, and runs`)
      }
      server.kill()
      server.start()
    }
  },
  describe: ({ servers }) => `${names(servers)} is stopped`,
}

const pause: FaultKind = {
  name: 'pause',
  weight: usualShare,
  draw: crash.draw,
  begin: (cluster, { servers: [id] }) => {
    const server = cluster.server(id!)
    cluster.pause(server)
    return () => cluster.resume(server)
  },
  describe: ({ servers }) => `${names(servers)} stands still`,
}

const pauseLeader: FaultKind = {
  name: 'leader paused',
  weight: usualShare,
  draw: (prng, _size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs) }),
  begin: cluster => {
    const leader = cluster.leader ?? cluster.server(1)
    cluster.pause(leader)
    return () => cluster.resume(leader)
  },
  describe: () => 'the leader stands still',
}

/** `amount` is how long a turn of the event loop takes, in ms. */
const slowLoop: FaultKind = {
  name: 'slow event loop',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: sometime(prng, timeoutMs),
    servers: [anyServer(prng, size)],
    amount: timeoutMs * prng.between(0.02, 0.6),
  }),
  begin: (cluster, { servers: [id], amount }) => {
    const server = cluster.server(id!)
    server.turnMs = amount
    return () => {
      server.turnMs = cluster.plan.turnMs
    }
  },
  describe: ({ servers, amount }) => `${names(servers)} takes ${Math.round(amount)} ms for a turn`,
}

const clientKilled: FaultKind = {
  name: 'client killed',
  weight: usualShare,
  draw: prng => ({ forMs: 0, amount: prng.below(100) }),
  begin: (cluster, { amount }) => {
    if (cluster.clients.length > 0) cluster.replaceClient(amount % cluster.clients.length)
    return nothingToMend
  },
  describe: () => 'a client is killed, another takes its place',
}

/** There are many points to be met. */
const crashPointShare = 0.7

/** The power goes at a named point of the disk's work, when it is met for the `amount`th time. */
const crashAt: FaultKind = {
  name: 'crash point',
  weight: crashPointShare,
  draw: (prng, size, timeoutMs, isFirst) => {
    const later = size < leavesBehind ? laterPoints.filter(point => !needsTransfer(point)) : laterPoints
    const points = isFirst ? firstStartPoints : later
    const point = points[prng.below(points.length)]!
    // What is done seldom is waited for, and the first time is as good as any.
    const timeouts = isRare(point) ? prng.between(6, 20) : prng.between(2, 8)
    return {
      forMs: timeoutMs * timeouts,
      servers: someServers(prng, size),
      amount: isFirst || isRare(point) || prng.below(3) > 0 ? 0 : prng.below(20),
      point,
    }
  },
  begin: (cluster, fault) => {
    const { servers, amount, point } = fault
    const armed = servers.map(id => cluster.server(id))
    for (const { disk } of armed) disk.armed = { point, skip: amount }
    // Some work is done at a start only, some only in an election, some only by a server that was left behind.
    if (cluster.kernel.nowMs > 0 && point.includes('directory')) {
      for (const server of armed) {
        server.kill()
        server.start()
      }
    }
    if (point.includes('hard state')) cluster.leader?.kill()
    const comeBack = needsTransfer(point) ? leaveBehind(cluster, servers[0]!, 0) : nothingToMend
    return () => {
      comeBack()
      for (const { disk } of armed) disk.armed = null
      for (const server of cluster.servers) server.start()
    }
  },
  describe: ({ servers, point }) => `${names(servers)} will lose power ${point}`,
}

export const processFaults: readonly FaultKind[] = [
  crash,
  kill,
  killLeader,
  crashSome,
  crashAll,
  crashLoop,
  stop,
  pause,
  pauseLeader,
  slowLoop,
  clientKilled,
  crashAt,
  leftBehind,
]
