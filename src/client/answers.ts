/**
 * What an answer means for the request that it is for: its end, another copy at once, or one after a pause. Only an end is told to
 * whoever asked: that a server does not lead, or has too much to do, is between it and this client.
 */
import type { Answer } from '../../codec/client-types.js'
import type { Prng } from '../base/prng.js'
import type { Endpoint, Endpoints } from './endpoints.js'
import type { LeaderSearch } from './leader.js'
import type { Pending } from './pending.js'
import type { RequestOutcome, Request } from './request.js'
import type { Sender } from './sender.js'
import type { SessionOpener } from './session-opener.js'
import { isSmall } from './under-way.js'

/** What a server that is too busy is spared at first, doubling to the maximum. */
const busyPauseMsMin = 10
const busyPauseMsMax = 500

interface AnswersOptions {
  readonly pending: Pending
  readonly endpoints: Endpoints
  readonly search: LeaderSearch
  readonly opener: SessionOpener
  readonly sender: Sender
  readonly prng: Prng
  /** Nobody waits for the request any more: this came of it. */
  readonly end: (request: Request, outcome: RequestOutcome) => void
}

export class Answers {
  private readonly pending: Pending
  private readonly endpoints: Endpoints
  private readonly search: LeaderSearch
  private readonly opener: SessionOpener
  private readonly sender: Sender
  private readonly prng: Prng
  private readonly end: AnswersOptions['end']

  constructor(options: AnswersOptions) {
    this.pending = options.pending
    this.endpoints = options.endpoints
    this.search = options.search
    this.opener = options.opener
    this.sender = options.sender
    this.prng = options.prng
    this.end = options.end
  }

  /** This server gave this answer. */
  received(endpoint: Endpoint, answer: Answer, nowMs: number): void {
    endpoint.answeredAtMs = nowMs
    const request = this.waitingFor(answer)
    // A second copy, or too late: nobody waits.
    if (request === undefined) return
    const isLastCopy = request.sentTo === endpoint && request.list === this.pending.sent
    if (isLastCopy) {
      request.unansweredCopies = 0
      endpoint.answeredSentAtMs = Math.max(endpoint.answeredSentAtMs, request.sentAtMs)
    }
    if (answer.code === 'not-leader') {
      if (request.to === 'leader') {
        this.search.refused(endpoint, this.endpoints.withId(answer.leaderId), nowMs)
        if (isLastCopy) this.pending.toAgain(request)
      } else if (isLastCopy) {
        this.holdBack(request, endpoint, nowMs)
      }
      return
    }
    // Every other answer to such a request can only come from a leader (one from a follower's table of answers may too:
    // then the next request is refused, with a hint).
    if (request.to === 'leader' && this.search.answeredAsLeader(endpoint)) this.pending.leaderIs(endpoint)
    switch (answer.code) {
      case 'ok':
        // Karn's rule: nobody knows which copy of a repeated request was answered. Large ones have their own time (under-way.ts).
        if (request.transmissions === 1 && isSmall(request.bytes + answer.result.length)) {
          endpoint.roundTrip.sample(nowMs - request.sentAtMs)
        }
        if (request.kind === 'open') this.opener.opened(answer.sessionId)
        this.end(request, { code: 'ok', result: answer.result })
        break
      case 'busy':
        if (isLastCopy && !request.isHeldBack) request.copiesRefused++
        if (isLastCopy) this.holdBack(request, endpoint, nowMs)
        break
      case 'sequence-too-far':
        if (isLastCopy) this.holdBack(request, endpoint, nowMs)
        break
      case 'no-space':
        if (isLastCopy) this.refusedForSpace(request, endpoint, nowMs)
        break
      case 'no-snapshot':
        this.end(request, { code: 'no-snapshot', why: 'the server no longer keeps this snapshot for reading' })
        break
      case 'session-expired': {
        const why = 'the session was evicted by the cluster before an answer came'
        for (const write of this.opener.expired(answer.sessionId)) this.end(write, { code: 'unknown-outcome', why })
        break
      }
      case 'request-mismatch':
        this.end(request, { code: 'unknown-outcome', why: 'the cluster knows another request under this number' })
        break
      case 'bad-request':
        if (request.kind === 'open') this.opener.refused()
        this.end(request, { code: 'bad-request', why: 'the server refused the bytes of the request' })
        break
    }
  }

  /** The request that is answered, by session and sequence number or by requestId (X04: never one of another number). */
  private waitingFor(answer: Answer): Request | undefined {
    if (answer.to === 'write') {
      const { session } = this.opener
      return session?.id === answer.sessionId ? session.find(answer.requestId) : undefined
    }
    const request = this.pending.withId(answer.requestId)
    return request?.kind === answer.to ? request : undefined
  }

  /**
   * The leader's disk is full. Where another copy may have been taken before, by another leader perhaps, this is no definite
   * word on the request: it is repeated.
   */
  private refusedForSpace(request: Request, endpoint: Endpoint, nowMs: number): void {
    if (!request.isHeldBack) request.copiesRefused++
    if (request.copiesRefused < request.transmissions && request.kind === 'write') {
      return this.holdBack(request, endpoint, nowMs)
    }
    const { name } = endpoint
    const why =
      request.kind === 'snapshot' ? `${name} has no room on its disk` : `the disk of ${name}, the leader, is full`
    const outcome: RequestOutcome = { code: 'no-space', why }
    this.end(request, outcome)
    if (request.kind !== 'open') return
    this.opener.refused()
    for (const write of this.pending.writes) this.end(write, outcome)
  }

  /** The server has too much to do: the request is repeated after a pause that grows. */
  private holdBack(request: Request, endpoint: Endpoint, nowMs: number): void {
    const pauseMs = Math.min(busyPauseMsMin * 2 ** Math.min(request.refusals, 10), busyPauseMsMax)
    request.refusals++
    request.isHeldBack = true
    request.repeatAtMs = nowMs + pauseMs * this.prng.between(1, 1.5)
    this.sender.repeatLowMs = Math.min(this.sender.repeatLowMs, request.repeatAtMs)
    this.sender.leaveForStaleReads(endpoint)
  }
}
