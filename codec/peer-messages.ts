/**
 * The messages between servers as bytes: bodies behind the head of message-head.ts. `from` is the sender of the
 * envelope. Every id takes 8 bytes (cursor.ts), every `flags` is one byte whose other bits are zero.
 *
 *     1 RequestVote         term campaignTerm lastLogIndex lastLogTerm voterIncarnation                          41 bytes
 *                           flags{1 preVote, 2 leadershipTransfer}
 *     2 RequestVoteReply    term campaignTerm flags{1 granted, 2 preVote}                                        17
 *     3 AppendEntries       term prevLogIndex prevLogTerm leaderCommit readRound matchIndex incarnation          56 + records
 *                           records (entry.ts)...
 *     4 AppendEntriesReply  term prevLogIndex matchIndex conflictIndex conflictTerm readRound flags{1 rejected}  49
 *     5 TimeoutNow          term                                                                                 8
 *     6, 7                  snapshot-messages.ts
 *
 * What is decoded may be relied on; whatever breaks one of these is null, as if it had been damaged:
 * - no log term lies above the sender's term, and an index is 0 exactly where its term is 0;
 * - a real campaign is for the sender's term, a pre-vote for the next one;
 * - entries follow prevLogIndex without a gap, their terms never decrease nor exceed `term`, their checksums hold;
 * - a reply that rejects nothing says nothing of a conflict;
 * - bytes and values correspond one to one: no flag without meaning, no byte left over.
 */
import { unreachable } from '../src/base/assert.js'
import type {
  AppendEntries,
  AppendEntriesReply,
  Entry,
  LogIndex,
  Message,
  RequestVote,
  RequestVoteReply,
  ServerId,
  Term,
  TimeoutNow,
} from '../src/raft/types.js'
import { idBytes, readId, writeId } from './cursor.js'
import { arrivalMemory, decodeRecord, recordBytes, recordOf } from './entry.js'
import { messageHeadBytes, writeHead } from './message-head.js'
import { isPlaceInLog } from './place-in-log.js'
import {
  decodeInstallSnapshot,
  decodeInstallSnapshotReply,
  encodeInstallSnapshot,
  encodeInstallSnapshotReply,
  installSnapshotBodyBytes,
  installSnapshotBytes,
  installSnapshotReplyBytes,
  installSnapshotReplyType,
  installSnapshotType,
} from './snapshot-messages.js'

const requestVoteType = 1
const requestVoteReplyType = 2
const appendEntriesType = 3
const appendEntriesReplyType = 4
const timeoutNowType = 5

const requestVoteBytes = 5 * idBytes + 1
const requestVoteReplyBytes = 2 * idBytes + 1
const appendEntriesBytes = 7 * idBytes
const appendEntriesReplyBytes = 6 * idBytes + 1
const timeoutNowBytes = idBytes

/** Bytes of an AppendEntries without entries, its head included: what each message costs beside its records. */
export const appendEntriesOverheadBytes = messageHeadBytes + appendEntriesBytes

/** Exact bytes of `message` in a datagram, its head included. */
export function peerMessageBytes(message: Message): number {
  return messageHeadBytes + bodyBytes(message)
}

function bodyBytes(message: Message): number {
  switch (message.type) {
    case 'RequestVote':
      return requestVoteBytes
    case 'RequestVoteReply':
      return requestVoteReplyBytes
    case 'AppendEntries':
      return appendEntriesBytes + recordsBytes(message.entries)
    case 'AppendEntriesReply':
      return appendEntriesReplyBytes
    case 'TimeoutNow':
      return timeoutNowBytes
    case 'InstallSnapshot':
      return installSnapshotBodyBytes(message)
    case 'InstallSnapshotReply':
      return installSnapshotReplyBytes
    default:
      return unreachable(message)
  }
}

function recordsBytes(entries: readonly Entry[]): number {
  let total = 0
  for (const entry of entries) total += recordBytes(entry)
  return total
}

