/**
 * Messages over datagrams: the way in and the way out, for whoever owns the socket. Out: what is sent in one turn is packed
 * into few datagrams, which wait while the other side's window is closed (outgoing.ts). In: whose a datagram is
 * (demultiplexer.ts), and what it brings (incoming.ts); every drop is counted by reason. What is lost on a link is
 * repaired (link.ts), but nothing is promised: after a long silence it is dropped, and said again by those whose state
 * still says that it is missing. A message may arrive twice, late, and after later ones.
 */
import type { ServerMessage } from '../../codec/client-types.js'
import { envelopeBytes } from '../../codec/envelope.js'
import { messageBytesMax } from '../../codec/limits.js'
import { messageBytes } from '../../codec/messages.js'
import { assert } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import type { ServerId } from '../raft/types.js'
import type { AddressToken } from './address-tokens.js'
import { Demultiplexer } from './demultiplexer.js'
import { Bursts } from './bursts.js'
import { DatagramWriter, unnumbered } from './datagram-writer.js'
import { DropCounters } from './drop-counters.js'
import { Incoming } from './incoming.js'
import { TransportLink } from './link.js'
import { Links } from './links.js'
import { Outgoing, sendQueueBytesMax } from './outgoing.js'
import { OwnNumbers } from './own-numbers.js'
import { reassemblyBytesMax } from './reassembly-budget.js'
import { ReceiveShare } from './receive-share.js'
import type { Address, Socket } from './socket.js'
import type { DropReason, Link, TransportApi, TransportOptions, TransportStatus, WireMessage } from './types.js'

export class Transport implements TransportApi {
  onMessage: (link: Link, message: WireMessage) => void = () => undefined
  onHello: (from: Address, nonce: number) => void = () => undefined
  onRoom: () => void = () => undefined
  readonly links: Links
  private readonly socket: Socket
  private readonly clock: Clock
  private readonly tokenOf: AddressToken | null
  private readonly writer: DatagramWriter
  private readonly incoming: Incoming
  private readonly outgoing: Outgoing
  private readonly bursts = new Bursts<TransportLink>()
  private readonly share: ReceiveShare
  private readonly drops = new DropCounters()
  /** Turns of the owner so far. */
  private turn = 0
  private bytesReceived = 0
  private datagramsReceived = 0
  /** The stranger whose Hello is being handled, and how many bytes it brought: an answer must not be larger. */
  private greeted: { readonly from: Address; readonly bytes: number } | null = null

  /** `tokenOf` is a server's (address-tokens.ts); null for a client. The transport takes over `socket.onDatagram`. */
  constructor(socket: Socket, clock: Clock, options: TransportOptions, tokenOf: AddressToken | null) {
    assert((tokenOf !== null) === (options.sender !== 0), 'servers, and only they, have an id and hand out tokens')
    this.socket = socket
    this.clock = clock
    this.tokenOf = tokenOf
    this.share = new ReceiveShare(socket.receiveBufferBytes)
    this.writer = new DatagramWriter(socket, options)
    const numbers = new OwnNumbers(options.bootNonce, options.numbersSecret ?? 0)
    this.links = new Links(options, numbers)
    this.outgoing = new Outgoing({
      socket,
      clock,
      writer: this.writer,
      promise: (link, nowMs) => this.promise(link, nowMs),
      onOutdated: (link, messages) => this.count('outdated', link, messages),
      onRoom: () => this.onRoom(),
    })
    const onMessage = (link: Link, message: WireMessage) => this.onMessage(link, message)
    this.incoming = new Incoming({
      clock,
      numbers,
      bursts: this.bursts,
      share: this.share,
      onMessage,
      onTaken: (link, nowMs) => this.outgoing.received(link, nowMs),
      onDropped: (reason, link) => this.count(reason, link),
    })
    const demultiplexer = new Demultiplexer({
      clock,
      own: options,
      tokenOf,
      links: this.links,
      incoming: this.incoming,
      onMessage,
      onHello: (from, nonce, bytes) => this.helloCame(from, nonce, bytes),
      tellStranger: (to, message, packetNumber) => this.tellStranger(to, message, packetNumber),
    })
    socket.onDatagram = (bytes, from) => {
      this.datagramsReceived++
      this.bytesReceived += bytes.length
      const dropped = demultiplexer.receive(bytes, from)
      if (dropped !== null) this.count(dropped)
    }
  }

