/**
 * What was sent on one link and became of it: RFC 9002's loss detection. Packet numbers are never reused, so an
 * acknowledgement always says which copy arrived, and a number that arrived after others shows that those are late.
 *
 * A packet is lost when a later one is acknowledged and it was sent
 * - three or more packets earlier (section 6.1.1), as long as this path has not been seen to reorder, or
 * - longer than 9/8 of a round trip ago (section 6.1.2), and for so much longer as late packets have taken lately.
 * When nothing is acknowledged at all, the first probe timeout gives the two oldest up. RFC 9002 (section 6.2) repeats their
 * content and keeps them in flight; here the window may be full of what is lost, so they make room, and count as lost unless the
 * other side is absent (silence.ts).
 *
 * Only packets that ask for an acknowledgement are in flight. Counted in the kernel's currency (kernel-charge.ts).
 */
import { chargedBytes } from './kernel-charge.js'
import type { Waiting } from './outbox.js'

/** RFC 9002 section 6.1.1: kPacketThreshold. */
const packetThreshold = 3

/** RFC 9002 section 6.1.2: kTimeThreshold. */
const timeThreshold = 9 / 8

/** Timers and turns of the event loop are no finer (kGranularity). */
export const granularityMs = 1

/** Within this a datagram may be overtaken on any path: half of an event loop's turn under load. */
const lateMsLeast = 0.25

/** Numbers that an acknowledgement can name below its highest. */
export const acknowledgedBits = 64

/** What was lost is remembered for so long, to notice that it was only late. */
const rememberedMs = 1_000

/** A path that reorders is known as one for so long after the last packet that came late. */
const reorderingMs = 5_000

/** Late packets are waited for at least and at most this long on top of a round trip, once one was seen. */
const reorderMsLeast = 0.1
const reorderMsMax = 50

export interface SentPacket {
  readonly number: number
  readonly payloadBytes: number
  /** What it fills of the receiver's buffer; 0 for one that is not in flight because it asks for no acknowledgement. */
  readonly chargedBytes: number
  readonly sentAtMs: number
  /** The messages that it carries, to be sent again if it is lost; none once that is settled. */
  content: readonly Waiting[]
  /** It went twice at once, so its fate says little of the path. */
  isDoubled: boolean
  state: 'in-flight' | 'acknowledged' | 'lost'
  lostAtMs: number
  /**
   * Of one taken for lost because later ones had arrived: when it would have been on a path that keeps the order. Infinity
   * for one given up because nothing had.
   */
  overdueSinceMs: number
}

/** What an acknowledgement brought to light. */
export interface Acknowledged {
  /** Packets that had asked for it. */
  readonly packets: number
  /** All that were sent once, whether they had asked or not. */
  readonly single: number
  readonly chargedBytes: number
  /** How long the newest of them took to be acknowledged; -1 where that is no sample of the round trip. */
  readonly roundTripMs: number
  /** The largest payload among them. */
  readonly largestPayloadBytes: number
  /** Packets that had been given up for lost, and of those: sent once. */
  readonly late: number
  readonly lateSingle: number
}

/** What is over holds nothing any more, though it is remembered for a while. */
export const noContent: readonly Waiting[] = []

const nothing: Acknowledged = {
  packets: 0,
  single: 0,
  chargedBytes: 0,
  roundTripMs: -1,
  largestPayloadBytes: 0,
  late: 0,
  lateSingle: 0,
}

export class SentPackets {
  /** Charged bytes of the packets in flight. */
  inFlightBytes = 0
  /** Packets in flight. */
  inFlight = 0
  /** All packets ever sent that asked for word: each of them is in flight, or acknowledged, or lost. */
  asked = 0
  highestAcked = 0
  /** When the last packet left that asks for an acknowledgement. */
  lastSentAtMs = -Infinity
  /** How much longer than a round trip a late packet is waited for. */
  reorderMs = 0
  private lastLateAtMs = -Infinity
  private readonly firstNumber: number
  private nextNumber: number
  /** Packets `nextNumber - packets.length + head` and on, in order. */
  private packets: SentPacket[] = []
  private head = 0
  /** Up to here everything is settled: under loss, what is only remembered is many times what is in flight. */
  private settled = 0

