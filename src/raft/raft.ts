/**
 * Consensus, pure: facts go in by these methods and only change state; consequences come out of `takeReady`. No clock, no
 * chance, no socket, no file: `now` is an argument and the seed an option, so that a run can be repeated exactly.
 * In which order to read this folder stands in the README.
 */
import { assert } from '../base/assert.js'
import { isRecovering } from './admission.js'
import { receiveAppendEntries } from './append-entries.js'
import { checkQuorum } from './check-quorum.js'
import { compactionLimit, compactTo, snapshotTaken } from './compaction.js'
import { electionTimeout, receiveRequestVoteReply } from './election.js'
import { receiveInstallSnapshot, snapshotComplete, snapshotHeld, snapshotInstalled } from './install-snapshot.js'
import { checkState } from './invariants.js'
import { persisted } from './persistence.js'
import { propose } from './propose.js'
import { readIndex } from './read-index.js'
import { deadlineOf, takeReady } from './ready.js'
import { receiveAppendEntriesReply } from './replication.js'
import { receiveInstallSnapshotReply, snapshotBegun, snapshotsWanted } from './send-snapshot.js'
import type { Server } from './server.js'
import { createServer, leaderIdOf } from './server.js'
import { diskChanged, handOver } from './sick-disk.js'
import { adoptTerm, refusalOf } from './term.js'
import { receiveTimeoutNow, transferLeadership, transferTimeout } from './transfer.js'
import type {
  DiskState,
  Incarnation,
  LogIndex,
  MakeEntry,
  Message,
  Milliseconds,
  Named,
  RaftOptions,
  Ready,
  Recovered,
  Refusal,
  ServerId,
  SnapshotMeta,
  Status,
  Term,
} from './types.js'
import { receiveRequestVote } from './vote.js'

export class Raft {
  /** The record that the rules work on. For rules, invariants and tests; a shell uses the methods. */
  readonly server: Server

  /** Throws InvariantError for options or a recovered state that cannot be. `now` is when the server starts. */
  constructor(options: RaftOptions, recovered: Recovered, now: Milliseconds) {
    assert(options.voters.includes(options.id), 'a server is one of the voters')
    assert(new Set(options.voters).size === options.voters.length, 'voters are different servers')
    assert(
      options.electionTimeoutMs >= 3 * options.heartbeatMs,
      `the election timeout (${options.electionTimeoutMs} ms) is at least 3 heartbeats (${options.heartbeatMs} ms)`,
    )
    this.server = createServer(options, recovered, now)
    assert(
      recovered.hardState.currentTerm >= this.server.log.lastTerm,
      'currentTerm is at least that of the last entry',
    )
    checkState(this.server)
  }

  /** Time has come to `now`. To be called at the deadline; earlier calls do no harm. */
  tick(now: Milliseconds): void {
    const { server } = this
    const { role } = server
    if (role.name === 'leader') {
      checkQuorum(server, role, now)
      transferTimeout(server, role, now)
      handOver(server, role, now)
    } else if (now >= server.electionDeadlineMs) {
      electionTimeout(server, now)
    }
  }

  /** A message arrived, from its sender in this incarnation. */
  receive(now: Milliseconds, message: Message, incarnation: Incarnation = 0): void {
    const { server } = this
    const why = refusalOf(server, message)
    if (why !== null) {
      server.reports.push({ what: 'refused', from: message.from, why })
      return
    }
    if (message.type === 'RequestVote') return receiveRequestVote(server, message, now)
    if (message.term > server.currentTerm) {
      adoptTerm(server, message.term, `server ${message.from} is in term ${message.term}`, now)
    }
    switch (message.type) {
      case 'AppendEntries':
        return receiveAppendEntries(server, message, now)
      case 'AppendEntriesReply':
        if (server.role.name === 'leader') receiveAppendEntriesReply(server, server.role, message, incarnation, now)
        return
      case 'InstallSnapshot':
        return receiveInstallSnapshot(server, message, now)
      case 'InstallSnapshotReply':
        if (server.role.name === 'leader') receiveInstallSnapshotReply(server, server.role, message, incarnation, now)
        return
      case 'RequestVoteReply':
        return receiveRequestVoteReply(server, message, incarnation, now)
      case 'TimeoutNow':
        return receiveTimeoutNow(server, message, now)
    }
  }

  /** A client's commands: their place in the log, unless refused. The place is theirs only if this term commits it. */
  propose(commands: Uint8Array | MakeEntry): LogIndex | Refusal {
    return propose(this.server, commands)
  }

  /** A client's read: `token` comes back in `Ready.reads` or `Ready.readsLost`. Null when it was taken. */
  readIndex(token: number): Refusal | null {
    return readIndex(this.server, token)
  }

  /** Every write up to `writeId` is durable. */
  persisted(writeId: number): void {
    persisted(this.server, writeId)
  }

  /** This server made a snapshot of what it had applied, and it is durable. Then `compactTo` may shorten the log. */
  snapshotTaken(meta: SnapshotMeta): void {
    snapshotTaken(this.server, meta)
  }

  /**
   * The log up to `index` may go, from memory here and then from the disk: no further than the newest snapshot, and not what
   * a peer needs that is sent one. Returns up to where it is gone; less than that is never needed again.
   */
  compactTo(now: Milliseconds, index: LogIndex): LogIndex {
    return compactTo(this.server, index, now)
  }

