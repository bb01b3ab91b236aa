/** One thing asked for, from the call to its outcome, and the lists in which it waits. */
import type { SnapshotWish } from '../../codec/client-types.js'
import type { Endpoint } from './endpoints.js'

/**
 * How a request ended. `ok`: answered. `unknown-outcome`: a write was sent and may have been, or may yet be, executed.
 * The others certainly had no effect: `unavailable`: never sent, or a read without an answer; `busy`: too much is
 * outstanding here; `bad-request`: the server says that the bytes make no sense or are over a limit; `no-space`: the leader's
 * disk is full; `no-snapshot`: the snapshot that is read is no longer held. `why` completes a sentence such as "the write was
 * not sent: ...".
 */
export type RequestOutcome =
  { readonly code: 'ok'; readonly result: Uint8Array } | { readonly code: FailureCode; readonly why: string }

export type FailureCode = 'unavailable' | 'unknown-outcome' | 'busy' | 'bad-request' | 'no-space' | 'no-snapshot'

export type Done = (outcome: RequestOutcome) => void

/** `connect` waits for the first Welcome and is never sent; the others are messages. */
export type RequestKind = 'connect' | 'open' | 'write' | 'read' | 'status' | 'snapshot'

export class Request {
  readonly kind: RequestKind
  /** Who may answer: the leader, any server, or one alone. */
  readonly to: 'leader' | 'any' | Endpoint
  readonly payload: Uint8Array
  /** On the clock of the client. */
  readonly deadlineMs: number
  readonly done: Done
  /** Of what is wanted of a snapshot. */
  snapshot: SnapshotWish | null = null
  /** Sequence number of a write, 0 until it is first sent; requestId of the others. The same in every repeat. */
  id = 0
  transmissions = 0
  /** Copies sent since a server last said anything of it. Repeats back off by these: a refusal proves that the way is open. */
  unansweredCopies = 0
  /** Where the last copy went. */
  sentTo: Endpoint | null = null
  sentAtMs = -Infinity
  /** For so long the transport was seen to be at work on the last copy. */
  underWayMs = 0
  /** When it is repeated if there is no answer. */
  repeatAtMs = Infinity
  /** So many times a server was too busy for it. */
  refusals = 0
  /** Copies of which a server has said that it did nothing with them. */
  copiesRefused = 0
  /** It was answered (busy) and waits for its pause to end, not for an answer. */
  isHeldBack = false
  /** The list it is in; null when it has ended. */
  list: RequestList | null = null
  older: Request | null = null
  newer: Request | null = null

  constructor(kind: RequestKind, to: Request['to'], payload: Uint8Array, deadlineMs: number, done: Done) {
    this.kind = kind
    this.to = to
    this.payload = payload
    this.deadlineMs = deadlineMs
    this.done = done
  }

  /** What it takes of a datagram and of memory, nearly. */
  get bytes(): number {
    return this.payload.byteLength + requestOverheadBytes
  }
}

/** Header of the message and share of the datagram's. */
const requestOverheadBytes = 64

/** A list, oldest first, from which anything can be taken in constant time: its links stand in the requests. */
export class RequestList {
  oldest: Request | null = null
  private newest: Request | null = null
  count = 0
  bytes = 0

  push(request: Request): void {
    request.list = this
    request.older = this.newest
    request.newer = null
    if (this.newest === null) this.oldest = request
    else this.newest.newer = request
    this.newest = request
    this.count++
    this.bytes += request.bytes
  }

  remove(request: Request): void {
    if (request.older === null) this.oldest = request.newer
    else request.older.newer = request.newer
    if (request.newer === null) this.newest = request.older
    else request.newer.older = request.older
    request.older = null
    request.newer = null
    request.list = null
    this.count--
    this.bytes -= request.bytes
  }

  /** Of every request, oldest first; the one visited may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Request, void, undefined> {
    for (let request = this.oldest; request !== null;) {
      const { newer } = request
      yield request
      request = newer
    }
  }
}
