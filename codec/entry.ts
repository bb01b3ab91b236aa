/**
 * One log entry as bytes: its record. A leader makes it once; the same bytes then stand in its log file, in the
 * datagrams to every follower and in their log files (see `Entry.record`).
 *
 *      0        4        8    9       12             20             28          length
 *      +--------+--------+----+--------+--------------+--------------+-- ... ---+
 *      | length | check- |kind| 0 0 0  |    index     |     term     | payload  |
 *      |  u32   |sum u32 | u8 |        |      id      |      id      |          |
 *      +--------+--------+----+--------+--------------+--------------+-- ... ---+
 *
 * `length` counts the whole record, so it is at least 28, as a payload may be empty (K09), and zeros never parse. `checksum`
 * covers all but itself: it is the CRC of the bytes from `kind` on, seeded with `length`. `kind` is 1 for a noop, 2 for commands,
 * 3 found, 4 retire, 5 admit; 0 is nothing. The payload of the last three names servers, 10 bytes each: the id in 2, the
 * incarnation in 8; one at least, and exactly one for retire and admit.
 */
import { assert } from '../src/base/assert.js'
import { KeptBytes } from '../src/base/kept-bytes.js'
import type { Entry, EntryKind, LogIndex, Term } from '../src/raft/types.js'
import { checksum } from './checksum.js'
import { idBytes, readId, viewOf, writeId } from './cursor.js'
import { votersMax } from './limits.js'

const lengthAt = 0
const checksumAt = 4
const kindAt = 8
const indexAt = 12
const termAt = 20

/** Bytes of a record before its payload. */
export const entryHeaderBytes = termAt + idBytes

/** The code of a kind is its place, counted from 1. */
const kinds: readonly EntryKind[] = ['noop', 'commands', 'found', 'retire', 'admit']

const namedBytes = 2 + idBytes

/** Where the records of a log's entries stand, until the log is compacted. */
export const recordMemory = new KeptBytes()

/**
 * Where those stand that come in datagrams, until it is clear whether the log takes them (`LogEntry.keep`): what it does not
 * take must not lie between what it keeps, for that would keep it, too.
 */
export const arrivalMemory = new KeptBytes()

/** Bytes that the record of `entry` takes. */
export function recordBytes(entry: Entry): number {
  return entry.recordBytes ?? entryHeaderBytes + entry.payload.length
}

/** The record of `entry`, made when first asked for and kept in `entry.record`. Nobody may write into it. */
export function recordOf(entry: Entry): Uint8Array {
  return (entry.record ??= encodeRecord(entry))
}

function encodeRecord({ index, term, kind, payload }: Entry): Uint8Array {
  const bytes = new Uint8Array(entryHeaderBytes + payload.length)
  bytes.set(payload, entryHeaderBytes)
  return sealRecord(bytes, viewOf(bytes), 0, bytes.length, { index, term, kind }).record
}

/**
 * Makes a record of a payload that already stands in `bytes`, whose view is `view`, behind room for its header: writes the
 * header at `at`, in front of it, and returns the entry. `recordBytes` counts both. Nobody may write there from then on.
 */
export function sealRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  recordBytes: number,
  { index, term, kind }: Pick<Entry, 'index' | 'term' | 'kind'>,
): LogEntry {
  assert(index >= 1 && term >= 1, 'the first entry has index 1 and no entry is older than term 1')
  view.setUint32(at + lengthAt, recordBytes, true)
  view.setUint32(at + kindAt, kinds.indexOf(kind) + 1, true)
  writeId(view, at + indexAt, index)
  writeId(view, at + termAt, term)
  view.setUint32(at + checksumAt, recordChecksum(bytes, at, recordBytes), true)
  return new LogEntry(index, term, bytes, at, recordBytes)
}

/** One native call for the whole record: the length goes in as the seed, which guards each of its bits as well. */
function recordChecksum(bytes: Uint8Array, offset: number, recordBytes: number): number {
  return checksum(bytes.subarray(offset + kindAt, offset + recordBytes), recordBytes)
}