  /** Numbers of this link begin at `firstNumber`. */
  constructor(firstNumber: number) {
    this.firstNumber = firstNumber
    this.nextNumber = firstNumber
  }

  /** Packets that are kept in mind. */
  get watched(): number {
    return this.packets.length - this.head
  }

  get lastNumber(): number {
    return this.nextNumber - 1
  }

  wasSent(number: number): boolean {
    return number >= this.firstNumber && number < this.nextNumber
  }

  /** When the oldest packet in flight left; Infinity with none. */
  get oldestSentAtMs(): number {
    return this.oldest?.sentAtMs ?? Infinity
  }

  /** Numbers a datagram that goes now. `content` is empty where nothing of it is to be sent again. */
  sent(payloadBytes: number, isInFlight: boolean, content: readonly Waiting[], nowMs: number): SentPacket {
    const packet: SentPacket = {
      number: this.nextNumber++,
      payloadBytes,
      chargedBytes: isInFlight ? chargedBytes(payloadBytes) : 0,
      sentAtMs: nowMs,
      content,
      isDoubled: false,
      state: 'in-flight',
      lostAtMs: Infinity,
      overdueSinceMs: Infinity,
    }
    this.forget(nowMs)
    this.packets.push(packet)
    if (isInFlight) {
      this.asked++
      this.inFlight++
      this.inFlightBytes += packet.chargedBytes
      this.lastSentAtMs = nowMs
    }
    return packet
  }

  /** Whether an acknowledgement of this number was made after all those that came before. */
  isNews(number: number): boolean {
    return number > this.highestAcked && this.wasSent(number)
  }

  /**
   * The other side has `highest`, and of the 64 below it those whose bits are set: bit i of `low` stands for
   * highest - 1 - i, bit i of `high` for highest - 33 - i.
   */
  acknowledged(highest: number, low: number, high: number, nowMs: number): Acknowledged {
    if (!this.wasSent(highest)) return nothing
    const isNews = highest > this.highestAcked
    if (isNews) this.highestAcked = highest
    const from = Math.max(highest - acknowledgedBits, this.nextNumber - this.packets.length + this.head)
    let [packets, single, charged, late, lateSingle, largestPayloadBytes, roundTripMs] = [0, 0, 0, 0, 0, 0, -1]
    for (let number = from; number <= highest; number++) {
      const below = highest - 1 - number
      const isNamed = below < 0 || ((below < 32 ? low >>> below : high >>> (below - 32)) & 1) === 1
      if (!isNamed) continue
      const packet = this.packets[this.packets.length - (this.nextNumber - number)]!
      if (packet.state === 'acknowledged') continue
      if (packet.state === 'lost') {
        late++
        if (!packet.isDoubled) lateSingle++
        if (packet.overdueSinceMs < Infinity) this.cameLate(packet, nowMs)
      } else {
        this.leave(packet)
      }
      packet.state = 'acknowledged'
      packet.content = noContent
      if (!packet.isDoubled) single++
      if (packet.chargedBytes === 0) continue
      packets++
      charged += packet.chargedBytes
      largestPayloadBytes = Math.max(largestPayloadBytes, packet.payloadBytes)
      if (isNews && below < 0) roundTripMs = nowMs - packet.sentAtMs
    }
    this.forget(nowMs)
    return { packets, single, chargedBytes: charged, roundTripMs, largestPayloadBytes, late, lateSingle }
  }

