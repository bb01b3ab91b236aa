/**
 * A clock that a test turns by hand: nothing happens until `runUntil` or `runFor`, and then in a fixed order. One turn
 * is everything due at one instant, followed by the callbacks of endOfTurn, as a round of Node's event loop is.
 */
import type { Clock, Timer } from '../../src/base/clock.js'

interface Due {
  readonly atMs: number
  /** Among equal times the one asked for first comes first. */
  readonly order: number
  /** Null once it was put off: it is left where it stands until its time comes. */
  callback: (() => void) | null
}

/** So many turns at one instant are a loop that never ends. */
const turnsAtOneInstantMax = 100_000

export class FakeClock implements Clock {
  private nowMs: number
  private order = 0
  /** A binary heap by time and order. */
  private readonly due: Due[] = []
  private endOfTurnCallbacks: (() => void)[] = []

  constructor(startMs = 0) {
    this.nowMs = startMs
  }

  now(): number {
    return this.nowMs
  }

  timer(callback: () => void): Timer {
    let pending: Due | null = null
    return {
      set: atMs => {
        if (pending !== null) pending.callback = null
        pending = null
        if (atMs === Infinity) return
        pending = this.at(atMs, () => {
          pending = null
          callback()
        })
      },
    }
  }

  endOfTurn(callback: () => void): void {
    this.endOfTurnCallbacks.push(callback)
  }

  /** Calls back once at `atMs`, or in the next turn if that has passed. */
  at(atMs: number, callback: () => void): Due {
    const due = { atMs: Math.max(atMs, this.nowMs), order: this.order++, callback }
    let at = this.due.length
    this.due.push(due)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (isBefore(this.due[parent]!, due)) break
      this.due[at] = this.due[parent]!
      at = parent
    }
    this.due[at] = due
    return due
  }

  /** Runs every turn that is due up to and including `untilMs`, in order, and leaves the clock there. */
  runUntil(untilMs: number): void {
    let turnsAtThisInstant = 0
    for (;;) {
      if (this.endOfTurnCallbacks.length === 0) {
        const nextMs = this.nextMs()
        if (nextMs > untilMs) break
        if (nextMs > this.nowMs) {
          this.nowMs = nextMs
          turnsAtThisInstant = 0
        }
      }
      if (++turnsAtThisInstant > turnsAtOneInstantMax) throw new Error(`the turns at ${this.nowMs} ms never end`)
      this.turn()
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  runFor(durationMs: number): void {
    this.runUntil(this.nowMs + durationMs)
  }

  /** When the next timer is due; Infinity for never. */
  nextMs(): number {
    while (this.due.length > 0 && this.due[0]!.callback === null) this.shift()
    return this.due[0]?.atMs ?? Infinity
  }

  private turn(): void {
    const turnEndsBefore = this.order
    // What is asked for during a turn belongs to the next, also if it is due at once.
    while (this.nextMs() <= this.nowMs && this.due[0]!.order < turnEndsBefore) {
      const due = this.shift()
      const { callback } = due
      due.callback = null
      callback?.()
    }
    const ends = this.endOfTurnCallbacks
    this.endOfTurnCallbacks = []
    for (const end of ends) end()
  }

  private shift(): Due {
    const first = this.due[0]!
    const last = this.due.pop()!
    if (this.due.length === 0) return first
    let at = 0
    for (let child = 1; child < this.due.length; child = 2 * at + 1) {
      if (child + 1 < this.due.length && isBefore(this.due[child + 1]!, this.due[child]!)) child++
      if (isBefore(last, this.due[child]!)) break
      this.due[at] = this.due[child]!
      at = child
    }
    this.due[at] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
