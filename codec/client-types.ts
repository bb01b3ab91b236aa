/** The messages between clients and servers, as values. client-messages.ts and server-messages.ts give their bytes. */
import type { ServerId } from '../src/raft/types.js'

/** The first message, to a server of which nothing is known yet; padded to the size of its answer (no amplification). */
export interface Hello {
  readonly type: 'Hello'
  /** Echoed, so that an answer from nowhere opens nothing. */
  readonly nonce: number
}

/** A session wanted; a replicated command. Repeating it may open two: the unused one is evicted in time. */
export interface OpenSession {
  readonly type: 'OpenSession'
  readonly requestId: number
}

export interface Write {
  readonly type: 'Write'
  readonly sessionId: number
  readonly sequence: number
  readonly answeredUpTo: number
  readonly command: Uint8Array
}

export interface Read {
  readonly type: 'Read'
  readonly requestId: number
  /** Answered from whichever server is asked, without confirmation: may be old. */
  readonly stale: boolean
  readonly query: Uint8Array
}

export interface StatusRequest {
  readonly type: 'StatusRequest'
  readonly requestId: number
}

/**
 * What a client wants of a snapshot. `take`: this server takes one of what it has applied. `hold`: the leader takes one of
 * everything acknowledged before, and keeps it readable for a while. `read`: a piece of one that is held, from `offset`.
 */
export type SnapshotAct = 'take' | 'hold' | 'read'

/** Of which snapshot, and from where: of `read`; zeros for the others. */
export interface SnapshotWish {
  readonly act: SnapshotAct
  readonly lastIncludedIndex: number
  /** Of its body: who reads half of one and half of another notices. */
  readonly hash: number
  /** In its body. */
  readonly offset: number
}

export interface SnapshotRequest extends SnapshotWish {
  readonly type: 'SnapshotRequest'
  readonly requestId: number
}

export type ClientMessage = Hello | OpenSession | Write | Read | StatusRequest | SnapshotRequest

export interface Member {
  readonly id: ServerId
  /** "HOST:PORT" as in the cluster list. */
  readonly address: string
}

export interface Welcome {
  readonly type: 'Welcome'
  readonly nonce: number
  /** Proves that the client receives at its address; it stands in the envelope of everything the client sends after. */
  readonly token: number
  /** 0 where none is known. */
  readonly leaderId: ServerId
  readonly members: readonly Member[]
}

/** Your token is not (or no longer) known here: say Hello again. Smaller than any request. */
export interface Unwelcome {
  readonly type: 'Unwelcome'
}

/**
 * What became of a request. `ok` carries a result. The outcomes of a session stand in src/session/types.ts. `not-leader`
 * names the leader where it is known; `busy`: too much is waiting, ask again later; `bad-request`: the bytes made no
 * sense or were over a limit; `no-space`: the disk is full, of the leader in whose place nobody else can write, or of the
 * server that was to take a snapshot; `no-snapshot`: that snapshot is not (or no longer) held here. Nothing was done then.
 */
export type AnswerCode =
  | 'ok'
  | 'not-leader'
  | 'busy'
  | 'session-expired'
  | 'request-mismatch'
  | 'sequence-too-far'
  | 'bad-request'
  | 'no-space'
  | 'no-snapshot'

export interface Answer {
  readonly type: 'Answer'
  readonly to: 'open' | 'write' | 'read' | 'status' | 'snapshot'
  /** The sequence number for a write, the requestId for the others. */
  readonly requestId: number
  /** Of the session that was opened, or in which the write was asked; 0 for the others. */
  readonly sessionId: number
  readonly code: AnswerCode
  /** Of `not-leader`: the leader as far as known, or 0. */
  readonly leaderId: ServerId
  /** Result of a write, answer of a read, JSON of a status or of a snapshot, piece of its body; empty otherwise. */
  readonly result: Uint8Array
}

export type ServerMessage = Welcome | Unwelcome | Answer