  /**
   * Packets that are lost by the thresholds, whether they asked for word or not; they are not in flight any more.
   * `roundTripMs`: smoothed, or the latest.
   */
  takeLost(roundTripMs: number, nowMs: number): SentPacket[] {
    const lost: SentPacket[] = []
    const named = this.highestAcked - acknowledgedBits
    const overdueMs = overdueAfterMs(roundTripMs)
    const isOrdered = this.reorderMs === 0
    for (let at = this.firstUnsettled; at < this.packets.length; at++) {
      const packet = this.packets[at]!
      if (packet.number >= this.highestAcked) break
      if (packet.state !== 'in-flight') continue
      // Whether it arrived will never be known: so far below the highest, only what asked for word is named.
      if (packet.chargedBytes === 0 && packet.number < named) {
        packet.state = 'acknowledged'
        continue
      }
      const isFarBehind = isOrdered && this.highestAcked - packet.number >= packetThreshold
      if (!isFarBehind && packet.sentAtMs + overdueMs + this.reorderMs > nowMs) continue
      packet.overdueSinceMs = packet.sentAtMs + overdueMs
      this.lose(packet, nowMs)
      lost.push(packet)
    }
    return lost
  }

  /** When the next packet is lost by its age; Infinity where none was overtaken. */
  nextLossAtMs(roundTripMs: number): number {
    const { oldest } = this
    if (oldest === null || oldest.number >= this.highestAcked) return Infinity
    return oldest.sentAtMs + overdueAfterMs(roundTripMs) + this.reorderMs
  }

  /** Gives up the oldest packets in flight, at most `count`: a probe carries their content. */
  takeOldest(count: number, nowMs: number): SentPacket[] {
    const oldest: SentPacket[] = []
    for (let at = this.firstUnsettled; at < this.packets.length && oldest.length < count; at++) {
      const packet = this.packets[at]!
      if (packet.state !== 'in-flight' || packet.chargedBytes === 0) continue
      this.lose(packet, nowMs)
      oldest.push(packet)
    }
    return oldest
  }

  /** The oldest packet in flight. */
  private get oldest(): SentPacket | null {
    if (this.inFlight === 0) return null
    for (let at = this.firstUnsettled; at < this.packets.length; at++) {
      const packet = this.packets[at]!
      if (packet.state === 'in-flight' && packet.chargedBytes > 0) return packet
    }
    return null
  }

  /** Where the oldest stands that is neither acknowledged nor lost. */
  private get firstUnsettled(): number {
    this.settled = Math.max(this.settled, this.head)
    while (this.settled < this.packets.length && this.packets[this.settled]!.state !== 'in-flight') this.settled++
    return this.settled
  }

  private lose(packet: SentPacket, nowMs: number): void {
    packet.state = 'lost'
    packet.lostAtMs = nowMs
    this.leave(packet)
  }

  private leave(packet: SentPacket): void {
    if (packet.chargedBytes === 0) return
    this.inFlight--
    this.inFlightBytes -= packet.chargedBytes
  }

  /**
   * A packet given up for lost was on its way: others of its kind are waited for as long as this one took. In all, not only
   * since it was given up: it had been waited for already.
   */
  private cameLate({ overdueSinceMs }: SentPacket, nowMs: number): void {
    this.reorderMs = Math.min(Math.max(this.reorderMs, nowMs - overdueSinceMs, reorderMsLeast), reorderMsMax)
    this.lastLateAtMs = nowMs
  }

  /** Lets go of what needs no watching any more: also of what was never in flight, for nobody may ever speak of that. */
  private forget(nowMs: number): void {
    if (nowMs - this.lastLateAtMs > reorderingMs) this.reorderMs = 0
    const longAgoMs = nowMs - rememberedMs
    while (this.head < this.packets.length) {
      const { state, lostAtMs, sentAtMs, chargedBytes } = this.packets[this.head]!
      const isWatched = state === 'in-flight' ? chargedBytes > 0 || sentAtMs > longAgoMs : lostAtMs > longAgoMs
      if (state !== 'acknowledged' && isWatched) break
      this.head++
    }
    if (this.head * 2 < this.packets.length) return
    this.packets.splice(0, this.head)
    this.settled = Math.max(0, this.settled - this.head)
    this.head = 0
  }
}

/** Without reordering, a packet is overdue so long after it was sent. */
function overdueAfterMs(roundTripMs: number): number {
  return Math.max(timeThreshold * roundTripMs, lateMsLeast)
}
