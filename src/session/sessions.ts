/**
 * Exactly-once execution (dissertation 6.3): wraps any state machine, and executes a request of a client once, however
 * often its command comes through the log. These are the rules, all of them decided at the command's place in the log,
 * from replicated state alone, so they hold across leader changes, restarts and snapshots:
 *
 * 1. A session is opened by a command of its own, never by a first request: a late first request of an evicted session
 *    would be executed twice. Ids come from a replicated counter and are never used again.
 * 2. A request is (session, sequence number, command). Same number and same bytes: the stored result. Same number, other
 *    bytes: refused.
 * 3. A result is kept until the client says, by the answeredUpTo of a later command, that it has it. What is at or below
 *    is dropped, what is more than `sequenceWindow` above is refused. answeredUpTo never goes back.
 * 4. Sessions are bounded. The least recently used in the order of the log goes, never by anyone's clock (K22); every command
 *    that names a session uses it, a repeat or a refused one too.
 * 5. A command of a session that is not there is never executed.
 * 6. The revision moves with every command, executed or not, so no two commands share one.
 *
 * An exception out of the machine is a bug, and passes through: the server must stop, for it cannot know what was done.
 */
import { assert } from '../base/assert.js'
import { addHash, hashLong, subtractHash } from '../base/hash.js'
import { defaultSessionLimits } from './limits.js'
import type { SessionLimits } from './limits.js'
import { machineResult } from './machine-result.js'
import { Session } from './session.js'
import { storableResultBytesMax } from './session-bytes.js'
import { hashState, SessionsReader } from './sessions-reader.js'
import { SessionsWalk } from './sessions-walk.js'
import type { ExecuteCommand, Outcome, Restorer, SessionCommand, StateMachine } from './types.js'
import { UsageOrder } from './usage-order.js'

const sessionExpired: Outcome = { code: 'session-expired' }
const requestMismatch: Outcome = { code: 'request-mismatch' }
const sequenceTooFar: Outcome = { code: 'sequence-too-far' }
const alreadyAnswered: Outcome = { code: 'already-answered' }

export class Sessions {
  readonly #machine: StateMachine
  readonly #limits: SessionLimits
  /** By id; ids only grow, so in ascending order too. */
  #sessions = new Map<number, Session>()
  #order = new UsageOrder()
  #revision = 0
  #lastSessionId = 0
  /** Sum of the hashes of all sessions. */
  #hashSum = 0
  #storedBytes = 0
  #repeats = 0
  readonly #walks = new Set<SessionsWalk>()

