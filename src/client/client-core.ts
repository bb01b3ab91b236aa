/**
 * A client as callbacks over a Clock and a transport: the public face adds promises, a simulator takes it as it is.
 *
 * Facts (a call, a message, the passing of time) only change state; once per turn `turn` derives what to send. In the
 * order of a turn: deadlines, repeats, greetings, the session, requests, one flush, one timer.
 *
 * Exactly once (dissertation 6.3): a write is repeated with the same session id and sequence number until it is answered
 * or given up. A write whose datagram was ever sent and that is given up has an unknown outcome, always: even if every
 * server asked has refused it, a copy that the network still holds may reach a later leader.
 */
import { commandBytesMax } from '../../codec/limits.js'
import type { SnapshotWish, Welcome } from '../../codec/client-types.js'
import type { Clock, Timer } from '../base/clock.js'
import { Prng } from '../base/prng.js'
import type { Address } from '../transport/socket.js'
import type { Link, TransportApi, WireMessage } from '../transport/types.js'
import { Answers } from './answers.js'
import type { Resolve } from './endpoints.js'
import { Endpoint, Endpoints } from './endpoints.js'
import { LeaderSearch } from './leader.js'
import type { PendingLimits } from './pending.js'
import { Pending, defaultPendingLimits } from './pending.js'
import type { Done, RequestOutcome } from './request.js'
import { Request } from './request.js'
import { Sender } from './sender.js'
import { SessionOpener } from './session-opener.js'
import { isCarried, isPassedOn } from './under-way.js'

export interface ClientCoreOptions {
  /** Where servers may be found; at least one. The members of the cluster are learnt from those that answer. */
  readonly endpoints: readonly Address[]
  /** Of every random draw: jitter, ids of requests, the order in which servers are asked. */
  readonly seed: number
  readonly limits?: Partial<PendingLimits>
  /** Finds the address of a learnt member ("HOST:PORT"). */
  readonly resolve: Resolve
}

/** A server as this client knows it. */
export interface KnownServer {
  readonly address: Address
  /** 0 where it has not said yet. */
  readonly serverId: number
}

const nothing = new Uint8Array(0)
/** Repeats that fall due within this time are looked through together. */
const repeatGrainMs = 4
const wasClosed = 'the client was closed'
const tooManyServers = 'too many servers are known already'

export class ClientCore {
  private readonly transport: TransportApi
  private readonly clock: Clock
  private readonly timer: Timer
  private readonly prng: Prng
  private readonly pending: Pending
  private readonly endpoints: Endpoints
  private readonly search: LeaderSearch
  private readonly opener: SessionOpener
  private readonly sender: Sender
  private readonly answers: Answers
  private nextRequestId: number
  private turnIsDue = false
  private isClosed = false

  constructor(transport: TransportApi, clock: Clock, options: ClientCoreOptions) {
    this.transport = transport
    this.clock = clock
    this.prng = new Prng(options.seed, 0xc11e)
    // Not from 1: a late answer to an earlier client at this address must not meet a request of this one.
    this.nextRequestId = this.prng.below(2 ** 51) + 1
    this.pending = new Pending({ ...defaultPendingLimits, ...options.limits })
    this.endpoints = new Endpoints(transport, this.prng, options.endpoints, options.resolve, () => this.wake())
    this.search = new LeaderSearch(this.endpoints, this.prng)
    this.opener = new SessionOpener(
      request => this.take(request),
      request => this.pending.remove(request),
    )
    this.sender = new Sender(transport, this.pending, this.endpoints, this.search, this.opener, this.prng)
    const { pending, endpoints, search, opener, sender, prng } = this
    const end = (request: Request, outcome: RequestOutcome) => this.end(request, outcome)
    this.answers = new Answers({ pending, endpoints, search, opener, sender, prng, end })
    // A timer may fire before the answers that wait in the socket are read: it only asks for a turn, which comes after.
    this.timer = clock.timer(() => this.wake())
    transport.onMessage = (link, message) => this.received(link, message)
    transport.onRoom = () => this.wake()
    this.endpoints.greet(clock.now())
    this.wake()
  }

  /** Every server known: the given endpoints, then the members learnt. */
  get servers(): readonly KnownServer[] {
    return this.endpoints.all
  }

