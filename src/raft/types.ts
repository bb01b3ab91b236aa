/**
 * The vocabulary of consensus: what an entry, a message, a fact and a consequence are. No behaviour lives here.
 * The words are those of the Raft paper ("In Search of an Understandable Consensus Algorithm", extended version) and
 * of Ongaro's dissertation. Terms, indexes and ids are whole numbers below 2^53.
 */

/** A member of the cluster, 1..65535. 0 stands for "nobody" (no vote cast, no leader known). */
export type ServerId = number
export type Term = number
/** Position in the log; the first entry has index 1, and 0 is the place before it. */
export type LogIndex = number
/** Milliseconds of a monotonic clock whose zero means nothing. Always an argument, never asked for. */
export type Milliseconds = number
/** Which data directory of a server it is: random, at least 1. 0 where incarnations are not told apart, or none is known. */
export type Incarnation = number

/** A server in one of its incarnations. */
export interface Named {
  readonly id: ServerId
  readonly incarnation: Incarnation
}

/**
 * What an entry carries. `noop` opens a term (paper section 8), `commands` holds a batch of client commands; the others name
 * incarnations (admission.ts): `found` opens the first term of all, `retire` and `admit` take a new incarnation in.
 */
export type EntryKind = 'noop' | 'commands' | 'found' | 'retire' | 'admit'

/** One entry of the replicated log. */
export interface Entry {
  readonly index: LogIndex
  readonly term: Term
  readonly kind: EntryKind
  /** What it carries. Where there is a record it may be a view of a part of that, made anew at each look. */
  readonly payload: Uint8Array
  /**
   * The entry as it stands in datagrams and in the log file. The codec makes it when it is first asked for and keeps it
   * here, so that an entry is encoded once in its life on a server; the core never looks at it.
   */
  record: Uint8Array | null
  /** Bytes of the record, given where nobody need look at the payload to learn them. */
  readonly recordBytes?: number
  /** Of one that came in a datagram: lays its bytes where those of the log's entries are. Called when the log takes it. */
  keep?(): void
}

/** Makes the entry of a client's commands that a leader appends at this place. */
export type MakeEntry = (index: LogIndex, term: Term) => Entry

/** Entries in a row and of one term, which are made whenever they are looked at. Positions count from 0. */
export interface EntryRun {
  readonly firstIndex: LogIndex
  readonly term: Term
  readonly length: number
  /** Whether one of them names servers: is of another kind than noop and commands. */
  readonly namesServers: boolean
  at(position: number): Entry
  /** Bytes of the record of one. */
  bytesAt(position: number): number
  /** Those from `from` up to, without, `to`. */
  slice(from: number, to: number): EntryRun
}

/** Bytes that an entry's record takes beyond its payload. A test holds it against the codec. */
export const entryOverheadBytes = 28

/** Figure 2, "Persistent state on all servers", less the log. One atomic durable record. */
export interface HardState {
  readonly currentTerm: Term
  /** Who got this server's vote in currentTerm, or 0. */
  readonly votedFor: ServerId
}

/** Fields of every message. `term` is always the sender's currentTerm, and durable there. */
interface Common {
  readonly term: Term
  readonly from: ServerId
}

/** Section 5.2 of the paper, and PreVote of dissertation 9.6. */
export interface RequestVote extends Common {
  readonly type: 'RequestVote'
  /** The term of the campaign: `term` of a real one, `term + 1` of a pre-vote. */
  readonly campaignTerm: Term
  readonly lastLogIndex: LogIndex
  readonly lastLogTerm: Term
  readonly preVote: boolean
  /** Sent at the leader's own request (TimeoutNow): the leader's last word does not hold this vote back. */
  readonly leadershipTransfer: boolean
  /** The incarnation of the addressee whose vote counts, as the candidate's log says; 0 where none does. */
  readonly voterIncarnation: Incarnation
}

export interface RequestVoteReply extends Common {
  readonly type: 'RequestVoteReply'
  readonly campaignTerm: Term
  readonly granted: boolean
  readonly preVote: boolean
}

/** Section 5.3. `entries` follow prevLogIndex without a gap, and their terms never decrease nor exceed `term`. */
export interface AppendEntries extends Common {
  readonly type: 'AppendEntries'
  readonly prevLogIndex: LogIndex
  readonly prevLogTerm: Term
  readonly leaderCommit: LogIndex
  /** The newest round of ReadIndex confirmations that the leader had begun when it sent this. */
  readonly readRound: number
  /** What this follower, in this incarnation, has called durable to this leader in this term (lost-entries.ts). */
  readonly matchIndex: LogIndex
  readonly incarnation: Incarnation
  readonly entries: readonly Entry[]
}

