/**
 * Makes datagrams of messages: as many as fit in one, because the price of a datagram is in the system call and the
 * event loop, not in its bytes (measured: fifty messages in one cost a twentieth of fifty datagrams). All are encoded into one buffer,
 * which the socket has done with when `send` returns; unless it says otherwise, then it keeps that one and the next
 * datagram gets a new one.
 */
import type { Hello, ServerMessage } from '../../codec/client-types.js'
import { envelopeBytes, writeEnvelope, type Envelope } from '../../codec/envelope.js'
import { datagramBytesLimit } from '../../codec/limits.js'
import { encodeMessage } from '../../codec/messages.js'
import type { TransportLink } from './link.js'
import type { Address, Socket } from './socket.js'
import type { TransportOptions } from './types.js'

/** The number of datagrams outside of any link: Hello, Welcome, Unwelcome. They are not acknowledged, nor in flight. */
export const unnumbered = 0

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
   * Sends one datagram with the messages that wait longest, as many as `payloadBytes` hold. A first one that does not
   * fit goes alone, if the window permits. False: nothing could go. `promisedBytes` is the window to advertise.
   */
  sendWaiting(link: TransportLink, payloadBytes: number, promisedBytes: number, nowMs: number): boolean {
    const { outbox } = link
    let totalBytes = envelopeBytes
    for (let { first } = outbox; first !== undefined; first = outbox.first) {
      const nextBytes = totalBytes + first.bytes
      if (nextBytes > payloadBytes && (totalBytes > envelopeBytes || !link.permits(nextBytes))) break
      totalBytes = encodeMessage(first.message, this.buffer, this.view, totalBytes)
      outbox.shift()
    }
    if (totalBytes === envelopeBytes) return false
    this.sendOnLink(link, totalBytes, promisedBytes, nowMs)
    return true
  }

  /** Sends a datagram that only acknowledges. */
  sendEmpty(link: TransportLink, promisedBytes: number, nowMs: number): void {
    this.sendOnLink(link, envelopeBytes, promisedBytes, nowMs)
  }

  /** A client's greeting, on no account of the link. */
  sendHello(link: TransportLink, hello: Hello, promisedBytes: number): void {
    const totalBytes = encodeMessage(hello, this.buffer, this.view, envelopeBytes)
    this.seal(link.address, totalBytes, this.envelope('request', 0, unnumbered, 0, promisedBytes))
  }

  /** A server's answer to who has no link. `ackedPacketNumber` names the request that is answered, 0 for a Hello. */
  sendToStranger(to: Address, message: ServerMessage, ackedPacketNumber: number, promisedBytes: number): void {
    const totalBytes = encodeMessage(message, this.buffer, this.view, envelopeBytes)
    const { incarnation } = this.options
    this.seal(to, totalBytes, this.envelope('answer', incarnation, unnumbered, ackedPacketNumber, promisedBytes))
  }

  private sendOnLink(link: TransportLink, totalBytes: number, promisedBytes: number, nowMs: number): void {
    link.settle(promisedBytes)
    const kind = link.kind === 'peer' ? 'peer' : link.kind === 'client' ? 'answer' : 'request'
    const incarnation = kind === 'request' ? link.token : this.options.incarnation
    const packetNumber = link.flow.number(totalBytes, nowMs)
    const envelope = this.envelope(kind, incarnation, packetNumber, link.boots.highestReceived, promisedBytes)
    this.seal(link.address, totalBytes, envelope)
  }

  private envelope(
    kind: Envelope['kind'],
    incarnation: number,
    packetNumber: number,
    ackedPacketNumber: number,
    receiveWindowBytes: number,
  ): Envelope {
    const { clusterId, sender, bootNonce } = this.options
    return { kind, clusterId, sender, incarnation, bootNonce, packetNumber, ackedPacketNumber, receiveWindowBytes }
  }

  private seal(to: Address, totalBytes: number, envelope: Envelope): void {
    writeEnvelope(this.buffer, this.view, envelope, totalBytes)
    this.datagramsSent++
    this.bytesSent += totalBytes
    if (this.socket.send(this.buffer.subarray(0, totalBytes), to)) return
    this.buffer = new Uint8Array(datagramBytesLimit)
    this.view = new DataView(this.buffer.buffer)
  }
}
