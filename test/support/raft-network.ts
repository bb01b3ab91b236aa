/**
 * Virtual time and the links between simulated servers: what is due when, and what is lost, copied, delayed or cut on the
 * way. Equal seeds and equal calls give equal runs.
 */
import { assert } from '../../src/base/assert.js'
import { Prng } from '../../src/base/prng.js'
import type { Message, ServerId } from '../../src/raft/types.js'

export type Span = readonly [fromMs: number, toMs: number]

export interface NetworkOptions {
  readonly servers: number
  readonly seed?: number
  /** How long a message travels. Unequal ends reorder. */
  readonly delayMs?: Span
  /** Shares of messages that are lost, and that arrive twice. */
  readonly loss?: number
  readonly copies?: number
}

interface Due {
  readonly atMs: number
  readonly run: () => void
}

/** More events than this at one instant are a loop that never ends. */
const eventsAtOneInstantMax = 20_000

export abstract class RaftNetwork {
  readonly ids: readonly ServerId[]
  readonly random: Prng
  nowMs = 0
  events = 0
  loss: number
  copies: number
  delayMs: Span
  /** May this message travel at all? */
  allow: (from: ServerId, to: ServerId, message: Message) => boolean = () => true
  private readonly cuts = new Set<string>()
  /** Latest first; of equal times the one asked for first is run first. */
  private readonly queue: Due[] = []

  constructor(options: NetworkOptions) {
    this.ids = Array.from({ length: options.servers }, (_, place) => place + 1)
    this.random = new Prng(options.seed ?? 1, 99)
    this.loss = options.loss ?? 0
    this.copies = options.copies ?? 0
    this.delayMs = options.delayMs ?? [1, 1]
  }

  /** Every server that something reached takes its turn. */
  protected abstract takeTurns(): void

  /** Runs everything that is due within the next `durationMs`. */
  runFor(durationMs: number): void {
    const untilMs = this.nowMs + durationMs
    this.takeTurns()
    while (this.nextDueMs <= untilMs) this.instant()
    this.nowMs = untilMs
  }

  /** Runs until `done` holds, for `withinMs` at most, and says whether it holds. */
  runUntil(done: () => boolean, withinMs: number): boolean {
    const untilMs = this.nowMs + withinMs
    this.takeTurns()
    while (!done()) {
      if (this.nextDueMs > untilMs) return false
      this.instant()
    }
    return true
  }

  /** Runs what is due now, and what follows from it at this same instant. */
  settle(): void {
    this.runFor(0)
  }

  at(delayMs: number, run: () => void): void {
    const atMs = this.nowMs + delayMs
    let low = 0
    let high = this.queue.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.queue[middle]!.atMs > atMs) low = middle + 1
      else high = middle
    }
    this.queue.splice(low, 0, { atMs, run })
  }

  /** Cuts one direction of a link. */
  cut(from: ServerId, to: ServerId): void {
    this.cuts.add(`${from}>${to}`)
  }

  /** Only these links carry anything, in both directions. */
  connectOnly(pairs: readonly (readonly [ServerId, ServerId])[]): void {
    for (const from of this.ids) for (const to of this.ids) this.cut(from, to)
    for (const [a, b] of pairs) {
      this.cuts.delete(`${a}>${b}`)
      this.cuts.delete(`${b}>${a}`)
    }
  }

  isolate(id: ServerId): void {
    for (const other of this.ids) {
      this.cut(id, other)
      this.cut(other, id)
    }
  }

  heal(): void {
    this.cuts.clear()
  }

  /** `arrive` is called for each copy of the message that gets through. */
  protected travel(from: ServerId, to: ServerId, message: Message, arrive: () => void): void {
    if (this.cuts.has(`${from}>${to}`) || !this.allow(from, to, message)) return
    const copies = this.random.fraction() < this.copies ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.fraction() >= this.loss) this.at(this.random.between(...this.delayMs), arrive)
    }
  }

  private get nextDueMs(): number {
    return this.queue[this.queue.length - 1]?.atMs ?? Infinity
  }

  private instant(): void {
    this.nowMs = Math.max(this.nowMs, this.nextDueMs)
    for (let events = 0; this.nextDueMs <= this.nowMs; events++) {
      assert(events < eventsAtOneInstantMax, `the events at ${this.nowMs} ms end`)
      while (this.nextDueMs <= this.nowMs) {
        this.events++
        this.queue.pop()!.run()
      }
      this.takeTurns()
    }
  }
}