export interface AppendEntriesReply extends Common {
  readonly type: 'AppendEntriesReply'
  /**
   * What the reply answers (K01). Of a rejection: the place that the rejected message named. Of an acceptance: the
   * verifiedIndex, up to where this term's leader and the follower agree, and from where an AppendEntries would fit.
   */
  readonly prevLogIndex: LogIndex
  /** min(verifiedIndex, persistedIndex): up to here the log agrees with that of this term's leader, and is on disk. */
  readonly matchIndex: LogIndex
  readonly rejected: boolean
  /**
   * Of a rejection: where to look next. First index of conflictTerm, or one past the end of a log that is too short. 0
   * where the message was of a former term: nothing of it was compared, it shall only learn of `term`.
   */
  readonly conflictIndex: LogIndex
  /** Of a rejection: the term found at prevLogIndex, or 0 where the log is too short. */
  readonly conflictTerm: Term
  readonly readRound: number
}

/** What tells one snapshot from another; a transfer goes on only for an equal one. */
export interface SnapshotMeta {
  /** The last entry that it covers. */
  readonly lastIncludedIndex: LogIndex
  readonly lastIncludedTerm: Term
  /** The voters as of that entry. */
  readonly voters: readonly ServerId[]
  /** Who of them is admitted as of that entry, in ascending order; left out where the log names nobody. */
  readonly admitted?: readonly Named[]
  /** Bytes of its body: sessions and state machine. */
  readonly totalBytes: number
  /** Of the whole body, below 2^53. */
  readonly hash: number
}

/** Section 7: a piece of a snapshot for a peer that needs entries which the log no longer has. It names the snapshot. */
export interface InstallSnapshot extends Common, SnapshotMeta {
  readonly type: 'InstallSnapshot'
  /** Where `data` stands in the body; the last piece ends at totalBytes. */
  readonly offset: number
  readonly data: Uint8Array
}

export interface InstallSnapshotReply extends Common {
  readonly type: 'InstallSnapshotReply'
  /** The snapshot that it answers for (K01). */
  readonly lastIncludedIndex: LogIndex
  readonly lastIncludedTerm: Term
  readonly hash: number
  /** Bytes held without a gap from the beginning on. */
  readonly nextOffset: number
  /** Bit i: the piece of `snapshotPieceBytes` that begins i + 1 pieces behind nextOffset is held as well. */
  readonly received: number
  /** What the snapshot covers is on disk, by this snapshot or in another way: appends may go on behind it. */
  readonly persisted: boolean
}

/** A snapshot is cut into pieces: each but the last has so many bytes, and begins at a multiple of them. As in the codec. */
export const snapshotPieceBytes = 31_736

/** Dissertation 3.10: campaign at once; your log is complete. */
export interface TimeoutNow extends Common {
  readonly type: 'TimeoutNow'
}

export type Message =
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendEntriesReply
  | InstallSnapshot
  | InstallSnapshotReply
  | TimeoutNow

/** A message and whom it goes to. */
export interface OutgoingMessage {
  readonly to: ServerId
  readonly message: Message
}

/** Consequences, derived once per turn from the state by `Raft.takeReady`. The order in which to act is in ready.ts. */
export interface Ready {
  /** Durable before anything else of this ready happens, or null when term and vote have not changed. */
  readonly hardState: HardState | null
  readonly messages: readonly OutgoingMessage[]
  /** One append: hand it to the log in this order; `Raft.persisted(writeId)` when it is durable. */
  readonly append: { readonly writeId: number; readonly entries: readonly Entry[] } | null
  /** Pieces of a snapshot from this term's leader: store them, then `Raft.snapshotHeld`, in the end `snapshotComplete`. */
  readonly snapshotChunks: readonly InstallSnapshot[]
  /** A complete snapshot to be installed, once; nothing is handed out to be applied until `Raft.snapshotInstalled`. */
  readonly install: Install | null
  /** Newly committed entries, in log order, each handed out once: apply them now. */
  readonly committed: readonly Entry[]
  /** Reads whose leader was confirmed: answer each once lastApplied has reached its index. */
  readonly reads: readonly ConfirmedRead[]
  /** Reads given up because this server no longer leads: tell the clients to ask elsewhere. */
  readonly readsLost: readonly number[]
  /** Things worth a line in the log of the process. */
  readonly reports: readonly Report[]
  /** When to call `tick` next; Infinity for never. */
  readonly deadline: Milliseconds
}

export interface Install {
  readonly meta: SnapshotMeta
  /**
   * The log does not hold the last entry that it covers: once the snapshot is durable the log begins anew behind it, with a
   * `reset` record. Else the entries behind it agree with it, and stay.
   */
  readonly resetsLog: boolean
}

