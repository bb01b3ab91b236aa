/**
 * The Clock port over Node's own: performance.now, setTimeout, setImmediate.
 *
 * A timer keeps one Timeout and sets it off again with `refresh()` where the delay is the same, which costs a quarter of
 * a new one. Put off to a later time it is left alone: it fires when it was first due, looks again, and waits for the
 * rest. Most timers here are put off far more often than they fire.
 */
import type { Clock, Timer } from './clock.js'

export interface RealClockOptions {
  /** Whether a set timer keeps the process alive. The end of a turn always does: something is under way. Default true. */
  readonly keepAlive?: boolean
}

/** Node takes no longer delay; a timer that is further away looks again then. */
const delayMsMax = 2 ** 31 - 1

export class RealClock implements Clock {
  private readonly keepAlive: boolean

  constructor(options: RealClockOptions = {}) {
    this.keepAlive = options.keepAlive ?? true
  }

  now(): number {
    return performance.now()
  }

  timer(callback: () => void): Timer {
    return new RealTimer(callback, this.keepAlive)
  }

  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }
}

class RealTimer implements Timer {
  private readonly callback: () => void
  private readonly keepAlive: boolean
  /** When to call back; Infinity for not at all. */
  private atMs = Infinity
  private timeout: NodeJS.Timeout | null = null
  private delayMs = 0
  /** When `timeout` fires; Infinity where it is not running. */
  private firesAtMs = Infinity

  constructor(callback: () => void, keepAlive: boolean) {
    this.callback = callback
    this.keepAlive = keepAlive
  }

  set(atMs: number): void {
    this.atMs = atMs
    if (atMs === Infinity) {
      // Left running it would keep the process alive for nothing.
      if (this.timeout !== null) clearTimeout(this.timeout)
      this.timeout = null
      this.firesAtMs = Infinity
    } else if (this.firesAtMs > atMs) {
      this.run(performance.now())
    }
  }

  private run(nowMs: number): void {
    const delayMs = Math.min(Math.max(Math.ceil(this.atMs - nowMs), 1), delayMsMax)
    if (this.timeout !== null && delayMs === this.delayMs) {
      this.timeout.refresh()
    } else {
      if (this.timeout !== null) clearTimeout(this.timeout)
      this.timeout = setTimeout(() => this.fired(), delayMs)
      if (!this.keepAlive) this.timeout.unref()
    }
    this.delayMs = delayMs
    this.firesAtMs = nowMs + delayMs
  }

  private fired(): void {
    this.firesAtMs = Infinity
    const nowMs = performance.now()
    // Put off meanwhile, or a fraction of a millisecond early, as Node's timers may be.
    if (nowMs < this.atMs) {
      this.run(nowMs)
      return
    }
    this.atMs = Infinity
    this.callback()
  }
}
