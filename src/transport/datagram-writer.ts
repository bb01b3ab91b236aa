/**
 * Makes datagrams of messages: as many as fit in one, because the price of a datagram is in the system call and the
 * event loop, not in its bytes (measured: fifty messages in one cost a twentieth of fifty datagrams). All are encoded into one buffer,
 * which the socket has done with when `send` returns; unless it says otherwise, then it keeps that one and the next
 * datagram gets a new one.
 */
import type { Hello, ServerMessage } from '../../codec/client-types.js'
import { envelopeBytes, writeEnvelope, type Envelope } from '../../codec/envelope.js'
import { datagramBytesLimit } from '../../codec/limits.js'
import { encodeMessage, type TransportMessage } from '../../codec/messages.js'
import { paddingOverheadBytes } from '../../codec/fragment.js'
import { clusterIdTo } from './addressee.js'
import type { TransportLink } from './link.js'
import { isPathProbe, type Waiting } from './outbox.js'
import type { Address, Socket } from './socket.js'
import type { TransportOptions } from './types.js'

/** The number of datagrams outside of any link: Hello, Welcome, Unwelcome. They are not acknowledged, nor in flight. */
export const unnumbered = 0

const nothing: readonly Waiting[] = []

export class DatagramWriter {
  datagramsSent = 0
  bytesSent = 0
  private readonly socket: Socket
  private readonly options: TransportOptions
  private buffer = new Uint8Array(datagramBytesLimit)
  private view = new DataView(this.buffer.buffer)

  constructor(socket: Socket, options: TransportOptions) {
    this.socket = socket
    this.options = options
  }

  /**
   * Sends one datagram with the messages that go next, as many as `payloadBytes` hold, or only what is urgent. False:
   * nothing could go. `promisedBytes` is the window to advertise.
   */
  sendWaiting(
    link: TransportLink,
    payloadBytes: number,
    urgentOnly: boolean,
    promisedBytes: number,
    nowMs: number,
  ): boolean {
    const { outbox, said } = link
    let totalBytes = envelopeBytes
    let content: Waiting[] | null = null
    for (;;) {
      const first = urgentOnly ? outbox.firstUrgent : outbox.first
      if (first !== undefined && !link.fits(first.bytes)) {
        outbox.shift()
        link.cutAnew(first)
        continue
      }
      if (first === undefined || (totalBytes + first.bytes > payloadBytes && totalBytes > envelopeBytes)) break
      outbox.shift()
      if (first.parted?.isAbandoned === true) continue
      totalBytes = encodeMessage(first.message, this.buffer, this.view, totalBytes)
      if (said.asksForAcknowledgement(first.message)) (content ??= []).push(first)
    }
    if (totalBytes === envelopeBytes) return false
    this.sendOnLink(link, totalBytes, content ?? nothing, promisedBytes, nowMs)
    return true
  }

  /** Sends a datagram that only acknowledges: all that came, as far as it reaches, or what came up to a number that did. */
  sendEmpty(link: TransportLink, promisedBytes: number, nowMs: number, upTo?: number): void {
    this.sendOnLink(link, envelopeBytes, nothing, promisedBytes, nowMs, upTo)
  }

  /** Sends a datagram that says nothing and asks for an acknowledgement. */
  sendProbe(link: TransportLink, promisedBytes: number, nowMs: number): void {
    this.sendPadding(link, envelopeBytes + paddingOverheadBytes, promisedBytes, nowMs)
  }

  /** Sends a datagram of `totalBytes` without any sense, to see whether the path carries it. */
  sendPadding(link: TransportLink, totalBytes: number, promisedBytes: number, nowMs: number): void {
    const bytes = totalBytes - envelopeBytes - paddingOverheadBytes
    const message: TransportMessage = { type: 'Padding', bytes }
    encodeMessage(message, this.buffer, this.view, envelopeBytes)
    const waiting = { message, bytes: totalBytes - envelopeBytes, queuedAtMs: nowMs, parted: null, losses: 0 }
    this.sendOnLink(link, totalBytes, [waiting], promisedBytes, nowMs)
  }

  /** A client's greeting, on no account of the link. */
  sendHello(link: TransportLink, hello: Hello, promisedBytes: number): void {
    const totalBytes = encodeMessage(hello, this.buffer, this.view, envelopeBytes)
    this.seal(link.address, totalBytes, this.unnumberedEnvelope('request', 0, 0, promisedBytes))
  }