export interface ConfirmedRead {
  readonly token: number
  readonly readIndex: LogIndex
}

/** What an operator wants to read of, in one line each. */
export type Report =
  | { readonly what: 'role'; readonly role: RoleName; readonly term: Term; readonly why: string }
  | { readonly what: 'leader'; readonly leaderId: ServerId; readonly term: Term }
  | { readonly what: 'refused'; readonly from: ServerId; readonly why: string }
  | { readonly what: 'transfer'; readonly to: ServerId; readonly outcome: 'begun' | 'given-up' }
  | {
      readonly what: 'admission'
      readonly of: ServerId
      readonly incarnation: Incarnation
      readonly step: 'begun' | 'admitted'
    }

export type RoleName = 'follower' | 'pre-candidate' | 'candidate' | 'leader'

/** What storage found: the state before the crash or stop. */
export interface Recovered {
  readonly hardState: HardState
  /** The last entry that the newest snapshot covers, (0, 0) without one. */
  readonly snapshotIndex: LogIndex
  readonly snapshotTerm: Term
  /** Who is admitted as of that entry, as SnapshotMeta says it. */
  readonly snapshotAdmitted?: readonly Named[]
  /** Before the first of entries: at or before the snapshot. */
  readonly baseIndex: LogIndex
  readonly baseTerm: Term
  /** Contiguous from baseIndex + 1 to the snapshot at least; every one of them durable. An EntryList is taken over. */
  readonly entries: Iterable<Entry> & { readonly length: number }
}

export interface RaftOptions {
  readonly id: ServerId
  /** Voters, this server among them. */
  readonly voters: readonly ServerId[]
  /** Of this server's data directory. 0: incarnations are not told apart in this cluster, all of it. */
  readonly incarnation: Incarnation
  /** May take part in the founding of a cluster. Not a server whose directory was made to be filled from its peers. */
  readonly mayFound: boolean
  /** Of the random draws. The server's id is mixed in, so that equal seeds give different servers different timeouts. */
  readonly seed: number
  readonly heartbeatMs: number
  /** t: a follower waits a random time of [t, 2t) for a leader's word. At least 3 heartbeats. */
  readonly electionTimeoutMs: number
  /** What a leader may hold that is not committed yet, in bytes of records, before proposals are refused as busy. */
  readonly uncommittedBytesMax: number
  /** What may wait for this server's disk, in bytes of records, before it takes no more, from its leader or from clients. */
  readonly unpersistedBytesMax: number
  /** Bytes of entry records in one AppendEntries, until `setPath` says otherwise. A single larger entry still goes. */
  readonly appendBytesMax: number
  /** Bytes of entry records on their way to one peer, until `setPath` says otherwise. */
  readonly windowBytesMax: number
}

/**
 * How a server's disk is: `full`, there is no room to make the log longer; `stalled`, a write has not completed for a set
 * time.
 */
export type DiskState = 'sound' | 'full' | 'stalled'

/** Why a proposal or a read was not taken. Nothing has happened. `no-space`: only of a proposal, the disk is full. */
export type Refusal = 'not-leader' | 'busy' | 'no-space'

export interface PeerStatus {
  readonly id: ServerId
  readonly state: 'probe' | 'replicate' | 'snapshot'
  readonly matchIndex: LogIndex
  readonly nextIndex: LogIndex
  readonly inflightBytes: number
  readonly roundTripMs: number
  readonly retransmissions: number
}

export interface Status {
  readonly id: ServerId
  readonly role: RoleName
  /** It is not admitted yet, so it neither votes nor counts. */
  readonly isRecovering: boolean
  readonly term: Term
  readonly leaderId: ServerId
  readonly commitIndex: LogIndex
  readonly lastApplied: LogIndex
  readonly firstLogIndex: LogIndex
  readonly lastLogIndex: LogIndex
  readonly persistedIndex: LogIndex
  readonly snapshotIndex: LogIndex
  /** On a leader: one per peer. Elsewhere empty. */
  readonly peers: readonly PeerStatus[]
  readonly queues: RaftQueues
}

/** What waits in the core. */
export interface RaftQueues {
  /** On a leader: bytes of records that it took and that are not committed. Elsewhere 0. */
  readonly uncommittedBytes: number
  /** Bytes of records that this server's disk was given and does not have yet. */
  readonly unpersistedBytes: number
  /** On a follower: what came before its turn. Elsewhere 0. */
  readonly heldAppends: number
  readonly heldAppendBytes: number
  /** On a leader: reads that wait until it is confirmed. Elsewhere 0. */
  readonly waitingReads: number
}
