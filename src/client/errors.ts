/**
 * What a call can end with besides its result. The message is one line that says what and how to mend it; `code` is
 * stable and the same on the wire, in JSON and here.
 *
 * Two families, and one may not be taken for the other: a FailedError certainly had no effect and never will; after an
 * UnknownOutcomeError the write may have been executed, may yet be, or never.
 */

export type ErrorCode =
  | 'not-found'
  | 'mismatch'
  | 'not-leader'
  | 'unavailable'
  | 'unknown-outcome'
  | 'busy'
  | 'session-expired'
  | 'key-too-large'
  | 'value-too-large'
  | 'no-space'
  | 'usage'

/** Everything that this library rejects a call with. */
export abstract class RaftgramError extends Error {
  /** Stable: scripts and programs may depend on it. */
  abstract readonly code: ErrorCode
}

/**
 * The write was sent and its answer did not come: it may have been executed (at most once), may yet be, or never. Read
 * to find out. Asking for it again is a second write. Also where another state machine than the store has executed it: what
 * it made of it only that machine knows.
 */
export class UnknownOutcomeError extends RaftgramError {
  override readonly name = 'UnknownOutcomeError'
  readonly code = 'unknown-outcome'
}

/** The call certainly had no effect and never will: it is safe to ask again. */
export abstract class FailedError extends RaftgramError {}

/** No server, or no leader, answered in time; or the client was closed before the request was sent. */
export class UnavailableError extends FailedError {
  override readonly name = 'UnavailableError'
  readonly code = 'unavailable'
}

/** More is outstanding than the client holds; wait for some of it, then ask again. */
export class BusyError extends FailedError {
  override readonly name = 'BusyError'
  readonly code = 'busy'
}

/** The disk of the leader is full, and no other server takes over; ask again when there is space. Reads go on. */
export class NoSpaceError extends FailedError {
  override readonly name = 'NoSpaceError'
  readonly code = 'no-space'
}

/** The key has more bytes than the store takes. */
export class KeyTooLargeError extends FailedError {
  override readonly name = 'KeyTooLargeError'
  readonly code = 'key-too-large'
}

/** The value, or the command made of it, has more bytes than the store takes. */
export class ValueTooLargeError extends FailedError {
  override readonly name = 'ValueTooLargeError'
  readonly code = 'value-too-large'
}

/** The call itself makes no sense: mend the program. */
export class UsageError extends FailedError {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}
