/**
 * The simulated network: datagrams travel as bytes from socket to socket, and meet on the way all that they meet on real
 * ones. Each directed link has a state of its own: a good or bad phase, a queue before its bandwidth, a cut. All chance
 * is of one generator, and each datagram draws the same number of times whatever befalls it: what is done to one does
 * not decide what is done to the next.
 */
import type { Address } from '../transport/socket.js'
import { Prng } from '../base/prng.js'
import { withFlippedBits } from '../transport/flipped-bits.js'
import { chargedBytes } from '../transport/kernel-charge.js'
import type { Kernel } from './kernel.js'
import { stepKinds } from './clock.js'
import type { LossReason } from './trace.js'
import type { Tally } from './tally.js'

/** What links are like. Shares are of datagrams, 0..1. */
export interface LinkQuality {
  readonly lossShare: number
  /** Gilbert and Elliott: a link turns bad and good again with these chances per datagram, and loses while it is bad. */
  readonly burstEnterShare: number
  readonly burstLeaveShare: number
  readonly burstLossShare: number
  /** Sent a second time, with a delay of its own. */
  readonly duplicateShare: number
  /** Held back for up to reorderMs more than the others, which overtake it. */
  readonly reorderShare: number
  readonly reorderMs: number
  /** One to sixteen bits flipped. */
  readonly corruptShare: number
  /** Arrives once more, up to lateMs later: into another term, another leader, another life. */
  readonly lateShare: number
  readonly lateMs: number
  /** Every datagram takes a time of [delayFromMs, delayToMs), and this share of them up to ten times as long. */
  readonly delayFromMs: number
  readonly delayToMs: number
  readonly tailShare: number
  /** 0 for no bound. What waits in the queue before it beyond queueBytes is lost. */
  readonly bytesPerMs: number
  readonly queueBytes: number
  /** Larger datagrams vanish; 0 for no bound. */
  readonly datagramBytesMax: number
  /** Each directed link takes a time of its own: the slowest up to 1 + delaySpread times that of the quickest. */
  readonly delaySpread: number
}

export const perfectLinks: LinkQuality = {
  lossShare: 0,
  burstEnterShare: 0,
  burstLeaveShare: 0.2,
  burstLossShare: 0,
  duplicateShare: 0,
  reorderShare: 0,
  reorderMs: 5,
  corruptShare: 0,
  lateShare: 0,
  lateMs: 10_000,
  delayFromMs: 0.05,
  delayToMs: 0.3,
  tailShare: 0,
  bytesPerMs: 0,
  queueBytes: 64_000,
  datagramBytesMax: 0,
  delaySpread: 0,
}

/** A datagram that has come to the machine of its receiver. */
export interface Arrived {
  readonly bytes: Uint8Array
  readonly from: Address
  readonly fromLane: number
  readonly datagram: number
  readonly chargedBytes: number
  /** The step in which it was sent. */
  readonly cause: number
}

/** Where datagrams come from and go to: the end of a process (socket.ts). */
export interface NetworkEnd {
  readonly lane: number
  readonly address: Address
  arrive(arrived: Arrived): void
}

/** What a trace is told of a datagram. */
export interface NetworkWatch {
  sent(from: number, to: number, datagram: number, bytes: Uint8Array): void
  delivered(from: number, to: number, datagram: number, cause: number): void
  lost(from: number, to: number, datagram: number, why: LossReason): void
  mangled(to: number, datagram: number, how: string): void
}

/** Larger than any cluster with its clients. */
export const lanesMax = 64

/** Bytes of datagrams on their way share large pieces of memory: one allocation each would cost more than the rest. */
const slabBytes = 65_536

export class SimNetwork {
  quality: LinkQuality
  /** Bytes that a receive buffer holds, as the kernel counts them. */
  receiveBufferBytes = 425_984
  watch: NetworkWatch | null = null
  /** Called with each datagram that is sent: for those who send it again later. */
  readonly recorders = new Set<(from: number, to: number, bytes: Uint8Array) => void>()
  /** Drops what a script wants to be dropped. */
  filter: ((from: number, to: number, bytes: Uint8Array) => boolean) | null = null
  /** Sent so far, copies and losses not counted. */
  datagrams = 0
  /** Of each process. */
  readonly datagramsOfLane = new Float64Array(lanesMax)
  bytes = 0
  private readonly kernel: Kernel
  private readonly prng: Prng
  private readonly tally: Tally
  private readonly sockets = new Map<string, NetworkEnd>()
  private readonly lanes = new Map<string, number>()
  /** By directed link: how many faults cut it, whether it is in a bad phase, until when its queue is busy. */
  private readonly cuts = new Uint8Array(lanesMax * lanesMax)
  private readonly isBad = new Uint8Array(lanesMax * lanesMax)
  private readonly busyUntilMs = new Float64Array(lanesMax * lanesMax)
  /** What faults let through of each directed link, the newest last; none for most. */
  private readonly limits = new Map<number, number[]>()
  /** Of each directed link, 0 to 1: its place between the quickest and the slowest. */
  private readonly slowness = new Float64Array(lanesMax * lanesMax)
  private slab = new Uint8Array(slabBytes)
  private slabUsed = 0

