/**
 * The state of one server: a plain record that the rules read and change. The role is a union of small records, so what
 * only a leader has exists only on a leader; a change of role replaces the record, and nothing of the last term leaks.
 */
import { Prng } from '../base/prng.js'
import type { Gap } from './held-appends.js'
import type { IncomingSnapshot } from './install-snapshot.js'
import { Log } from './log.js'
import type { Progress } from './progress.js'
import type {
  AppendEntriesReply,
  DiskState,
  HardState,
  Incarnation,
  Install,
  LogIndex,
  Milliseconds,
  RaftOptions,
  Recovered,
  Report,
  RequestVoteReply,
  ServerId,
  SnapshotMeta,
  Term,
} from './types.js'

export interface Follower {
  readonly name: 'follower'
  leaderId: ServerId
  /** Highest prevLogIndex + entries accepted from this term's leader: up to there our logs were compared and agree. */
  verifiedIndex: LogIndex
  /** Of the accepted AppendEntries, for the reply: the newest round of reads, and when a reply is due at the latest. */
  accepted: { readRound: number; dueMs: Milliseconds }
  /** The matchIndex that the leader was last told. */
  reportedMatchIndex: LogIndex
  /** What was missing when something beyond it arrived, and what is held until it comes. */
  gap: Gap | null
  /** The snapshot that the leader sends, its newest. */
  incoming: IncomingSnapshot | null
}

export interface Campaigner {
  readonly name: 'pre-candidate' | 'candidate'
  readonly campaignTerm: Term
  readonly leadershipTransfer: boolean
  /** By id, so that a copied datagram stays one vote, with the incarnation that gave it. This server is among the granted. */
  readonly granted: Map<ServerId, Incarnation>
  readonly refused: Set<ServerId>
  /** When the requests to those who have not answered go out again. */
  askAgainMs: Milliseconds
}

export interface Transfer {
  readonly to: ServerId
  readonly giveUpMs: Milliseconds
  sentMs: Milliseconds
}

export interface WaitingRead {
  readonly token: number
  /** commitIndex when the round began. */
  readonly readIndex: LogIndex
  readonly round: number
}

export interface Leader {
  readonly name: 'leader'
  /** The term this leader was elected in: its entries are stamped with no other. */
  readonly term: Term
  /** One per peer. */
  readonly peers: Map<ServerId, Progress>
  /** Index of the entry that opened the term, a no-op or `found`: reads wait until it is committed. */
  readonly openingIndex: LogIndex
  uncommittedBytes: number
  /** The newest round of read confirmations that was begun. */
  readRound: number
  /** Reads that no round was begun for yet, by token. */
  newReads: number[]
  /** Reads of begun rounds, oldest first. */
  waitingReads: WaitingRead[]
  transfer: Transfer | null
  /** With a sick disk: when the next peer is asked to take over, and which were asked in vain (sick-disk.ts). */
  handOverMs: Milliseconds
  readonly handedTo: Set<ServerId>
}

export type Role = Follower | Campaigner | Leader

/** An append that storage works at. Its last index is clamped when entries are replaced meanwhile. */
export interface OutstandingWrite {
  readonly writeId: number
  readonly bytes: number
  lastIndex: LogIndex
}

export interface Server {
  readonly options: RaftOptions
  readonly id: ServerId
  readonly incarnation: Incarnation
  readonly voters: readonly ServerId[]
  readonly random: Prng

  currentTerm: Term
  votedFor: ServerId
  /** What was handed to storage last: a ready carries a hard state when it differs. */
  handedHardState: HardState

  log: Log
  /** Last index that was handed to storage. */
  handedIndex: LogIndex
  outstandingWrites: OutstandingWrite[]
  nextWriteId: number
  /** Bytes of records handed to storage and not durable yet. */
  unpersistedBytes: number
  /** Up to here this server's log is on its disk. */
  persistedIndex: LogIndex
  commitIndex: LogIndex
  lastApplied: LogIndex

