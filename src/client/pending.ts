/**
 * Everything asked for and not answered yet, bounded (K11: memory stays flat under endless loss).
 *
 *   asked -> waiting (by what it waits for) -> sent -> answered
 *                                               | ^
 *                                 due again     v |
 *                                              again
 *
 * `sent` and `again` together are what is outstanding: at most 16,000 requests and 64 MiB. What is asked beyond that
 * waits unsent, and beyond the bounds of waiting it is refused: `busy`, certainly without effect.
 */
import type { Endpoint } from './endpoints.js'
import type { Request } from './request.js'
import { RequestList } from './request.js'

export interface PendingLimits {
  /** Requests sent and unanswered; below the 16,384 sequence numbers that a session spans. */
  readonly outstandingMax: number
  readonly outstandingBytesMax: number
  /** Requests that wait to be sent. */
  readonly waitingMax: number
  readonly waitingBytesMax: number
}

export const defaultPendingLimits: PendingLimits = {
  outstandingMax: 16_000,
  outstandingBytesMax: 64 * 1024 * 1024,
  waitingMax: 64_000,
  waitingBytesMax: 64 * 1024 * 1024,
}

export class Pending {
  /** For the first Welcome. */
  readonly connecting = new RequestList()
  /** Writes: for a session, a free sequence number, the leader and room to it. */
  readonly writes = new RequestList()
  /** Linearizable reads and the opening of a session: for the leader and room to it. */
  readonly reads = new RequestList()
  /** Stale reads: for any server and room to it. */
  readonly staleReads = new RequestList()
  /** For one server and room to it. */
  readonly statuses = new RequestList()
  /** For their answers, in the order in which they were last sent. */
  readonly sent = new RequestList()
  /** For the leader, to be repeated. */
  readonly again = new RequestList()
  private readonly byId = new Map<number, Request>()
  private readonly lists = [
    this.connecting,
    this.again,
    this.sent,
    this.writes,
    this.reads,
    this.staleReads,
    this.statuses,
  ]
  private readonly limits: PendingLimits
  private forLeader = 0
  /** Not later than the earliest deadline of all. */
  private deadlineLowMs = Infinity

  constructor(limits: PendingLimits) {
    this.limits = limits
  }

  get count(): number {
    return this.lists.reduce((count, list) => count + list.count, 0)
  }

  /** When to call `expired` next; Infinity when nothing is pending. */
  get deadlineAtMs(): number {
    return this.count === 0 ? Infinity : this.deadlineLowMs
  }

  /** Takes a request in; false: too much is waiting already. */
  add(request: Request): boolean {
    const waiting = this.waitingListOf(request)
    // Of an opening there is one at most, and every write waits for it: reads that wait do not keep it out.
    if (request.kind !== 'open' && !this.hasRoomIn(waiting, request)) return false
    waiting.push(request)
    if (request.to === 'leader') this.forLeader++
    if (request.kind !== 'write') this.byId.set(request.id, request)
    this.deadlineLowMs = Math.min(this.deadlineLowMs, request.deadlineMs)
    return true
  }

  /** Of a read, a status or the opening of a session. Undefined: nobody waits for it (any more). */
  withId(requestId: number): Request | undefined {
    return this.byId.get(requestId)
  }

  /** Whether one more request may be sent for the first time. */
  get hasRoom(): boolean {
    const { outstandingMax, outstandingBytesMax } = this.limits
    return (
      this.sent.count + this.again.count < outstandingMax && this.sent.bytes + this.again.bytes < outstandingBytesMax
    )
  }

  /** Something that only a leader can answer is not answered. */
  get wantsLeader(): boolean {
    return this.forLeader > 0
  }

  /** Of those sent; null where there is none. */
  oldestSentToLeader(): Request | null {
    for (let request = this.sent.oldest; request !== null; request = request.newer) {
      if (request.to === 'leader') return request
    }
    return null
  }

  /** It was sent there now. */
  toSent(request: Request, endpoint: Endpoint): void {
    this.take(request)
    request.sentTo = endpoint
    this.sent.push(request)
    endpoint.unanswered++
  }

  /** Its last copy counts as lost or refused: it is to be sent again. */
  toAgain(request: Request): void {
    this.take(request)
    if (request.to === 'leader') this.again.push(request)
    else this.waitingListOf(request).push(request)
  }

  /** A leader is known anew: what was last sent to others is to be sent to it, and what its link has given up since. */
  leaderIs(leader: Endpoint): void {
    const { gaveUpAtMs } = leader.link
    for (const request of this.sent) {
      if (request.to !== 'leader') continue
      if (request.sentTo !== leader || request.sentAtMs < gaveUpAtMs) this.toAgain(request)
    }
  }

  /** This server will not answer what it was sent for a leader. */
  lostAt(endpoint: Endpoint): void {
    for (const request of this.sent) if (request.to === 'leader' && request.sentTo === endpoint) this.toAgain(request)
  }

  /** Nobody waits for it any more. */
  remove(request: Request): void {
    this.take(request)
    if (request.to === 'leader') this.forLeader--
    if (request.kind !== 'write') this.byId.delete(request.id)
  }

  /** All whose deadline has passed; they stay in their lists. */
  expired(nowMs: number): Request[] {
    if (nowMs < this.deadlineLowMs) return []
    const expired: Request[] = []
    this.deadlineLowMs = Infinity
    for (const list of this.lists) {
      for (let request = list.oldest; request !== null; request = request.newer) {
        if (request.deadlineMs <= nowMs) expired.push(request)
        else this.deadlineLowMs = Math.min(this.deadlineLowMs, request.deadlineMs)
      }
    }
    return expired
  }

  all(): Request[] {
    return this.lists.flatMap(list => [...list])
  }

  private hasRoomIn(waiting: RequestList, request: Request): boolean {
    const { waitingMax, waitingBytesMax } = this.limits
    return waiting.count < waitingMax && waiting.bytes + request.bytes <= waitingBytesMax
  }

  private take(request: Request): void {
    if (request.list === this.sent) request.sentTo!.unanswered--
    request.list?.remove(request)
  }

  private waitingListOf(request: Request): RequestList {
    if (request.kind === 'connect') return this.connecting
    if (request.kind === 'write') return this.writes
    if (request.to === 'leader') return this.reads
    return request.to === 'any' ? this.staleReads : this.statuses
  }
}
