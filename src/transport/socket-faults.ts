/**
 * A socket around a socket that makes the network worse: loss, copies, reordering, flipped bits, delay, and cuts. All but
 * cuts apply to what goes out; equal seeds and equal sends give equal faults. Each datagram draws the same number of
 * random numbers whatever the faults are, so turning one of them on does not change whom the others hit.
 */
import type { Clock, Timer } from '../base/clock.js'
import { Prng } from '../base/prng.js'
import { withFlippedBits } from './flipped-bits.js'
import type { Address, Socket } from './socket.js'

/** Shares are of datagrams, 0..1. */
export interface Faults {
  readonly lossShare: number
  /** Sent a second time, with a delay of its own. */
  readonly duplicateShare: number
  /** Held back for up to reorderMs more than the others, which overtake it. */
  readonly reorderShare: number
  readonly reorderMs: number
  /** One to sixteen bits flipped. */
  readonly corruptShare: number
  /** Every datagram takes a time of [delayFromMs, delayToMs). */
  readonly delayFromMs: number
  readonly delayToMs: number
}

/** Faults and the seed that they are drawn from; those not named do not happen. */
export interface FaultOptions extends Partial<Faults> {
  readonly seed: number
}

export const noFaults: Faults = {
  lossShare: 0,
  duplicateShare: 0,
  reorderShare: 0,
  reorderMs: 5,
  corruptShare: 0,
  delayFromMs: 0,
  delayToMs: 0,
}

export type CutDirection = 'to' | 'from' | 'both'

/** Datagrams so far by what befell them; one datagram may count under several. */
export interface FaultCounts {
  passed: number
  lost: number
  duplicated: number
  reordered: number
  corrupted: number
  delayed: number
  cutTo: number
  cutFrom: number
  /** Lost because too much was being delayed already. */
  overflowed: number
}

/** As a router's queue, the place for delayed datagrams is bounded (K11). */
const delayedBytesMax = 64 * 1024 * 1024

interface Delayed {
  readonly atMs: number
  readonly bytes: Uint8Array
  readonly to: Address
}

export class FaultySocket implements Socket {
  /** May be replaced at any time. */
  faults: Faults
  readonly counts: FaultCounts = {
    passed: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    delayed: 0,
    cutTo: 0,
    cutFrom: 0,
    overflowed: 0,
  }
  onDatagram: (bytes: Uint8Array, from: Address) => void = () => undefined
  onError: (error: Error) => void = () => undefined
  private readonly inner: Socket
  private readonly clock: Clock
  private readonly prng: Prng
  private readonly cutsTo = new Set<string | number>()
  private readonly cutsFrom = new Set<string | number>()
  private readonly timer: Timer
  /** In the order in which they go. */
  private delayed: Delayed[] = []
  private delayedBytes = 0

  constructor(inner: Socket, clock: Clock, options: FaultOptions) {
    this.inner = inner
    this.clock = clock
    const { seed, ...faults } = options
    this.prng = new Prng(seed)
    this.faults = { ...noFaults, ...faults }
    this.timer = clock.timer(() => this.sendDelayed())
    inner.onDatagram = (bytes, from) => {
      if (isCut(this.cutsFrom, from)) this.counts.cutFrom++
      else this.onDatagram(bytes, from)
    }
    inner.onError = error => this.onError(error)
  }

  get address(): Address {
    return this.inner.address
  }

  get receiveBufferBytes(): number {
    return this.inner.receiveBufferBytes
  }

  get sendQueueBytes(): number {
    return this.inner.sendQueueBytes
  }

  get datagramsReceived(): number {
    return this.inner.datagramsReceived
  }

  get sendErrors(): ReadonlyMap<string, number> {
    return this.inner.sendErrors
  }

  /** Cuts the way to, or from, an address ("HOST:PORT") or every address with a port. */
  cut(peer: string | number, direction: CutDirection): void {
    if (direction !== 'from') this.cutsTo.add(peer)
    if (direction !== 'to') this.cutsFrom.add(peer)
  }

  /** Ends the cuts of one peer as it was named, or all. */
  heal(peer?: string | number): void {
    for (const cuts of [this.cutsTo, this.cutsFrom]) {
      if (peer === undefined) cuts.clear()
      else cuts.delete(peer)
    }
  }

  send(bytes: Uint8Array, to: Address): boolean {
    const { faults, prng, counts } = this
    const isLost = prng.fraction() < faults.lossShare
    const isDuplicated = prng.fraction() < faults.duplicateShare
    const isReordered = prng.fraction() < faults.reorderShare
    const isCorrupted = prng.fraction() < faults.corruptShare
    const delayMs = prng.between(faults.delayFromMs, faults.delayToMs)
    const copyDelayMs = prng.between(faults.delayFromMs, faults.delayToMs)
    const heldMs = prng.between(0, faults.reorderMs)
    const flipSeed = prng.uint32()
    if (isCut(this.cutsTo, to)) {
      counts.cutTo++
      return true
    }
    if (isLost) {
      counts.lost++
      return true
    }
    if (isReordered) counts.reordered++
    if (isCorrupted) counts.corrupted++
    const carried = isCorrupted ? withFlippedBits(bytes, new Prng(flipSeed)) : bytes
    const mayReuse = this.pass(carried, to, isReordered ? delayMs + heldMs : delayMs)
    if (!isDuplicated) return mayReuse || isCorrupted
    counts.duplicated++
    const mayReuseCopy = this.pass(carried, to, copyDelayMs)
    return (mayReuse && mayReuseCopy) || isCorrupted
  }

  close(done: () => void): void {
    this.timer.set(Infinity)
    this.delayed = []
    this.delayedBytes = 0
    this.inner.close(done)
  }

  /** Sends now or later; whether the bytes may be reused. */
  private pass(bytes: Uint8Array, to: Address, delayMs: number): boolean {
    if (delayMs === 0) {
      this.counts.passed++
      return this.inner.send(bytes, to)
    }
    if (this.delayedBytes + bytes.length > delayedBytesMax) {
      this.counts.overflowed++
      return true
    }
    this.counts.delayed++
    const delayed = { atMs: this.clock.now() + delayMs, bytes: bytes.slice(), to }
    this.delayedBytes += bytes.length
    const at = this.placeOf(delayed.atMs)
    this.delayed.splice(at, 0, delayed)
    if (at === 0) this.timer.set(delayed.atMs)
    return true
  }

  /** After all that go at the same time or before. */
  private placeOf(atMs: number): number {
    let low = 0
    let high = this.delayed.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.delayed[middle]!.atMs <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  private sendDelayed(): void {
    const due = this.delayed.splice(0, this.placeOf(this.clock.now()))
    for (const { bytes, to } of due) {
      this.delayedBytes -= bytes.length
      this.counts.passed++
      this.inner.send(bytes, to)
    }
    this.timer.set(this.delayed[0]?.atMs ?? Infinity)
  }
}

function isCut(cuts: ReadonlySet<string | number>, { key, port }: Address): boolean {
  return cuts.size > 0 && (cuts.has(key) || cuts.has(port))
}