  /** A server's answer to who has no link. `ackedPacketNumber` names the request that is answered, 0 for a Hello. */
  sendToStranger(to: Address, message: ServerMessage, ackedPacketNumber: number, promisedBytes: number): void {
    const totalBytes = encodeMessage(message, this.buffer, this.view, envelopeBytes)
    const { incarnation } = this.options
    this.seal(to, totalBytes, this.unnumberedEnvelope('answer', incarnation, ackedPacketNumber, promisedBytes))
  }

  private sendOnLink(
    link: TransportLink,
    totalBytes: number,
    content: readonly Waiting[],
    promisedBytes: number,
    nowMs: number,
    acked = link.boots.highestReceived,
  ): void {
    const { boots, counters } = link
    const isAlone = link.sent.inFlight === 0
    const isLast = link.outbox.isEmpty
    const asks = content.length === 0 ? 'no' : isLast && link.loss.isLossy ? 'at once' : 'soon'
    const packet = link.departs(totalBytes, content, asks, promisedBytes, nowMs)
    const fillsWindow = !isLast && !link.window.hasRoomForAny
    const kind = link.kind === 'peer' ? 'peer' : link.kind === 'client' ? 'answer' : 'request'
    const { clusterId, sender, bootNonce } = this.options
    link.acknowledgement.given(acked === boots.highestReceived ? Infinity : acked)
    const saysSomething = totalBytes > envelopeBytes && !isPathProbe(content)
    // Where much is lost nobody is to wait for the rest of a burst: its last datagram may not come. But a follower may for
    // entries: most majorities do without the one that waits in vain, and two writes in place of one cost each of them. Where
    // datagrams overtake each other the last may be there before the rest.
    const isOfEntries = content[0]?.message.type === 'AppendEntries'
    const mayBeAwaited = !link.loss.isLossy || (isOfEntries && link.sent.reorderMs === 0)
    const isFollowed = saysSomething && !isLast && mayBeAwaited && !fillsWindow
    const bytes = this.seal(link.address, totalBytes, {
      kind,
      clusterId: kind === 'peer' ? clusterIdTo(link.serverId, clusterId) : clusterId,
      sender,
      incarnation: kind === 'request' ? link.token : this.options.incarnation,
      bootNonce,
      packetNumber: packet.number,
      // What fills a small window wants its word without company, which cannot come (congestion.ts).
      asksForAcknowledgement: asks === 'soon' && fillsWindow && link.congestion.isCoarse ? 'at once' : asks,
      isFollowed,
      ackedPacketNumber: acked,
      ackedBitsLow: boots.bitsBelow(acked),
      ackedBitsHigh: boots.bitsBelow(acked - 32),
      receiveWindowBytes: promisedBytes,
    })
    counters.sent++
    counters.sentBytes += totalBytes
    if (bytes === null || !saysSomething) return
    const is = {
      alone: isAlone && isLast,
      signOfLife: content.length === 0,
      last: isLast && !link.congestion.hasShrunk,
      again: !link.congestion.hasShrunk && content.some(({ losses }) => losses > 0),
    }
    if (!link.loss.isLossy || !link.doubling.double(totalBytes, is)) return
    packet.isDoubled = true
    counters.doubled++
    this.send(link.address, bytes)
  }

  private unnumberedEnvelope(
    kind: Envelope['kind'],
    incarnation: number,
    ackedPacketNumber: number,
    receiveWindowBytes: number,
  ): Envelope {
    const { clusterId, sender, bootNonce } = this.options
    return {
      ...{ kind, clusterId, sender, incarnation, bootNonce, packetNumber: unnumbered, asksForAcknowledgement: 'no' },
      ...{ isFollowed: false, ackedPacketNumber, ackedBitsLow: 0, ackedBitsHigh: 0, receiveWindowBytes },
    }
  }

  /** Returns the datagram if it may be sent again as it is. */
  private seal(to: Address, totalBytes: number, envelope: Envelope): Uint8Array | null {
    writeEnvelope(this.buffer, this.view, envelope, totalBytes)
    const bytes = this.buffer.subarray(0, totalBytes)
    return this.send(to, bytes) ? bytes : null
  }

  private send(to: Address, bytes: Uint8Array): boolean {
    this.datagramsSent++
    this.bytesSent += bytes.length
    if (this.socket.send(bytes, to)) return true
    this.buffer = new Uint8Array(datagramBytesLimit)
    this.view = new DataView(this.buffer.buffer)
    return false
  }
}