  /** Calls back with `ok` once any server has answered, or with `unavailable`. Times are of the clock, in ms. */
  connect(deadlineMs: number, done: Done): Request {
    const request = new Request('connect', 'any', nothing, deadlineMs, done)
    if (this.endpoints.all.some(endpoint => endpoint.isWelcome)) this.refuse(request, { code: 'ok', result: nothing })
    else this.take(request)
    return request
  }

  /** Executes a command exactly once. Never calls back at once, and calls back once. */
  write(command: Uint8Array, deadlineMs: number, done: Done): Request {
    const request = new Request('write', 'leader', command, deadlineMs, done)
    this.take(request)
    return request
  }

  /** Asks a query: linearizable, or, if stale is allowed, whichever server answers first hand. */
  read(query: Uint8Array, options: { readonly stale: boolean }, deadlineMs: number, done: Done): Request {
    const request = new Request('read', options.stale ? 'any' : 'leader', query, deadlineMs, done)
    this.take(request)
    return request
  }

  /** Asks one server for its status, JSON in UTF-8. */
  status(address: Address, deadlineMs: number, done: Done): Request {
    const endpoint = this.endpoints.at(address)
    const request = new Request('status', endpoint ?? 'any', nothing, deadlineMs, done)
    if (endpoint === null) this.refuse(request, { code: 'unavailable', why: tooManyServers })
    else this.take(request)
    return request
  }

  /**
   * Asks one server, or null: whichever leads, for what `wish` says of snapshots. The answer is JSON (ToldSnapshot), or to
   * `read` the bytes. Taking one may take long: a server that is at it says so, and is asked again.
   */
  snapshot(address: Address | null, wish: SnapshotWish, deadlineMs: number, done: Done): Request {
    const endpoint = address === null ? 'leader' : this.endpoints.at(address)
    const request = new Request('snapshot', endpoint ?? 'any', nothing, deadlineMs, done)
    request.snapshot = wish
    if (endpoint === null) this.refuse(request, { code: 'unavailable', why: tooManyServers })
    else this.take(request)
    return request
  }

  /** Gives a request up now, as its deadline would. Nothing happens where it has ended. */
  cancel(request: Request, why: string): void {
    if (request.list !== null) this.giveUp(request, why)
  }

  /** Requests that are asked and not answered. */
  get pendingCount(): number {
    return this.pending.count
  }

  /** Ends everything pending at once and closes the transport. */
  close(done: () => void): void {
    this.isClosed = true
    this.timer.set(Infinity)
    for (const request of this.pending.all()) this.giveUp(request, wasClosed)
    this.transport.close(done)
  }

  private take(request: Request): void {
    if (request.kind !== 'write') request.id = this.nextRequestId++
    if (this.isClosed) {
      this.refuse(request, { code: 'unavailable', why: wasClosed })
    } else if (!((request.payload as unknown) instanceof Uint8Array)) {
      // Once in a list it would stop every turn, and all the other requests with it.
      this.refuse(request, { code: 'bad-request', why: 'it is no Uint8Array' })
    } else if (request.payload.byteLength > commandBytesMax) {
      const why = `it has ${request.payload.byteLength} bytes, the limit is ${commandBytesMax}`
      this.refuse(request, { code: 'bad-request', why })
    } else if (!this.pending.add(request)) {
      this.refuse(request, { code: 'busy', why: 'too many requests wait to be sent' })
    } else {
      this.wake()
    }
  }

  /** Ends a request that was not taken, in a turn of its own. */
  private refuse(request: Request, outcome: RequestOutcome): void {
    this.clock.endOfTurn(() => request.done(outcome))
  }

  private wake(): void {
    if (this.turnIsDue || this.isClosed) return
    this.turnIsDue = true
    this.clock.endOfTurn(() => this.turn())
  }

  private turn(): void {
    this.turnIsDue = false
    if (this.isClosed) return
    const nowMs = this.clock.now()
    for (const request of this.pending.expired(nowMs)) {
      if (request.list !== null) this.giveUp(request, this.whyNoAnswer())
    }
    this.repeatDue(nowMs)
    this.opener.update(this.pending.writes.count > 0)
    if (this.pending.count > 0) this.endpoints.greet(nowMs)
    this.sender.send(nowMs)
    this.transport.flush()
    this.timer.set(this.wakeAtMs())
  }

