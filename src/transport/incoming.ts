/**
 * What a datagram brings, once it is known of which link it is (demultiplexer.ts): each packet is taken once and only of
 * the other side's present life, what its envelope acknowledges is learnt from, what it asks for is owed, and its messages
 * are handed out, those in fragments when they are whole.
 */
import type { Envelope } from '../../codec/envelope.js'
import type { Fragment } from '../../codec/fragment.js'
import { decodeMessages, decodeWholeMessage } from '../../codec/messages.js'
import type { Clock } from '../base/clock.js'
import type { Bursts } from './bursts.js'
import { unnumbered } from './datagram-writer.js'
import type { TransportLink } from './link.js'
import type { OwnNumbers } from './own-numbers.js'
import type { ReceiveShare } from './receive-share.js'
import type { DropReason, Link, WireMessage } from './types.js'

export interface IncomingOptions {
  readonly clock: Clock
  readonly numbers: OwnNumbers
  readonly bursts: Bursts<TransportLink>
  readonly share: ReceiveShare
  readonly onMessage: (link: Link, message: WireMessage) => void
  /** All of a datagram of this link was handed out. */
  readonly onTaken: (link: TransportLink, nowMs: number) => void
  /** A part of a datagram was dropped. */
  readonly onDropped: (reason: DropReason, link: TransportLink) => void
}

export class Incoming {
  private readonly options: IncomingOptions
  private isStopped = false

  constructor(options: IncomingOptions) {
    this.options = options
  }

  /** Takes in a datagram that says to be of this link, or says why it is dropped. */
  take(link: TransportLink, envelope: Envelope, bytes: Uint8Array): DropReason | null {
    const dropped = this.takeIn(link, envelope, bytes)
    if (dropped !== null) link.counters.drops.count(dropped)
    return dropped
  }

  /** The other side of this link has spoken. */
  heard(link: TransportLink, envelope: Envelope, nowMs: number): void {
    // Peers count as senders whether they are heard or not.
    if (link.kind !== 'peer') this.options.share.heard(link.activity, nowMs)
    link.silence.heard(nowMs - link.lastHeardAtMs, nowMs)
    link.lastHeardAtMs = nowMs
    link.window.promised(envelope.receiveWindowBytes)
    if (link.kind === 'client') return
    link.serverId = envelope.sender
    link.incarnation = envelope.incarnation
  }

  /** Nothing is handed out any more. */
  stop(): void {
    this.isStopped = true
  }

  private takeIn(link: TransportLink, envelope: Envelope, bytes: Uint8Array): DropReason | null {
    const { clock, numbers, bursts, onTaken } = this.options
    const { packetNumber, bootNonce, ackedPacketNumber } = envelope
    // Of our present boot's numbers, but never used: nobody who has heard us says that.
    if (numbers.include(ackedPacketNumber) && ackedPacketNumber > link.sent.lastNumber) return 'never-sent'
    const { heardNonce, livingNonce, highestReceived } = link.boots
    const provesLiving = link.sent.isNews(ackedPacketNumber)
    const nowMs = clock.now()
    if (packetNumber === unnumbered || !link.boots.accept(bootNonce, packetNumber, provesLiving, nowMs)) {
      link.counters.duplicates++
      return 'replayed'
    }
    const isSameBoot = heardNonce === bootNonce
    // Ids of messages begin anew with a boot. One that has proven nothing clears nothing.
    if (livingNonce !== link.boots.livingNonce) link.reassembly.clear()
    const isOutOfOrder = isSameBoot && packetNumber !== highestReceived + 1
    if (isSameBoot && packetNumber < highestReceived) link.counters.outOfOrder++
    else bursts.received(link, envelope.isFollowed, nowMs)
    link.counters.received++
    link.counters.receivedBytes += bytes.length
    this.heard(link, envelope, nowMs)
    link.acknowledged(envelope, nowMs)
    // What does not ask is not acknowledged, or two sides would acknowledge acknowledgements for ever.
    const asks = envelope.asksForAcknowledgement
    if (asks !== 'no') link.acknowledgement.owe(packetNumber, bytes.length, isOutOfOrder || asks === 'at once', nowMs)
    const dropped = this.handOut(link, envelope, bytes, nowMs)
    if (!this.isStopped) onTaken(link, nowMs)
    return dropped
  }

  private handOut(link: TransportLink, envelope: Envelope, bytes: Uint8Array, nowMs: number): DropReason | null {
    const messages = decodeMessages(envelope, bytes)
    if (messages === null) return 'malformed'
    for (const message of messages) {
      // One of them may have made the owner close.
      if (this.isStopped) return null
      if (message.type === 'Fragment') this.takeFragment(link, envelope, message, nowMs)
      else if (message.type !== 'Padding') this.options.onMessage(link, message)
    }
    return null
  }

  private takeFragment(link: TransportLink, envelope: Envelope, fragment: Fragment, nowMs: number): void {
    const { onMessage, onDropped } = this.options
    // Who has proven nothing yet has said little to us, and certainly nothing large.
    if (envelope.bootNonce !== link.boots.livingNonce) return onDropped('unproven-boot', link)
    const whole = link.reassembly.take(fragment, nowMs)
    if (whole === null) return
    if (typeof whole === 'string') return onDropped(whole, link)
    const message = decodeWholeMessage(envelope.kind, envelope.sender, whole)
    if (message === null) onDropped('malformed', link)
    else onMessage(link, message)
  }
}
