/**
 * A leader brings its peers' logs up to its own (section 5.3): what each is missing, as AppendEntries, and what their
 * replies tell. Everything is derived from Progress, once per turn; a lost message is still missing there, so it is sent
 * again. At most one resend is on its way to a peer: rejections that were under way when it left change nothing (R18).
 */
import { assert } from '../base/assert.js'
import { entriesBytes } from './log.js'
import { peerHeard, startOverFrom } from './peer-heard.js'
import type { Progress } from './progress.js'
import { wantedReadRound } from './read-index.js'
import { matchMoved } from './send-snapshot.js'
import type { Leader, Server } from './server.js'
import type { AppendEntriesReply, Entry, Incarnation, LogIndex, Milliseconds, OutgoingMessage } from './types.js'

/** Everything this leader has to tell one peer now. */
export function sendAppendEntries(
  server: Server,
  role: Leader,
  peer: Progress,
  now: Milliseconds,
  messages: OutgoingMessage[],
): void {
  const { log } = server
  const oldest = peer.inflight[0]
  if (oldest !== undefined && now >= sendAgainMs(server, peer, oldest.sentMs, oldest.bytes)) {
    peer.timedOut()
    startOverFrom(server, peer, peer.acceptedIndex + 1)
  }
  if (peer.state === 'probe') {
    const first = peer.probeSentMs === -Infinity
    if (first || now >= sendAgainMs(server, peer, peer.probeSentMs, peer.probeBytes)) {
      if (!first) peer.timedOut()
      const entries = peer.nextIndex > log.lastIndex ? [] : log.take(peer.nextIndex, peer.appendBytesMax)
      send(server, role, peer, entries, now, messages)
      peer.probed(peer.nextIndex - 1 + entries.length, entriesBytes(entries), now)
    }
  } else if (peer.state === 'replicate') {
    while (peer.nextIndex <= log.lastIndex) {
      const entries = log.take(peer.nextIndex, peer.appendBytesMax)
      const bytes = entriesBytes(entries)
      if (!peer.hasRoomFor(bytes)) break
      send(server, role, peer, entries, now, messages)
      peer.sent(entries[entries.length - 1]!.index, bytes, now)
    }
  }
  if (now >= nextEmptyMs(server, role, peer)) send(server, role, peer, [], now, messages)
}

/** When this leader has something to tell the peer next, if nothing happens before. */
export function nextSendMs(server: Server, role: Leader, peer: Progress): Milliseconds {
  const oldest = peer.inflight[0]
  return Math.min(
    nextEmptyMs(server, role, peer),
    oldest === undefined ? Infinity : sendAgainMs(server, peer, oldest.sentMs, oldest.bytes),
    peer.state === 'probe' ? sendAgainMs(server, peer, peer.probeSentMs, peer.probeBytes) : Infinity,
  )
}

export function receiveAppendEntriesReply(
  server: Server,
  role: Leader,
  reply: AppendEntriesReply,
  incarnation: Incarnation,
  now: Milliseconds,
): void {
  const peer = peerHeard(server, role, reply, incarnation, now)
  if (peer === undefined) return
  peer.echoed(Math.min(reply.readRound, role.readRound))
  if (reply.rejected) return receiveRejection(server, peer, reply, now)
  // The place that an acceptance names is this; only a rejection names that of the message which it answers.
  const verifiedIndex = reply.prevLogIndex
  if (Math.max(reply.matchIndex, verifiedIndex) > server.log.lastIndex) {
    assert(false, `what server ${reply.from} matched of this leader's log is in it`)
  }
  const { matchIndex } = peer
  peer.accepted(verifiedIndex, reply.matchIndex, now)
  matchMoved(server, peer, matchIndex, now)
}

/**
 * "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry" (section 5.3), by whole terms at a
 * time: where our log has entries of the conflicting term, go on after the last of them, else at the peer's first of that
 * term. Only a rejection of what is outstanding counts (R13); matchIndex bounds how far it may lead back (K01).
 */
