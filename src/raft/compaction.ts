/**
 * How the log is made shorter: a snapshot covers its beginning, and what it covers may go (section 7). Some of it stays for
 * followers that are behind, because a snapshot costs them more than a few entries do. And whoever is sent a snapshot needs
 * the log from there on: were that dropped meanwhile, it would need the next snapshot as soon as it has this one, and so on
 * for ever under load (K07, S10).
 */
import { assert } from '../base/assert.js'
import type { Kept, Progress } from './progress.js'
import type { Server } from './server.js'
import type { LogIndex, Milliseconds, SnapshotMeta } from './types.js'

/** For so many election timeouts the log is kept for a peer that answers, but does not get further. */
const stalledTimeoutsMax = 30

/** This server has made a snapshot of what it has applied, and it is durable. One that is not newer changes nothing (S20). */
export function snapshotTaken(server: Server, meta: SnapshotMeta): void {
  const { lastIncludedIndex: index, lastIncludedTerm: term } = meta
  if (index <= server.snapshotIndex) return
  assert(index <= server.lastApplied, `a snapshot of this server ends at ${index}, where it has applied`)
  assert(index <= server.persistedIndex, `a snapshot of this server covers only what is on its disk, up to ${index}`)
  assert(server.log.termAt(index) === term, `entry ${index} has the term ${term} that the snapshot says`)
  server.snapshotIndex = index
  server.snapshotTerm = term
}

/** Up to where the log may go: the snapshot, and what no peer is kept waiting for. */
export function compactionLimit(server: Server, now: Milliseconds): LogIndex {
  let limit = server.snapshotIndex
  if (server.role.name !== 'leader') return limit
  for (const peer of server.role.peers.values()) {
    if (peer.kept === null || !isWorthKeeping(server, peer, peer.kept, now)) continue
    limit = Math.min(limit, Math.max(peer.kept.meta.lastIncludedIndex, peer.matchIndex))
  }
  return limit
}

/** Forgets entries up to `index`, or to the limit where that is lower; returns up to where they are gone now. */
export function compactTo(server: Server, index: LogIndex, now: Milliseconds): LogIndex {
  const { log, role } = server
  log.compactTo(Math.min(index, compactionLimit(server, now)))
  if (role.name === 'leader') {
    for (const peer of role.peers.values()) {
      if (peer.state !== 'snapshot' && peer.nextIndex <= log.baseIndex) peer.needSnapshot(peer.nextIndex)
    }
  }
  return log.baseIndex
}

/** Nobody who is down, and nobody whose disk has failed, makes this log grow for ever. */
function isWorthKeeping({ options }: Server, peer: Progress, kept: Kept, now: Milliseconds): boolean {
  const { electionTimeoutMs } = options
  return now < peer.lastHeardMs + electionTimeoutMs && now < kept.movedMs + stalledTimeoutsMax * electionTimeoutMs
}
