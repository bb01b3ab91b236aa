/**
 * The messages of a snapshot's transfer as bytes, like those of peer-messages.ts:
 *
 *     6 InstallSnapshot     term lastIncludedIndex lastIncludedTerm totalBytes hash offset                       50 + 10 each + data
 *                           voters{count 2, id 2 and incarnation each}, data...
 *     7 InstallSnapshotReply  term lastIncludedIndex lastIncludedTerm hash nextOffset received{4} flags{1 persisted}  45
 *
 * What is decoded may be relied on, beside what holds for all:
 * - a snapshot covers an entry at least, of a term up to the sender's, and has 1..64 different voters; a piece lies within
 *   its body, is no longer than snapshotPieceBytesMax, and empty only where the body is;
 * - a reply that calls a snapshot persisted says nothing of pieces behind nextOffset.
 */
import { assert } from '../src/base/assert.js'
import type { InstallSnapshot, InstallSnapshotReply, Named, ServerId } from '../src/raft/types.js'
import { admittedOf, incarnationBeside } from './admitted.js'
import { idBytes, readId, writeId } from './cursor.js'
import { serverIdMax, snapshotPieceBytesMax, votersMax } from './limits.js'
import { writeHead } from './message-head.js'
import { isPlaceInLog } from './place-in-log.js'

export const installSnapshotType = 6
export const installSnapshotReplyType = 7

/** Without voters and data. */
export const installSnapshotBytes = 6 * idBytes + 2
const voterBytes = 2 + idBytes
export const installSnapshotReplyBytes = 5 * idBytes + 5

/** Bytes of a piece without its head. */
export function installSnapshotBodyBytes({ voters, data }: InstallSnapshot): number {
  return installSnapshotBytes + voterBytes * voters.length + data.length
}

export function encodeInstallSnapshot(
  message: InstallSnapshot,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): number {
  const { voters, data } = message
  assert(
    voters.length <= votersMax && data.length <= snapshotPieceBytesMax,
    'a piece of a snapshot is within its limits',
  )
  const at = writeHead(view, offset, installSnapshotType, installSnapshotBodyBytes(message))
  writeId(view, at, message.term)
  writeId(view, at + 8, message.lastIncludedIndex)
  writeId(view, at + 16, message.lastIncludedTerm)
  writeId(view, at + 24, message.totalBytes)
  writeId(view, at + 32, message.hash)
  writeId(view, at + 40, message.offset)
  view.setUint16(at + 48, voters.length, true)
  let next = at + installSnapshotBytes
  for (const voter of voters) {
    view.setUint16(next, voter, true)
    writeId(view, next + 2, incarnationBeside(message, voter))
    next += voterBytes
  }
  bytes.set(data, next)
  return next + data.length
}

/** Its data is a subarray of `bytes`, which are kept for as long as it is. */
export function decodeInstallSnapshot(
  from: ServerId,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): InstallSnapshot | null {
  const term = readId(view, at)
  const lastIncludedIndex = readId(view, at + 8)
  const lastIncludedTerm = readId(view, at + 16)
  const totalBytes = readId(view, at + 24)
  const hash = readId(view, at + 32)
  const offset = readId(view, at + 40)
  if (lastIncludedIndex < 1 || !isPlaceInLog(lastIncludedIndex, lastIncludedTerm, term)) return null
  if (totalBytes < 0 || hash < 0 || offset < 0) return null
  const count = view.getUint16(at + 48, true)
  const dataAt = at + installSnapshotBytes + voterBytes * count
  if (count < 1 || count > votersMax || dataAt > end) return null
  const dataBytes = end - dataAt
  if (dataBytes > snapshotPieceBytesMax || offset > totalBytes - dataBytes) return null
  if (dataBytes === 0 && totalBytes > 0) return null
  const voters: ServerId[] = []
  const beside: Named[] = []
  for (let voterAt = at + installSnapshotBytes; voterAt < dataAt; voterAt += voterBytes) {
    const voter = view.getUint16(voterAt, true)
    if (voter < 1 || voter > serverIdMax || voters.includes(voter)) return null
    const incarnation = readId(view, voterAt + 2)
    if (incarnation < 0) return null
    voters.push(voter)
    beside.push({ id: voter, incarnation })
  }
  const data = bytes.subarray(dataAt, end)
  const meta = { lastIncludedIndex, lastIncludedTerm, voters, ...admittedOf(beside), totalBytes, hash }
  return { type: 'InstallSnapshot', term, from, ...meta, offset, data }
}

export function encodeInstallSnapshotReply(message: InstallSnapshotReply, view: DataView, offset: number): number {
  const at = writeHead(view, offset, installSnapshotReplyType, installSnapshotReplyBytes)
  writeId(view, at, message.term)
  writeId(view, at + 8, message.lastIncludedIndex)
  writeId(view, at + 16, message.lastIncludedTerm)
  writeId(view, at + 24, message.hash)
  writeId(view, at + 32, message.nextOffset)
  view.setUint32(at + 40, message.received, true)
  view.setUint8(at + 44, message.persisted ? 1 : 0)
  return at + installSnapshotReplyBytes
}

export function decodeInstallSnapshotReply(from: ServerId, view: DataView, at: number): InstallSnapshotReply | null {
  const term = readId(view, at)
  const lastIncludedIndex = readId(view, at + 8)
  const lastIncludedTerm = readId(view, at + 16)
  const hash = readId(view, at + 24)
  const nextOffset = readId(view, at + 32)
  const received = view.getUint32(at + 40, true)
  const flags = view.getUint8(at + 44)
  if (lastIncludedIndex < 1 || !isPlaceInLog(lastIncludedIndex, lastIncludedTerm, term)) return null
  if (hash < 0 || nextOffset < 0 || flags > 1) return null
  const persisted = flags === 1
  if (persisted && received !== 0) return null
  const named = { lastIncludedIndex, lastIncludedTerm, hash }
  return { type: 'InstallSnapshotReply', term, from, ...named, nextOffset, received, persisted }
}
