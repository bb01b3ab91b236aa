/**
 * Messages over datagrams: the way in and the way out. Out: what is sent in one turn is packed into few datagrams, which
 * wait while the other side's window is closed. In: cheap checks first, every drop counted by reason, and nothing is ever
 * answered with more bytes than it brought before the sender has proven its address. What is lost on a link is repaired
 * (link.ts), but nothing is promised: after a long silence it is dropped, and said again by those whose state still says
 * that it is missing. A message may arrive twice, late, and after later ones.
 *
 * Packet numbers of a link begin at a place that follows from the boot nonce, 2^32 apart, so an acknowledgement meant for
 * a former process on this address is told from one for this process; see sender-boots.ts for what hangs on that.
 */
import type { ServerMessage } from '../../codec/client-types.js'
import { envelopeBytes, readEnvelope, type Envelope } from '../../codec/envelope.js'
import { datagramBytesLimit, messageBytesMax } from '../../codec/limits.js'
import type { Fragment } from '../../codec/fragment.js'
import { decodeMessages, decodeWholeMessage, messageBytes } from '../../codec/messages.js'
import { assert } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import type { ServerId } from '../raft/types.js'
import type { AddressToken } from './address-tokens.js'
import { clusterIdTo } from './addressee.js'
import { Bursts } from './bursts.js'
import { ClientLinks } from './client-links.js'
import { DatagramWriter, unnumbered } from './datagram-writer.js'
import { DropCounters } from './drop-counters.js'
import { TransportLink } from './link.js'
import { Outgoing, sendQueueBytesMax } from './outgoing.js'
import { ReassemblyBudget, reassemblyBytesMax } from './reassembly.js'
import { ReceiveShare } from './receive-share.js'
import type { Address, Socket } from './socket.js'
import type { DropReason, Link, TransportApi, TransportOptions, TransportStatus, WireMessage } from './types.js'

/** Boots choose among 2^20 ranges of 2^32 packet numbers. */
const numberRanges = 2 ** 20
const numbersPerRange = 2 ** 32

const unwelcome: ServerMessage = { type: 'Unwelcome' }

