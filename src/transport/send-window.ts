/**
 * How much may go to one other side now: no more in flight than the receiver has room for (what it advertised last) and the
 * path bears (congestion.ts), and of that a part is kept free for what is urgent. All in the kernel's currency
 * (kernel-charge.ts). With nothing in flight one datagram may always go, or a window too small for any would mean silence.
 */
import { envelopeBytes } from '../../codec/envelope.js'
import { datagramBytesUnknownPath } from '../../codec/limits.js'
import type { Congestion } from './congestion.js'
import { chargedBytes, payloadBytesWithin } from './kernel-charge.js'
import type { Outbox } from './outbox.js'
import type { PathProbe } from './path-probe.js'
import type { SentPackets } from './sent-packets.js'
import type { Silence } from './silence.js'

/** Accepted by everyone: what may be in flight to a side that advertised nothing yet. */
export const windowBytesAtFirst = 16_384

/** What every side accepts, whatever it says: one datagram of an unknown path. Or a promise of nothing would end it all. */
const windowBytesLeast = chargedBytes(datagramBytesUnknownPath)

/** Kept free in every window for what is urgent: two small datagrams. */
const urgentReserveBytes = 2 * chargedBytes(0)

export interface SendWindowParts {
  readonly sent: SentPackets
  readonly silence: Silence
  readonly congestion: Congestion
  readonly path: PathProbe
  readonly outbox: Outbox
}

export class SendWindow {
  /** More waited at once than a datagram holds. */
  wantsLarger = false
  private advertisedBytes = windowBytesAtFirst
  private readonly sent: SentPackets
  private readonly silence: Silence
  private readonly congestion: Congestion
  private readonly path: PathProbe
  private readonly outbox: Outbox

  constructor({ sent, silence, congestion, path, outbox }: SendWindowParts) {
    this.sent = sent
    this.silence = silence
    this.congestion = congestion
    this.path = path
    this.outbox = outbox
  }

  /** The other side promised this window. */
  promised(windowBytes: number): void {
    this.advertisedBytes = Math.max(windowBytesLeast, windowBytes)
  }

  /** What may be in flight now: where nobody is there, as far as is known, the least until there is a word. */
  get bytes(): number {
    return this.silence.isHopeless ? windowBytesLeast : Math.min(this.advertisedBytes, this.congestion.windowBytes)
  }

  /** Room for more; negative where the window has shrunk below what is in flight. */
  get roomBytes(): number {
    return this.bytes - this.sent.inFlightBytes
  }

  /** The room that is left when all that waits has gone. */
  get availableBytes(): number {
    return this.roomBytes - this.waitingCharge()
  }

  /** Whether a whole datagram may go, or nothing stands in the way of a first one. */
  get hasRoom(): boolean {
    return this.sent.inFlight === 0 || this.roomBytes >= this.fullCharge
  }

  /** Whether a full datagram of whatever waits may go. */
  get hasRoomForAny(): boolean {
    return this.roomBytes - urgentReserveBytes >= this.fullCharge
  }

  /** Payload bytes of the path's datagram if one may be filled now with whatever waits, 0 if not. */
  payloadBytesNow(): number {
    const { datagramBytes } = this.path
    if (this.outbox.bytes > datagramBytes) this.wantsLarger = true
    if (this.hasRoomForAny) return datagramBytes
    const roomBytes = this.roomBytes - urgentReserveBytes
    const allBytes = envelopeBytes + this.outbox.bytes
    // No window is used up with crumbs: unless all that waits fits the room that is left, more room is waited for.
    if (allBytes <= datagramBytes && chargedBytes(allBytes) <= roomBytes) return datagramBytes
    if (this.sent.inFlight > 0) {
      if (this.congestion.windowBytes < this.advertisedBytes) this.congestion.limited()
      return 0
    }
    // A window smaller than a datagram of this path: one at a time, as small as the window.
    return Math.min(datagramBytes, Math.max(datagramBytesUnknownPath, payloadBytesWithin(this.bytes)))
  }

  /** The same for urgent messages alone: these may use all of the window. */
  urgentPayloadBytesNow(): number {
    const { urgentBytes } = this.outbox
    if (urgentBytes === 0) return 0
    const bytes = Math.min(envelopeBytes + urgentBytes, datagramBytesUnknownPath)
    return this.sent.inFlight === 0 || chargedBytes(bytes) <= this.roomBytes ? bytes : 0
  }

  private get fullCharge(): number {
    return chargedBytes(this.path.datagramBytes)
  }

  /** What the waiting messages will cost the receiver, packed as tightly as they can be. */
  private waitingCharge(): number {
    const { bytes } = this.outbox
    if (bytes === 0) return 0
    const room = this.path.datagramBytes - envelopeBytes
    const full = Math.floor(bytes / room)
    return full * this.fullCharge + chargedBytes(envelopeBytes + bytes - full * room)
  }
}
