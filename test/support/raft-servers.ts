/** Single `Raft` cores in a given state, and messages to try on them. */
import { checkState, checkStep, stateBefore } from '../../src/raft/invariants.js'
import { Raft } from '../../src/raft/raft.js'
import { isEmpty } from '../../src/raft/ready.js'
import type {
  AppendEntries,
  AppendEntriesReply,
  Entry,
  InstallSnapshot,
  InstallSnapshotReply,
  Message,
  OutgoingMessage,
  RaftOptions,
  Ready,
  RequestVote,
  RequestVoteReply,
  ServerId,
  SnapshotMeta,
} from '../../src/raft/types.js'

export const heartbeatMs = 20
export const electionTimeoutMs = 100

/** Options of a server; the first of three unless told otherwise. */
export function raftOptions(some: Partial<RaftOptions> = {}): RaftOptions {
  return {
    id: 1,
    voters: [1, 2, 3],
    incarnation: 0,
    mayFound: true,
    seed: 1,
    heartbeatMs,
    electionTimeoutMs,
    uncommittedBytesMax: 1_000_000,
    unpersistedBytesMax: 1_000_000,
    appendBytesMax: 1_000,
    windowBytesMax: 16_000,
    ...some,
  }
}

const entries = new Map<string, Entry>()

/** The entry of that index and term: always the same one, as in one cluster. */
export function entryOf(index: number, term: number, text = `${index}/${term}`): Entry {
  const name = `${index}/${term}/${text}`
  const known = entries.get(name)
  if (known !== undefined) return known
  const entry: Entry = { index, term, kind: 'commands', payload: new TextEncoder().encode(text), record: null }
  entries.set(name, entry)
  return entry
}

/** A log, given the term of each entry, as the paper draws it. */
export function entriesOf(terms: readonly number[], firstIndex = 1): Entry[] {
  return terms.map((term, place) => entryOf(firstIndex + place, term))
}

export interface Start extends Partial<RaftOptions> {
  /** Terms of the durable log, from its base on. */
  readonly log?: readonly number[]
  readonly term?: number
  readonly votedFor?: ServerId
  readonly snapshot?: readonly [index: number, term: number]
  /** Before the first entry of the log; the snapshot unless told otherwise. */
  readonly base?: readonly [index: number, term: number]
}

/** One core and the consequences it had so far. Writes are durable at once unless `holdsWrites`. */
export class Bench {
  readonly raft: Raft
  nowMs = 0
  holdsWrites = false
  /** Everything sent since `take` was called last. */
  private sent: OutgoingMessage[] = []
  readonly readies: Ready[] = []

  constructor(start: Start = {}) {
    const { log = [], term, votedFor = 0, snapshot = [0, 0], base = snapshot, ...options } = start
    const currentTerm = term ?? log[log.length - 1] ?? snapshot[1]
    const recovered = {
      hardState: { currentTerm, votedFor },
      snapshotIndex: snapshot[0],
      snapshotTerm: snapshot[1],
      baseIndex: base[0],
      baseTerm: base[1],
      entries: entriesOf(log, base[0] + 1),
    }
    this.raft = new Raft(raftOptions(options), recovered, this.nowMs)
  }

  get role(): string {
    return this.raft.status.role
  }

  get terms(): number[] {
    const { log } = this.raft.server
    return log.range(log.firstIndex, log.lastIndex).map(entry => entry.term)
  }

  /** A fact, and everything that follows from it; the messages sent. */
  do(fact: (raft: Raft) => void): Message[] {
    this.change(fact)
    return this.take()
  }

  /** A fact of which nothing follows yet: the turn has not ended. */
  change(fact: (raft: Raft) => void): void {
    const before = stateBefore(this.raft.server)
    fact(this.raft)
    checkState(this.raft.server)
    checkStep(before, this.raft.server)
  }

  receive(message: Message): Message[] {
    return this.do(raft => raft.receive(this.nowMs, message))
  }

  /** Time moves to `atMs`, and is told. */
  tickAt(atMs: number): Message[] {
    this.nowMs = Math.max(this.nowMs, atMs)
    return this.do(raft => raft.tick(this.nowMs))
  }

  /** The election timeout passes. */
  timeout(): Message[] {
    return this.tickAt(this.raft.server.electionDeadlineMs)
  }

  /** Every write that was handed out is durable. */
  persist(): Message[] {
    return this.do(raft => raft.persisted(this.raft.server.nextWriteId - 1))
  }

