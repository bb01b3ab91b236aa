/**
 * The Clock port of one life of a simulated process: it may run fast or slow against the world's time, and a turn of its
 * event loop takes a moment, in which more may arrive.
 */
import type { Clock, Timer } from '../base/clock.js'
import type { Due, Kernel, Life } from './kernel.js'

/** Kinds of steps, for the hash of a run. */
export const stepKinds = { timer: 1, turn: 2, arrival: 3, disk: 4, plan: 5, poll: 6 } as const

export class SimClock implements Clock {
  /** How long one turn of its event loop takes; a busy process has more. */
  turnMs: number
  private readonly kernel: Kernel
  private readonly life: Life
  /** Its milliseconds per millisecond of the world. */
  private readonly rate: number
  private readonly offsetMs: number
  /** A timer never fires before its time, however times were rounded on the way. */
  private leastMs = -Infinity
  private turnCallbacks: (() => void)[] = []
  private turnIsDue = false

  /** It shows `offsetMs` when the world's clock is at zero. */
  constructor(kernel: Kernel, life: Life, options: { rate: number; offsetMs: number; turnMs: number }) {
    this.kernel = kernel
    this.life = life
    this.rate = options.rate
    this.offsetMs = options.offsetMs
    this.turnMs = options.turnMs
  }

  now(): number {
    const nowMs = this.offsetMs + this.kernel.nowMs * this.rate
    return nowMs > this.leastMs ? nowMs : this.leastMs
  }

  timer(callback: () => void): Timer {
    const { kernel, life } = this
    let pending: Due | null = null
    let wantedMs = Infinity
    const fire = (): void => {
      pending = null
      if (wantedMs > this.leastMs) this.leastMs = wantedMs
      wantedMs = Infinity
      callback()
    }
    return {
      set: atMs => {
        wantedMs = atMs
        if (atMs === Infinity) {
          if (pending !== null) pending.run = null
          pending = null
          return
        }
        const worldMs = (atMs - this.offsetMs) / this.rate
        // Timers are mostly put off: then what stands in the heap stays there, and moves on when it comes to the top.
        if (pending !== null && pending.run !== null && worldMs >= pending.atMs) {
          pending.putOffTo = worldMs
          pending.cause = kernel.steps
          return
        }
        if (pending !== null) pending.run = null
        pending = kernel.at(worldMs, life, stepKinds.timer, fire)
      },
    }
  }

  endOfTurn(callback: () => void): void {
    this.turnCallbacks.push(callback)
    if (this.turnIsDue) return
    this.turnIsDue = true
    this.kernel.at(this.kernel.nowMs + this.turnMs, this.life, stepKinds.turn, () => this.turn())
  }

  private turn(): void {
    this.turnIsDue = false
    const callbacks = this.turnCallbacks
    this.turnCallbacks = []
    for (const callback of callbacks) {
      // One of them may have ended the process.
      if (this.life.isOver) return
      callback()
    }
  }
}