  constructor(kernel: Kernel, prng: Prng, tally: Tally, quality: LinkQuality) {
    this.kernel = kernel
    this.prng = prng
    this.tally = tally
    this.quality = quality
  }

  /** The process that uses an address: for its links. */
  place(lane: number, address: Address): void {
    this.lanes.set(address.key, lane)
  }

  opened(socket: NetworkEnd): void {
    this.sockets.set(socket.address.key, socket)
  }

  closed(socket: NetworkEnd): void {
    if (this.sockets.get(socket.address.key) === socket) this.sockets.delete(socket.address.key)
  }

  /** The process at this address is gone, and its socket with it. */
  closedAt(address: Address): void {
    this.sockets.delete(address.key)
  }

  /** Cuts one direction of one link; cuts of several faults add up. */
  cut(from: number, to: number): void {
    this.cuts[from * lanesMax + to]!++
  }

  heal(from: number, to: number): void {
    this.cuts[from * lanesMax + to]!--
  }

  isCut(from: number, to: number): boolean {
    return this.cuts[from * lanesMax + to]! > 0
  }

  /** Larger datagrams vanish on one direction of one link, until the result is called: a black hole (RFC 2923). */
  limit(from: number, to: number, datagramBytesMax: number): () => void {
    const link = from * lanesMax + to
    const limits = this.limits.get(link) ?? []
    this.limits.set(link, limits)
    limits.push(datagramBytesMax)
    return () => {
      limits.splice(limits.indexOf(datagramBytesMax), 1)
    }
  }

  /** Makes some links slower than others, as far as `quality.delaySpread` says. */
  spreadDelays(prng: Prng): void {
    for (let link = 0; link < this.slowness.length; link++) this.slowness[link] = prng.fraction()
  }

  /** Takes a datagram from a socket; `bytes` may be reused when this returns. */
  send(from: NetworkEnd, bytes: Uint8Array, to: Address): void {
    const { prng, quality, kernel } = this
    const lane = this.lanes.get(to.key) ?? 0
    const link = from.lane * lanesMax + lane
    const datagram = ++this.datagrams
    this.datagramsOfLane[from.lane]!++
    this.bytes += bytes.length
    kernel.note(bytes.length * 4_096 + link)
    if (bytes.length >= 12) kernel.note(bytes[8]! | (bytes[9]! << 8) | (bytes[10]! << 16) | (bytes[11]! << 24))
    this.watch?.sent(from.lane, lane, datagram, bytes)
    for (const record of this.recorders) record(from.lane, lane, bytes)
    const lossDraw = prng.fraction()
    const phaseDraw = prng.fraction()
    const copyDraw = prng.fraction()
    const fateDraw = prng.fraction()
    const delayDraw = prng.fraction()
    const more = prng.uint32()
    if (this.cuts[link]! > 0) return this.lose(from.lane, lane, datagram, 'cut')
    if (this.filter?.(from.lane, lane, bytes) === true) return this.lose(from.lane, lane, datagram, 'filter')
    if (bytes.length > this.carriedBytesMax(link)) return this.lose(from.lane, lane, datagram, 'size')
    if (this.isInBadPhase(link, phaseDraw)) {
      if (lossDraw < quality.burstLossShare) return this.lose(from.lane, lane, datagram, 'burst')
    } else if (lossDraw < quality.lossShare) return this.lose(from.lane, lane, datagram, 'loss')

    const queuedMs = this.queue(link, bytes.length)
    if (queuedMs < 0) return this.lose(from.lane, lane, datagram, 'queue')
    let carried = this.keep(bytes)
    let delayMs = queuedMs + this.delayOf(link, delayDraw)
    if (fateDraw < quality.corruptShare) {
      carried = withFlippedBits(carried, new Prng(more))
      this.mangle('corrupt', lane, datagram)
    } else if (fateDraw > 1 - quality.reorderShare) {
      delayMs += fractionOf(more) * quality.reorderMs
      this.mangle('reorder', lane, datagram)
    }
    this.carry(carried, from, to, datagram, delayMs)
    if (copyDraw < quality.duplicateShare) {
      this.mangle('duplicate', lane, datagram)
      this.carry(this.keep(carried), from, to, datagram, queuedMs + this.delayOf(link, fractionOf(more)))
    } else if (copyDraw > 1 - quality.lateShare) {
      this.mangle('late', lane, datagram)
      this.carry(this.keep(carried), from, to, datagram, quality.delayToMs + fractionOf(more) * quality.lateMs)
    }
  }

