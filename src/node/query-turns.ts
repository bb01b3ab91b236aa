/**
 * Queries take turns with everything else a server does. Each is cheap, but one datagram holds thousands of them, and a
 * page of a scan takes a thousand times as long as a get: answered all at once they would hold up heartbeats for seconds.
 * So they are answered for a while in each turn, and those that are left wait for the next, in their order.
 */
import type { Link } from '../transport/types.js'

/** Of a turn: well below a heartbeat. */
export const queriesMsMax = 10

/** Queries that wait; beyond it a client is asked to come back. */
export const waitingQueriesMax = 65_536

export interface Query {
  readonly link: Link
  readonly requestId: number
  readonly bytes: Uint8Array
}

export class QueryTurns {
  private readonly now: () => number
  private readonly answer: (query: Query) => void
  private waiting: Query[] = []
  private spentMs = 0

  /** `answer` answers one; `now` says how long that took. */
  constructor(now: () => number, answer: (query: Query) => void) {
    this.now = now
    this.answer = answer
  }

  get count(): number {
    return this.waiting.length
  }

  /** Answers it now or in a later turn. False: too many wait. */
  ask(query: Query): boolean {
    if (this.waiting.length === 0 && this.spentMs < queriesMsMax) {
      this.answerNow(query)
      return true
    }
    if (this.waiting.length >= waitingQueriesMax) return false
    this.waiting.push(query)
    return true
  }

  /** A turn begins: answers what waits, as much as it has time for. True: some of it waits on. */
  takeTurn(): boolean {
    this.spentMs = 0
    let answered = 0
    while (answered < this.waiting.length && this.spentMs < queriesMsMax) this.answerNow(this.waiting[answered++]!)
    if (answered > 0) this.waiting = this.waiting.slice(answered)
    return this.waiting.length > 0
  }

  private answerNow(query: Query): void {
    const startMs = this.now()
    this.answer(query)
    this.spentMs += this.now() - startMs
  }
}