  /** The last entry that the newest snapshot covers: own, or from a leader. (0, 0) before the first. */
  snapshotIndex: LogIndex
  snapshotTerm: Term
  /** A whole snapshot from a leader that may be installed. */
  completeSnapshot: SnapshotMeta | null
  /** What is being installed, until it is durable and the state machine is what it says. */
  installing: Install | null

  role: Role
  /** When this server stands for election unless it hears from a leader; not looked at while it leads. */
  electionDeadlineMs: Milliseconds
  /** When a leader of the present term was last heard, -Infinity before. */
  leaderHeardMs: Milliseconds
  /** Campaigns since a leader was last known: elections back off with it (K12). */
  failedCampaigns: number
  disk: DiskState
  /** Election timeouts that passed without a campaign of this server because its disk is sick. */
  timeoutsAside: number

  /** Answers that cannot be derived from the state; takeReady empties them, a new term drops them. */
  owedVotes: Map<ServerId, Pick<RequestVoteReply, 'campaignTerm' | 'granted' | 'preVote'>>
  owedRejections: Map<
    ServerId,
    Pick<AppendEntriesReply, 'prevLogIndex' | 'conflictIndex' | 'conflictTerm' | 'readRound'>
  >
  readsLost: number[]
  reports: Report[]
  /** Paths as the transport knows them, for leaders to come. */
  readonly paths: Map<ServerId, { appendBytesMax: number; windowBytesMax: number }>
}

export function createServer(options: RaftOptions, recovered: Recovered, now: Milliseconds): Server {
  const log = new Log(recovered.baseIndex, recovered.baseTerm, recovered.entries)
  log.restoreAdmitted(recovered.snapshotIndex, recovered.snapshotTerm, recovered.snapshotAdmitted)
  const server: Server = {
    options,
    id: options.id,
    incarnation: options.incarnation,
    voters: options.voters,
    random: new Prng(options.seed, options.id),
    currentTerm: recovered.hardState.currentTerm,
    votedFor: recovered.hardState.votedFor,
    handedHardState: recovered.hardState,
    log,
    handedIndex: log.lastIndex,
    outstandingWrites: [],
    nextWriteId: 1,
    unpersistedBytes: 0,
    persistedIndex: log.lastIndex,
    commitIndex: recovered.snapshotIndex,
    lastApplied: recovered.snapshotIndex,
    snapshotIndex: recovered.snapshotIndex,
    snapshotTerm: recovered.snapshotTerm,
    completeSnapshot: null,
    installing: null,
    role: newFollower(0),
    electionDeadlineMs: 0,
    leaderHeardMs: -Infinity,
    failedCampaigns: 0,
    disk: 'sound',
    timeoutsAside: 0,
    owedVotes: new Map(),
    owedRejections: new Map(),
    readsLost: [],
    reports: [],
    paths: new Map(),
  }
  resetElectionTimer(server, now)
  // A timeout waits for a leader that may be there, and for the candidacies of others: alone, neither can come.
  if (server.voters.length === 1) server.electionDeadlineMs = now
  return server
}

export function newFollower(leaderId: ServerId): Follower {
  return {
    name: 'follower',
    leaderId,
    verifiedIndex: 0,
    accepted: { readRound: 0, dueMs: Infinity },
    reportedMatchIndex: 0,
    gap: null,
    incoming: null,
  }
}

export function peersOf(server: Server): readonly ServerId[] {
  return server.voters.filter(id => id !== server.id)
}

/** The leader of the present term as far as this server knows, or 0. */
export function leaderIdOf(server: Server): ServerId {
  if (server.role.name === 'leader') return server.id
  return server.role.name === 'follower' ? server.role.leaderId : 0
}

/**
 * "Raft uses randomized election timeouts to ensure that split votes are rare" (section 5.2): the next one lies in
 * [t, 2t), and after failed campaigns in a longer interval.
 */
export function resetElectionTimer(server: Server, now: Milliseconds): void {
  const timeoutMs = server.options.electionTimeoutMs
  const spread = 1 + Math.min(server.failedCampaigns, 6) / 2
  server.electionDeadlineMs = now + timeoutMs + server.random.fraction() * timeoutMs * spread
}
