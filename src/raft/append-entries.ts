/** A follower takes what its leader sends: AppendEntries as received (section 5.3, Figure 2 "Receiver implementation"). */
import { assert } from '../base/assert.js'
import { hold, narrowGap, showsGap, takeFitting } from './held-appends.js'
import type { Follower, Server } from './server.js'
import { resetElectionTimer } from './server.js'
import { checkNothingIsLost } from './lost-entries.js'
import { replaced } from './persistence.js'
import { stepDown } from './term.js'
import type {
  AppendEntries,
  AppendEntriesReply,
  InstallSnapshot,
  LogIndex,
  Milliseconds,
  OutgoingMessage,
} from './types.js'

/**
 * How long the receipt of entries may wait for the disk, so that one reply says both. Shorter than any retransmission
 * timeout. Heartbeats, rejections and new read rounds are answered at once.
 */
const receiptDelayMs = 3

export function receiveAppendEntries(server: Server, received: AppendEntries, now: Milliseconds): void {
  // With that much waiting for the disk no entries are taken: a full or stalled disk must not fill the memory (K11). Nor while
  // a snapshot takes the log's place. It is as if the leader had sent fewer, which it may at any time; the others are still
  // missing here, so they come again.
  const isFull = server.unpersistedBytes >= server.options.unpersistedBytesMax || server.installing !== null
  const message = isFull ? { ...received, entries: [] } : received
  // "Reply false if term < currentTerm" (rule 1): our term in the reply tells the old leader (R06). Nothing else in it
  // may count: whoever sent this may lead our term by now, and its round of reads has the number of another (L03).
  if (message.term < server.currentTerm) return reject(server, { ...message, readRound: 0 }, 0, 0)
  const role = followLeader(server, message, now)
  checkNothingIsLost(server, message)

  // What a full server lacks it has refused: nobody will repeat that unless told.
  if (!isFull && showsGap(server, role, message)) hold(server, role, message, now)
  else {
    const { verifiedIndex } = role
    if (!receiveNext(server, role, message)) return
    if (role.verifiedIndex > verifiedIndex) receiveHeld(server, role, now)
  }

  // Also what is held is answered: it proves as well as any other that we follow this leader in this term.
  const urgent = message.entries.length === 0 || message.readRound > role.accepted.readRound
  role.accepted = {
    readRound: Math.max(role.accepted.readRound, message.readRound),
    dueMs: Math.min(role.accepted.dueMs, urgent ? now : now + receiptDelayMs),
  }
}

/** A message whose turn it is: accepted or rejected. */
function receiveNext(server: Server, role: Follower, message: AppendEntries): boolean {
  // "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm" (rule 2).
  if (!matches(server, message)) {
    const { prevLogIndex } = message
    const { log } = server
    if (prevLogIndex > log.lastIndex) reject(server, message, log.lastIndex + 1, 0)
    else reject(server, message, log.firstIndexOfTermAt(prevLogIndex), log.termAt(prevLogIndex)!)
    return false
  }
  takeEntries(server, message)

  const lastNewIndex = message.prevLogIndex + message.entries.length
  role.verifiedIndex = Math.max(role.verifiedIndex, lastNewIndex)
  // "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)" (rule 5): beyond the
  // last entry of this very message our log was perhaps written by another leader (R14). It never goes back (R15).
  server.commitIndex = Math.max(server.commitIndex, Math.min(message.leaderCommit, lastNewIndex))
  return true
}

/** What was held and has its turn now, by the same rules as if it came now. */
function receiveHeld(server: Server, role: Follower, now: Milliseconds): void {
  for (let next = takeFitting(server, role); next !== undefined; next = takeFitting(server, role)) {
    receiveNext(server, role, next)
  }
  narrowGap(server, role, now)
}

/** The reply that this follower owes its leader: when one is due, and again whenever more of its log is on its disk. */
export function replyToLeader(server: Server, role: Follower, now: Milliseconds, messages: OutgoingMessage[]): void {
  if (role.leaderId === 0) return
  const matchIndex = matchIndexOf(server, role)
  if (now < role.accepted.dueMs && matchIndex <= role.reportedMatchIndex) return
  // verifiedIndex, not what the newest message named: heartbeats and entries may name the same place, and the leader must
  // not take the answer to the one for an answer to the other.
  const { verifiedIndex, accepted } = role
  messages.push(
    reply(server, role.leaderId, { prevLogIndex: verifiedIndex, matchIndex, readRound: accepted.readRound }),
  )
  role.reportedMatchIndex = matchIndex
  role.accepted.dueMs = Infinity
}