  /** Ends the turn: takes readies until there is nothing more, and returns what was sent. */
  take(): Message[] {
    for (;;) {
      this.change(() => undefined)
      const ready = this.raft.takeReady(this.nowMs)
      checkState(this.raft.server)
      if (isEmpty(ready)) break
      this.readies.push(ready)
      this.sent.push(...ready.messages)
      if (ready.append !== null && !this.holdsWrites) this.raft.persisted(ready.append.writeId)
    }
    return this.sent.splice(0).map(({ message }) => message)
  }

  /** As `take`, with whom each message goes to. */
  takeOutgoing(): OutgoingMessage[] {
    const before = this.readies.length
    this.take()
    return this.readies.slice(before).flatMap(ready => ready.messages)
  }

  /** Makes it the leader of its next term with the votes of all others; returns what it sends then. */
  lead(): Message[] {
    this.timeout()
    const { voters, id, currentTerm } = this.raft.server
    const peers = voters.filter(voter => voter !== id)
    for (const from of peers) this.receive(voteReply(from, currentTerm + 1, { preVote: true, term: currentTerm }))
    const sent: Message[] = []
    for (const from of peers) sent.push(...this.receive(voteReply(from, currentTerm + 1)))
    return sent
  }
}

export function append(
  from: ServerId,
  term: number,
  prev: readonly [index: number, term: number],
  terms: readonly number[] = [],
  some: Partial<AppendEntries> = {},
): AppendEntries {
  const [prevLogIndex, prevLogTerm] = prev
  const fields = {
    prevLogIndex,
    prevLogTerm,
    leaderCommit: 0,
    readRound: 0,
    matchIndex: 0,
    incarnation: 0,
    entries: entriesOf(terms, prevLogIndex + 1),
  }
  return { type: 'AppendEntries', from, term, ...fields, ...some }
}

/** An acceptance of everything up to `prevLogIndex`, durable up to `matchIndex`. */
export function accept(
  from: ServerId,
  term: number,
  prevLogIndex: number,
  matchIndex = prevLogIndex,
  some: Partial<AppendEntriesReply> = {},
): AppendEntriesReply {
  const fields = { prevLogIndex, matchIndex, rejected: false, conflictIndex: 0, conflictTerm: 0, readRound: 0 }
  return { type: 'AppendEntriesReply', from, term, ...fields, ...some }
}

export function rejectAt(
  from: ServerId,
  term: number,
  prevLogIndex: number,
  conflict: readonly [index: number, term: number],
): AppendEntriesReply {
  const [conflictIndex, conflictTerm] = conflict
  return accept(from, term, prevLogIndex, 0, { rejected: true, conflictIndex, conflictTerm })
}

/** A snapshot that ends with that entry. */
export function metaOf(last: readonly [index: number, term: number], some: Partial<SnapshotMeta> = {}): SnapshotMeta {
  const [lastIncludedIndex, lastIncludedTerm] = last
  const hash = lastIncludedIndex * 1_000 + lastIncludedTerm
  return { lastIncludedIndex, lastIncludedTerm, voters: [1, 2, 3], totalBytes: 100, hash, ...some }
}

/** The whole of that snapshot in one piece, unless told otherwise. */
export function installSnapshot(
  from: ServerId,
  term: number,
  last: readonly [index: number, term: number],
  some: Partial<InstallSnapshot> = {},
): InstallSnapshot {
  return { type: 'InstallSnapshot', from, term, ...metaOf(last), offset: 0, data: new Uint8Array(100), ...some }
}

export function snapshotReply(
  from: ServerId,
  term: number,
  { lastIncludedIndex, lastIncludedTerm, hash }: SnapshotMeta,
  some: Partial<InstallSnapshotReply> = {},
): InstallSnapshotReply {
  const fields = { lastIncludedIndex, lastIncludedTerm, hash, nextOffset: 0, received: 0, persisted: false }
  return { type: 'InstallSnapshotReply', from, term, ...fields, ...some }
}

export function requestVote(
  from: ServerId,
  term: number,
  last: readonly [index: number, term: number],
  some: Partial<RequestVote> = {},
): RequestVote {
  const [lastLogIndex, lastLogTerm] = last
  const asks = { preVote: false, leadershipTransfer: false, voterIncarnation: 0 }
  const fields = { campaignTerm: term, lastLogIndex, lastLogTerm, ...asks }
  return { type: 'RequestVote', from, term, ...fields, ...some }
}

export function voteReply(
  from: ServerId,
  campaignTerm: number,
  some: Partial<RequestVoteReply> = {},
): RequestVoteReply {
  return { type: 'RequestVoteReply', from, term: campaignTerm, campaignTerm, granted: true, preVote: false, ...some }
}
