/**
 * Which servers there are, and the handshake with each. All are greeted at the start, so that a fail-over needs no
 * handshake; the members that a Welcome names are learnt. A server that does not answer is greeted again with growing
 * pauses, as long as anything is pending: an idle client sends nothing.
 *
 * The nonce of a Hello comes back in the Welcome, so that an answer from nowhere opens nothing; repeats of a Hello carry
 * the same one, and either answer will do.
 */
import type { Member, Welcome } from '../../codec/client-types.js'
import type { Prng } from '../base/prng.js'
import type { ServerId } from '../raft/types.js'
import type { Address } from '../transport/socket.js'
import type { Link, TransportApi } from '../transport/types.js'
import { RequestRoundTrip, maxTimeoutMs } from './retransmission.js'

/** A server's way in, and what this client knows of it. */
export class Endpoint {
  readonly link: Link
  /** 0 until it, or another server, has said. */
  serverId: ServerId = 0
  /** Its token is known: requests may be sent. */
  isWelcome = false
  readonly roundTrip = new RequestRoundTrip()
  /** Requests whose last copy went here and is neither answered nor given up. */
  unanswered = 0
  /** When an answer to any request last came from here. */
  answeredAtMs = -Infinity
  /** Of the greeting that is not answered yet; 0 for none. */
  nonce = 0
  hellos = 0
  helloSentAtMs = -Infinity
  helloAtMs = -Infinity
  /** The token of its last Welcome: another one is of another start. */
  token = 0
  /** Greetings in a row that asked it who leads and were not answered, and when the last of them left. */
  questions = 0
  askedAtMs = -Infinity
  /** When the latest of those requests left that it has answered. */
  answeredSentAtMs = -Infinity

  constructor(link: Link) {
    this.link = link
  }

  get address(): Address {
    return this.link.address
  }

  /** For messages: who runs a cluster knows its servers by their ids. */
  get name(): string {
    return this.serverId === 0 ? `the server at ${this.address.key}` : `server ${this.serverId}`
  }

  /**
   * Room for a message of so many bytes. A large one, which travels in fragments as the window lets them, goes when half
   * of the window is free: if it had to wait for all of it, small ones would keep it out for ever.
   */
  hasRoomFor(bytes: number): boolean {
    const { availableBytes, windowBytes } = this.link
    return availableBytes >= Math.min(bytes, windowBytes / 2)
  }
}

/** Finds the address of a member ("HOST:PORT"); null where there is none. May call back at once or later. */
export type Resolve = (address: string, found: (address: Address | null) => void) => void

/** More servers than any cluster has; what a stranger's Welcome may cost. */
const endpointsMax = 64

/** After an Unwelcome the Hello goes at once, but not more often than this. */
const helloPauseMsMin = 50

/** So many Hellos follow each other at that pace, for on a lossy path one may take a few; then ever more slowly. */
const helloTriesAtFirst = 3

/** Who leaves so many questions unanswered is silent. */
const questionsMax = 2

export class Endpoints {
  readonly all: Endpoint[] = []
  private readonly transport: TransportApi
  private readonly prng: Prng
  private readonly resolve: Resolve
  private readonly onLearnt: () => void
  private readonly resolving = new Set<string>()
  private cursor: number

  /** `onLearnt` is called when a member was found that was not known before. */
  constructor(
    transport: TransportApi,
    prng: Prng,
    addresses: readonly Address[],
    resolve: Resolve,
    onLearnt: () => void,
  ) {
    this.transport = transport
    this.prng = prng
    this.resolve = resolve
    this.onLearnt = onLearnt
    for (const address of addresses) this.at(address)
    // Clients that know the same servers do not all begin with the same one.
    this.cursor = prng.below(Math.max(this.all.length, 1))
  }

  /** The endpoint at an address, made when first asked for; null when there are too many. */
  at(address: Address): Endpoint | null {
    const known = this.all.find(endpoint => endpoint.address.key === address.key)
    if (known !== undefined) return known
    if (this.all.length >= endpointsMax) return null
    const link = this.transport.linkTo(address)
    const endpoint = new Endpoint(link)
    link.owner = endpoint
    this.all.push(endpoint)
    return endpoint
  }