  /** The furthest that `compactTo` would go now. */
  compactionLimit(now: Milliseconds): LogIndex {
    return compactionLimit(this.server, now)
  }

  /** Who is admitted as of `index`, for a snapshot that ends there: no lower than the newest one. */
  admittedAt(index: LogIndex): readonly Named[] | undefined {
    return this.server.log.admitted.namedAt(index)
  }

  /** Up to where the log may go if records of `trailingBytes` before the end of the newest snapshot stay, for slow followers. */
  trailingIndex(trailingBytes: number): LogIndex {
    return this.server.log.indexBefore(this.server.snapshotIndex, trailingBytes)
  }

  /**
   * On a leader: the peers to which a snapshot must be sent, as things stand. To be read each turn: a transfer is begun to
   * whoever is new in it, and given up to whoever is not in it any more.
   */
  get snapshotsWanted(): readonly ServerId[] {
    return snapshotsWanted(this.server)
  }

  /** The newest snapshot is being sent to `to`, in place of any before: the log from there on is kept for it. */
  snapshotBegun(now: Milliseconds, to: ServerId, meta: SnapshotMeta): void {
    snapshotBegun(this.server, to, meta, now)
  }

  /** So much of the snapshot from a leader is stored, as InstallSnapshotReply says it. To be told after every piece, new or not. */
  snapshotHeld(meta: SnapshotMeta, nextOffset: number, received: number): void {
    snapshotHeld(this.server, meta, nextOffset, received)
  }

  /** A snapshot from a leader is here as a whole, and its hash is right. If it is still of use, a Ready says `install`. */
  snapshotComplete(meta: SnapshotMeta): void {
    snapshotComplete(this.server, meta)
  }

  /** What a Ready said to install is durable, the log was reset if it said so, the state machine is restored. */
  snapshotInstalled(meta: SnapshotMeta): void {
    snapshotInstalled(this.server, meta)
  }

  /** How this server's disk is from now on. */
  diskChanged(now: Milliseconds, disk: DiskState): void {
    diskChanged(this.server, disk, now)
  }

  /** Hand over to `to`, or to the most caught-up peer for 0. Given up after an election timeout. */
  transferLeadership(now: Milliseconds, to: ServerId): void {
    transferLeadership(this.server, to, now)
  }

  /** What the transport knows of the path to a peer: bytes of entries per message, and on their way at a time. */
  setPath(peer: ServerId, appendBytesMax: number, windowBytesMax: number): void {
    const known = this.server.paths.get(peer)
    if (known?.appendBytesMax === appendBytesMax && known.windowBytesMax === windowBytesMax) return
    this.server.paths.set(peer, { appendBytesMax, windowBytesMax })
    const role = this.server.role
    const progress = role.name === 'leader' ? role.peers.get(peer) : undefined
    if (progress === undefined) return
    progress.appendBytesMax = appendBytesMax
    progress.windowBytesMax = windowBytesMax
  }

  /** The transport is at work on what was sent to a peer, so no word about it is owed yet. To be told each turn while it is. */
  pathAtWork(now: Milliseconds, peer: ServerId): void {
    const { role } = this.server
    if (role.name === 'leader') role.peers.get(peer)?.pathAtWork(now)
  }

  /** Every consequence of the facts so far, each once. Carry it out by the contract that stands in ready.ts. */
  takeReady(now: Milliseconds): Ready {
    return takeReady(this.server, now)
  }

  /** When `tick` and `takeReady` are to be called next if no fact comes before. */
  deadline(now: Milliseconds): Milliseconds {
    return deadlineOf(this.server, now)
  }

  get isLeader(): boolean {
    return this.server.role.name === 'leader'
  }

  get currentTerm(): Term {
    return this.server.currentTerm
  }

  get leaderId(): ServerId {
    return leaderIdOf(this.server)
  }

  get commitIndex(): LogIndex {
    return this.server.commitIndex
  }

  /** Up to here the log is on this server's disk. It may go back (persistence.ts). */
  get persistedIndex(): LogIndex {
    return this.server.persistedIndex
  }

  get status(): Status {
    const { server } = this
    const { log, role } = server
    const leader = role.name === 'leader' ? role : null
    const gap = role.name === 'follower' ? role.gap : null
    const peers = leader === null ? [] : [...leader.peers.values()]
    return {
      id: server.id,
      role: role.name,
      isRecovering: isRecovering(server),
      term: server.currentTerm,
      leaderId: leaderIdOf(server),
      commitIndex: server.commitIndex,
      lastApplied: server.lastApplied,
      firstLogIndex: log.firstIndex,
      lastLogIndex: log.lastIndex,
      persistedIndex: server.persistedIndex,
      snapshotIndex: server.snapshotIndex,
      peers: peers.map(peer => ({
        id: peer.id,
        state: peer.state,
        matchIndex: peer.matchIndex,
        nextIndex: peer.nextIndex,
        inflightBytes: peer.inflightBytes,
        roundTripMs: peer.roundTripMs,
        retransmissions: peer.retransmissions,
      })),
      queues: {
        uncommittedBytes: leader?.uncommittedBytes ?? 0,
        unpersistedBytes: server.unpersistedBytes,
        heldAppends: gap?.held.length ?? 0,
        heldAppendBytes: gap?.heldBytes ?? 0,
        waitingReads: leader === null ? 0 : leader.newReads.length + leader.waitingReads.length,
      },
    }
  }
}
