/**
 * Who replies to a leader, and whether it still is who it was: what is known of a peer is known of one incarnation of it
 * (admission.ts; K01), and with another the leader starts over.
 */
import { assert } from '../base/assert.js'
import type { Progress } from './progress.js'
import type { Leader, Server } from './server.js'
import type { AppendEntriesReply, Incarnation, InstallSnapshotReply, LogIndex, Milliseconds } from './types.js'

/** The peer that replies in this leader's term, which is heard of now; undefined where nothing of the reply counts. */
export function peerHeard(
  server: Server,
  role: Leader,
  reply: AppendEntriesReply | InstallSnapshotReply,
  incarnation: Incarnation,
  now: Milliseconds,
): Progress | undefined {
  if (reply.term < server.currentTerm) return undefined
  const peer = role.peers.get(reply.from)
  if (peer === undefined) assert(false, `server ${reply.from} is a peer`)
  if (!isHeardFrom(server, peer, incarnation)) return undefined
  peer.lastHeardMs = now
  return peer
}

/**
 * A word of this leader's term came from a peer in `incarnation`. Another one than before has lost what that one held, and
 * this leader starts over with it. False: it is late, of one that another has followed.
 */
function isHeardFrom(server: Server, peer: Progress, incarnation: Incarnation): boolean {
  if (peer.incarnation === incarnation) return true
  if (peer.former.includes(incarnation)) return false
  if (peer.incarnation === 0) peer.incarnation = incarnation
  else {
    peer.succeeded(incarnation)
    startOverFrom(server, peer, peer.nextIndex)
  }
  return true
}

/** With a probe, or where the log is compacted and there is nothing to try with, behind a snapshot (section 7). */
export function startOverFrom(server: Server, peer: Progress, nextIndex: LogIndex): void {
  if (nextIndex > server.log.baseIndex) peer.probeFrom(nextIndex)
  else peer.needSnapshot(nextIndex)
}