/**
 * The entry whose record begins at `offset` and ends before `end`, or null if there is no whole and undamaged record. What
 * follows the record is not looked at; `recordBytes` of the entry says how far it reached. The entry refers to `bytes`: who
 * keeps it must own them. `view` is that of `bytes`, for callers who read many.
 */
export function decodeRecord(
  bytes: Uint8Array,
  offset: number,
  view: DataView = viewOf(bytes),
  end = bytes.length,
): LogEntry | null {
  const header = readRecordHeader(bytes, offset, view, end)
  return header === null ? null : new LogEntry(header.index, header.term, bytes, offset, header.recordBytes)
}

/**
 * The entry (index, term) whose record, verified before, stands at `offset` of `bytes`. Record and payload are made when
 * they are asked for, and anew each time: kept, they would be most of what an entry takes in memory beside its bytes.
 */
export class LogEntry implements Entry {
  readonly index: LogIndex
  readonly term: Term
  private bytes: Uint8Array
  private offset: number
  readonly recordBytes: number

  constructor(index: LogIndex, term: Term, bytes: Uint8Array, offset: number, recordBytes: number) {
    this.index = index
    this.term = term
    this.bytes = bytes
    this.offset = offset
    this.recordBytes = recordBytes
  }

  /** Moves its bytes to those of the log's entries: for one that came in a datagram, when the log takes it. */
  keep(): void {
    const offset = recordMemory.reserve(this.recordBytes)
    recordMemory.bytes.set(this.record, offset)
    this.bytes = recordMemory.bytes
    this.offset = offset
  }

  get kind(): EntryKind {
    return kinds[this.bytes[this.offset + kindAt]! - 1]!
  }

  get record(): Uint8Array {
    return this.bytes.subarray(this.offset, this.offset + this.recordBytes)
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(this.offset + entryHeaderBytes, this.offset + this.recordBytes)
  }
}

/** What the header of a record says, for whoever reads the records of a log, of which millions are kept. */
export interface RecordHeader {
  readonly index: LogIndex
  readonly term: Term
  readonly kind: EntryKind
  readonly namesServers: boolean
  readonly recordBytes: number
}

/** The header of the record that begins at `offset`, or null if there is no whole and undamaged record up to `end`. */
export function readRecordHeader(
  bytes: Uint8Array,
  offset: number,
  view: DataView,
  end = bytes.length,
): RecordHeader | null {
  const available = end - offset
  if (available < entryHeaderBytes) return null
  const recordBytes = view.getUint32(offset + lengthAt, true)
  if (recordBytes < entryHeaderBytes || recordBytes > available) return null
  const kind = kindOf(view.getUint32(offset + kindAt, true))
  const index = readId(view, offset + indexAt)
  const term = readId(view, offset + termAt)
  if (kind === undefined || index < 1 || term < 1) return null
  if (view.getUint32(offset + checksumAt, true) !== recordChecksum(bytes, offset, recordBytes)) return null
  const namesServers = kind !== 'noop' && kind !== 'commands'
  if (namesServers && !holdsNames(kind, bytes.subarray(offset + entryHeaderBytes, offset + recordBytes))) return null
  return { index, term, kind, namesServers, recordBytes }
}

/** The kind byte and the three zeros behind it, read as one word. */
function kindOf(head: number): EntryKind | undefined {
  return kinds[head - 1]
}

function holdsNames(kind: EntryKind, payload: Uint8Array): boolean {
  const count = payload.length / namedBytes
  if (!Number.isInteger(count) || count < 1 || count > (kind === 'found' ? votersMax : 1)) return false
  const view = viewOf(payload)
  for (let at = 0; at < payload.length; at += namedBytes) {
    if (view.getUint16(at, true) === 0 || readId(view, at + 2) < 1) return false
  }
  return true
}