export class Transport implements TransportApi {
  onMessage: (link: Link, message: WireMessage) => void = () => undefined
  onHello: (from: Address, nonce: number) => void = () => undefined
  onRoom: () => void = () => undefined
  private readonly socket: Socket
  private readonly clock: Clock
  private readonly options: TransportOptions
  private readonly tokenOf: AddressToken | null
  private readonly writer: DatagramWriter
  private readonly outgoing: Outgoing
  private readonly bursts = new Bursts<TransportLink>()
  private readonly share: ReceiveShare
  private readonly peers = new Map<ServerId, TransportLink>()
  private readonly servers = new Map<string, TransportLink>()
  private readonly clients: ClientLinks
  private readonly firstNumber: number
  /** What stands in a peer's envelope that is for this server. */
  private readonly ownClusterId: number
  private readonly peersReassembly = new ReassemblyBudget()
  private readonly othersReassembly = new ReassemblyBudget()
  private readonly drops = new DropCounters()
  private isClosed = false
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
    this.options = options
    this.tokenOf = tokenOf
    this.ownClusterId = clusterIdTo(options.sender, options.clusterId)
    this.share = new ReceiveShare(socket.receiveBufferBytes)
    this.firstNumber = (options.bootNonce % numberRanges) * numbersPerRange + 1
    this.clients = new ClientLinks(this.firstNumber - 1)
    this.writer = new DatagramWriter(socket, options)
    this.outgoing = new Outgoing({
      socket,
      clock,
      writer: this.writer,
      promise: (link, nowMs) => this.promise(link, nowMs),
      onOutdated: (link, messages) => this.count('outdated', link, messages),
      onRoom: () => this.onRoom(),
    })
    socket.onDatagram = (bytes, from) => {
      const dropped = this.receive(bytes, from)
      if (dropped !== null) this.count(dropped)
    }
  }

  addPeer(id: ServerId, address: Address): Link {
    assert(id !== this.options.sender && !this.peers.has(id), 'a peer is another server, added once')
    const link = this.newLink('peer', address, id, this.firstNumber, 0)
    this.peers.set(id, link)
    return link
  }

  peer(id: ServerId): Link | undefined {
    return this.peers.get(id)
  }

  linkTo(address: Address): Link {
    const known = this.servers.get(address.key)
    if (known !== undefined) return known
    const link = this.newLink('server', address, 0, this.firstNumber, 0)
    this.servers.set(address.key, link)
    return link
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
    if (link.refusedInTurn !== this.turn && this.clients.hasRoomForAny(link)) return true
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
    this.writer.sendToStranger(to, answer, unnumbered, this.promise(null, this.clock.now()))
  }

  flush(): void {
    this.turn++
    this.outgoing.flush()
  }

  /** Every link that there is: to peers, to servers that were asked, to clients. */
  *links(): IterableIterator<TransportLink> {
    yield* this.peers.values()
    yield* this.servers.values()
    yield* this.clients
  }

  get clientLinks(): number {
    return this.clients.size
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
      reassemblyBytes: this.peersReassembly.bytes + this.othersReassembly.bytes,
      reassemblyBytesMax,
      ...this.clients.status,
      sendErrors: Object.fromEntries(this.socket.sendErrors),
    }
  }

  close(done: () => void): void {
    this.isClosed = true
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
    const isRoom = link.kind !== 'client' || this.clients.hasRoomFor(link, bytes)
    if (isRoom && link.queue(message, bytes, this.clock.now())) return null
    link.refusedInTurn = this.turn
    return 'outbox-full'
  }

  /** Handles one datagram, or says why it is dropped; so do all the following. */
  private receive(bytes: Uint8Array, from: Address): DropReason | null {
    this.datagramsReceived++
    this.bytesReceived += bytes.length
    const envelope = readEnvelope(bytes)
    if (typeof envelope === 'string') return envelope
    if (this.tokenOf === null) {
      return envelope.kind === 'answer' ? this.receiveAnswer(envelope, bytes, from) : 'wrong-kind'
    }
    if (envelope.kind === 'peer') return this.receivePeer(envelope, bytes, from)
    return envelope.kind === 'request' ? this.receiveRequest(envelope, bytes, from, this.tokenOf) : 'wrong-kind'
  }

  private receivePeer(envelope: Envelope, bytes: Uint8Array, from: Address): DropReason | null {
    if (envelope.clusterId !== this.ownClusterId) return 'other-cluster'
    const link = this.peers.get(envelope.sender)
    if (link === undefined) return 'unknown-sender'
    const believed = link.source.heard(from)
    if (believed === 'no') {
      link.counters.drops.count('other-address')
      return 'other-address'
    }
    if (believed === 'returned') link.hearAnew()
    return this.accept(link, envelope, bytes)
  }

  private receiveRequest(
    envelope: Envelope,
    bytes: Uint8Array,
    from: Address,
    tokenOf: AddressToken,
  ): DropReason | null {
    const { clusterId, packetNumber, bootNonce, incarnation: token } = envelope
    const isHello = packetNumber === unnumbered
    if (clusterId !== this.options.clusterId && !(isHello && clusterId === 0)) return 'other-cluster'
    if (isHello) return this.receiveHello(envelope, bytes, from)
    const known = this.clients.find(from, bootNonce)
    // A token stays right as long as this process lives: no need to hash again for every datagram.
    if (token !== (known?.token ?? tokenOf(from))) return this.refuse(from, packetNumber, bytes.length)
    const link = known ?? this.newClient(from, bootNonce, token)
    return link === null ? 'too-many-clients' : this.accept(link, envelope, bytes)
  }

  private receiveHello(envelope: Envelope, bytes: Uint8Array, from: Address): DropReason | null {
    const hello = decodeMessages(envelope, bytes)?.[0]
    if (hello?.type !== 'Hello') return 'malformed'
    this.greeted = { from, bytes: bytes.length }
    this.onHello(from, hello.nonce)
    this.greeted = null
    return null
  }

  /** Tells a client to say Hello again; its request is named, so that the client knows who is speaking. */
  private refuse(to: Address, packetNumber: number, receivedBytes: number): DropReason {
    if (envelopeBytes + messageBytes(unwelcome) <= receivedBytes) {
      this.writer.sendToStranger(to, unwelcome, packetNumber, this.promise(null, this.clock.now()))
    }
    return 'bad-token'
  }

  private receiveAnswer(envelope: Envelope, bytes: Uint8Array, from: Address): DropReason | null {
    const link = this.servers.get(from.key)
    if (link === undefined) return 'unknown-sender'
    if (envelope.packetNumber === unnumbered) return this.receiveGreeting(link, envelope, bytes)
    if (envelope.clusterId !== this.options.clusterId) return 'other-cluster'
    // An answer to a former process on this port acknowledges what was never sent here.
    if (!this.wasSent(link, envelope.ackedPacketNumber)) return 'replayed'
    return this.accept(link, envelope, bytes)
  }

  /** A Welcome, known by the nonce of our Hello, or an Unwelcome, known by the number of our request. */
  private receiveGreeting(link: TransportLink, envelope: Envelope, bytes: Uint8Array): DropReason | null {
    const { options } = this
    const message = decodeMessages(envelope, bytes)?.[0]
    if (message?.type === 'Welcome') {
      if (message.nonce !== link.helloNonce) return 'bad-token'
      if (options.clusterId === 0) options.clusterId = envelope.clusterId
    } else if (message?.type === 'Unwelcome') {
      if (!this.wasSent(link, envelope.ackedPacketNumber)) return 'replayed'
    } else {
      return 'malformed'
    }
    if (envelope.clusterId !== options.clusterId) return 'other-cluster'
    if (message.type === 'Welcome') link.token = message.token
    this.heard(link, envelope, this.clock.now())
    this.onMessage(link, message)
    return null
  }

  /** A datagram that says to be of a link. */
  private accept(link: TransportLink, envelope: Envelope, bytes: Uint8Array): DropReason | null {
    const dropped = this.takeIn(link, envelope, bytes)
    if (dropped !== null) link.counters.drops.count(dropped)
    return dropped
  }

  /** Takes in what the envelope says and hands out the messages. */
  private takeIn(link: TransportLink, envelope: Envelope, bytes: Uint8Array): DropReason | null {
    const { packetNumber, bootNonce, ackedPacketNumber } = envelope
    // Of our present boot's numbers, but never used: nobody who has heard us says that.
    if (this.isOurs(ackedPacketNumber) && ackedPacketNumber > link.sent.lastNumber) return 'never-sent'
    const { heardNonce, livingNonce, highestReceived } = link.boots
    const provesLiving = link.sent.isNews(ackedPacketNumber)
    const nowMs = this.clock.now()
    if (packetNumber === unnumbered || !link.boots.accept(bootNonce, packetNumber, provesLiving, nowMs)) {
      link.counters.duplicates++
      return 'replayed'
    }
    const isSameBoot = heardNonce === bootNonce
    // Ids of messages begin anew with a boot. One that has proven nothing clears nothing.
    if (livingNonce !== link.boots.livingNonce) link.reassembly.clear()
    const isOutOfOrder = isSameBoot && packetNumber !== highestReceived + 1
    if (isSameBoot && packetNumber < highestReceived) link.counters.outOfOrder++
    else this.bursts.received(link, envelope.isFollowed, nowMs)
    link.counters.received++
    link.counters.receivedBytes += bytes.length
    this.heard(link, envelope, nowMs)
    link.acknowledged(envelope, nowMs)
    // What does not ask is not acknowledged, or two sides would acknowledge acknowledgements for ever.
    const asks = envelope.asksForAcknowledgement
    if (asks !== 'no') link.acknowledgement.owe(bytes.length, isOutOfOrder || asks === 'at once', nowMs)
    const dropped = this.handOut(link, envelope, bytes, nowMs)
    if (!this.isClosed) this.outgoing.received(link, nowMs)
    return dropped
  }

  private handOut(link: TransportLink, envelope: Envelope, bytes: Uint8Array, nowMs: number): DropReason | null {
    const messages = decodeMessages(envelope, bytes)
    if (messages === null) return 'malformed'
    for (const message of messages) {
      // One of them may have made the owner close.
      if (this.isClosed) return null
      if (message.type === 'Fragment') this.takeFragment(link, envelope, message, nowMs)
      else if (message.type !== 'Padding') this.onMessage(link, message)
    }
    return null
  }

  private takeFragment(link: TransportLink, envelope: Envelope, fragment: Fragment, nowMs: number): void {
    // Who has proven nothing yet has said little to us, and certainly nothing large.
    if (envelope.bootNonce !== link.boots.livingNonce) return this.count('unproven-boot', link)
    const whole = link.reassembly.take(fragment, nowMs)
    if (whole === null) return
    if (typeof whole === 'string') return this.count(whole, link)
    const message = decodeWholeMessage(envelope.kind, envelope.sender, whole)
    if (message === null) this.count('malformed', link)
    else this.onMessage(link, message)
  }

  /** Whether a packet number lies in the range of this boot. */
  private isOurs(packetNumber: number): boolean {
    return packetNumber >= this.firstNumber && packetNumber < this.firstNumber + numbersPerRange
  }

  private heard(link: TransportLink, envelope: Envelope, nowMs: number): void {
    // Peers count as senders whether they are heard or not.
    if (link.kind !== 'peer') this.share.heard(link.activity, nowMs)
    link.lastHeardAtMs = nowMs
    link.window.promised(envelope.receiveWindowBytes)
    if (link.kind === 'client') return
    link.serverId = envelope.sender
    link.incarnation = envelope.incarnation
  }

  /** The window to advertise; null: to a stranger. */
  private promise(link: TransportLink | null, nowMs: number): number {
    const { share, peers } = this
    if (link?.kind === 'peer') return share.peerWindowBytes(peers.size, nowMs)
    return share.windowBytes(link === null ? null : link.activity, peers.size, nowMs)
  }

  private wasSent(link: TransportLink, packetNumber: number): boolean {
    return packetNumber >= this.firstNumber && packetNumber <= link.sent.lastNumber
  }

  private newClient(address: Address, bootNonce: number, token: number): TransportLink | null {
    if (!this.clients.makeRoom(address)) return null
    const link = this.newLink('client', address, 0, this.clients.usedNumber + 1, bootNonce)
    link.token = token
    this.clients.add(link)
    return link
  }

  private newLink(
    kind: TransportLink['kind'],
    address: Address,
    serverId: ServerId,
    firstPacketNumber: number,
    bootNonce: number,
  ): TransportLink {
    const datagramSizes = this.options.datagramSizes(address).map(bytes => Math.min(bytes, datagramBytesLimit))
    const identity = { kind, address, serverId, firstPacketNumber, bootNonce }
    const reassemblyBudget = kind === 'peer' ? this.peersReassembly : this.othersReassembly
    const waitingBytes = kind === 'client' ? this.clients.waiting : { bytes: 0 }
    return new TransportLink({ ...identity, datagramSizes, reassemblyBudget, waitingBytes })
  }

  private count(reason: DropReason, link: TransportLink | null = null, by = 1): void {
    this.drops.count(reason, by)
    link?.counters.drops.count(reason, by)
  }
}
