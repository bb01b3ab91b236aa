/** Transports of servers and clients on a fake network, which write down what they are given. */
import type { ServerMessage } from '../../codec/client-types.js'
import { datagramSizes } from '../../src/transport/path-size.js'
import type { Address } from '../../src/transport/socket.js'
import { TransportLink } from '../../src/transport/link.js'
import { Transport } from '../../src/transport/transport.js'
import type { Link, TransportOptions, WireMessage } from '../../src/transport/types.js'
import type { FakeClock } from './fake-clock.js'
import type { FakeNetwork, FakeSocket } from './fake-network.js'

export interface Received {
  readonly link: Link
  readonly message: WireMessage
}

export interface Station {
  readonly transport: Transport
  readonly socket: FakeSocket
  readonly options: TransportOptions
  readonly received: Received[]
  /** Hellos that came, and how often there was room. */
  readonly hellos: { readonly from: Address; readonly nonce: number }[]
  rooms: number
}

export const clusterId = 0xc1_57e8

/** A token of an address that a test can know; `secret` changes at each start of a server. */
export function tokensOf(secret: number): (of: Address) => number {
  return ({ port, host }) => secret * 1_000_000 + port * 10 + host.length
}

let nextBootNonce = 1_000

function station(
  network: FakeNetwork,
  port: number,
  tokenOf: ((of: Address) => number) | null,
  options: Partial<TransportOptions>,
): Station {
  const socket = network.open(port)
  const all: TransportOptions = {
    clusterId,
    sender: 0,
    incarnation: 0,
    bootNonce: nextBootNonce++,
    datagramSizes: to => datagramSizes(socket.address, to, { mtuBytes: null, datagramBytes: null }),
    ...options,
  }
  const transport = new Transport(socket, network.clock, all, tokenOf)
  const result: Station = { transport, socket, options: all, received: [], hellos: [], rooms: 0 }
  transport.onMessage = (link, message) => result.received.push({ link, message })
  transport.onHello = (from, nonce) => {
    result.hellos.push({ from, nonce })
    transport.welcome(from, welcomeMessage(nonce))
  }
  transport.onRoom = () => result.rooms++
  return result
}

/** A server that answers every Hello. */
export function server(
  network: FakeNetwork,
  port: number,
  id: number,
  options: Partial<TransportOptions> = {},
  secret = 1,
): Station {
  return station(network, port, tokensOf(secret), { sender: id, incarnation: 1_000 + id, ...options })
}

export function client(network: FakeNetwork, port: number, options: Partial<TransportOptions> = {}): Station {
  return station(network, port, null, { clusterId: 0, ...options })
}

export function welcomeMessage(nonce: number): ServerMessage {
  return { type: 'Welcome', nonce, token: 0, leaderId: 1, members: [{ id: 1, address: '127.0.0.1:1' }] }
}

/** A client at `port` that has been welcomed by the server, and its link to it. */
export function welcomedClient(
  network: FakeNetwork,
  port: number,
  to: Station,
  options: Partial<TransportOptions> = {},
): Station & { readonly link: Link } {
  const result = client(network, port, options)
  const link = result.transport.linkTo(to.socket.address)
  result.transport.send(link, { type: 'Hello', nonce: port })
  result.transport.flush()
  network.clock.runFor(1)
  result.received.length = 0
  return Object.assign(result, { link })
}

/** A link with its inside. */
export function insideOf(link: Link): TransportLink {
  if (!(link instanceof TransportLink)) throw new Error('a link of another transport')
  return link
}

/** Two servers, 1 and 2, who know each other. */
export function twoServers(network: FakeNetwork): { a: Station; b: Station; toB: Link; toA: Link } {
  const a = server(network, 1, 1)
  const b = server(network, 2, 2)
  return {
    a,
    b,
    toB: a.transport.addPeer(2, b.socket.address),
    toA: b.transport.addPeer(1, a.socket.address),
  }
}

/** Two servers on a network, as a test has them. */
export interface Pair {
  readonly clock: FakeClock
  readonly a: Station
  readonly b: Station
  readonly toA: Link
  readonly toB: Link
}

/** Each says something to the other in turn, so many times, with a pause after each word. */
export function talk(
  { clock, a, b, toA, toB }: Pair,
  rounds: number,
  pauseMs: number,
  numberOf: (round: number) => number = round => round,
): void {
  for (let round = 0; round < rounds; round++) {
    a.transport.send(toB, peerMessage(1, numberOf(round)))
    a.transport.flush()
    clock.runFor(pauseMs)
    b.transport.send(toA, peerMessage(2, numberOf(round)))
    b.transport.flush()
    clock.runFor(pauseMs)
  }
}

/** A small message between peers that can be told from others by its number. */
export function peerMessage(from: number, number: number): WireMessage {
  return {
    type: 'AppendEntriesReply',
    term: 1,
    from,
    prevLogIndex: number,
    matchIndex: 0,
    rejected: false,
    conflictIndex: 0,
    conflictTerm: 0,
    readRound: 0,
  }
}

/** Such a message with an entry of `payloadBytes`. */
export function bulkMessage(from: number, number: number, payloadBytes: number): WireMessage {
  const payload = new Uint8Array(payloadBytes).fill(number)
  const entry = { index: number + 1, term: 1, kind: 'commands' as const, payload, record: null }
  return {
    type: 'AppendEntries',
    term: 1,
    from,
    prevLogIndex: number,
    prevLogTerm: number === 0 ? 0 : 1,
    leaderCommit: 0,
    readRound: 0,
    matchIndex: 0,
    incarnation: 0,
    entries: [entry],
  }
}

/** The numbers of the messages above, as they arrived. */
export function numbersOf(received: readonly Received[]): number[] {
  return received.map(({ message }) => {
    if (message.type === 'AppendEntries' || message.type === 'AppendEntriesReply') return message.prevLogIndex
    return message.type === 'StatusRequest' || message.type === 'Answer' ? message.requestId : -1
  })
}

/** Each of these numbers once, in ascending order: messages may arrive twice and after later ones. */
export function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}

/** All numbers below `count`, in order. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
