/** What a kind of fault is: how a plan draws one, what it does to a cluster, and how it is mended. */
import type { Prng } from '../../base/prng.js'
import type { SimCluster } from '../cluster.js'
import type { PlannedFault } from '../plan.js'

/** What a draw decides; the rest of a PlannedFault is the same for all kinds. */
export interface Drawn {
  readonly forMs: number
  readonly servers?: readonly number[]
  readonly amount?: number
  readonly point?: string
}

export interface FaultKind {
  readonly name: string
  /** In this share of the runs it happens at all. */
  readonly weight: number
  /**
   * Null: it makes no sense in a cluster of this size. `timeoutMs` is the election timeout, the measure of all times;
   * `isFirst`: it will be there before the servers start for the first time.
   */
  readonly draw: (prng: Prng, size: number, timeoutMs: number, isFirst: boolean) => Drawn | null
  /** Begins, and returns how it is mended; what is over at once returns nothing to do. */
  readonly begin: (cluster: SimCluster, fault: PlannedFault) => () => void
  /** In words of the trace. */
  readonly describe: (fault: PlannedFault) => string
}

/** Most kinds stay away from most runs: a run in which two kinds happen digs deeper than one in which all do. */
export const usualShare = 0.25

export const nothingToMend = (): void => undefined

/** A server, 1..size. */
export function anyServer(prng: Prng, size: number): number {
  return 1 + prng.below(size)
}

/** Some of the servers, at least one and not all; those of a cluster of one are that one. */
export function someServers(prng: Prng, size: number): number[] {
  const all = Array.from({ length: size }, (_, i) => i + 1)
  const count = size === 1 ? 1 : 1 + prng.below(size - 1)
  for (let i = 0; i < count; i++) {
    const other = i + prng.below(size - i)
    ;[all[i], all[other]] = [all[other]!, all[i]!]
  }
  return all.slice(0, count).sort((a, b) => a - b)
}

/** A time that elections notice, mostly, and sometimes one that they do not. */
export function sometime(prng: Prng, timeoutMs: number): number {
  return timeoutMs * (prng.below(4) === 0 ? prng.between(0.1, 1) : prng.between(1, 8))
}
