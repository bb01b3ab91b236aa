/**
 * How long an exchange with the other side takes: the smoothed mean and variation of RFC 6298, the least of late, and the
 * probe timeout of RFC 9002. Samples come from packet numbers, which are never used twice, so it is always known which
 * datagram was acknowledged and Karn's rule (no sample from what was sent again) is kept by itself.
 */
import { acknowledgementDelayMsMax } from './acknowledgement.js'
import { RecentLeast } from './recent-least.js'
import { granularityMs } from './sent-packets.js'

/** RFC 6298 section 2: the weights of a new sample. */
const smoothing = 1 / 8
const variationSmoothing = 1 / 4

/** The other side acknowledges within this what asks for it soon, its timer included. */
const acknowledgementDelayMs = acknowledgementDelayMsMax + granularityMs

/** Before the first sample. RFC 9002 says 1 s (section 6.2.2); between servers of one site that is an age. */
const probeTimeoutMsAtFirst = 30

export class RoundTrip {
  /** Smoothed round-trip time in ms, 0 before the first sample. */
  smoothedMs = 0
  /** Smoothed mean deviation in ms. */
  variationMs = 0
  latestMs = 0
  private readonly least = new RecentLeast()

  /** One exchange took `sampleMs`. */
  sample(sampleMs: number, nowMs: number): void {
    this.latestMs = sampleMs
    this.least.measured(sampleMs, nowMs)
    if (this.smoothedMs === 0) {
      this.smoothedMs = sampleMs
      this.variationMs = sampleMs / 2
      return
    }
    this.variationMs += variationSmoothing * (Math.abs(this.smoothedMs - sampleMs) - this.variationMs)
    this.smoothedMs += smoothing * (sampleMs - this.smoothedMs)
  }

  /** The least of the last ten to twenty seconds: the path without its queues. Infinity before the first sample. */
  get leastMs(): number {
    return this.least.value
  }

  /** What loss is judged by (RFC 9002 section 6.1.2): the larger of the smoothed and the latest. */
  get lossMs(): number {
    return Math.max(this.smoothedMs, this.latestMs)
  }

  /** Without a word for so long after a packet left, one is asked for (RFC 9002 section 6.2.1). */
  probeTimeoutMs(asked: 'soon' | 'at once'): number {
    if (this.smoothedMs === 0) return probeTimeoutMsAtFirst
    const delayMs = asked === 'soon' ? acknowledgementDelayMs : 0
    return this.smoothedMs + Math.max(4 * this.variationMs, granularityMs) + delayMs
  }
}
