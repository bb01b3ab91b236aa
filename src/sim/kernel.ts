/**
 * Simulated time: one heap of everything that is still to happen, executed one step at a time in an order that follows
 * from nothing but times and the order in which things were asked for. Each step belongs to a life of a process, or to
 * the world outside (the network, the plan). A hash over all steps tells two runs apart at the first difference.
 */
import { assert } from '../base/assert.js'

/** One run of a process, from its start to its end: what was asked for in it dies with it. */
export class Life {
  /** Of the process, from 1; servers first. */
  readonly lane: number
  isOver = false
  /** It stands still (SIGSTOP): what falls due waits here, in order. Null while it goes on. */
  held: Due[] | null = null

  constructor(lane: number) {
    this.lane = lane
  }
}

/** Something that will happen. */
export interface Due {
  atMs: number
  /** Among equal times the one asked for first comes first. */
  order: number
  /** The step in which it was asked for. */
  cause: number
  readonly life: Life | null
  /** What kind of step it is, for the hash: any small number. */
  readonly kind: number
  /** Null: it was taken back. */
  run: (() => void) | null
  /** Of a timer that was put off: it falls due again at this time instead of running. */
  putOffTo: number
}

/** More steps at one instant are a loop that never ends. */
const stepsAtOneInstantMax = 200_000

export class Kernel {
  nowMs = 0
  /** Steps executed so far; the number of the one under way. */
  steps = 0
  /** The step that led to the one under way. */
  cause = 0
  /** Whose state the step under way changes: who it was asked for by, or who got a datagram. */
  touched: Life | null = null
  /** Called after each step, with the life whose state it changed. */
  onStep: (life: Life | null) => void = () => undefined
  private readonly heap: Due[] = []
  private order = 0
  private firsts = 0
  private stepsAtThisInstant = 0
  private hashLow = 0x811c9dc5
  private hashHigh = 0x1b873593

  /** A hash of all that has happened: equal for equal runs. */
  get hash(): string {
    return [this.hashHigh, this.hashLow].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** Calls `run` at `atMs`, or as soon as possible where that has passed. */
  at(atMs: number, life: Life | null, kind: number, run: () => void): Due {
    const due: Due = {
      atMs: atMs > this.nowMs ? atMs : this.nowMs,
      order: this.order++,
      cause: this.steps,
      life,
      kind,
      run,
      putOffTo: 0,
    }
    this.push(due)
    return due
  }

  /** Calls `run` in the next step of all, before whatever else is due at this instant. */
  next(life: Life, kind: number, run: () => void): void {
    const { nowMs: atMs, steps: cause } = this
    this.push({ atMs, order: -++this.firsts, cause, life, kind, run, putOffTo: 0 })
  }

  /** Something that tells runs apart: what a datagram holds, what a disk was given. */
  note(value: number): void {
    this.hashLow = Math.imul(this.hashLow ^ value, 0x01000193)
    this.hashHigh = Math.imul(this.hashHigh ^ (value + (this.hashLow >>> 15)), 0x85ebca6b)
  }

  /** Executes what is due up to and including `untilMs`, and leaves the clock there. */
  runUntil(untilMs: number): void {
    const { heap } = this
    while (heap.length > 0 && heap[0]!.atMs <= untilMs) this.step(this.shift())
    if (untilMs > this.nowMs) this.nowMs = untilMs
  }

  /**
   * A process goes on after it stood still: all that it missed happens now, in order, but what is of `firstKind` before
   * the rest. Node 20 fires the timers that are due before it reads a socket.
   */
  resume(life: Life, firstKind: number): void {
    const held = life.held ?? []
    life.held = null
    const first = held.filter(({ kind }) => kind === firstKind)
    for (const due of [...first, ...held.filter(({ kind }) => kind !== firstKind)]) {
      due.atMs = this.nowMs
      due.order = this.order++
      this.push(due)
    }
  }

  private step(due: Due): void {
    const { run, life } = due
    if (run === null || (life !== null && life.isOver)) return
    if (due.putOffTo > due.atMs) {
      due.atMs = due.putOffTo
      due.order = this.order++
      this.push(due)
      return
    }
    if (life !== null && life.held !== null) {
      life.held.push(due)
      return
    }
    if (due.atMs > this.nowMs) {
      this.nowMs = due.atMs
      this.stepsAtThisInstant = 0
    }
    assert(++this.stepsAtThisInstant <= stepsAtOneInstantMax, `the steps at ${this.nowMs} ms come to an end`)
    this.steps++
    this.cause = due.cause
    due.run = null
    this.note(due.kind * 64 + (life === null ? 0 : life.lane))
    this.note(Math.floor(this.nowMs * 1_000_000) >>> 0)
    this.touched = life
    run()
    this.onStep(this.touched)
  }

  private push(due: Due): void {
    const { heap } = this
    let at = heap.length
    heap.push(due)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (isBefore(heap[parent]!, due)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = due
  }

  private shift(): Due {
    const { heap } = this
    const first = heap[0]!
    const last = heap.pop()!
    const { length } = heap
    if (length === 0) return first
    let at = 0
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
