/**
 * Once per turn: what of the pending requests goes to whom now, as far as there is room. Room is what the server's
 * advertised window leaves (`link.availableBytes`); what does not fit waits, oldest first, for the next turn.
 *
 * Everything asked in one turn leaves with one flush, many requests to a datagram.
 */
import type { ClientMessage } from '../../codec/client-types.js'
import type { Prng } from '../base/prng.js'
import type { TransportApi } from '../transport/types.js'
import type { Endpoint, Endpoints } from './endpoints.js'
import type { LeaderSearch } from './leader.js'
import type { Pending } from './pending.js'
import type { Request } from './request.js'
import type { SessionOpener } from './session-opener.js'

/** Room may come back by time alone (what is in flight grows old), which nobody reports. */
const roomRetryMs = 10

export class Sender {
  /** When requests that found no room are tried again; Infinity when all found room. */
  retryAtMs = Infinity
  /** Not later than when the first request sent is to be repeated. */
  repeatLowMs = Infinity
  private readonly transport: TransportApi
  private readonly pending: Pending
  private readonly endpoints: Endpoints
  private readonly search: LeaderSearch
  private readonly opener: SessionOpener
  private readonly prng: Prng
  /** Stale reads stay with one server as long as it answers. */
  private staleFrom: Endpoint | null = null
  private writesFirst = false

  constructor(
    transport: TransportApi,
    pending: Pending,
    endpoints: Endpoints,
    search: LeaderSearch,
    opener: SessionOpener,
    prng: Prng,
  ) {
    this.transport = transport
    this.pending = pending
    this.endpoints = endpoints
    this.search = search
    this.opener = opener
    this.prng = prng
  }

  /** Sends what can be sent now. */
  send(nowMs: number): void {
    this.retryAtMs = Infinity
    this.sendStatuses(nowMs)
    this.sendStaleReads(nowMs)
    this.sendToLeader(nowMs)
    this.ask(nowMs)
  }

  /** A request had no answer from this server, or was held back: stale reads go to the next one. */
  leaveForStaleReads(endpoint: Endpoint): void {
    if (this.staleFrom === endpoint) this.staleFrom = this.endpoints.next(endpoint)
  }

  private sendStatuses(nowMs: number): void {
    for (const request of this.pending.statuses) {
      const endpoint = request.to as Endpoint
      if (endpoint.isWelcome) this.transmit(request, endpoint, nowMs)
    }
  }

  private sendStaleReads(nowMs: number): void {
    const { staleReads } = this.pending
    if (staleReads.count === 0) return
    if (this.staleFrom?.isWelcome !== true) this.staleFrom = this.endpoints.next(null)
    const endpoint = this.staleFrom
    if (endpoint === null) return
    while (staleReads.oldest !== null && this.pending.hasRoom) {
      if (!this.transmit(staleReads.oldest, endpoint, nowMs)) return
    }
  }

  private sendToLeader(nowMs: number): void {
    const { leader, trusted } = this.search
    if (leader === null || !leader.isWelcome) return
    const probing = !trusted && (this.search.probeDue || leader.unanswered === 0)
    if (!trusted && !probing) return
    let bytesLeft = trusted ? Infinity : leader.link.datagramBytesMax
    for (let sent = 0; ; sent++) {
      // A probe that is due has something to carry in any case: another copy of what waits for its answer.
      const copied = sent === 0 && this.search.probeDue ? this.pending.oldestSentToLeader() : null
      const request = this.nextForLeader() ?? copied
      if (request === null) return
      if (sent > 0 && request.bytes > bytesLeft) return
      if (!trusted && request.transmissions > 0 && isLarge(request, leader)) return this.askLeader(leader, nowMs)
      if (!this.transmit(request, leader, nowMs)) return
      bytesLeft -= request.bytes
      if (!probing) continue
      this.search.probed(nowMs)
      if (this.search.guessing) return
    }
  }

  /** Whether it leads at all, before something large goes to it again. */
  private askLeader(leader: Endpoint, nowMs: number): void {
    this.search.probed(nowMs)
    if (!this.endpoints.askWhoLeads(leader, nowMs)) this.search.silent(leader, nowMs)
    this.retryAtMs = Math.min(this.retryAtMs, nowMs + leader.roundTrip.timeoutMs)
  }

  /**
   * While no leader answers: one request to the next server, as a copy of what the leader may have. Of what is larger than a
   * datagram no copies go around: a greeting is answered with who leads, too.
   */
  private ask(nowMs: number): void {
    if (!this.search.searching || nowMs < this.search.stepAtMs || !this.pending.wantsLeader) return
    const endpoint = this.search.step(nowMs)
    const request = this.nextForLeader() ?? this.pending.oldestSentToLeader()
    if (endpoint === null || request === null) return
    if (isLarge(request, endpoint)) this.endpoints.askWhoLeads(endpoint, nowMs)
    else this.transmit(request, endpoint, nowMs)
  }

  /** Repeats first; then reads and writes in turn, so that neither holds the other back. */
  private nextForLeader(): Request | null {
    const { again, reads, writes, hasRoom } = this.pending
    if (again.oldest !== null) return again.oldest
    if (!hasRoom) return null
    const write = this.opener.session?.hasRoom === true ? writes.oldest : null
    this.writesFirst = !this.writesFirst
    return this.writesFirst ? (write ?? reads.oldest) : (reads.oldest ?? write)
  }

  /** False: there was no room. */
  private transmit(request: Request, endpoint: Endpoint, nowMs: number): boolean {
    if (!endpoint.hasRoomFor(request.bytes) || !this.transport.send(endpoint.link, this.messageOf(request))) {
      this.retryAtMs = nowMs + roomRetryMs
      return false
    }
    if (request.kind === 'write' && request.id === 0) this.opener.session!.add(request)
    request.transmissions++
    request.unansweredCopies++
    request.isHeldBack = false
    request.sentAtMs = nowMs
    request.underWayMs = 0
    request.repeatAtMs = nowMs + endpoint.roundTrip.repeatAfterMs(request.unansweredCopies, this.prng)
    this.pending.toSent(request, endpoint)
    this.repeatLowMs = Math.min(this.repeatLowMs, request.repeatAtMs)
    return true
  }

  private messageOf(request: Request): ClientMessage {
    const { payload } = request
    switch (request.kind) {
      case 'write': {
        // A write that was sent has its number in the session that is open: it ends together with its session.
        const session = this.opener.session!
        const sequence = request.id === 0 ? session.nextSequence : request.id
        const { answeredUpTo } = session
        return { type: 'Write', sessionId: session.id, sequence, answeredUpTo, command: payload }
      }
      case 'read':
        return { type: 'Read', requestId: request.id, stale: request.to !== 'leader', query: payload }
      case 'open':
        return { type: 'OpenSession', requestId: request.id }
      case 'snapshot':
        return { type: 'SnapshotRequest', requestId: request.id, ...request.snapshot! }
      case 'status':
      case 'connect':
        return { type: 'StatusRequest', requestId: request.id }
    }
  }
}

function isLarge(request: Request, { link }: Endpoint): boolean {
  return request.bytes > link.datagramBytesMax
}
