/**
 * The way to one other party, as the transport keeps it: who it is, what waits for it, what is in flight, what came.
 * Loss is repaired here: what a lost datagram carried waits again, if it still matters (repeats.ts).
 *
 *      outbox -> in flight -> acknowledged
 *         ^          |
 *         +-- lost --+--> nothing for a long time: dropped; whoever said it says it again when it thinks fit
 */
import { envelopeBytes, type Envelope } from '../../codec/envelope.js'
import type { TransportMessage } from '../../codec/messages.js'
import type { Hello } from '../../codec/client-types.js'
import type { ServerId } from '../raft/types.js'
import { Acknowledgement } from './acknowledgement.js'
import { Congestion } from './congestion.js'
import { chargedBytes } from './kernel-charge.js'
import { Doubling } from './doubling.js'
import { LinkCounters } from './link-counters.js'
import { LossShare } from './loss-share.js'
import { isPathProbe, Outbox, type Waiting, type WaitingBytes } from './outbox.js'
import { PathProbe } from './path-probe.js'
import { PeerSource } from './peer-source.js'
import { Reassembly } from './reassembly.js'
import type { ReassemblyBudget } from './reassembly-budget.js'
import type { SenderActivity } from './receive-share.js'
import { LastSaid } from './repeats.js'
import { RoundTrip } from './round-trip.js'
import { SendWindow, windowBytesAtFirst } from './send-window.js'
import { SenderBoots } from './sender-boots.js'
import { noContent, SentPackets, type SentPacket } from './sent-packets.js'
import { Silence } from './silence.js'
import type { Address } from './socket.js'
import type { Link, LinkStatus, WireMessage } from './types.js'

/** Longer exchanges say that nobody was there for a while, not how far away the other side is. */
const roundTripMsMax = 2_000

/** Whose last word is no older is there, however slow. */
const presentMs = 1_000

/**
 * Datagrams of a probe (RFC 9002 section 6.2.4: one or two). The first carries the oldest in flight again. All others are
 * empty: a side that is there and does not read has everything in its buffer, and copies would overrun that.
 */
const probePackets = 2

/** Larger datagrams need jumbo frames, which only a LAN has. On a slow line one would hold up all behind it for a second. */
const ethernetBytes = 1_472
const jumboRoundTripMsMax = 5

export interface LinkOptions {
  readonly kind: 'peer' | 'client' | 'server'
  readonly address: Address
  readonly serverId: ServerId
  /** Payload bytes of datagrams to try on the way, ascending. */
  readonly datagramSizes: readonly number[]
  /** Packet numbers of this link begin here. */
  readonly firstPacketNumber: number
  /** Of a client at a server: the boot that the link belongs to. 0 for the others, whose boots may change. */
  readonly bootNonce: number
  readonly reassemblyBudget: ReassemblyBudget
  /** Counts what waits for this link, too. */
  readonly waitingBytes: WaitingBytes
  /** Counts what comes of this link, too. Of all but peers. */
  readonly activity: SenderActivity
}

export class TransportLink implements Link {
  readonly kind: 'peer' | 'client' | 'server'
  readonly address: Address
  serverId: ServerId
  readonly bootNonce: number
  lastHeardAtMs = -Infinity
  gaveUpAtMs = -Infinity
  incarnation = 0
  token = 0
  owner: unknown = null
  readonly sent: SentPackets
  readonly roundTrip = new RoundTrip()
  readonly silence: Silence
  readonly loss = new LossShare()
  readonly congestion: Congestion
  readonly path: PathProbe
  readonly window: SendWindow
  readonly acknowledgement = new Acknowledgement()
  boots = new SenderBoots()
  /** Of all but peers: how much came of its sender lately. */
  readonly activity: SenderActivity
  /** Of a peer. */
  readonly source: PeerSource
  readonly outbox: Outbox
  readonly said = new LastSaid()
  readonly doubling = new Doubling()
  readonly reassembly: Reassembly
  readonly counters = new LinkCounters()
  /** A greeting to send at the end of the turn, and the nonce of the last one sent. */
  hello: Hello | null = null
  helloNonce: number | null = null
  /** On the transport's list of links with something to send. */
  isPending = false
  /** On the transport's list of links that its timer is for. */
  isTimed = false
  /** Whether the window had no room when this link was last looked after. */
  wasClosed = false
  /** No longer the transport's: its place was given to another client. */
  isForgotten = false
  /** The turn of the owner in which something was last refused because no more may wait. */
  refusedInTurn = -1
  /** Empty datagrams to send that ask for a word. */
  probesToSend = 0
  /** The window that the other side goes by. */
  private promisedBytes = windowBytesAtFirst
  private nextMessageId: number

