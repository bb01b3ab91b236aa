/**
 * Whose a datagram is, or why it is nobody's: cheap checks first, and nothing is ever answered with more bytes than it
 * brought before the sender has proven its address.
 * - A peer's: it is for this server of this cluster, names a peer, and comes from where that peer is heard (peer-source.ts).
 * - A client's: it brings the token of its address (address-tokens.ts), which a Hello asks for.
 * - A server's answer: it comes from where this client has asked, and acknowledges what this client has sent.
 */
import type { ServerMessage } from '../../codec/client-types.js'
import { envelopeBytes, readEnvelope, type Envelope } from '../../codec/envelope.js'
import { decodeMessages, messageBytes } from '../../codec/messages.js'
import type { Clock } from '../base/clock.js'
import type { AddressToken } from './address-tokens.js'
import { clusterIdTo } from './addressee.js'
import { unnumbered } from './datagram-writer.js'
import type { Incoming } from './incoming.js'
import type { TransportLink } from './link.js'
import type { Links } from './links.js'
import type { Address } from './socket.js'
import type { DropReason, Link, TransportOptions, WireMessage } from './types.js'

const unwelcome: ServerMessage = { type: 'Unwelcome' }

export interface DemultiplexerOptions {
  readonly clock: Clock
  /** Who this process is; a client takes the cluster id of its first Welcome. */
  readonly own: TransportOptions
  /** A server's; null for a client. */
  readonly tokenOf: AddressToken | null
  readonly links: Links
  readonly incoming: Incoming
  readonly onMessage: (link: Link, message: WireMessage) => void
  /** Somebody said Hello, in a datagram of so many bytes. */
  readonly onHello: (from: Address, nonce: number, bytes: number) => void
  /** To be told to an address that has no link: the answer to the request of that number. */
  readonly tellStranger: (to: Address, message: ServerMessage, packetNumber: number) => void
}

export class Demultiplexer {
  private readonly options: DemultiplexerOptions
  /** What stands in a peer's envelope that is for this server. */
  private readonly ownClusterId: number

  constructor(options: DemultiplexerOptions) {
    this.options = options
    this.ownClusterId = clusterIdTo(options.own.sender, options.own.clusterId)
  }

  /** Handles one datagram, or says why it is dropped; so do all the following. */
  receive(bytes: Uint8Array, from: Address): DropReason | null {
    const { tokenOf } = this.options
    const envelope = readEnvelope(bytes)
    if (typeof envelope === 'string') return envelope
    if (tokenOf === null) {
      return envelope.kind === 'answer' ? this.receiveAnswer(envelope, bytes, from) : 'wrong-kind'
    }
    if (envelope.kind === 'peer') return this.receivePeer(envelope, bytes, from)
    return envelope.kind === 'request' ? this.receiveRequest(envelope, bytes, from, tokenOf) : 'wrong-kind'
  }

  private receivePeer(envelope: Envelope, bytes: Uint8Array, from: Address): DropReason | null {
    const { links, incoming } = this.options
    if (envelope.clusterId !== this.ownClusterId) return 'other-cluster'
    const link = links.peers.get(envelope.sender)
    if (link === undefined) return 'unknown-sender'
    const believed = link.source.heard(from, link.sent.isNews(envelope.ackedPacketNumber))
    if (believed === 'no') {
      link.counters.drops.count('other-address')
      return 'other-address'
    }
    if (believed === 'returned') link.hearAnew()
    // A peer that came later than this server, and to which nothing else may be said for long.
    if (believed === 'unproven' && link.sent.inFlight === 0) link.probesToSend = 1
    return incoming.take(link, envelope, bytes)
  }

  private receiveRequest(
    envelope: Envelope,
    bytes: Uint8Array,
    from: Address,
    tokenOf: AddressToken,
  ): DropReason | null {
    const { own, links, incoming } = this.options
    const { clusterId, packetNumber, bootNonce, incarnation: token } = envelope
    const isHello = packetNumber === unnumbered
    if (clusterId !== own.clusterId && !(isHello && clusterId === 0)) return 'other-cluster'
    if (isHello) return this.receiveHello(envelope, bytes, from)
    const known = links.clients.find(from, bootNonce)
    // A token stays right as long as this process lives: no need to hash again for every datagram.
    if (token !== (known?.token ?? tokenOf(from))) return this.refuse(from, packetNumber, bytes.length)
    const link = known ?? links.addClient(from, bootNonce, token)
    return link === null ? 'too-many-clients' : incoming.take(link, envelope, bytes)
  }

  private receiveHello(envelope: Envelope, bytes: Uint8Array, from: Address): DropReason | null {
    const hello = decodeMessages(envelope, bytes)?.[0]
    if (hello?.type !== 'Hello') return 'malformed'
    this.options.onHello(from, hello.nonce, bytes.length)
    return null
  }

  /** Tells a client to say Hello again; its request is named, so that the client knows who is speaking. */
  private refuse(to: Address, packetNumber: number, receivedBytes: number): DropReason {
    if (envelopeBytes + messageBytes(unwelcome) <= receivedBytes) {
      this.options.tellStranger(to, unwelcome, packetNumber)
    }
    return 'bad-token'
  }

  private receiveAnswer(envelope: Envelope, bytes: Uint8Array, from: Address): DropReason | null {
    const { own, links, incoming } = this.options
    const link = links.server(from)
    if (link === undefined) return 'unknown-sender'
    if (envelope.packetNumber === unnumbered) return this.receiveGreeting(link, envelope, bytes)
    if (envelope.clusterId !== own.clusterId) return 'other-cluster'
    // An answer to a former process on this port acknowledges what was never sent here.
    if (!link.sent.wasSent(envelope.ackedPacketNumber)) return 'replayed'
    return incoming.take(link, envelope, bytes)
  }

  /** A Welcome, known by the nonce of our Hello, or an Unwelcome, known by the number of our request. */
  private receiveGreeting(link: TransportLink, envelope: Envelope, bytes: Uint8Array): DropReason | null {
    const { clock, own, incoming, onMessage } = this.options
    const message = decodeMessages(envelope, bytes)?.[0]
    if (message?.type === 'Welcome') {
      if (message.nonce !== link.helloNonce) return 'bad-token'
      if (own.clusterId === 0) own.clusterId = envelope.clusterId
    } else if (message?.type === 'Unwelcome') {
      if (!link.sent.wasSent(envelope.ackedPacketNumber)) return 'replayed'
    } else {
      return 'malformed'
    }
    if (envelope.clusterId !== own.clusterId) return 'other-cluster'
    if (message.type === 'Welcome') link.token = message.token
    incoming.heard(link, envelope, clock.now())
    onMessage(link, message)
    return null
  }
}
