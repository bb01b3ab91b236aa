/**
 * A server is away until the log of the others no longer reaches back to where it stands: it has to be sent a snapshot
 * (section 7). Without this a follower is seldom away for long enough.
 */
import { stepKinds } from '../clock.js'
import type { SimCluster } from '../cluster.js'
import { anyServer, usualShare, type FaultKind } from './fault-kind.js'
import { apart, cut, names } from './network-faults.js'

/** Servers of the least cluster in which the others go on without one. */
export const leavesBehind = 3

/** Links keep what was sent for so long (silence.ts): whoever is back before that may get all that it missed from there. */
const awayMsLeast = 1_000

/** How it is away: killed, without power, or cut off. */
const ways = ['is killed', 'loses power', 'is cut off'] as const

/** Has `id` go away, and come back as soon as it needs a snapshot. What is returned has it come back at once. */
export function leaveBehind(cluster: SimCluster, id: number, way: number): () => void {
  const { kernel, plan } = cluster
  const server = cluster.server(id)
  const lastIndex = server.node?.raft.server.log.lastIndex ?? 0
  const heal = goAway(cluster, id, way)
  const earliestMs = kernel.nowMs + awayMsLeast
  let isBack = false
  const comeBack = (): void => {
    if (isBack) return
    isBack = true
    heal()
    server.start()
  }
  const look = (): void => {
    if (isBack) return
    const { leader } = cluster
    const isBehind = leader !== null && leader !== server && leader.node!.raft.server.log.baseIndex > lastIndex
    if (!isBehind || kernel.nowMs < earliestMs)
      return void kernel.at(kernel.nowMs + plan.heartbeatMs, null, stepKinds.plan, look)
    cluster.tally.add('server: left behind')
    comeBack()
  }
  look()
  return comeBack
}

function goAway(cluster: SimCluster, id: number, way: number): () => void {
  const server = cluster.server(id)
  if (ways[way] === 'is cut off') {
    return cut(
      cluster,
      apart(cluster.plan.servers, (a, b) => a === id || b === id),
    )
  }
  if (ways[way] === 'is killed') server.kill()
  else server.crash()
  return () => undefined
}

/** `amount` says how it is away. */
export const leftBehind: FaultKind = {
  name: 'left behind',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => {
    if (size < leavesBehind) return null
    return {
      forMs: timeoutMs * prng.between(6, 20),
      servers: [anyServer(prng, size)],
      amount: prng.below(ways.length),
    }
  },
  begin: (cluster, { servers: [id], amount }) => leaveBehind(cluster, id!, amount),
  describe: ({ servers, amount }) => `${names(servers)} ${ways[amount]!} until it needs a snapshot`,
}
