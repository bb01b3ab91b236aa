/** What the transport offers to a server's shell and to a client, and what it says of itself. */
import type { ServerMessage } from '../../codec/client-types.js'
import type { WireMessage } from '../../codec/messages.js'
import type { ServerId } from '../raft/types.js'
import type { ReassemblyDrop } from './reassembly.js'
import type { Address } from './socket.js'

export type { WireMessage }

/** Why a datagram or a message was dropped. Each has a counter; none is an error. */
export type DropReason =
  | 'too-short'
  | 'bad-magic'
  | 'other-version'
  | 'bad-checksum'
  | 'other-cluster'
  | 'unknown-sender'
  | 'other-address'
  | 'wrong-kind'
  | 'malformed'
  | 'replayed'
  | 'bad-token'
  | 'never-sent'
  | 'unproven-boot'
  | 'outbox-full'
  | ReassemblyDrop
  | 'outdated'
  | 'message-too-large'
  | 'too-many-clients'

/**
 * The way to one other party: what is queued for it in this turn, what is in flight to it, what it has room for.
 * In flight is what was sent and is neither acknowledged nor taken for lost.
 */
export interface Link {
  readonly address: Address
  /** Of a peer: its id. Of a client, or of a server that a client talks to: 0 until a datagram named it. */
  readonly serverId: ServerId
  /** Payload of one datagram on this path, as far as is known. Larger messages go in fragments. */
  readonly datagramBytesMax: number
  /**
   * What may be in flight to it: the share that it advertised last, or what the path bears, if that is less. In bytes of
   * the receiver's socket buffer (kernel-charge.ts), as the next.
   */
  readonly windowBytes: number
  /** The window less what is in flight and queued; may be negative. */
  readonly availableBytes: number
  /**
   * Something of ours is on its way, and the other side was heard of lately: what is lost of it will be sent again by the
   * transport, so its owner need not think of that yet.
   */
  readonly isAtWork: boolean
  /** When a part of a message that is larger than a datagram last came, -Infinity before. */
  readonly lastFragmentAtMs: number
  /** When all that was in flight was last given up for nobody was there, -Infinity for never. Nothing of it goes again. */
  readonly gaveUpAtMs: number
  readonly status: LinkStatus
  /** When a datagram of it last arrived, -Infinity before the first. */
  readonly lastHeardAtMs: number
  /** The incarnation that the peer named last, 0 before. */
  readonly incarnation: number
  /** For a client: the token of the server's Welcome; stands in the envelope of what is sent on this link. */
  token: number
  /** Who uses the link may keep its own record here; the transport never looks at it. */
  owner: unknown
}

/** What is known of one link, and what happened on it since it was made. Bytes are payload bytes of datagrams. */
export interface LinkStatus {
  readonly sent: number
  readonly sentBytes: number
  readonly received: number
  readonly receivedBytes: number
  /** Datagrams taken for lost (of one that went twice: both copies), and those of them that were acknowledged after all. */
  readonly lost: number
  readonly late: number
  /** Share of the datagrams that went once and were lost lately, 0 to 1 (loss-share.ts says what is lately). */
  readonly lossShare: number
  /** Messages and fragments that were sent again because their datagram was lost. */
  readonly repeatedMessages: number
  readonly repeatedBytes: number
  /** Datagrams that were sent twice at once, against loss; the second copy counts nowhere else. */
  readonly doubled: number
  /** Times that nothing was heard of what was in flight. */
  readonly probes: number
  /** Datagrams that arrived again, or too late, or of a former boot; and those that arrived after a later one. */
  readonly duplicates: number
  readonly outOfOrder: number
  /** Times that the path was found to carry less than before. */
  readonly blackHoles: number
  /** Of datagrams, the other side's turn included; smoothed (RFC 6298), and percentiles since the link was made. */
  readonly roundTripMs: number
  readonly roundTripP50Ms: number
  readonly roundTripP99Ms: number
  readonly datagramBytesMax: number
  /** What may be in flight and what is; what waits to be sent, and what is held of unfinished messages, with their bounds. */
  readonly windowBytes: number
  readonly inFlightBytes: number
  readonly waitingBytes: number
  readonly waitingBytesMax: number
  readonly reassemblyBytes: number
  readonly reassemblyBytesMax: number
  /** What was dropped of what came from there or should have gone there. What cannot be told to be of a link is not here. */
  readonly drops: Drops
}

