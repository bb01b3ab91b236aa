/**
 * What is in flight on one link, so that a burst never overruns the receiver's socket buffer: on a LAN that is where
 * loss really comes from. Counted in the kernel's currency (kernel-charge.ts), against the window that the other side
 * advertised.
 *
 * - An acknowledgement of packet n frees all up to n: each was read, overtaken or lost; none is on its way any more.
 * - What is older than four round trips counts as gone, or one lost datagram could close the window for ever. But it may
 *   still lie in the buffer of a process that has stopped reading for a moment. So every byte that goes by age takes half
 *   a byte from the window, until acknowledgements give it back: whatever the length of the pause, the receiver gets the
 *   window once, a half, a quarter ... less than two windows in all, and the buffer is three (receive-share.ts).
 * - With nothing in flight one datagram may always go: a window too small for any datagram must not mean silence.
 */
import { chargedBytes } from './kernel-charge.js'

/** Bounds of the age at which a datagram counts as gone. Below the first, timers and garbage collection decide. */
const goneAfterMsLeast = 50
const goneAfterMsMost = 500
const goneAfterRoundTrips = 4

/** Acknowledgements later than this say that nothing was to be sent, not how far away the other side is. */
const rememberedMs = 2_000

/** Accepted by everyone: what may be in flight to a side that advertised nothing yet, and what age leaves at least. */
export const windowBytesAtFirst = 16_384

interface SentPacket {
  readonly chargedBytes: number
  readonly sentAtMs: number
}

export class FlowWindow {
  /** The share that the other side advertised last. */
  advertisedBytes = windowBytesAtFirst
  /** Charged bytes that were sent and are neither acknowledged nor gone. */
  inFlightBytes = 0
  /** What silence has left of the window; Infinity while nothing went by age. */
  private leftByAgeBytes = Infinity
  /** The number that the next datagram gets. */
  private nextNumber: number
  private highestAcked = 0
  /** Datagrams numbered nextNumber - sent.length .. nextNumber - 1, first those gone by age, then those in flight. */
  private sent: SentPacket[] = []
  private goneCount = 0

  /** Numbers of this link begin at `firstNumber`. */
  constructor(firstNumber: number) {
    this.nextNumber = firstNumber
  }

  get lastNumber(): number {
    return this.nextNumber - 1
  }

  /** What may be in flight now, in charged bytes. */
  get limitBytes(): number {
    return Math.min(this.advertisedBytes, this.leftByAgeBytes)
  }

  /** Room for more, in charged bytes; not positive when the window is full. */
  get roomBytes(): number {
    return this.limitBytes - this.inFlightBytes
  }

  /** Numbers a datagram of `payloadBytes` that goes now. */
  number(payloadBytes: number, nowMs: number): number {
    const charged = chargedBytes(payloadBytes)
    this.sent.push({ chargedBytes: charged, sentAtMs: nowMs })
    this.inFlightBytes += charged
    return this.nextNumber++
  }

  /** Whether this is the number of a datagram that was sent after all those acknowledged so far. */
  isUnacked(packetNumber: number): boolean {
    return packetNumber > this.highestAcked && packetNumber < this.nextNumber && packetNumber >= this.firstRemembered
  }

  /**
   * The other side has read up to `packetNumber`. Returns the ms that have passed since that datagram was sent, or -1
   * where it says nothing new.
   */
  acked(packetNumber: number, nowMs: number): number {
    if (!this.isUnacked(packetNumber)) return -1
    this.highestAcked = packetNumber
    const count = packetNumber - this.firstRemembered + 1
    const { sentAtMs } = this.sent[count - 1]!
    let ackedBytes = 0
    for (let i = 0; i < count; i++) {
      const { chargedBytes } = this.sent[i]!
      ackedBytes += chargedBytes
      if (i >= this.goneCount) this.inFlightBytes -= chargedBytes
    }
    this.sent.splice(0, count)
    this.goneCount = Math.max(0, this.goneCount - count)
    this.leftByAgeBytes += ackedBytes
    if (this.leftByAgeBytes >= this.advertisedBytes) this.leftByAgeBytes = Infinity
    return nowMs - sentAtMs
  }

  /** Lets go of what is too old to be on its way. `roundTripMs` is 0 where it is not known. */
  expire(nowMs: number, roundTripMs: number): void {
    const afterMs = goneAfterMs(roundTripMs)
    let next = this.sent[this.goneCount]
    // Summed as in nextExpiryMs: rounded in another way, a timer set by that could find nothing to let go of, for ever.
    while (next !== undefined && next.sentAtMs + afterMs <= nowMs) {
      this.inFlightBytes -= next.chargedBytes
      const left = this.limitBytes - next.chargedBytes / 2
      this.leftByAgeBytes = Math.max(left, windowBytesAtFirst)
      next = this.sent[++this.goneCount]
    }
    if (this.goneCount > 0) this.forget(nowMs - rememberedMs)
  }

  /** When the oldest datagram in flight counts as gone; Infinity with nothing in flight. */
  nextExpiryMs(roundTripMs: number): number {
    const oldest = this.sent[this.goneCount]
    return oldest === undefined ? Infinity : oldest.sentAtMs + goneAfterMs(roundTripMs)
  }

  private get firstRemembered(): number {
    return this.nextNumber - this.sent.length
  }

  private forget(sentBeforeMs: number): void {
    let count = 0
    while (count < this.goneCount && this.sent[count]!.sentAtMs <= sentBeforeMs) count++
    this.sent.splice(0, count)
    this.goneCount -= count
  }
}

function goneAfterMs(roundTripMs: number): number {
  if (roundTripMs === 0) return goneAfterMsMost
  return Math.min(goneAfterMsMost, Math.max(goneAfterMsLeast, goneAfterRoundTrips * roundTripMs))
}
