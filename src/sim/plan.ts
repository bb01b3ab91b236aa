/**
 * The plan of a run: everything that is decided before it begins, as plain data. A seed gives a plan (draw-plan.ts), a
 * plan and its seed give a run, event for event; a smaller plan that still fails is a better report (shrink.ts).
 */
import type { LinkQuality } from './network.js'

/** What the clients do. */
export interface Load {
  readonly clients: number
  readonly keys: number
  /** Operations that each client has under way at a time. */
  readonly outstanding: number
  /** Between an answer and the next question, at most; drawn each time. */
  readonly pauseMs: number
  readonly valueBytes: number
  /** This share of the values is large: from 2,000 bytes up to largeBytes, which travel in fragments. */
  readonly largeShare: number
  readonly largeBytes: number
  /** Of an operation; drawn from a third of it up. */
  readonly timeoutMs: number
  /** Shares of what is asked; the rest are reads. */
  readonly putShare: number
  readonly casShare: number
  readonly deleteShare: number
}

/** Something that goes wrong at a time and, if it lasts, is mended after a while. Kinds stand in faults/. */
export interface PlannedFault {
  readonly kind: string
  readonly atMs: number
  readonly forMs: number
  /** Whom it befalls: lanes of servers, from 1. */
  readonly servers: readonly number[]
  /** What else the kind needs to know: how slow, which crash point. */
  readonly amount: number
  readonly point: string
}

export interface SimPlan {
  readonly seed: number
  readonly servers: number
  readonly load: Load
  /** Faults happen before this time; then everything is mended and progress is demanded. */
  readonly healedMs: number
  readonly heartbeatMs: number
  readonly electionTimeoutMs: number
  /** By server: its milliseconds per millisecond of the world. */
  readonly clockRates: readonly number[]
  /** How long a turn of the event loop takes. */
  readonly turnMs: number
  readonly diskFromMs: number
  readonly diskToMs: number
  readonly segmentBytes: number
  /** A server takes a snapshot when it has applied so many bytes of records since the last one. */
  readonly snapshotEveryBytes: number
  /** Payload bytes of datagrams that everybody tries, ascending; the first is used without trying. */
  readonly datagramSizes: readonly number[]
  /** What a leader may hold uncommitted, and a follower waiting for its disk, before they refuse more. */
  readonly uncommittedBytesMax: number
  readonly unpersistedBytesMax: number
  readonly receiveBufferBytes: number
  readonly links: LinkQuality
  readonly faults: readonly PlannedFault[]
  /** Disks call writes durable that are not: safety is then not promised, and the invariants should say so. */
  readonly lyingDisks: boolean
}
