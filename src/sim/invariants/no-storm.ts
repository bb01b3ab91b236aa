/**
 * No Storm: in the end, the messages that servers sent each other stay below a bound that follows from time and from what
 * clients sent, whatever was lost or copied (R18; RFC 8085 section 3.1); what clients sent stays below one that follows
 * from their operations; and the steps of the simulation below one that follows from all datagrams: nobody spins. Copies
 * that the network makes do not count.
 */
import type { SimCluster } from '../cluster.js'
import { violated } from './violation.js'

/** Per peer of a leader and heartbeat: two of each, the heartbeat and its answer. */
const perHeartbeat = 4
/**
 * Per peer and datagram of a client: entries or a round of reads, their acknowledgements, their repeats. A third of what
 * clients send only acknowledges, so this is generous: three hundred seeds used a fifth of the bound with 5 at the most.
 */
const perRequest = 3
/** To begin with, and per server started: it is told of, asked for votes, brought up to date. */
const always = 150
const perStart = 20

/**
 * Datagrams of clients per operation, which is repeated with backoff until its time is over, and for each piece of a large
 * value; and per client and second: who finds no leader asks some server every 50 ms, on a lossy link each question goes
 * twice, and each answer is acknowledged. Without that, two of three hundred seeds, leaderless for ten seconds, were above
 * 1,000 + 40 per operation; with it three hundred seeds used half of the bound at the most.
 */
const requestsPerOperation = 40
const requestsPerPiece = 10
const requestsPerSecond = 60
const requestsAlways = 300
const pieceBytes = 1_100

/** Steps for each datagram: it arrives, has a turn and a disk's work. Seven hundred seeds had 3.4 at the most. */
const stepsPerDatagram = 8
const stepsAlways = 5_000

export function checkNoStorm(cluster: SimCluster): void {
  const { peerMessages, kernel, network } = cluster
  const messagesMax = stormMessagesMax(cluster)
  if (peerMessages > messagesMax) {
    violated('No Storm', `servers sent ${peerMessages} messages to each other, the bound is ${messagesMax}`)
  }
  const requestsMax = stormRequestsMax(cluster)
  const requests = requestsOf(cluster)
  if (requests > requestsMax) violated('No Storm', `clients sent ${requests} datagrams, the bound is ${requestsMax}`)
  const stepsMax = stepsAlways + stepsPerDatagram * network.datagrams
  if (kernel.steps > stepsMax) violated('No Storm', `there were ${kernel.steps} events, the bound is ${stepsMax}`)
}

/** The bound on messages between servers. */
export function stormMessagesMax(cluster: SimCluster): number {
  const { kernel, plan, servers } = cluster
  const peers = plan.servers - 1
  const heartbeats = (kernel.nowMs / plan.heartbeatMs) * Math.max(...plan.clockRates)
  const starts = servers.reduce((sum, server) => sum + server.starts, 0)
  const perPeer = heartbeats * perHeartbeat + requestsOf(cluster) * perRequest + starts * perStart
  return always + Math.ceil(peers * perPeer)
}

/** The bound on datagrams of clients. */
export function stormRequestsMax({ load, kernel, plan }: SimCluster): number {
  const { clients, largeShare, largeBytes } = plan.load
  const perOperation = requestsPerOperation + requestsPerPiece * largeShare * (largeBytes / pieceBytes)
  return Math.ceil(requestsAlways + perOperation * load.begun + (requestsPerSecond * clients * kernel.nowMs) / 1_000)
}

/** Datagrams that clients sent. */
export function requestsOf({ network, plan }: SimCluster): number {
  return network.datagramsOfLane.reduce((sum, count, lane) => sum + (lane > plan.servers ? count : 0), 0)
}
