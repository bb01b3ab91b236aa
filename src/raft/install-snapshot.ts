/**
 * A follower takes a snapshot from its leader (section 7, Figure 13). Here is decided what a piece is worth, whether a
 * complete snapshot is installed, and what that does to the log; the shell stores pieces and makes the rest durable. Of the
 * steps of Figure 13: pieces sent again do no harm (K10), a snapshot that is not ahead of commitIndex changes nothing (S04),
 * entries behind one that the log agrees with stay, and a log that does not agree is given up as a whole (S05).
 */
import { assert } from '../base/assert.js'
import { followLeader } from './append-entries.js'
import { beganAnew } from './persistence.js'
import type { Follower, Server } from './server.js'
import { isSameSnapshot, snapshotMetaOf } from './snapshot-meta.js'
import type { Install, InstallSnapshot, Milliseconds, OutgoingMessage, ServerId, SnapshotMeta } from './types.js'

/** The snapshot that this term's leader is sending. */
export interface IncomingSnapshot {
  readonly meta: SnapshotMeta
  /** Pieces that the shell has not been handed yet. */
  chunks: InstallSnapshot[]
  /** As the shell said last. */
  nextOffset: number
  received: number
  isReplyDue: boolean
}

/** Pieces that wait for the end of a turn; more are as good as lost (K11). */
export const waitingChunksMax = 64

export function receiveInstallSnapshot(server: Server, message: InstallSnapshot, now: Milliseconds): void {
  if (message.term < server.currentTerm) {
    // Our term is all that the old leader must learn, and any message says it.
    server.owedRejections.set(message.from, { prevLogIndex: 0, conflictIndex: 0, conflictTerm: 0, readRound: 0 })
    return
  }
  const role = followLeader(server, message, now)
  if (!areSameServers(message.voters, server.voters)) {
    const why = 'the voters of its snapshot are not those of the configuration'
    server.reports.push({ what: 'refused', from: message.from, why })
    return
  }
  // The leader's newest wins: what is older is a late copy (S15).
  const { incoming, accepted } = role
  if (incoming !== null && message.lastIncludedIndex < incoming.meta.lastIncludedIndex) return
  const isInstalling = server.installing !== null
  if (isInstalling && !isSameSnapshot(message, server.installing!.meta)) return
  const present = incoming !== null && isSameSnapshot(message, incoming.meta) ? incoming : newIncoming(message)
  role.incoming = present
  if (isInstalling) {
    present.nextOffset = message.totalBytes
    present.isReplyDue = true
  } else if (message.lastIncludedIndex <= server.commitIndex) {
    // What is committed is in the log of every later leader (Leader Completeness): up to there, ours is its own.
    role.verifiedIndex = Math.max(role.verifiedIndex, message.lastIncludedIndex)
    accepted.dueMs = now
    present.isReplyDue = true
  } else if (present.chunks.length < waitingChunksMax) {
    present.chunks.push(message)
  }
}

/** The pieces that came, for the shell to store. */
export function takeChunks(role: Follower): readonly InstallSnapshot[] {
  return role.incoming === null ? [] : role.incoming.chunks.splice(0)
}

/** So much of `meta` is stored. Of what no longer comes from this term's leader there is nobody to tell. */
export function snapshotHeld(server: Server, meta: SnapshotMeta, nextOffset: number, received: number): void {
  const { role } = server
  const incoming = role.name === 'follower' ? role.incoming : null
  if (incoming === null || !isSameSnapshot(meta, incoming.meta)) return
  incoming.nextOffset = nextOffset
  incoming.received = received
  incoming.isReplyDue = true
}

/** All of `meta` is here, and whole. Whoever sent it: what a snapshot covers is committed. Of several the newest counts (S15). */
export function snapshotComplete(server: Server, meta: SnapshotMeta): void {
  assert(meta.lastIncludedTerm <= server.currentTerm, 'a snapshot comes from no term above currentTerm')
  assert(areSameServers(meta.voters, server.voters), 'a snapshot is of this configuration')
  if (meta.lastIncludedIndex <= (server.completeSnapshot?.lastIncludedIndex ?? 0)) return
  server.completeSnapshot = meta
}

/**
 * The snapshot that is to be installed now, if any. From here to `snapshotInstalled` nothing is applied and no entries are
 * taken: the state machine is being replaced, and so is perhaps the log.
 */
export function takeInstall(server: Server): Install | null {
  const { completeSnapshot: meta, installing, log, role } = server
  if (meta === null || installing !== null) return null
  server.completeSnapshot = null
  // Meanwhile appends may have brought us further: applied entries are never taken back (S04). And a leader has it all.
  if (meta.lastIncludedIndex <= server.commitIndex || role.name === 'leader') return null
  server.installing = { meta, resetsLog: log.termAt(meta.lastIncludedIndex) !== meta.lastIncludedTerm }
  if (role.name === 'follower') role.gap = null
  return server.installing
}

/**
 * The snapshot is durable, and so is the reset of the log if there was one; the state machine is what it says. currentTerm
 * stays, whatever terms the snapshot holds (S06).
 */
export function snapshotInstalled(server: Server, meta: SnapshotMeta): void {
  const { installing, log, role } = server
  assert(installing !== null && isSameSnapshot(installing.meta, meta), 'what is installed was handed out to be')
  const { lastIncludedIndex: index, lastIncludedTerm: term } = meta
  server.installing = null
  if (installing.resetsLog) {
    assert(role.name !== 'leader', `whoever lacks the committed entry ${index} is not elected`)
    log.resetTo(index, term)
    beganAnew(server, index)
  } else {
    // Every entry was handed to storage when the install was, or before: no more have been taken since.
    server.persistedIndex = Math.max(server.persistedIndex, index)
    if (role.name !== 'leader') log.compactTo(index)
  }
  log.restoreAdmitted(index, term, meta.admitted)
  server.snapshotIndex = index
  server.snapshotTerm = term
  server.commitIndex = Math.max(server.commitIndex, index)
  server.lastApplied = Math.max(server.lastApplied, index)
  const incoming = role.name === 'follower' ? role.incoming : null
  if (role.name !== 'follower' || incoming === null || !isSameSnapshot(meta, incoming.meta)) return
  role.verifiedIndex = Math.max(role.verifiedIndex, index)
  incoming.isReplyDue = true
}

/** The answer that is owed to the leader. That all is durable is not what was counted, but how this server stands. */
export function replyToSnapshot(server: Server, role: Follower, messages: OutgoingMessage[]): void {
  const { incoming, leaderId } = role
  if (incoming?.isReplyDue !== true) return
  const { lastIncludedIndex, lastIncludedTerm, hash, totalBytes } = incoming.meta
  const isCommitted = lastIncludedIndex <= server.commitIndex
  const persisted = isCommitted && lastIncludedIndex <= server.persistedIndex
  if (isCommitted && !persisted) return // the disk is at work on it
  incoming.isReplyDue = false
  messages.push({
    to: leaderId,
    message: {
      type: 'InstallSnapshotReply',
      term: server.currentTerm,
      from: server.id,
      lastIncludedIndex,
      lastIncludedTerm,
      hash,
      nextOffset: persisted ? totalBytes : incoming.nextOffset,
      received: persisted ? 0 : incoming.received,
      persisted,
    },
  })
}

function newIncoming(message: InstallSnapshot): IncomingSnapshot {
  return { meta: snapshotMetaOf(message), chunks: [], nextOffset: 0, received: 0, isReplyDue: false }
}

function areSameServers(a: readonly ServerId[], b: readonly ServerId[]): boolean {
  return a.length === b.length && a.every(id => b.includes(id))
}