function receiveRejection(server: Server, peer: Progress, reply: AppendEntriesReply, now: Milliseconds): void {
  if (reply.conflictIndex === 0) return // of a message of a former term: nothing of ours was compared
  if (peer.state === 'snapshot') return // of something that left before; where its log ends will be where the snapshot does
  if (peer.state === 'probe' && reply.prevLogIndex !== peer.nextIndex - 1) return
  if (peer.state === 'replicate' && peer.inflight.length > 0 && reply.conflictTerm === 0) {
    // It says that the log ends before what the peer has accepted, so it left before that. Or the peer lost that in a crash:
    // then what is on its way now will not be accepted either, and the timer finds out.
    if (reply.conflictIndex <= peer.acceptedIndex) return
    // What is missing is on its way. Where that is not so, the timer finds out as well.
    if (peer.isPathAtWork(now, server.options.heartbeatMs)) return
  }
  let nextIndex = Math.min(reply.conflictIndex, reply.prevLogIndex)
  if (reply.conflictTerm > 0) {
    const lastOfTerm = server.log.lastIndexOfTerm(reply.conflictTerm)
    if (lastOfTerm > 0) nextIndex = Math.min(lastOfTerm + 1, reply.prevLogIndex)
  }
  nextIndex = Math.max(nextIndex, peer.matchIndex + 1)
  // At or below matchIndex it is a late copy.
  if (nextIndex <= reply.prevLogIndex) startOverFrom(server, peer, nextIndex)
}

/**
 * An empty AppendEntries: a round of reads to confirm, or the heartbeat. That also asks for every word that the peer owes,
 * on a round or on what it accepted and has not called durable yet: its answer was lost, and the transport gave it up. So an idle
 * leader mends what a peer lacks (K06).
 */
function nextEmptyMs(server: Server, role: Leader, peer: Progress): Milliseconds {
  return wantedReadRound(role) > peer.readRoundSent ? -Infinity : peer.lastSentMs + server.options.heartbeatMs
}

/**
 * When `bytes` that left at `sentMs` go again. Two heartbeats are longer than the transport's own first repeats take, and the
 * patience of a follower with a gap; the transport's word holds them back for an election timeout, and for what a slow path takes.
 */
function sendAgainMs(server: Server, peer: Progress, sentMs: Milliseconds, bytes: number): Milliseconds {
  const { heartbeatMs, electionTimeoutMs } = server.options
  const timeoutMs = peer.retransmissionMs(2 * heartbeatMs, electionTimeoutMs / 2)
  return peer.silentSinceMs(sentMs, bytes, electionTimeoutMs) + timeoutMs
}

function send(
  server: Server,
  role: Leader,
  peer: Progress,
  entries: readonly Entry[],
  now: Milliseconds,
  messages: OutgoingMessage[],
): void {
  // All logs agree before their first entry: who waits for a snapshot is only told that there is a leader (S11). Its answer
  // says what it has, and whether that is enough by now.
  const prevLogIndex: LogIndex = peer.state === 'snapshot' ? 0 : peer.nextIndex - 1
  const prevLogTerm = prevLogIndex === 0 ? 0 : server.log.termAt(prevLogIndex)
  if (prevLogTerm === undefined) assert(false, `the entry before nextIndex ${peer.nextIndex} is known`)
  assert(entries.length === 0 || entries[0]!.index === prevLogIndex + 1, 'entries follow prevLogIndex (R11)')
  messages.push({
    to: peer.id,
    message: {
      type: 'AppendEntries',
      term: server.currentTerm,
      from: server.id,
      prevLogIndex,
      prevLogTerm,
      leaderCommit: server.commitIndex,
      readRound: role.readRound,
      matchIndex: peer.matchIndex,
      incarnation: peer.incarnation,
      entries,
    },
  })
  peer.lastSentMs = now
  peer.readRoundSent = role.readRound
}
