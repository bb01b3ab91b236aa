/**
 * Reads the whole log, segment by segment, each kept only for the entries in it, for recovery and for inspection: checks
 * that the segments are one log without a gap, that of this directory, and hands every batch to a replay.
 *
 * A log whose oldest segments were given up begins after the entry that the first one left names. Then it is held against
 * the newest snapshot, which covers what is gone:
 * - the log begins after the snapshot's last entry: a hole, and corruption. Segments go when a snapshot is durable.
 * - the log ends before that entry, or holds another one in its place: the power went between the install of the
 *   snapshot and the reset of the log. The log is empty after that entry, and the reset is due.
 * - another entry stands in its place and was committed: corruption.
 */
import { claimedBatchBytes, type LogPoint } from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import { decodeSegmentHeader, segmentHeaderBytes, segmentVersion, type SegmentHeader } from '../../codec/segment.js'
import type { Identity } from '../../codec/identity.js'
import type { LogIndex, Term } from '../raft/types.js'
import type { Disk, Got } from './disk.js'
import { corruptError, StorageError } from './storage-error.js'
import { listLog, readWhole, segmentPath, type LogFiles, type Paths } from './files.js'
import { LogReplay } from './replay.js'
import { walkSegment, type WalkedBatch } from './segment-walk.js'
import { eachFetched } from './steps.js'

export interface LogVisitor {
  segment(path: string, header: SegmentHeader): void
  batch(path: string, walked: WalkedBatch): void
  /** Something is wrong. `offset` is where in `path`. Reading goes on if this returns true. */
  problem(error: StorageError, path: string, offset: number): boolean
}

/** The newest segment, where the log goes on. */
export interface LogTail {
  readonly path: string
  readonly header: SegmentHeader
  /** Where the next batch goes. */
  readonly offset: number
  readonly nextNumber: number
  /** The last entry in force by what is written; where a reset is due, it does not count any more. */
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** Of this segment. */
  readonly last: WalkedBatch | null
  /** What is left of the torn batch that begins at `offset`, without zeros at the end; null if there is none. */
  readonly torn: Uint8Array | null
}

export interface LogRead {
  readonly replay: LogReplay
  /** Null when there is no segment, or a problem kept the newest from being read. */
  readonly tail: LogTail | null
  /** The end of the snapshot, if a reset to it is missing; `replay` has the log as if it were there. */
  readonly resetDue: LogPoint | null
  readonly files: LogFiles
}

/** What a snapshot ends with. */
export interface SnapshotEnd {
  readonly lastIncludedIndex: LogIndex
  readonly lastIncludedTerm: Term
}

/** Reads the log of `identity`, beside `snapshot`, the newest one. An error here is one of the disk; what is wrong with the log goes to the visitor. */
export function readLog(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  snapshot: SnapshotEnd | null,
  visitor: LogVisitor,
  got: Got<LogRead | null>,
): void {
  listLog(disk, paths, (listError, files) => {
    if (listError !== null) {
      got(listError, null)
      return
    }
    const reader = new LogReader(paths, identity, visitor)
    eachFetched<number, Uint8Array | null>(
      files.segments,
      (sequence, fetched) => {
        if (reader.stopped) fetched(null, null)
        else readWhole(disk, segmentPath(paths, sequence), fetched)
      },
      (sequence, bytes) => {
        if (bytes !== null && !reader.stopped) reader.read(sequence, bytes)
      },
      error => {
        if (error === null) reader.conclude(snapshot)
        got(error, { replay: reader.replay, tail: reader.tail, resetDue: reader.resetDue, files })
      },
    )
  })
}

class LogReader {
  readonly replay = new LogReplay()
  tail: LogTail | null = null
  resetDue: LogPoint | null = null
  stopped = false
  private readonly paths: Paths
  private readonly identity: Identity
  private readonly visitor: LogVisitor
  /** 0 before the first one. */
  private firstSequence = 0
  private dueSequence = 0
  private dueNumber = 0
  /** After a problem the log before is not whole, so what follows is judged by itself only. */
  private broken = false

  constructor(paths: Paths, identity: Identity, visitor: LogVisitor) {
    this.paths = paths
    this.identity = identity
    this.visitor = visitor
  }

  /** After the last segment. */
  conclude(snapshot: SnapshotEnd | null): void {
    if (this.firstSequence === 0) this.problem(segmentPath(this.paths, 1), 0, 'the log is missing')
    else if (!this.broken) this.checkMeets(snapshot)
  }

  private checkMeets(snapshot: SnapshotEnd | null): void {
    const { replay, paths, firstSequence } = this
    const { baseIndex, lastIndex } = replay
    const index = snapshot?.lastIncludedIndex ?? 0
    const term = snapshot?.lastIncludedTerm ?? 0
    if (index < baseIndex) {
      const reaches = snapshot === null ? 'there is no snapshot' : `the newest snapshot ends with entry ${index}`
      const before = segmentPath(paths, firstSequence - 1)
      const gone = firstSequence === 1 ? 'that of a reset is missing' : `it or ${before} and others are missing`
      const what = `the log begins after entry ${baseIndex} of term ${replay.baseTerm}, and ${reaches}: ${gone}`
      this.problem(segmentPath(paths, firstSequence), 0, what)
      return
    }
    if (index <= lastIndex && replay.termAt(index) === term) return
    if (index <= Math.min(lastIndex, Math.max(baseIndex, replay.commitIndex))) {
      const what = `entry ${index} is of term ${replay.termAt(index)}, and in the newest snapshot of term ${term}`
      this.problem(segmentPath(paths, firstSequence), 0, what)
      return
    }
    this.resetDue = { index, term }
    replay.beginAfter(this.resetDue)
  }