  constructor(options: LinkOptions) {
    this.kind = options.kind
    this.address = options.address
    this.serverId = options.serverId
    this.bootNonce = options.bootNonce
    this.outbox = new Outbox(options.waitingBytes)
    this.activity = options.activity
    this.source = new PeerSource(options.address)
    this.path = new PathProbe(options.datagramSizes)
    this.sent = new SentPackets(options.firstPacketNumber)
    this.silence = new Silence(this.sent, this.roundTrip)
    this.congestion = new Congestion(() => chargedBytes(this.datagramBytesMax))
    this.window = new SendWindow(this)
    this.reassembly = new Reassembly(options.address.host, options.reassemblyBudget)
    this.nextMessageId = options.firstPacketNumber
  }

  get datagramBytesMax(): number {
    return this.path.datagramBytes
  }

  get windowBytes(): number {
    return this.window.bytes
  }

  get availableBytes(): number {
    return this.window.availableBytes
  }

  /** Whether something of ours is under way and the other side was heard of lately: it will be repaired if it is lost. */
  get isAtWork(): boolean {
    return (this.sent.inFlight > 0 || !this.outbox.isEmpty) && this.silence.isBrief
  }

  /**
   * When something is due if nothing happens before: a loss, a probe, an acknowledgement, the end of a message that nobody
   * completes. Infinity for nothing.
   */
  get wakeAtMs(): number {
    return Math.min(
      this.sent.nextLossAtMs(this.roundTrip.lossMs),
      this.silence.probeAtMs,
      this.acknowledgement.dueAtMs(this.promisedBytes),
      this.reassembly.expiresAtMs,
    )
  }

  get lastFragmentAtMs(): number {
    return this.reassembly.lastNewsAtMs
  }

  /** All that came was said by somebody else: its numbers and its fragments are not those of the other side. */
  hearAnew(): void {
    this.boots = new SenderBoots()
    this.reassembly.clear()
  }

  /** Whether an acknowledgement must not wait for company any longer. */
  mustAcknowledge(nowMs: number): boolean {
    return this.acknowledgement.dueAtMs(this.promisedBytes) <= nowMs
  }

  /** Payload bytes of a datagram that is to find out whether the path carries so many; 0 for none now. */
  sizeToTry(nowMs: number): number {
    // Between servers it is found out before it is needed: the leader makes its entries by it.
    const isWanted = this.kind === 'peer' || this.window.wantsLarger
    const isThere = this.roundTrip.smoothedMs > 0
    const bytes = isWanted && isThere && this.silence.probes === 0 ? this.path.sizeToTry(nowMs) : 0
    if (bytes === 0 || chargedBytes(bytes) > this.window.roomBytes) return 0
    if (bytes > ethernetBytes && this.roundTrip.leastMs > jumboRoundTripMsMax) return 0
    this.path.tried(bytes)
    return bytes
  }

  /** The last id given to a message that goes in fragments; they begin where packet numbers do. */
  get lastMessageId(): number {
    return this.nextMessageId - 1
  }

  /** Queues a message of `bytes` encoded bytes, in fragments where the path's datagram is too small. False: no room. */
  queue(message: WireMessage, bytes: number, nowMs: number): boolean {
    return this.fits(bytes) ? this.outbox.push(message, bytes, nowMs) : this.queueParted(message, bytes, nowMs)
  }

  /** Whether a message of `bytes` encoded bytes goes in one datagram of the path. */
  fits(bytes: number): boolean {
    return envelopeBytes + bytes <= this.datagramBytesMax
  }

  /**
   * The path carries less than when this was queued: it goes in fragments. False: it does not, because it is a fragment already,
   * which is not cut again, or because their overhead does not fit what may wait.
   */
  cutAnew({ message, bytes, parted, queuedAtMs }: Waiting): boolean {
    if (parted !== null) {
      parted.isAbandoned = true
      return false
    }
    const isQueued = this.queueParted(message, bytes, queuedAtMs)
    if (!isQueued) this.counters.drops.count('outbox-full')
    return isQueued
  }

  /** A datagram goes that carries `content` (only of what is to be acknowledged). */
  departs(
    payloadBytes: number,
    content: readonly Waiting[],
    asks: Envelope['asksForAcknowledgement'],
    promisedBytes: number,
    nowMs: number,
  ): SentPacket {
    if (asks !== 'no') this.silence.lastAsked = asks
    this.promisedBytes = promisedBytes
    return this.sent.sent(payloadBytes, content.length > 0, content, nowMs)
  }