  private wakeAtMs(): number {
    if (this.pending.count === 0) return Infinity
    const searchAtMs = this.search.searching && this.pending.wantsLeader ? this.search.stepAtMs : Infinity
    const { repeatLowMs, retryAtMs } = this.sender
    return Math.min(this.pending.deadlineAtMs, this.endpoints.helloAtMs, repeatLowMs, retryAtMs, searchAtMs)
  }

  /** Looks through what was sent for requests that had no answer in time. */
  private repeatDue(nowMs: number): void {
    if (nowMs < this.sender.repeatLowMs) return
    let nextMs = Infinity
    for (const request of this.pending.sent) {
      if (request.repeatAtMs > nowMs) {
        nextMs = Math.min(nextMs, request.repeatAtMs)
        continue
      }
      const endpoint = request.sentTo!
      const isUnderWay =
        isCarried(request, endpoint, nowMs) ||
        // Meanwhile its leader may die, or lead no more.
        (isPassedOn(request, nowMs) && this.endpoints.askWhoLeads(endpoint, nowMs))
      if (isUnderWay) {
        request.repeatAtMs = nowMs + endpoint.roundTrip.timeoutMs
        nextMs = Math.min(nextMs, request.repeatAtMs)
        continue
      }
      if (!request.isHeldBack) endpoint.roundTrip.timedOut(nowMs)
      // A server that has answered anything since has lost this one request, or is slow with it.
      if (endpoint.answeredAtMs <= request.sentAtMs) {
        this.search.silent(endpoint, request.sentAtMs)
        this.sender.leaveForStaleReads(endpoint)
      }
      this.pending.toAgain(request)
    }
    this.sender.repeatLowMs = Math.max(nextMs, nowMs + repeatGrainMs)
  }

  private received(link: Link, message: WireMessage): void {
    const endpoint = link.owner
    if (this.isClosed || !(endpoint instanceof Endpoint)) return
    if (message.type === 'Welcome') this.welcomed(endpoint, message)
    else if (message.type === 'Unwelcome') this.unwelcomed(endpoint)
    else if (message.type === 'Answer') this.answers.received(endpoint, message, this.clock.now())
    this.wake()
  }

  private welcomed(endpoint: Endpoint, welcome: Welcome): void {
    if (endpoint.isWelcome) return this.toldWhoLeads(endpoint, welcome)
    this.endpoints.welcomed(endpoint, welcome)
    if (this.search.welcomed(endpoint, this.endpoints.withId(welcome.leaderId))) this.pending.leaderIs(endpoint)
    for (const request of this.pending.connecting) this.end(request, { code: 'ok', result: nothing })
  }

  /** It was asked again who leads. What it does not lead with, or has forgotten in a restart, goes again. */
  private toldWhoLeads(endpoint: Endpoint, { leaderId }: Welcome): void {
    // A second copy.
    if (endpoint.nonce === 0) return
    endpoint.nonce = 0
    endpoint.questions = 0
    const leads = leaderId !== 0 && leaderId === endpoint.serverId
    if (!leads || endpoint.token !== endpoint.link.token) this.pending.lostAt(endpoint)
    endpoint.token = endpoint.link.token
    if (!leads) this.search.refused(endpoint, this.endpoints.withId(leaderId), this.clock.now())
    else if (this.search.answeredAsLeader(endpoint)) this.pending.leaderIs(endpoint)
  }

  private unwelcomed(endpoint: Endpoint): void {
    this.endpoints.unwelcomed(endpoint)
    this.search.unwelcomed(endpoint)
    for (const request of this.pending.sent) if (request.sentTo === endpoint) this.pending.toAgain(request)
  }

  private giveUp(request: Request, why: string): void {
    const mayBeExecuted = request.kind === 'write' && request.transmissions > 0
    this.end(request, { code: mayBeExecuted ? 'unknown-outcome' : 'unavailable', why })
  }

  private end(request: Request, outcome: RequestOutcome): void {
    this.pending.remove(request)
    if (request.kind === 'write' && request.id !== 0) this.opener.session?.remove(request)
    request.done(outcome)
  }

  private whyNoAnswer(): string {
    if (!this.endpoints.all.some(endpoint => endpoint.isWelcome)) return 'no server answered in time'
    if (!this.search.trusted) return 'no leader answered in time'
    return 'no answer came in time'
  }
}