  /** A datagram out of nowhere: garbage, or one recorded before, in the name of the process `lane`. */
  inject(bytes: Uint8Array, from: Address, to: Address, lane: number): void {
    const datagram = ++this.datagrams
    const target = this.lanes.get(to.key) ?? 0
    this.watch?.sent(lane, target, datagram, bytes)
    this.mangle('forged', target, datagram)
    this.arrive(bytes, from, lane, to, datagram, 0)
  }

  /** A datagram found the receive buffer of its receiver full. */
  overflowed(from: number, to: number, datagram: number): void {
    this.lose(from, to, datagram, 'overflow')
  }

  private carry(bytes: Uint8Array, from: NetworkEnd, to: Address, datagram: number, delayMs: number): void {
    this.arrive(bytes, from.address, from.lane, to, datagram, delayMs)
  }

  private arrive(
    bytes: Uint8Array,
    from: Address,
    fromLane: number,
    to: Address,
    datagram: number,
    delayMs: number,
  ): void {
    const { kernel } = this
    kernel.at(kernel.nowMs + delayMs, null, stepKinds.arrival, () => {
      const socket = this.sockets.get(to.key)
      if (socket === undefined) this.lose(fromLane, this.lanes.get(to.key) ?? 0, datagram, 'closed')
      else
        socket.arrive({
          bytes,
          from,
          fromLane,
          datagram,
          chargedBytes: chargedBytes(bytes.length),
          cause: kernel.cause,
        })
    })
  }

  private lose(from: number, to: number, datagram: number, why: LossReason): void {
    this.tally.add(`lost: ${why}`)
    this.watch?.lost(from, to, datagram, why)
  }

  private mangle(how: string, lane: number, datagram: number): void {
    this.tally.add(`datagram: ${how}`)
    this.watch?.mangled(lane, datagram, how)
  }

  private carriedBytesMax(link: number): number {
    const { datagramBytesMax } = this.quality
    const always = datagramBytesMax === 0 ? Infinity : datagramBytesMax
    return this.limits.size === 0 ? always : Math.min(always, ...(this.limits.get(link) ?? []))
  }

  private isInBadPhase(link: number, draw: number): boolean {
    const { burstEnterShare, burstLeaveShare } = this.quality
    if (burstEnterShare === 0) return false
    const isBad = this.isBad[link] === 1 ? draw >= burstLeaveShare : draw < burstEnterShare
    this.isBad[link] = isBad ? 1 : 0
    return isBad
  }

  /** How long it waits before a slow link takes it; -1 where the queue is full. */
  private queue(link: number, bytes: number): number {
    const { bytesPerMs, queueBytes } = this.quality
    if (bytesPerMs === 0) return 0
    const waitMs = Math.max(0, this.busyUntilMs[link]! - this.kernel.nowMs)
    if (waitMs * bytesPerMs > queueBytes) return -1
    const tookMs = waitMs + bytes / bytesPerMs
    this.busyUntilMs[link] = this.kernel.nowMs + tookMs
    return tookMs
  }

  /** One draw gives both: mostly a place in [from, to), and for the share of the tail up to ten times as long. */
  private delayOf(link: number, draw: number): number {
    const { delayFromMs, delayToMs, tailShare, delaySpread } = this.quality
    const factor = 1 + delaySpread * this.slowness[link]!
    const delayMs = (delayFromMs + draw * (delayToMs - delayFromMs)) * factor
    return draw < 1 - tailShare ? delayMs : delayMs * (1 + (9 * (draw - 1 + tailShare)) / tailShare)
  }

  private keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (length > slabBytes / 4) return bytes.slice()
    if (this.slabUsed + length > slabBytes) {
      this.slab = new Uint8Array(slabBytes)
      this.slabUsed = 0
    }
    const kept = this.slab.subarray(this.slabUsed, this.slabUsed + length)
    kept.set(bytes)
    this.slabUsed += length
    return kept
  }
}

/** A draw of 32 bits as a fraction. */
function fractionOf(draw: number): number {
  return draw / 2 ** 32
}