/** Writes `message` at `offset` and returns the offset behind it. `view` is that of `bytes`, which must have the room. */
export function encodePeerMessage(message: Message, bytes: Uint8Array, view: DataView, offset: number): number {
  switch (message.type) {
    case 'RequestVote':
      return encodeRequestVote(message, view, offset)
    case 'RequestVoteReply':
      return encodeRequestVoteReply(message, view, offset)
    case 'AppendEntries':
      return encodeAppendEntries(message, bytes, view, offset)
    case 'AppendEntriesReply':
      return encodeAppendEntriesReply(message, view, offset)
    case 'TimeoutNow':
      return encodeTimeoutNow(message, view, offset)
    case 'InstallSnapshot':
      return encodeInstallSnapshot(message, bytes, view, offset)
    case 'InstallSnapshotReply':
      return encodeInstallSnapshotReply(message, view, offset)
    default:
      return unreachable(message)
  }
}

/** The message of `type` whose body is exactly [at, end) of the datagram `bytes`, or null. */
export function decodePeerMessage(
  type: number,
  from: ServerId,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): Message | null {
  const length = end - at
  switch (type) {
    case requestVoteType:
      return length === requestVoteBytes ? decodeRequestVote(from, view, at) : null
    case requestVoteReplyType:
      return length === requestVoteReplyBytes ? decodeRequestVoteReply(from, view, at) : null
    case appendEntriesType:
      return length >= appendEntriesBytes ? decodeAppendEntries(from, bytes, view, at, end) : null
    case appendEntriesReplyType:
      return length === appendEntriesReplyBytes ? decodeAppendEntriesReply(from, view, at) : null
    case timeoutNowType:
      return length === timeoutNowBytes ? decodeTimeoutNow(from, view, at) : null
    case installSnapshotType:
      return length >= installSnapshotBytes ? decodeInstallSnapshot(from, bytes, view, at, end) : null
    case installSnapshotReplyType:
      return length === installSnapshotReplyBytes ? decodeInstallSnapshotReply(from, view, at) : null
    default:
      return null
  }
}

function encodeRequestVote(message: RequestVote, view: DataView, offset: number): number {
  const at = writeHead(view, offset, requestVoteType, requestVoteBytes)
  writeId(view, at, message.term)
  writeId(view, at + 8, message.campaignTerm)
  writeId(view, at + 16, message.lastLogIndex)
  writeId(view, at + 24, message.lastLogTerm)
  writeId(view, at + 32, message.voterIncarnation)
  view.setUint8(at + 40, (message.preVote ? 1 : 0) | (message.leadershipTransfer ? 2 : 0))
  return at + requestVoteBytes
}

function decodeRequestVote(from: ServerId, view: DataView, at: number): RequestVote | null {
  const term = readId(view, at)
  const campaignTerm = readId(view, at + 8)
  const lastLogIndex = readId(view, at + 16)
  const lastLogTerm = readId(view, at + 24)
  const voterIncarnation = readId(view, at + 32)
  const flags = view.getUint8(at + 40)
  if (flags > 3 || voterIncarnation < 0) return null
  const preVote = (flags & 1) !== 0
  if (term < 0 || campaignTerm < 1 || campaignTerm !== (preVote ? term + 1 : term)) return null
  if (!isPlaceInLog(lastLogIndex, lastLogTerm, term)) return null
  const leadershipTransfer = (flags & 2) !== 0
  const asks = { campaignTerm, lastLogIndex, lastLogTerm, preVote, leadershipTransfer, voterIncarnation }
  return { type: 'RequestVote', term, from, ...asks }
}

function encodeRequestVoteReply(message: RequestVoteReply, view: DataView, offset: number): number {
  const at = writeHead(view, offset, requestVoteReplyType, requestVoteReplyBytes)
  writeId(view, at, message.term)
  writeId(view, at + 8, message.campaignTerm)
  view.setUint8(at + 16, (message.granted ? 1 : 0) | (message.preVote ? 2 : 0))
  return at + requestVoteReplyBytes
}

function decodeRequestVoteReply(from: ServerId, view: DataView, at: number): RequestVoteReply | null {
  const term = readId(view, at)
  const campaignTerm = readId(view, at + 8)
  const flags = view.getUint8(at + 16)
  if (term < 0 || campaignTerm < 1 || flags > 3) return null
  const granted = (flags & 1) !== 0
  const preVote = (flags & 2) !== 0
  return { type: 'RequestVoteReply', term, from, campaignTerm, granted, preVote }
}

