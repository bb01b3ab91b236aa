/**
 * A leader whose log does not reach back to what a peer needs has a snapshot sent to it (section 7). Which peers want one
 * and from where appends go on is decided here; the pieces, their window and their repeats are the shell's.
 */
import { assert } from '../base/assert.js'
import type { Progress } from './progress.js'
import { peerHeard } from './peer-heard.js'
import type { Leader, Server } from './server.js'
import { answersFor } from './snapshot-meta.js'
import type { Incarnation, InstallSnapshotReply, LogIndex, Milliseconds, ServerId, SnapshotMeta } from './types.js'
import { snapshotPieceBytes } from './types.js'

const nobody: readonly ServerId[] = []

/** The peers that need a snapshot as things stand. */
export function snapshotsWanted(server: Server): readonly ServerId[] {
  const { role } = server
  if (role.name !== 'leader') return nobody
  let wanted: ServerId[] | null = null
  // Asked every turn, and hardly ever there is one.
  for (const { id, state } of role.peers.values()) if (state === 'snapshot') (wanted ??= []).push(id)
  return wanted ?? nobody
}

/**
 * The shell begins to send `meta`, in place of any before: from there on the log is kept. Not where that is gone already:
 * behind such a snapshot there is nothing to go on with.
 */
export function snapshotBegun(server: Server, to: ServerId, meta: SnapshotMeta, now: Milliseconds): void {
  const { role } = server
  const peer = role.name === 'leader' ? role.peers.get(to) : undefined
  if (peer?.state !== 'snapshot' || meta.lastIncludedIndex < server.log.baseIndex) return
  assert(meta.lastIncludedIndex <= server.snapshotIndex, 'a snapshot that is sent is one that this server has')
  peer.kept = { meta, untilIndex: Infinity, heldBytes: 0, movedMs: now }
}

/**
 * What a peer says of a snapshot. That it has it lets appends go on, but says nothing of what else stands in its log, so its
 * matchIndex is left to the answer to the next append. A late copy for another snapshot does no harm: what it calls durable
 * is (K01).
 */
export function receiveInstallSnapshotReply(
  server: Server,
  role: Leader,
  reply: InstallSnapshotReply,
  incarnation: Incarnation,
  now: Milliseconds,
): void {
  const peer = peerHeard(server, role, reply, incarnation, now)
  if (peer?.state !== 'snapshot') return
  if (reply.persisted) {
    // Its term is known here if what follows is still in the log. If not, the peer needs a later snapshot.
    if (server.log.termAt(reply.lastIncludedIndex) === reply.lastIncludedTerm) {
      goOnBehind(server, peer, reply.lastIncludedIndex, now)
    }
    return
  }
  const { kept } = peer
  if (kept === null || !answersFor(reply, kept.meta)) return
  const heldBytes = reply.nextOffset + ones(reply.received) * snapshotPieceBytes
  if (heldBytes <= kept.heldBytes) return
  kept.heldBytes = heldBytes
  kept.movedMs = now
}

/**
 * The peer has acknowledged entries, further than before or not. If the log goes on from there the peer needs no snapshot,
 * however it came by what it has: the word that a snapshot is installed may have been lost (S12).
 */
export function matchMoved(server: Server, peer: Progress, matchIndexBefore: LogIndex, now: Milliseconds): void {
  if (peer.state === 'snapshot' && peer.matchIndex >= server.log.baseIndex) {
    goOnBehind(server, peer, peer.matchIndex, now)
  }
  const { kept } = peer
  if (kept === null || peer.matchIndex === matchIndexBefore) return
  if (peer.matchIndex >= kept.untilIndex) peer.kept = null
  else kept.movedMs = now
}

/**
 * Appends go on behind `index`. The log is still kept until the peer has come as far as the newest snapshot of now: snapshots
 * that were taken during the transfer would have the log cut before its eyes otherwise.
 */
function goOnBehind(server: Server, peer: Progress, index: LogIndex, now: Milliseconds): void {
  peer.probeFrom(Math.max(index, peer.matchIndex) + 1)
  const { kept } = peer
  if (kept === null) return
  kept.untilIndex = server.snapshotIndex
  kept.movedMs = now
}

function ones(bits: number): number {
  let count = 0
  for (let rest = bits >>> 0; rest > 0; rest = (rest & (rest - 1)) >>> 0) count++
  return count
}
