/**
 * When to repeat a request: RFC 6298 on the round trips of requests (which include the servers' disks), per server.
 *
 * - Karn's rule: a request that was repeated gives no sample, its answer may belong to either copy.
 * - A timeout doubles the timeout of later requests too, until a request that was sent once is answered (RFC 6298, 5.5
 *   to 5.7). Without that, a server that becomes slower than the timeout would see every request twice, and no sample
 *   would ever say so.
 * - Each further repeat of one request waits twice as long, with jitter so that clients do not beat in step, up to 1 s.
 */
import type { Prng } from '../base/prng.js'

/** Before the first sample. RFC 6298 says 1 s; between servers of one site that is an age. */
export const initialTimeoutMs = 100
/** The transport repeats lost datagrams within a few round trips: this is for what it gave up. */
export const minTimeoutMs = 40
export const maxTimeoutMs = 1_000

/** Least allowance over the smoothed time (G of RFC 6298): timers and turns are no finer under load. */
const graceMs = 5

/** Share of the wait that is drawn at random on top. */
const jitterShare = 0.25

export class RequestRoundTrip {
  /** Smoothed round-trip time in ms, 0 before the first sample. */
  smoothedMs = 0
  private variationMs = 0
  private backoff = 1
  private backedOffAtMs = -Infinity

  /** What a request that is sent now waits for its answer. */
  get timeoutMs(): number {
    return Math.min(this.estimateMs * this.backoff, maxTimeoutMs)
  }

  /** The answer to a request that was sent once came after `ms` (RFC 6298, 2.2 and 2.3). */
  sample(ms: number): void {
    if (this.smoothedMs === 0) {
      this.smoothedMs = ms
      this.variationMs = ms / 2
    } else {
      this.variationMs += (Math.abs(this.smoothedMs - ms) - this.variationMs) / 4
      this.smoothedMs += (ms - this.smoothedMs) / 8
    }
    this.backoff = 1
  }

  /** No answer in time. Requests that were sent together time out together: that is one timeout. */
  timedOut(nowMs: number): void {
    if (nowMs - this.backedOffAtMs < this.timeoutMs || this.timeoutMs >= maxTimeoutMs) return
    this.backedOffAtMs = nowMs
    this.backoff *= 2
  }

  /**
   * How long a request waits until it is repeated that has just been sent for the `copies`-th time without an answer. The
   * estimate comes from small ones: a large one may still be under way then (under-way.ts).
   */
  repeatAfterMs(copies: number, prng: Prng): number {
    const doubledMs = this.estimateMs * 2 ** Math.min(copies - 1, 10)
    const waitMs = Math.min(Math.max(doubledMs, this.timeoutMs), maxTimeoutMs)
    return waitMs * (1 + jitterShare * prng.fraction())
  }

  private get estimateMs(): number {
    if (this.smoothedMs === 0) return initialTimeoutMs
    return Math.min(Math.max(this.smoothedMs + Math.max(4 * this.variationMs, graceMs), minTimeoutMs), maxTimeoutMs)
  }
}
