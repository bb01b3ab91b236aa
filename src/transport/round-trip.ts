/**
 * How long an exchange with the other side takes: RFC 6298's smoothed mean and variation. Samples come from packet
 * numbers, which are never used twice, so it is always known which datagram was acknowledged and Karn's rule (no sample
 * from what was retransmitted) is kept by itself. An acknowledgement travels with the next datagram that goes that way
 * anyway, so a sample may be too long, never too short.
 */

/** RFC 6298 section 2: the weights of a new sample. */
const smoothing = 1 / 8
const variationSmoothing = 1 / 4

export class RoundTrip {
  /** Smoothed round-trip time in ms, 0 before the first sample. */
  smoothedMs = 0
  /** Smoothed mean deviation in ms. */
  variationMs = 0

  /** One exchange took `sampleMs`. */
  sample(sampleMs: number): void {
    if (this.smoothedMs === 0) {
      this.smoothedMs = sampleMs
      this.variationMs = sampleMs / 2
      return
    }
    this.variationMs += variationSmoothing * (Math.abs(this.smoothedMs - sampleMs) - this.variationMs)
    this.smoothedMs += smoothing * (sampleMs - this.smoothedMs)
  }
}