function encodeAppendEntries(message: AppendEntries, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, appendEntriesType, appendEntriesBytes + recordsBytes(message.entries))
  writeId(view, at, message.term)
  writeId(view, at + 8, message.prevLogIndex)
  writeId(view, at + 16, message.prevLogTerm)
  writeId(view, at + 24, message.leaderCommit)
  writeId(view, at + 32, message.readRound)
  writeId(view, at + 40, message.matchIndex)
  writeId(view, at + 48, message.incarnation)
  let end = at + appendEntriesBytes
  for (const entry of message.entries) {
    const record = recordOf(entry)
    bytes.set(record, end)
    end += record.length
  }
  return end
}

function decodeAppendEntries(
  from: ServerId,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): AppendEntries | null {
  const term = readId(view, at)
  const prevLogIndex = readId(view, at + 8)
  const prevLogTerm = readId(view, at + 16)
  const leaderCommit = readId(view, at + 24)
  const readRound = readId(view, at + 32)
  const matchIndex = readId(view, at + 40)
  const incarnation = readId(view, at + 48)
  if (term < 1 || leaderCommit < 0 || readRound < 0 || matchIndex < 0 || incarnation < 0) return null
  if (!isPlaceInLog(prevLogIndex, prevLogTerm, term)) return null
  const entries = decodeEntries(bytes, at + appendEntriesBytes, end, prevLogIndex, prevLogTerm, term)
  if (entries === null) return null
  return {
    type: 'AppendEntries',
    term,
    from,
    prevLogIndex,
    prevLogTerm,
    leaderCommit,
    readRound,
    matchIndex,
    incarnation,
    entries,
  }
}

/**
 * The entries of the records from `from` up to `to`. These are copied, because entries may be kept and the datagram is not.
 */
function decodeEntries(
  lent: Uint8Array,
  from: number,
  to: number,
  prevLogIndex: LogIndex,
  prevLogTerm: Term,
  term: Term,
): Entry[] | null {
  const entries: Entry[] = []
  if (from === to) return entries
  let offset = arrivalMemory.reserve(to - from)
  const { bytes, view } = arrivalMemory
  bytes.set(lent.subarray(from, to), offset)
  const end = offset + to - from
  let lastIndex = prevLogIndex
  let lastTerm = prevLogTerm
  while (offset < end) {
    const entry = decodeRecord(bytes, offset, view, end)
    if (entry === null || entry.index !== lastIndex + 1 || entry.term < lastTerm || entry.term > term) return null
    entries.push(entry)
    lastIndex = entry.index
    lastTerm = entry.term
    offset += entry.recordBytes
  }
  return entries
}

function encodeAppendEntriesReply(message: AppendEntriesReply, view: DataView, offset: number): number {
  const at = writeHead(view, offset, appendEntriesReplyType, appendEntriesReplyBytes)
  writeId(view, at, message.term)
  writeId(view, at + 8, message.prevLogIndex)
  writeId(view, at + 16, message.matchIndex)
  writeId(view, at + 24, message.conflictIndex)
  writeId(view, at + 32, message.conflictTerm)
  writeId(view, at + 40, message.readRound)
  view.setUint8(at + 48, message.rejected ? 1 : 0)
  return at + appendEntriesReplyBytes
}

function decodeAppendEntriesReply(from: ServerId, view: DataView, at: number): AppendEntriesReply | null {
  const term = readId(view, at)
  const prevLogIndex = readId(view, at + 8)
  const matchIndex = readId(view, at + 16)
  const conflictIndex = readId(view, at + 24)
  const conflictTerm = readId(view, at + 32)
  const readRound = readId(view, at + 40)
  const flags = view.getUint8(at + 48)
  if (term < 1 || prevLogIndex < 0 || matchIndex < 0 || readRound < 0 || flags > 1) return null
  if (conflictIndex < 0 || conflictTerm < 0 || conflictTerm > term) return null
  const rejected = flags === 1
  if (!rejected && (conflictIndex !== 0 || conflictTerm !== 0)) return null
  return {
    type: 'AppendEntriesReply',
    term,
    from,
    prevLogIndex,
    matchIndex,
    rejected,
    conflictIndex,
    conflictTerm,
    readRound,
  }
}

function encodeTimeoutNow(message: TimeoutNow, view: DataView, offset: number): number {
  const at = writeHead(view, offset, timeoutNowType, timeoutNowBytes)
  writeId(view, at, message.term)
  return at + timeoutNowBytes
}

function decodeTimeoutNow(from: ServerId, view: DataView, at: number): TimeoutNow | null {
  const term = readId(view, at)
  return term < 1 ? null : { type: 'TimeoutNow', term, from }
}
