/** What happened on one link since it was made, counted for `status`. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { DropCounters } from './drop-counters.js'
import { outboxBytesMax } from './outbox.js'
import { linkReassemblyBytesMax } from './reassembly.js'
import type { LinkStatus } from './types.js'

/** What a link knows of itself besides what it has counted. */
type Now = Pick<
  LinkStatus,
  | 'lossShare'
  | 'roundTripMs'
  | 'windowBytes'
  | 'inFlightBytes'
  | 'waitingBytes'
  | 'reassemblyBytes'
  | 'datagramBytesMax'
>

const microsecondsPerMs = 1_000

export class LinkCounters {
  sent = 0
  sentBytes = 0
  received = 0
  receivedBytes = 0
  /** Datagrams taken for lost. */
  lost = 0
  /** Of those: acknowledged after all. */
  late = 0
  repeatedMessages = 0
  repeatedBytes = 0
  /** Datagrams sent twice at once, against loss. */
  doubled = 0
  /** Times that the other side was asked for a word. */
  probes = 0
  /** Datagrams that arrived again, or too late, or of a former boot; and those that arrived after a later one. */
  duplicates = 0
  outOfOrder = 0
  /** Times that the path carried less than before. */
  blackHoles = 0
  readonly drops = new DropCounters()
  private roundTrips: RecordableHistogram | null = null

  roundTrip(ms: number): void {
    this.roundTrips ??= createHistogram({ lowest: 1, highest: 4_000_000, figures: 2 })
    this.roundTrips.record(Math.max(1, Math.round(ms * microsecondsPerMs)))
  }

  describe(now: Now): LinkStatus {
    const percentileMs = (p: number) => (this.roundTrips?.percentile(p) ?? 0) / microsecondsPerMs
    const { lossShare, roundTripMs, windowBytes, inFlightBytes, waitingBytes, reassemblyBytes, datagramBytesMax } = now
    return {
      sent: this.sent,
      sentBytes: this.sentBytes,
      received: this.received,
      receivedBytes: this.receivedBytes,
      lost: this.lost,
      late: this.late,
      repeatedMessages: this.repeatedMessages,
      repeatedBytes: this.repeatedBytes,
      doubled: this.doubled,
      probes: this.probes,
      duplicates: this.duplicates,
      outOfOrder: this.outOfOrder,
      blackHoles: this.blackHoles,
      lossShare: rounded(lossShare, 4),
      roundTripMs: rounded(roundTripMs, 3),
      roundTripP50Ms: percentileMs(50),
      roundTripP99Ms: percentileMs(99),
      datagramBytesMax,
      windowBytes: Math.floor(windowBytes),
      inFlightBytes,
      waitingBytes,
      waitingBytesMax: outboxBytesMax,
      reassemblyBytes,
      reassemblyBytesMax: linkReassemblyBytesMax,
      drops: this.drops.all,
    }
  }
}

/** Estimates are not known to more places than are worth reading. */
function rounded(value: number, places: number): number {
  return Math.round(value * 10 ** places) / 10 ** places
}