  /** A server by its id, one that has answered before one that was only heard of. */
  withId(serverId: ServerId): Endpoint | null {
    if (serverId === 0) return null
    let found: Endpoint | null = null
    for (const endpoint of this.all) {
      if (endpoint.serverId === serverId && (found === null || endpoint.isWelcome)) found = endpoint
    }
    return found
  }

  /** The next one in turn that can be asked, or null. */
  next(except: Endpoint | null): Endpoint | null {
    for (let step = 1; step <= this.all.length; step++) {
      const endpoint = this.all[(this.cursor + step) % this.all.length]!
      if (!endpoint.isWelcome || endpoint === except) continue
      this.cursor = (this.cursor + step) % this.all.length
      return endpoint
    }
    return null
  }

  /** When to call `greet` next; Infinity when every server has answered. */
  get helloAtMs(): number {
    let atMs = Infinity
    for (const endpoint of this.all) if (!endpoint.isWelcome) atMs = Math.min(atMs, endpoint.helloAtMs)
    return atMs
  }

  /** Says Hello to those whose turn it is. */
  greet(nowMs: number): void {
    for (const endpoint of this.all) {
      if (endpoint.isWelcome || endpoint.helloAtMs > nowMs) continue
      this.sayHello(endpoint)
      const doublings = Math.min(Math.max(0, endpoint.hellos - helloTriesAtFirst), 10)
      const pauseMs = Math.min(helloPauseMsMin * 2 ** doublings, maxTimeoutMs)
      endpoint.hellos++
      endpoint.helloSentAtMs = nowMs
      endpoint.helloAtMs = nowMs + pauseMs * this.prng.between(1, 1.25)
    }
  }

  /**
   * Has a server that is known say again who leads: a small question in place of a large request. Once per timeout; false: it
   * has left two of them unanswered.
   */
  askWhoLeads(endpoint: Endpoint, nowMs: number): boolean {
    if (nowMs < endpoint.askedAtMs + endpoint.roundTrip.timeoutMs) return true
    if (endpoint.questions === questionsMax) {
      endpoint.questions = 0
      return false
    }
    endpoint.questions++
    endpoint.askedAtMs = nowMs
    this.sayHello(endpoint)
    return true
  }

  /** It has answered its first greeting. The transport has compared the nonce and keeps the token. */
  welcomed(endpoint: Endpoint, welcome: Welcome): void {
    endpoint.isWelcome = true
    endpoint.token = endpoint.link.token
    endpoint.hellos = 0
    endpoint.nonce = 0
    endpoint.questions = 0
    if (endpoint.link.serverId !== 0) endpoint.serverId = endpoint.link.serverId
    for (const member of welcome.members) this.learn(member)
  }

  /** It does not know our token (any more, after a restart): it is greeted again. */
  unwelcomed(endpoint: Endpoint): void {
    if (!endpoint.isWelcome) return
    endpoint.isWelcome = false
    endpoint.nonce = 0
    endpoint.helloAtMs = endpoint.helloSentAtMs + helloPauseMsMin
  }

  /** Until one is answered all have the same nonce: the answer to the first is one, however far away it is. */
  private sayHello(endpoint: Endpoint): void {
    if (endpoint.nonce === 0) endpoint.nonce = this.prng.id()
    this.transport.send(endpoint.link, { type: 'Hello', nonce: endpoint.nonce })
  }

  private learn(member: Member): void {
    if (this.withId(member.id) !== null || this.resolving.has(member.address)) return
    if (this.resolving.size >= endpointsMax) return
    this.resolving.add(member.address)
    this.resolve(member.address, address => {
      this.resolving.delete(member.address)
      const endpoint = address === null ? null : this.at(address)
      if (endpoint === null) return
      if (endpoint.serverId === 0) endpoint.serverId = member.id
      this.onLearnt()
    })
  }
}