  /** What an envelope acknowledges, and what it thereby shows to be lost. */
  acknowledged(envelope: Envelope, nowMs: number): void {
    const { ackedPacketNumber, ackedBitsLow, ackedBitsHigh } = envelope
    const news = this.sent.acknowledged(ackedPacketNumber, ackedBitsLow, ackedBitsHigh, nowMs)
    const wasAbsence = this.silence.isAbsence
    this.counters.late += news.late
    this.loss.takeBack(news.lateSingle)
    // Heartbeats ask for no word; but one that comes names them, too, and on an idle link there is little else.
    this.loss.count(news.single, 0, nowMs)
    if (news.packets > 0) {
      this.silence.ends(nowMs)
      this.probesToSend = 0
      this.path.arrived(news.largestPayloadBytes)
      if (news.roundTripMs >= 0 && news.roundTripMs <= roundTripMsMax) {
        this.roundTrip.sample(news.roundTripMs, nowMs)
        if (this.kind !== 'client') this.counters.roundTrip(news.roundTripMs)
      }
      const { asked, inFlight, reorderMs } = this.sent
      this.congestion.acknowledged(
        {
          settled: asked - inFlight,
          chargedBytes: news.chargedBytes,
          roundTripMs: news.roundTripMs,
          jitterMs: reorderMs,
        },
        asked + 1,
        this.roundTrip.leastMs,
        this.loss,
        nowMs,
      )
    }
    this.noticeLoss(nowMs, wasAbsence)
  }

  /** Time has passed: what is overdue is lost, and what nobody speaks of is asked for. */
  expire(nowMs: number): void {
    this.reassembly.expire(nowMs)
    this.noticeLoss(nowMs)
    if (nowMs < this.silence.probeAtMs) return
    this.silence.goesOn(nowMs)
    if (this.silence.isHopeless) return this.giveUp(nowMs)
    this.counters.probes++
    // The window may be full of what is lost: the oldest go again, and make room for that.
    if (this.silence.probes === 1) this.lose(this.sent.takeOldest(probePackets, nowMs), nowMs)
    // A greeting has no content to go again, but whoever never said anything is still to be asked.
    if (this.silence.probes > 1 || this.silence.lastNewsAtMs === -Infinity) this.probesToSend = probePackets
  }

  /** Drops what waited for too long, unless the other side is just slow: it is there, and takes one after the other. */
  dropOutdated(nowMs: number): number {
    return this.silence.lastNewsAtMs > nowMs - presentMs ? 0 : this.outbox.dropOutdated(nowMs)
  }

  /** What is known of this link, for `status`. */
  get status(): LinkStatus {
    return this.counters.describe({
      lossShare: this.loss.share,
      roundTripMs: this.roundTrip.smoothedMs,
      windowBytes: this.windowBytes,
      inFlightBytes: this.sent.inFlightBytes,
      waitingBytes: this.outbox.bytes,
      reassemblyBytes: this.reassembly.bytes,
      datagramBytesMax: this.datagramBytesMax,
    })
  }

  private noticeLoss(nowMs: number, wasAbsence = this.silence.isAbsence): void {
    const lost = this.sent.takeLost(this.roundTrip.lossMs, nowMs)
    if (lost.length > 0) this.lose(lost, nowMs, wasAbsence)
  }

  private lose(lost: readonly SentPacket[], nowMs: number, wasAbsence = this.silence.isAbsence): void {
    let counted = 0
    for (const packet of lost) {
      this.counters.lost++
      if (!isPathProbe(packet.content) && !packet.isDoubled) counted++
      // A heartbeat: nothing of it goes again, and of its size the path has carried others.
      if (packet.chargedBytes === 0) continue
      if (this.path.lost(packet.payloadBytes, nowMs)) this.counters.blackHoles++
      this.repeat(packet)
    }
    if (!wasAbsence) this.loss.count(0, counted, nowMs)
  }

  private repeat(packet: SentPacket): void {
    this.doubling.lost(packet.payloadBytes)
    for (const waiting of packet.content) {
      if (this.said.stillMatters(waiting)) this.queueAgain(waiting)
    }
    packet.content = noContent
  }

  private queueParted(message: TransportMessage, bytes: number, queuedAtMs: number): boolean {
    const roomBytes = this.datagramBytesMax - envelopeBytes
    return this.outbox.pushParted(message, bytes, this.nextMessageId++, roomBytes, queuedAtMs)
  }

  private queueAgain(waiting: Waiting): void {
    if (this.fits(waiting.bytes)) this.outbox.pushAgain(waiting)
    else if (!this.cutAnew(waiting)) return
    this.counters.repeatedMessages++
    this.counters.repeatedBytes += waiting.bytes
  }

  /** It is not loss but absence: nothing is repeated any more, and little is sent until there is a word. */
  private giveUp(nowMs: number): void {
    this.gaveUpAtMs = nowMs
    this.congestion.silent()
    this.path.silent()
    for (const packet of this.sent.takeOldest(Infinity, nowMs)) {
      this.counters.lost++
      for (const { parted } of packet.content) if (parted !== null) parted.isAbandoned = true
      packet.content = noContent
    }
  }
}