  /** `limits` must be equal on all servers: what is not given stands in limits.ts. */
  constructor(machine: StateMachine, limits: Partial<SessionLimits> = {}) {
    this.#machine = machine
    this.#limits = { ...defaultSessionLimits, ...limits }
    assert(this.#limits.sessionsMax >= 1 && this.#limits.sequenceWindow >= 1, 'there is room for a session')
    assert(this.#limits.resultBytesMax <= storableResultBytesMax, 'a result fits a piece of a snapshot')
  }

  /** A replicated counter that moves with every command: the revision of the last one. */
  get revision(): number {
    return this.#revision
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  get sessionsMax(): number {
    return this.#limits.sessionsMax
  }

  /** Memory that the stored results take, approximately, and may take. */
  get storedBytes(): number {
    return this.#storedBytes
  }

  get storedBytesMax(): number {
    return this.#limits.storedBytesMax
  }

  /** Commands applied so far that were executed before, at an earlier place of the log. Not replicated, only counted. */
  get repeats(): number {
    return this.#repeats
  }

  /** Equal on all servers with equal state, sessions and machine; below 2^53. */
  get stateHash(): number {
    return hashState(this.#machine.stateHash, this.#lastSessionId, this.#revision, this.#hashSum)
  }

  /** Executes one command of the log; `index` is that of its entry. Called for every command, once, in log order. */
  apply(command: SessionCommand, index: number): Outcome {
    this.#revision++
    return command.kind === 'open' ? this.#open() : this.#execute(command, index)
  }

  #open(): Outcome {
    const session = new Session(++this.#lastSessionId, this.#revision)
    this.#sessions.set(session.id, session)
    this.#order.append(session)
    session.summedHash = session.hash
    this.#hashSum = addHash(this.#hashSum, session.summedHash)
    this.#evict(session)
    return { code: 'opened', sessionId: session.id }
  }

  #execute(command: ExecuteCommand, index: number): Outcome {
    const session = this.#sessions.get(command.sessionId)
    if (session === undefined) return sessionExpired
    if (this.#walks.size > 0) for (const walk of this.#walks) walk.beforeChange(session)
    this.#hashSum = subtractHash(this.#hashSum, session.summedHash)
    this.#storedBytes -= session.storedBytes
    session.usedAt = this.#revision
    session.forgetUpTo(command.answeredUpTo)
    this.#order.touch(session)

    const outcome = this.#executeOnce(session, command, index)

    session.summedHash = session.hash
    this.#hashSum = addHash(this.#hashSum, session.summedHash)
    this.#storedBytes += session.storedBytes
    this.#evict(session)
    return outcome
  }

  #executeOnce(session: Session, command: ExecuteCommand, index: number): Outcome {
    const { sequence } = command
    const known = lookupResult(session, sequence, command.command)
    if (known !== null && known !== requestMismatch) this.#repeats++
    if (known !== null) return known
    if (sequence - session.answeredUpTo > this.#limits.sequenceWindow) return sequenceTooFar
    const given = this.#machine.apply(command.command, { index, revision: this.#revision })
    const result = machineResult(given, 'apply', this.#limits.resultBytesMax)
    session.store(sequence, hashLong(command.command, 0), result)
    return { code: 'ok', result }
  }

  /** Holds the bounds, but never evicts the session that is in use just now. */
  #evict(inUse: Session): void {
    const { sessionsMax, storedBytesMax } = this.#limits
    while (this.#sessions.size > sessionsMax || this.#storedBytes > storedBytesMax) {
      const { oldest } = this.#order
      if (oldest === null || oldest === inUse) return
      for (const walk of this.#walks) walk.beforeChange(oldest)
      this.#order.remove(oldest)
      this.#sessions.delete(oldest.id)
      this.#hashSum = subtractHash(this.#hashSum, oldest.summedHash)
      this.#storedBytes -= oldest.storedBytes
    }
  }

  /**
   * What any server may answer from its table, without the log: the stored result, `request-mismatch` or
   * `already-answered`. Null if the request is not there, which on this server alone means nothing: it may be
   * executed elsewhere, and only the leader may put it into the log. Changes nothing.
   */
  lookup(sessionId: number, sequence: number, command: Uint8Array): Outcome | null {
    const session = this.#sessions.get(sessionId)
    return session === undefined ? null : lookupResult(session, sequence, command)
  }

  /** A read of the machine's present state. */
  query(request: Uint8Array): Uint8Array {
    return this.#machine.query(request)
  }

  /**
   * Sessions, counters and machine as of now, in chunks of at most 64 KiB, to be walked once while `apply` goes on;
   * whoever does not walk to the end must call `return`. How the chunks are cut means nothing to `restore`.
   */
  snapshot(): IterableIterator<Uint8Array> {
    const counters = { revision: this.#revision, lastSessionId: this.#lastSessionId, stateHash: this.stateHash }
    const walk = new SessionsWalk(counters, this.#sessions, this.#machine.snapshot(), ended => {
      this.#walks.delete(ended)
    })
    this.#walks.add(walk)
    return walk
  }

  /**
   * Takes what `snapshot` gave, cut anyhow, and replaces everything by it at the end. The machine gets the chunks that the
   * machine gave. Throws if the bytes are no whole snapshot; if the machine has a restorer, nothing has changed then.
   */
  restorer(): Restorer {
    return new SessionsReader(this.#machine, ({ counters, sessions, order, hashSum, storedBytes }) => {
      this.#walks.clear()
      this.#revision = counters.revision
      this.#lastSessionId = counters.lastSessionId
      this.#sessions = sessions
      this.#order = order
      this.#hashSum = hashSum
      this.#storedBytes = storedBytes
    })
  }

  /** Replaces everything by what `snapshot` gave. */
  restore(chunks: Iterable<Uint8Array>): void {
    const restorer = this.restorer()
    for (const chunk of chunks) restorer.push(chunk)
    restorer.end()
  }
}

function lookupResult(session: Session, sequence: number, command: Uint8Array): Outcome | null {
  if (sequence <= session.answeredUpTo) return alreadyAnswered
  const place = session.results.find(sequence)
  if (place < 0) return null
  if (session.results.checksumAt(place) !== hashLong(command, 0)) return requestMismatch
  return { code: 'ok', result: session.results.resultAt(place) }
}
