/**
 * A batch: what one write puts into the log. It counts whole or not at all. A header of 64 bytes is followed by the
 * records of its entries (entry.ts), the same bytes that travel in datagrams, and by zeros up to the next multiple of
 * 64, where the next batch begins.
 *
 *       0          4          8          12         16                  24         28         32
 *       +----------+----------+----------+----------+-------------------+----------+----------+
 *       |  magic   | checksum |     salt, 64 bits   |      number       | records  |  entry   |
 *       |  "RGBT"  |   u32    |       two u32       |        id         | Bytes u32| Count u32|
 *    32 +----------+----------+---------------------+-------------------+----------+----------+
 *       |     currentTerm     |     commitIndex     | flags  | zeros up to 64                  |
 *       |         id          |         id          |  u8    |                                 |
 *       +---------------------+---------------------+--------+---------------------------------+
 *
 * `checksum` covers bytes 8..64 and then the checksum of each record, which covers the rest of that record: so no
 * payload is summed twice. `salt` is that of the segment's header, `number` counts the batches of the whole log from 1.
 * Flag 1 marks a seal: a batch without entries, written when nothing follows, because batch n + 1 proves that batch n
 * was durable. Flag 2 marks a reset: from here on the log is empty after (index, term), the last entry of a snapshot, and
 * all entries before it are void. In place of records it has these two, 16 bytes, and `checksum` covers them:
 *
 *    64 +---------------------+---------------------+
 *       |        index        |        term         |  zeros up to 128
 *       |         id          |         id          |
 *       +---------------------+---------------------+
 */
import { assert } from '../src/base/assert.js'
import type { Entry, EntryRun, LogIndex, Term } from '../src/raft/types.js'
import { checksum } from './checksum.js'
import { idBytes, readId, viewOf, writeId } from './cursor.js'
import { entryHeaderBytes, readRecordHeader, recordOf } from './entry.js'
import { RunBuilder } from './record-run.js'
import type { Salt } from './segment.js'

const magic = 0x54_42_47_52
const checksumAt = 4
const saltLowAt = 8
const saltHighAt = 12
const numberAt = 16
const recordsBytesAt = 24
const entryCountAt = 28
const currentTermAt = 32
const commitIndexAt = 40
const flagsAt = 48
const reservedAt = 49
const sealFlag = 1
const resetFlag = 2

/** Where the checksum of a record stands in it (entry.ts). */
const recordChecksumAt = 4

export const batchHeaderBytes = 64

const resetIndexAt = batchHeaderBytes
const resetTermAt = resetIndexAt + idBytes

/** What the body of a reset takes in place of records. */
export const resetBytes = 2 * idBytes

/** Batches begin at multiples of this, so that a later one is found cheaply. */
export const batchAlignBytes = 64

/** An entry by its place: what a log begins after. */
export interface LogPoint {
  readonly index: LogIndex
  readonly term: Term
}

export interface BatchHeader {
  /** Counts the batches of the whole log, the first is 1. */
  readonly number: number
  readonly entryCount: number
  /** Of the server when it wrote this; at least the term of every entry so far. */
  readonly currentTerm: Term
  /** Of the server when it wrote this; it may be ahead of what is on this disk. */
  readonly commitIndex: LogIndex
  readonly seal: boolean
  /** From here on the log is empty after this entry; null for any other batch. */
  readonly reset: LogPoint | null
}

export interface Batch extends BatchHeader {
  /** Its entries, in the order in which they were written: a later run may replace entries of an earlier one. */
  readonly runs: readonly EntryRun[]
}

/** Whether what `encodeBatch` made is a reset. */
export function isReset(batch: Uint8Array): boolean {
  return (batch[flagsAt]! & resetFlag) !== 0
}

/** Bytes that a batch takes on disk whose records take `recordsBytes`: header, records and the zeros behind them. */
export function batchBytes(recordsBytes: number): number {
  return Math.ceil((batchHeaderBytes + recordsBytes) / batchAlignBytes) * batchAlignBytes
}

/** The checksums of the records of the batch that is written just now. */
let writtenSums = new Uint8Array(1_024)

/**
 * Writes a batch to the beginning of `target`, whose view is `view`, and returns the bytes that it takes. A batch of no
 * entries that is no reset is a seal. `target` may hold anything before.
 */