/** So many of each reason; a reason that never happened is left out. */
export type Drops = Readonly<Partial<Record<DropReason, number>>>

export interface TransportStatus {
  readonly receiveBufferBytes: number
  readonly datagramsSent: number
  readonly datagramsReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly drops: Drops
  /** What waits in this process because the kernel does not take it, and from where on links hold back. */
  readonly sendQueueBytes: number
  readonly sendQueueBytesMax: number
  /** What is held of unfinished messages of all links together. */
  readonly reassemblyBytes: number
  readonly reassemblyBytesMax: number
  /** Links to clients, how many there may be, and what waits to be sent on all of them. */
  readonly clientLinks: number
  readonly clientLinksMax: number
  readonly clientWaitingBytes: number
  readonly clientWaitingBytesMax: number
  readonly sendErrors: Readonly<Record<string, number>>
}

export interface TransportOptions {
  /** 0 for a client that was not welcomed yet: it then accepts the cluster id of the first Welcome. */
  clusterId: number
  /** This server's id; 0 for a client. */
  readonly sender: ServerId
  /** Random id of the data directory; 0 for a client. */
  readonly incarnation: number
  /** Random at each start of the process. */
  readonly bootNonce: number
  /** Random at each start, too, and told to nobody: hides where packet numbers begin (own-numbers.ts). 0 where it is left out. */
  readonly numbersSecret?: number
  /** Payload bytes of datagrams to try on the way to an address, ascending; the first is used without trying. */
  readonly datagramSizes: (to: Address) => readonly number[]
}

/** The transport itself (transport.ts) is a class with these members. */
export interface TransportApi {
  /** A server's peers, by id; their datagrams are known by the id in the envelope, answers go to this address. */
  addPeer(id: ServerId, address: Address): Link
  peer(id: ServerId): Link | undefined
  /** Sends a datagram at the end of this turn that says nothing and asks for an answer. */
  askForWord(link: Link): void
  /** A client's way to a server, made when first asked for. */
  linkTo(address: Address): Link
  /**
   * Queues a message for the end of this turn. False: dropped and counted, because its outbox is full or it is too large.
   * A Hello that is repeated keeps its nonce: only the Welcome to the last nonce is believed.
   */
  send(link: Link, message: WireMessage): boolean
  /**
   * Whether an answer to this client may wait, however large it turns out to be. False: it counts as dropped, as if it had
   * been sent, so it need not be made.
   */
  mayAnswer(link: Link): boolean
  /**
   * Answers a Hello from an address that is not a link yet (keeps no state for it). Sent at once. To be called from
   * inside onHello with its address, because only then is known how large the answer may be; fills in the token.
   */
  welcome(to: Address, message: ServerMessage): void
  /** Sends what is queued, as far as windows allow. The owner calls it at the end of each turn, after all sends. */
  flush(): void
  /**
   * Until when the owner does well not to act on what has come, because more of it follows at once (bursts.ts); it will be
   * delivered like everything. -Infinity: there is nothing to wait for.
   */
  restDueAtMs(nowMs: number): number
  /** Set once by the owner. A server gets peer messages and client requests, a client gets server messages. */
  onMessage: (link: Link, message: WireMessage) => void
  /** A server's: somebody said Hello. */
  onHello: (from: Address, nonce: number) => void
  /** A window that was closed has room again, told at most once between two flushes: what was held back may fit now. */
  onRoom: () => void
  readonly status: TransportStatus
  close(done: () => void): void
}
