/** The way to one other party, as the transport keeps it: who it is, what waits for it, what is in flight, what came. */
import { datagramBytesUnknownPath } from '../../codec/limits.js'
import { envelopeBytes } from '../../codec/envelope.js'
import type { Hello } from '../../codec/client-types.js'
import type { Clock } from '../base/clock.js'
import type { ServerId } from '../raft/types.js'
import { FlowWindow, windowBytesAtFirst } from './flow-window.js'
import { chargedBytes, payloadBytesWithin } from './kernel-charge.js'
import { Outbox } from './outbox.js'
import { RoundTrip } from './round-trip.js'
import { SenderBoots } from './sender-boots.js'
import type { Address } from './socket.js'
import type { Link } from './types.js'

/** This many datagrams are acknowledged with an empty one if nothing else goes that way. */
const unacknowledgedMax = 64

/** So is this share of the window that was promised. */
const unacknowledgedShare = 1 / 4

/** What every side accepts, whatever it says: one datagram of an unknown path. Or a promise of nothing would end it all. */
const windowBytesLeast = chargedBytes(datagramBytesUnknownPath)

/** Longer exchanges say that the other side had nothing to send (round-trip.ts). */
const roundTripMsMax = 2_000

export interface LinkOptions {
  readonly kind: 'peer' | 'client' | 'server'
  readonly address: Address
  readonly serverId: ServerId
  readonly datagramBytesMax: number
  /** Packet numbers of this link begin here. */
  readonly firstPacketNumber: number
  /** Of a client at a server: the boot that the link belongs to. 0 for the others, whose boots may change. */
  readonly bootNonce: number
}

export class TransportLink implements Link {
  readonly kind: 'peer' | 'client' | 'server'
  readonly address: Address
  serverId: ServerId
  readonly datagramBytesMax: number
  readonly bootNonce: number
  lastHeardAtMs = -Infinity
  incarnation = 0
  token = 0
  owner: unknown = null
  readonly flow: FlowWindow
  readonly roundTrip = new RoundTrip()
  readonly boots = new SenderBoots()
  readonly outbox = new Outbox()
  /** A greeting to send at the end of the turn, and the nonce of the last one sent. */
  hello: Hello | null = null
  helloNonce: number | null = null
  /** On the transport's list of links with something to send or to wait for. */
  isPending = false
  /** Whether the window had no room when this link was last looked after. */
  wasClosed = false
  /** No longer the transport's: its place was given to another client. */
  isForgotten = false
  private readonly clock: Clock
  private readonly fullCharge: number
  private unacknowledged = 0
  private unacknowledgedBytes = 0
  /** The window that the other side goes by. */
  private promisedBytes = windowBytesAtFirst

  constructor(options: LinkOptions, clock: Clock) {
    this.kind = options.kind
    this.address = options.address
    this.serverId = options.serverId
    this.datagramBytesMax = options.datagramBytesMax
    this.bootNonce = options.bootNonce
    this.flow = new FlowWindow(options.firstPacketNumber)
    this.clock = clock
    this.fullCharge = chargedBytes(options.datagramBytesMax)
  }

  get windowBytes(): number {
    return this.flow.limitBytes
  }

  get availableBytes(): number {
    this.expire(this.clock.now())
    return this.flow.roomBytes - this.waitingCharge()
  }

  get roundTripMs(): number {
    return this.roundTrip.smoothedMs
  }

  /** Whether a whole datagram may go, or nothing stands in the way of a first one. */
  get hasRoom(): boolean {
    return this.flow.inFlightBytes === 0 || this.flow.roomBytes >= this.fullCharge
  }

  /** When its window may open by age; Infinity where it need not. */
  get wakeAtMs(): number {
    return this.flow.nextExpiryMs(this.roundTripMs)
  }

  /** Enough came in since the last datagram to it that an acknowledgement must not wait for company. */
  get owesAcknowledgement(): boolean {
    return (
      this.unacknowledged >= unacknowledgedMax || this.unacknowledgedBytes > this.promisedBytes * unacknowledgedShare
    )
  }

  /** Lets go of what is too old to be in flight. */
  expire(nowMs: number): void {
    this.flow.expire(nowMs, this.roundTripMs)
  }

  /**
   * Payload bytes of the datagram that may be filled now, 0 for none. No window is used up with crumbs: unless all that
   * waits fits the room that is left, room for a whole datagram is waited for.
   */
  payloadBytesNow(): number {
    const { roomBytes, inFlightBytes, limitBytes } = this.flow
    if (roomBytes >= this.fullCharge) return this.datagramBytesMax
    const allBytes = envelopeBytes + this.outbox.bytes
    if (allBytes <= this.datagramBytesMax && chargedBytes(allBytes) <= roomBytes) return this.datagramBytesMax
    if (inFlightBytes > 0) return 0
    // A window smaller than a datagram of this path: one at a time, as small as the window.
    return Math.min(this.datagramBytesMax, Math.max(datagramBytesUnknownPath, payloadBytesWithin(limitBytes)))
  }

  /** Whether a message that alone makes a datagram of `totalBytes`, larger than is usual on this path, may go now. */
  permits(totalBytes: number): boolean {
    return this.flow.inFlightBytes === 0 || this.flow.roomBytes >= chargedBytes(totalBytes)
  }

  /** The other side promised this window. */
  promised(windowBytes: number): void {
    this.flow.advertisedBytes = Math.max(windowBytesLeast, windowBytes)
  }

  /** The other side has read up to this packet number; whether that was news. */
  acked(packetNumber: number, nowMs: number): boolean {
    const tookMs = this.flow.acked(packetNumber, nowMs)
    if (tookMs >= 0 && tookMs <= roundTripMsMax) this.roundTrip.sample(tookMs)
    return tookMs >= 0
  }

  /** A datagram came that carried messages: it is to be acknowledged. */
  owe(payloadBytes: number): void {
    this.unacknowledged++
    this.unacknowledgedBytes += chargedBytes(payloadBytes)
  }

  /** A datagram goes, acknowledges all that came, and promises a window. */
  settle(promisedBytes: number): void {
    this.promisedBytes = promisedBytes
    this.unacknowledged = 0
    this.unacknowledgedBytes = 0
  }

  /** What the waiting messages will cost the receiver, packed as tightly as they can be. */
  private waitingCharge(): number {
    const { bytes } = this.outbox
    if (bytes === 0) return 0
    const room = this.datagramBytesMax - envelopeBytes
    const full = Math.floor(bytes / room)
    return full * this.fullCharge + chargedBytes(envelopeBytes + bytes - full * room)
  }
}
