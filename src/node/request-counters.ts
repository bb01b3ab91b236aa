/**
 * How exactly-once works out, counted at one server since it started: which requests came, and what became of the copies.
 * Numbers of this process for `status`; what decides is the replicated session (src/session/).
 */

/** Requests of clients to write or to open a session, as they came to this server. */
export interface RequestsStatus {
  /** All of them, copies too. */
  readonly received: number
  /** Those of which this server knew an earlier copy by session and number: the sum of the next three. */
  readonly repeats: number
  /** The earlier copy is under way here: one entry of the log, one answer. */
  readonly suppressed: number
  /** Executed before: answered again with the result that the session keeps. */
  readonly answeredFromTable: number
  /** The client has said that it has the answer: dropped. */
  readonly alreadyAnswered: number
  /** The number was used for another command before: refused. No repeat, but a mistake of the client. */
  readonly mismatched: number
  /** This server does not lead, so the client was told to ask the leader. */
  readonly redirected: number
  /** There was no room: the client was asked to come back. */
  readonly busy: number
  /** This server leads and its disk is full: refused. */
  readonly noSpace: number
  /**
   * Commands of the log that were executed at an earlier place: two leaders took a copy each. Of the whole log that this
   * process has applied, what it read at its start too.
   */
  readonly repeatsInLog: number
}

export class RequestCounters {
  received = 0
  suppressed = 0
  answeredFromTable = 0
  alreadyAnswered = 0
  mismatched = 0
  redirected = 0
  busy = 0
  noSpace = 0

  describe(repeatsInLog: number): RequestsStatus {
    const { received, suppressed, answeredFromTable, alreadyAnswered, mismatched, redirected, busy, noSpace } = this
    const repeats = suppressed + answeredFromTable + alreadyAnswered
    return {
      ...{ received, repeats, suppressed, answeredFromTable, alreadyAnswered, mismatched, redirected, busy, noSpace },
      repeatsInLog,
    }
  }
}