export function encodeBatch(
  target: Uint8Array,
  view: DataView,
  salt: Salt,
  batch: Pick<Batch, 'number' | 'currentTerm' | 'commitIndex' | 'reset'> & { readonly entries: readonly Entry[] },
): number {
  const { entries, reset } = batch
  assert(reset === null || entries.length === 0, 'a reset has no entries')
  if (writtenSums.length < entries.length * 4) writtenSums = new Uint8Array(entries.length * 8)
  let offset = batchHeaderBytes
  let position = 0
  for (const entry of entries) {
    const record = recordOf(entry)
    target.set(record, offset)
    for (let at = 0; at < 4; at++) writtenSums[position++] = record[recordChecksumAt + at]!
    offset += record.length
  }
  if (reset !== null) {
    writeId(view, resetIndexAt, reset.index)
    writeId(view, resetTermAt, reset.term)
    offset += resetBytes
  }
  const recordsBytes = offset - batchHeaderBytes
  const end = batchBytes(recordsBytes)
  assert(end <= target.length, 'a batch fits the buffer that it is written to')
  target.fill(0, offset, end)
  view.setUint32(0, magic, true)
  view.setUint32(saltLowAt, salt.low, true)
  view.setUint32(saltHighAt, salt.high, true)
  writeId(view, numberAt, batch.number)
  view.setUint32(recordsBytesAt, recordsBytes, true)
  view.setUint32(entryCountAt, entries.length, true)
  writeId(view, currentTermAt, batch.currentTerm)
  writeId(view, commitIndexAt, batch.commitIndex)
  view.setUint8(flagsAt, reset !== null ? resetFlag : entries.length === 0 ? sealFlag : 0)
  target.fill(0, reservedAt, batchHeaderBytes)
  const sums = reset === null ? writtenSums.subarray(0, position) : target.subarray(batchHeaderBytes, offset)
  view.setUint32(checksumAt, batchChecksum(target.subarray(saltLowAt, batchHeaderBytes), sums), true)
  return end
}

function batchChecksum(header: Uint8Array, recordChecksums: Uint8Array): number {
  const seed = checksum(header)
  // zlib.crc32 of no bytes forgets its seed when their memory is a null pointer, as that of an empty array may be.
  return recordChecksums.length === 0 ? seed : checksum(recordChecksums, seed)
}

/**
 * How many bytes the batch that begins at `offset` says it takes, at least 64, if it belongs to this life of the
 * segment and would fit; else 0. Nothing of it has been verified: `decodeBatch` does that.
 */
export function claimedBatchBytes(bytes: Uint8Array, offset: number, salt: Salt, view: DataView): number {
  if (offset + batchHeaderBytes > bytes.length || view.getUint32(offset, true) !== magic) return 0
  if (view.getUint32(offset + saltLowAt, true) !== salt.low) return 0
  if (view.getUint32(offset + saltHighAt, true) !== salt.high) return 0
  const claimed = batchBytes(view.getUint32(offset + recordsBytesAt, true))
  return offset + claimed <= bytes.length ? claimed : 0
}

/**
 * Whether somebody began to write a batch of this life of the segment at `offset`, however damaged it is now. One half
 * of the salt is enough: the other may be what the damage hit.
 */
export function batchWasBegun(bytes: Uint8Array, offset: number, salt: Salt, view: DataView): boolean {
  if (offset + batchHeaderBytes > bytes.length) return false
  const low = view.getUint32(offset + saltLowAt, true)
  const high = view.getUint32(offset + saltHighAt, true)
  return low === salt.low || high === salt.high
}

/**
 * The batch that takes exactly `bytes`, or null if a single bit of it is wrong. Salt and place are the caller's to
 * check. Its entries refer to `bytes`: who keeps them must own it.
 */
export function decodeBatch(bytes: Uint8Array): Batch | null {
  const view = viewOf(bytes)
  if (bytes.length < batchHeaderBytes || view.getUint32(0, true) !== magic) return null
  const recordsBytes = view.getUint32(recordsBytesAt, true)
  const entryCount = view.getUint32(entryCountAt, true)
  if (batchBytes(recordsBytes) !== bytes.length) return null
  const recordsEnd = batchHeaderBytes + recordsBytes
  const flags = view.getUint8(flagsAt)
  const isReset = flags === resetFlag && recordsBytes === resetBytes
  // No more than the bytes can hold: a damaged count reserves no memory.
  if (!isReset && entryCount * entryHeaderBytes > recordsBytes) return null
  const sums = isReset ? bytes.subarray(batchHeaderBytes, recordsEnd) : new Uint8Array(entryCount * 4)
  const runs = isReset ? [] : decodeRecords(bytes, recordsEnd, view, sums)
  if (runs === null || countOf(runs) !== entryCount || !isZero(bytes, recordsEnd)) return null
  const expected = batchChecksum(bytes.subarray(saltLowAt, batchHeaderBytes), sums)
  if (view.getUint32(checksumAt, true) !== expected) return null
  return {
    number: readId(view, numberAt),
    entryCount,
    currentTerm: readId(view, currentTermAt),
    commitIndex: readId(view, commitIndexAt),
    seal: flags === sealFlag,
    reset: isReset ? { index: readId(view, resetIndexAt), term: readId(view, resetTermAt) } : null,
    runs,
  }
}

/**
 * The entries whose records stand between the header and `end`, or null if one is damaged. Their checksums go to `sums`,
 * as far as there is room.
 */
function decodeRecords(bytes: Uint8Array, end: number, view: DataView, sums: Uint8Array): readonly EntryRun[] | null {
  const builder = new RunBuilder(bytes)
  let count = 0
  for (let offset = batchHeaderBytes; offset < end; count++) {
    const header = readRecordHeader(bytes, offset, view)
    if (header === null) return null
    for (let at = 0; at < 4; at++) sums[4 * count + at] = bytes[offset + recordChecksumAt + at]!
    builder.add(header, offset)
    offset += header.recordBytes
    if (offset > end) return null
  }
  return builder.finish()
}

function countOf(runs: readonly EntryRun[]): number {
  return runs.reduce((count, { length }) => count + length, 0)
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}