  read(sequence: number, bytes: Uint8Array): void {
    const path = segmentPath(this.paths, sequence)
    const before = this.tail
    this.tail = null
    if (this.firstSequence === 0) this.firstSequence = sequence
    else if (sequence !== this.dueSequence) {
      this.problem(segmentPath(this.paths, this.dueSequence), 0, `it is missing, and segment ${sequence} is there`)
    }
    this.dueSequence = sequence + 1
    const header = decodeSegmentHeader(bytes)
    if (header === null) this.problem(path, 0, 'its header is unreadable')
    else if (header === 'other-version') this.refuse(otherVersionError(path), path)
    else if (this.belongs(path, sequence, header, bytes.length)) {
      if (!this.broken && sequence === this.firstSequence) this.begin(path, header)
      else if (!this.broken) this.checkFollows(path, header, before)
      if (!this.stopped) this.walk(path, header, bytes.subarray(0, header.segmentBytes))
    }
  }

  private belongs(path: string, sequence: number, header: SegmentHeader, fileBytes: number): boolean {
    const { identity } = this
    if (header.clusterId !== identity.clusterId) {
      return this.refuse(foreignError('other-cluster', path, 'another cluster'), path)
    }
    if (header.serverId !== identity.serverId) {
      return this.refuse(foreignError('other-server', path, `server ${header.serverId}`), path)
    }
    if (header.incarnation !== identity.incarnation)
      return this.problem(path, 0, 'it belongs to another data directory')
    if (header.sequence !== sequence) return this.problem(path, 0, `it is segment ${header.sequence} by its header`)
    if (header.segmentBytes > fileBytes) {
      return this.problem(path, fileBytes, `it ends here, and was made ${header.segmentBytes} bytes long`)
    }
    return true
  }

  /** The oldest segment that is left says what the log held before it; of the very first one this is known. */
  private begin(path: string, header: SegmentHeader): void {
    const { previousIndex: index, previousTerm: term, firstBatchNumber } = header
    if (header.sequence === 1 && (index !== 0 || term !== 0 || firstBatchNumber !== 1)) {
      this.problem(path, 0, `it is the first segment, and follows entry ${index} of term ${term}`)
    }
    this.dueNumber = firstBatchNumber
    this.replay.beginAfter({ index, term })
  }

  /** A segment goes on where the log so far ended: its batches are numbered on, and it names the last entry. */
  private checkFollows(path: string, header: SegmentHeader, before: LogTail | null): void {
    const { replay, dueNumber } = this
    if (header.firstBatchNumber !== dueNumber) {
      const what = `batch ${dueNumber} is missing or unreadable, and the log goes on with batch ${header.firstBatchNumber}`
      this.problem(before?.path ?? path, before?.offset ?? 0, what)
    } else if (header.previousIndex !== replay.lastIndex || header.previousTerm !== replay.lastTerm) {
      const named = `entry ${header.previousIndex} of term ${header.previousTerm}`
      const found = `entry ${replay.lastIndex} of term ${replay.lastTerm}`
      this.problem(path, 0, `it follows ${named}, and the log before it ends with ${found}`)
    }
  }

  private walk(path: string, header: SegmentHeader, bytes: Uint8Array): void {
    this.visitor.segment(path, header)
    const { end, nextNumber, last } = walkSegment(bytes, header, walked => {
      const wrong = this.broken ? null : this.replay.accept(walked.batch)
      if (wrong === null) this.visitor.batch(path, walked)
      return wrong
    })
    this.dueNumber = nextNumber
    if (end.kind === 'corrupt') {
      this.problem(path, end.offset, end.what)
      return
    }
    const torn = end.kind === 'torn' ? tornBatch(bytes, end.offset, header) : null
    const { lastIndex, lastTerm } = this.replay
    this.tail = { path, header, offset: end.offset, nextNumber, lastIndex, lastTerm, last, torn }
  }

  private problem(path: string, offset: number, what: string): false {
    return this.refuse(corruptError(path, offset, what), path, offset)
  }

  private refuse(error: StorageError, path: string, offset = 0): false {
    this.broken = true
    if (!this.visitor.problem(error, path, offset)) this.stopped = true
    return false
  }
}

/** As long as its header says; where that is damaged, all behind it may be part of it. */
function tornBatch(segment: Uint8Array, offset: number, { salt }: SegmentHeader): Uint8Array {
  const claimed = claimedBatchBytes(segment, offset, salt, viewOf(segment))
  return withoutTrailingZeros(segment.subarray(offset, claimed === 0 ? undefined : offset + claimed)).slice()
}

function withoutTrailingZeros(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex(byte => byte !== 0) + 1)
}

function otherVersionError(path: string): StorageError {
  const message = `${path} was written by another version, this program reads version ${segmentVersion}`
  return new StorageError('other-version', `${message}: start the version of raftgram that wrote it`)
}

function foreignError(code: 'other-cluster' | 'other-server', path: string, owner: string): StorageError {
  const message = `${path} belongs to ${owner}, and the directory around it does not`
  return new StorageError(code, `${message}: put the file back where it came from, and restore the right one`)
}

/** Whether a segment holds anything beyond its header. */
export function isSegmentEmpty(bytes: Uint8Array): boolean {
  const header = decodeSegmentHeader(bytes)
  if (header === null || header === 'other-version') return false
  const { end, last } = walkSegment(bytes, header, () => null)
  return last === null && end.kind === 'clean' && end.offset === segmentHeaderBytes
}
