/**
 * A follower keeps what arrives before its turn. Datagrams overtake each other, and the transport repeats a lost one a round
 * trip later: thrown away (section 5.3, rule 2 of Figure 2, to the letter), everything behind it would have to be sent again.
 * So what begins beyond the end of the log waits for what is missing, and is then received as if it came only now: the rules
 * never see it out of order. All of it dies with the role, and so with the term: the next leader's log may be another.
 */
import { entriesBytes } from './log.js'
import { inflightMessagesMax } from './progress.js'
import type { Follower, Server } from './server.js'
import type { AppendEntries, LogIndex, Milliseconds } from './types.js'

/** Something between the end of this log and what its leader sent has not arrived. */
export interface Gap {
  /** Where the newest message that showed it begins: a rejection answers that one. */
  prevLogIndex: LogIndex
  /** When the leader is told of it, unless it becomes smaller before. */
  rejectMs: Milliseconds
  /** With entries, by prevLogIndex, the lowest first; of those with the same one the longest only. */
  readonly held: AppendEntries[]
  heldBytes: number
}

/** No leader has more messages on their way to one peer. */
export const heldMessagesMax = inflightMessagesMax
export const heldBytesMax = 4 * 2 ** 20

/**
 * Does the message begin beyond the end of this log? But until something of this leader was accepted, nothing is a gap: its
 * nextIndex is a guess (section 5.3), or this server has just lost in a crash what it had, and a rejection says so at once.
 */
export function showsGap(server: Server, role: Follower, message: AppendEntries): boolean {
  return role.verifiedIndex > 0 && message.prevLogIndex > server.log.lastIndex
}

/** Keeps `message` until it fits. Of too many the farthest go, as if lost (K11); one without entries is not kept. */
export function hold(server: Server, role: Follower, message: AppendEntries, now: Milliseconds): void {
  const gap = (role.gap ??= { prevLogIndex: 0, rejectMs: now + patienceMs(server), held: [], heldBytes: 0 })
  gap.prevLogIndex = message.prevLogIndex
  if (message.entries.length === 0) return
  insert(gap, message)
  // What is held will wait for the disk as well.
  const bytesMax = Math.min(heldBytesMax, server.options.unpersistedBytesMax - server.unpersistedBytes)
  while (gap.held.length > heldMessagesMax || gap.heldBytes > bytesMax) {
    gap.heldBytes -= entriesBytes(gap.held.pop()!.entries)
  }
}

/** The lowest held one, if it fits now: it is held no more. */
export function takeFitting(server: Server, role: Follower): AppendEntries | undefined {
  const { gap } = role
  const first = gap?.held[0]
  if (gap === null || first === undefined || first.prevLogIndex > server.log.lastIndex) return undefined
  gap.held.shift()
  gap.heldBytes -= entriesBytes(first.entries)
  return first
}

/** What was missing has arrived, or a part of it: the gap is closed, or its patience begins anew. */
export function narrowGap(server: Server, role: Follower, now: Milliseconds): void {
  const { gap } = role
  if (gap === null) return
  gap.rejectMs = now + patienceMs(server)
  if (gap.prevLogIndex > server.log.lastIndex) return
  const first = gap.held[0]
  if (first === undefined) role.gap = null
  else gap.prevLogIndex = first.prevLogIndex
}

/**
 * The rejection that is owed for a gap which nothing closes (R16): the transport gave up, or what was missing is not on its
 * way at all. Once per patience, so that it causes no storm (R18).
 */
export function rejectGap(server: Server, role: Follower, now: Milliseconds): void {
  const { gap } = role
  if (gap === null || now < gap.rejectMs) return
  gap.rejectMs = now + patienceMs(server)
  server.owedRejections.set(role.leaderId, {
    prevLogIndex: gap.prevLogIndex,
    conflictIndex: server.log.lastIndex + 1,
    conflictTerm: 0,
    readRound: role.accepted.readRound,
  })
}

/** Within it the transport has repeated what was lost, several times; the leader hears of the gap before it elects. */
function patienceMs(server: Server): Milliseconds {
  return 2 * server.options.heartbeatMs
}

function insert(gap: Gap, message: AppendEntries): void {
  const { held } = gap
  let at = held.length
  while (at > 0 && held[at - 1]!.prevLogIndex > message.prevLogIndex) at--
  const same = held[at - 1]?.prevLogIndex === message.prevLogIndex ? held[at - 1]! : null
  if (same !== null && same.entries.length >= message.entries.length) return
  if (same === null) held.splice(at, 0, message)
  else held[at - 1] = message
  gap.heldBytes += entriesBytes(message.entries) - (same === null ? 0 : entriesBytes(same.entries))
}