/** Rejections are answers to one message and cannot be derived from the state: they are owed, one per sender. */
export function sendRejections(server: Server, messages: OutgoingMessage[]): void {
  if (server.owedRejections.size === 0) return
  for (const [to, owed] of server.owedRejections) {
    messages.push(reply(server, to, { ...owed, matchIndex: 0, rejected: true }))
  }
  server.owedRejections.clear()
}

/**
 * min(verifiedIndex, persistedIndex). What is durable here but was never compared with this leader's log is not matched
 * (K23): it may be another leader's.
 */
export function matchIndexOf(server: Server, role: Follower): LogIndex {
  return Math.min(role.verifiedIndex, server.persistedIndex)
}

/** The leader of the present term speaks: this server follows it, and does not stand for a while. */
export function followLeader(server: Server, message: AppendEntries | InstallSnapshot, now: Milliseconds): Follower {
  const { role } = server
  if (role.name === 'leader') {
    assert(false, `server ${message.from} does not lead term ${message.term} beside this leader`)
  }
  if (role.name !== 'follower' || role.leaderId === 0) {
    stepDown(server, message.from, `server ${message.from} leads`, now)
    server.reports.push({ what: 'leader', leaderId: message.from, term: server.currentTerm })
  }
  assert(server.role.name === 'follower', 'who hears its leader is a follower')
  const { leaderId } = server.role
  if (leaderId !== message.from) assert(false, `term ${message.term} has one leader, ${leaderId}`)
  server.leaderHeardMs = now
  server.failedCampaigns = 0
  server.timeoutsAside = 0
  resetElectionTimer(server, now)
  return server.role
}

/** What is committed here is in every later leader's log (Leader Completeness), so it matches without a look (R09). */
function matches(server: Server, message: AppendEntries): boolean {
  const term = server.log.termAt(message.prevLogIndex)
  if (message.prevLogIndex > server.commitIndex) return term === message.prevLogTerm
  if (term !== undefined && term !== message.prevLogTerm) {
    assert(false, `committed entry ${message.prevLogIndex} has term ${message.prevLogTerm} in the leader's log too`)
  }
  return true
}

/**
 * "If an existing entry conflicts with a new one (same index but different terms), delete the existing entry and all that
 * follow it. Append any new entries not already in the log" (rules 3 and 4). Equal entries stay: a message that was
 * overtaken by a later one must cut nothing (R02, R07).
 */
function takeEntries(server: Server, message: AppendEntries): void {
  const { log } = server
  for (const entry of message.entries) {
    if (entry.index <= log.baseIndex) continue // compacted: acknowledged, never appended again (K02)
    const presentTerm = log.termAt(entry.index)
    if (presentTerm === entry.term) continue
    if (presentTerm !== undefined) {
      assert(
        entry.index > server.commitIndex,
        `entry (${entry.index}, term ${entry.term}) replaces no committed one (term ${presentTerm})`,
      )
      log.truncateFrom(entry.index)
      replaced(server, entry.index)
    }
    entry.keep?.()
    log.append(entry)
  }
}

function reject(server: Server, message: AppendEntries, conflictIndex: LogIndex, conflictTerm: number): void {
  const { prevLogIndex, readRound } = message
  server.owedRejections.set(message.from, { prevLogIndex, conflictIndex, conflictTerm, readRound })
}

function reply(
  server: Server,
  to: number,
  fields: Pick<AppendEntriesReply, 'prevLogIndex' | 'matchIndex' | 'readRound'> & Partial<AppendEntriesReply>,
): OutgoingMessage {
  const { prevLogIndex, matchIndex, readRound, rejected = false, conflictIndex = 0, conflictTerm = 0 } = fields
  const message: AppendEntriesReply = {
    type: 'AppendEntriesReply',
    term: server.currentTerm,
    from: server.id,
    prevLogIndex,
    matchIndex,
    rejected,
    conflictIndex,
    conflictTerm,
    readRound,
  }
  return { to, message }
}
