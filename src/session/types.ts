/** What exactly-once execution (dissertation 6.3) is made of: a machine to wrap, commands that come, outcomes that go. */

/** Any deterministic machine: equal commands in equal order give equal states and results on every server. */
export interface StateMachine {
  /**
   * Executes one command and returns its result, at most 1,024 bytes: it is kept for repeats. `command` is only lent: copy what
   * is kept. Time and chance must come inside the command. A command that makes no sense gets a result that says so: where
   * this throws, returns a promise or too much, every server ends that comes to the command (Server.closed says why), until it
   * is started with a machine that bears it.
   */
  apply(command: Uint8Array, context: ApplyContext): Uint8Array
  /**
   * Answers a read of the present state; changes nothing. The answer has at most 2 MiB, and is lent until the next call. Where
   * this throws, or returns anything else, the client is refused (UsageError), and the server goes on.
   */
  query(request: Uint8Array): Uint8Array
  /** The whole state as of now, in chunks of some 64 KiB (a larger one is cut on its way), walked while `apply` goes on. */
  snapshot(): Iterable<Uint8Array>
  /** Replaces the whole state by one that `snapshot` gave. */
  restore(chunks: Iterable<Uint8Array>): void
  /** Optional: the same in pieces, so that a large state does not stop the server; without it the chunks are collected. */
  restorer?(): Restorer
  /** Optional: a number that is equal on all servers with equal state, kept incrementally. */
  readonly stateHash?: number
}

/**
 * Takes a snapshot piece by piece. Nothing of the old state changes before `end`: commands and queries of the old state come
 * between the pieces, while they are on their way from a leader. There may be several at a time, each of another snapshot
 * or of the same; most are dropped without an end.
 */
export interface Restorer {
  /** The next chunk, only lent. Throws on bytes that are none of a snapshot; the restorer is then of no more use. */
  push(chunk: Uint8Array): void
  /** Puts what was pushed in the place of the old state; throws, and changes nothing, if it is not whole. */
  end(): void
  /** Optional: the stateHash that the machine will have after `end`; Sessions compares it before. */
  readonly stateHash?: number
}

export interface ApplyContext {
  /** Log index of the entry that the command came in (not for clients: two commands may share it). */
  readonly index: number
  /** A replicated counter that moves with every executed command: the number that clients may see. */
  readonly revision: number
}

/** A session is opened by a command of its own; its id is the answer. */
export interface OpenSessionCommand {
  readonly kind: 'open'
}

export interface ExecuteCommand {
  readonly kind: 'execute'
  readonly sessionId: number
  /** Number of the request within its session, from 1. */
  readonly sequence: number
  /** The client has its answers for all requests up to this one: their results may be forgotten. */
  readonly answeredUpTo: number
  readonly command: Uint8Array
}

export type SessionCommand = OpenSessionCommand | ExecuteCommand

/**
 * What becomes of a command at its place in the log, the same on every server.
 * - `ok`: executed, now or at an earlier place (a repeat gets the stored result).
 * - `opened`: a session was opened.
 * - `session-expired`: no such session: never opened, or evicted. Not executed now; an earlier copy may have been.
 * - `request-mismatch`: the number was used for other bytes. Not executed.
 * - `sequence-too-far`: more than 16,384 above answeredUpTo. Not executed.
 * - `already-answered`: at or below answeredUpTo: the client has its answer, nobody waits for this one.
 */
export type Outcome =
  | { readonly code: 'ok'; readonly result: Uint8Array }
  | { readonly code: 'opened'; readonly sessionId: number }
  | { readonly code: 'session-expired' }
  | { readonly code: 'request-mismatch' }
  | { readonly code: 'sequence-too-far' }
  | { readonly code: 'already-answered' }
