/** A simulated cluster in which nothing goes wrong but what a story does to it. */
import { SimCluster } from '../../../src/sim/cluster.js'
import { InvariantViolation } from '../../../src/sim/invariants/violation.js'
import { perfectLinks } from '../../../src/sim/network.js'
import type { SimPlan } from '../../../src/sim/plan.js'
import type { ServerProcess } from '../../../src/sim/server-process.js'
import { allIsWell, type Said } from './script.js'

export const calmPlan: SimPlan = {
  seed: 1,
  servers: 3,
  load: {
    clients: 2,
    keys: 2,
    outstanding: 1,
    pauseMs: 30,
    valueBytes: 16,
    largeShare: 0,
    largeBytes: 2_000,
    timeoutMs: 5_000,
    putShare: 0.5,
    casShare: 0.1,
    deleteShare: 0,
  },
  healedMs: 0,
  heartbeatMs: 50,
  electionTimeoutMs: 200,
  clockRates: [1, 1, 1],
  turnMs: 0.05,
  diskFromMs: 0.1,
  diskToMs: 0.5,
  segmentBytes: 16_384,
  snapshotEveryBytes: 1e9,
  datagramSizes: [1_200],
  uncommittedBytesMax: 1_000_000,
  unpersistedBytesMax: 1_000_000,
  receiveBufferBytes: 425_984,
  links: perfectLinks,
  faults: [],
  lyingDisks: false,
}

export function calmCluster(changes: Partial<SimPlan> = {}): SimCluster {
  const cluster = new SimCluster({ ...calmPlan, ...changes })
  cluster.begin()
  cluster.runUntil(2_000)
  return cluster
}

/** Lets some simulated time pass. */
export function pass(cluster: SimCluster, ms: number): void {
  cluster.runUntil(cluster.kernel.nowMs + ms)
}

/** For a watch that wants to know of something else. */
export const ignored = (): void => undefined

/** Lets time pass in small steps until something is so, or too much has passed. */
export function passUntil(cluster: SimCluster, isSo: () => boolean): void {
  for (let steps = 0; steps < 4_000 && !isSo(); steps++) pass(cluster, 0.5)
}

/** The leader, who must be there by now, and its followers. */
export function rolesOf(cluster: SimCluster): { leader: ServerProcess; followers: readonly ServerProcess[] } {
  const { leader } = cluster
  if (leader === null) throw new Error('a calm cluster has a leader')
  return { leader, followers: cluster.servers.filter(server => server !== leader) }
}

/** What a server has dropped for this reason. */
export function drops(server: ServerProcess, reason: string): number {
  const all: Readonly<Record<string, number>> = server.node?.status().transport.drops ?? {}
  return all[reason] ?? 0
}

/** The last datagram on a link, from now until `ms` have passed. */
export function lastDatagram(cluster: SimCluster, from: number, to: number, ms = 300): Uint8Array {
  const seen: Uint8Array[] = []
  const record = (sender: number, receiver: number, bytes: Uint8Array): void => {
    if (sender === from && receiver === to) seen.push(bytes.slice())
  }
  cluster.network.recorders.add(record)
  pass(cluster, ms)
  cluster.network.recorders.delete(record)
  const last = seen.at(-1)
  if (last === undefined) throw new Error(`nothing goes from ${from} to ${to}`)
  return last
}

/** Tells a story; what breaks an invariant on the way is its end. */
export function told(story: () => Said): Said {
  try {
    return story()
  } catch (error) {
    if (error instanceof InvariantViolation) return { invariant: error.invariant, message: error.message }
    return { invariant: 'Crash', message: error instanceof Error ? error.message : String(error) }
  }
}

export function expected(isSo: boolean, invariant: string, message: string): Said {
  return isSo ? allIsWell : { invariant, message }
}
