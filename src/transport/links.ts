/**
 * All links of a process: a server's to its peers and its clients, a client's to the servers it asks. Each is made here,
 * with its part of the memory for unfinished messages: peers have theirs, and all others together have theirs.
 */
import { datagramBytesLimit } from '../../codec/limits.js'
import { assert } from '../base/assert.js'
import type { ServerId } from '../raft/types.js'
import { ClientLinks } from './client-links.js'
import { TransportLink } from './link.js'
import type { OwnNumbers } from './own-numbers.js'
import { ReassemblyBudget } from './reassembly-budget.js'
import { SenderActivity } from './receive-share.js'
import type { Address } from './socket.js'
import type { TransportOptions } from './types.js'

export class Links {
  readonly peers = new Map<ServerId, TransportLink>()
  readonly clients: ClientLinks
  private readonly servers = new Map<string, TransportLink>()
  private readonly options: TransportOptions
  private readonly firstNumber: number
  private readonly peersReassembly = new ReassemblyBudget()
  private readonly othersReassembly = new ReassemblyBudget()

  constructor(options: TransportOptions, numbers: OwnNumbers) {
    this.options = options
    this.firstNumber = numbers.first
    this.clients = new ClientLinks(numbers.first - 1)
  }

  addPeer(id: ServerId, address: Address): TransportLink {
    assert(id !== this.options.sender && !this.peers.has(id), 'a peer is another server, added once')
    const link = this.make('peer', address, id, this.firstNumber, 0)
    this.peers.set(id, link)
    return link
  }

  /** A client's way to a server, made when first asked for. */
  to(address: Address): TransportLink {
    const known = this.server(address)
    if (known !== undefined) return known
    const link = this.make('server', address, 0, this.firstNumber, 0)
    this.servers.set(address.key, link)
    return link
  }

  /** A client's way to a server that it has asked before. */
  server(address: Address): TransportLink | undefined {
    return this.servers.get(address.key)
  }

  /** A client that has proven its address. Null: there are too many, and all are busy. */
  addClient(address: Address, bootNonce: number, token: number): TransportLink | null {
    if (!this.clients.makeRoom(address)) return null
    const link = this.make('client', address, 0, this.clients.usedNumber + 1, bootNonce)
    link.token = token
    this.clients.add(link)
    return link
  }

  /** What is held of unfinished messages on all of them. */
  get reassemblyBytes(): number {
    return this.peersReassembly.bytes + this.othersReassembly.bytes
  }

  *[Symbol.iterator](): IterableIterator<TransportLink> {
    yield* this.peers.values()
    yield* this.servers.values()
    yield* this.clients
  }

  private make(
    kind: TransportLink['kind'],
    address: Address,
    serverId: ServerId,
    firstPacketNumber: number,
    bootNonce: number,
  ): TransportLink {
    const datagramSizes = this.options.datagramSizes(address).map(bytes => Math.min(bytes, datagramBytesLimit))
    const identity = { kind, address, serverId, firstPacketNumber, bootNonce }
    const reassemblyBudget = kind === 'peer' ? this.peersReassembly : this.othersReassembly
    const waitingBytes = kind === 'client' ? this.clients.waitingOf(address.host) : { bytes: 0 }
    const activity = (kind === 'client' ? this.clients.activityOf(address) : null) ?? new SenderActivity()
    return new TransportLink({ ...identity, datagramSizes, reassemblyBudget, waitingBytes, activity })
  }
}