  addPeer(id: ServerId, address: Address): Link {
    return this.links.addPeer(id, address)
  }

  peer(id: ServerId): Link | undefined {
    return this.links.peers.get(id)
  }

  askForWord(link: Link): void {
    assert(link instanceof TransportLink, 'links are made by the transport')
    link.probesToSend = 1
    this.outgoing.add(link)
  }

  linkTo(address: Address): Link {
    return this.links.to(address)
  }

  restDueAtMs(nowMs: number): number {
    return this.bursts.dueAtMs(nowMs)
  }

  send(link: Link, message: WireMessage): boolean {
    assert(link instanceof TransportLink, 'links are made by the transport')
    const refused = this.enqueue(link, message)
    if (refused === null) this.outgoing.add(link)
    else this.count(refused, link)
    return refused === null
  }

  mayAnswer(link: Link): boolean {
    assert(link instanceof TransportLink, 'links are made by the transport')
    // One that was made for nothing is enough for a turn.
    if (link.refusedInTurn !== this.turn && this.links.clients.hasRoomForAny(link)) return true
    this.count('outbox-full', link)
    return false
  }

  welcome(to: Address, message: ServerMessage): void {
    assert(this.tokenOf !== null, 'only servers welcome')
    const answer = message.type === 'Welcome' ? { ...message, token: this.tokenOf(to) } : message
    if (this.greeted?.from !== to || envelopeBytes + messageBytes(answer) > this.greeted.bytes) {
      this.count('message-too-large')
      return
    }
    this.greeted = null
    this.tellStranger(to, answer, unnumbered)
  }

  flush(): void {
    this.turn++
    this.outgoing.flush()
  }

  get status(): TransportStatus {
    return {
      receiveBufferBytes: this.socket.receiveBufferBytes,
      datagramsSent: this.writer.datagramsSent,
      datagramsReceived: this.datagramsReceived,
      bytesSent: this.writer.bytesSent,
      bytesReceived: this.bytesReceived,
      drops: this.drops.all,
      sendQueueBytes: this.socket.sendQueueBytes,
      sendQueueBytesMax,
      reassemblyBytes: this.links.reassemblyBytes,
      reassemblyBytesMax,
      ...this.links.clients.status,
      sendErrors: Object.fromEntries(this.socket.sendErrors),
    }
  }

  close(done: () => void): void {
    this.incoming.stop()
    this.outgoing.stop()
    this.socket.onDatagram = () => undefined
    this.socket.close(done)
  }

  private enqueue(link: TransportLink, message: WireMessage): DropReason | null {
    if (link.isForgotten) return 'too-many-clients'
    const bytes = messageBytes(message)
    if (bytes > messageBytesMax) return 'message-too-large'
    if (message.type === 'Hello') {
      link.hello = message
      return null
    }
    const isRoom = link.kind !== 'client' || this.links.clients.hasRoomFor(link, bytes)
    if (isRoom && link.queue(message, bytes, this.clock.now())) return null
    link.refusedInTurn = this.turn
    return 'outbox-full'
  }

  private helloCame(from: Address, nonce: number, bytes: number): void {
    this.greeted = { from, bytes }
    this.onHello(from, nonce)
    this.greeted = null
  }

  private tellStranger(to: Address, message: ServerMessage, packetNumber: number): void {
    this.writer.sendToStranger(to, message, packetNumber, this.promise(null, this.clock.now()))
  }

  /** The window to advertise; null: to a stranger. */
  private promise(link: TransportLink | null, nowMs: number): number {
    const { share } = this
    const { peers } = this.links
    if (link?.kind === 'peer') return share.peerWindowBytes(peers.size, nowMs)
    return share.windowBytes(link === null ? null : link.activity, peers.size, nowMs)
  }

  private count(reason: DropReason, link: TransportLink | null = null, by = 1): void {
    this.drops.count(reason, by)
    link?.counters.drops.count(reason, by)
  }
}
