/**
 * Reads the whole log, segment by segment and never more than one in memory, for recovery and for inspection: checks
 * that the segments are one log without a gap, that of this directory, and hands every batch to a replay.
 */
import { decodeSegmentHeader, segmentHeaderBytes, segmentVersion, type SegmentHeader } from '../../codec/segment.js'
import type { Identity } from '../../codec/identity.js'
import type { Disk, Got } from './disk.js'
import { corruptError, StorageError } from './storage-error.js'
import { listSegments, readWhole, segmentPath, type Paths } from './files.js'
import { LogReplay } from './replay.js'
import { walkSegment, type WalkedBatch } from './segment-walk.js'
import { eachInOrder } from './steps.js'

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
  /** Of this segment. */
  readonly last: WalkedBatch | null
  /** The bytes from `offset` to the last that is not zero, if a torn batch begins there; else null. */
  readonly torn: Uint8Array | null
}

export interface LogRead {
  readonly replay: LogReplay
  /** Null when there is no segment, or a problem kept the newest from being read. */
  readonly tail: LogTail | null
  readonly segments: number
}

/** Reads the log of `identity`. An error here is one of the disk; what is wrong with the log goes to the visitor. */
export function readLog(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  visitor: LogVisitor,
  got: Got<LogRead | null>,
): void {
  listSegments(disk, paths, (listError, sequences) => {
    if (listError !== null) {
      got(listError, null)
      return
    }
    const reader = new LogReader(paths, identity, visitor)
    eachInOrder(
      sequences,
      (sequence, next) => {
        if (reader.stopped) {
          next(null)
          return
        }
        readWhole(disk, segmentPath(paths, sequence), (error, bytes) => {
          if (error === null && bytes !== null) reader.read(sequence, bytes)
          next(error)
        })
      },
      error => {
        if (error === null && sequences.length === 0) reader.noSegments()
        got(error, { replay: reader.replay, tail: reader.tail, segments: sequences.length })
      },
    )
  })
}

class LogReader {
  readonly replay = new LogReplay()
  tail: LogTail | null = null
  stopped = false
  private readonly paths: Paths
  private readonly identity: Identity
  private readonly visitor: LogVisitor
  private dueSequence = 1
  private dueNumber = 1
  /** After a problem the log before is not whole, so what follows is judged by itself only. */
  private broken = false

  constructor(paths: Paths, identity: Identity, visitor: LogVisitor) {
    this.paths = paths
    this.identity = identity
    this.visitor = visitor
  }

  noSegments(): void {
    this.problem(segmentPath(this.paths, 1), 0, 'the log is missing')
  }

  read(sequence: number, bytes: Uint8Array): void {
    const path = segmentPath(this.paths, sequence)
    const before = this.tail
    this.tail = null
    if (sequence !== this.dueSequence) {
      this.problem(segmentPath(this.paths, this.dueSequence), 0, `it is missing, and segment ${sequence} is there`)
    }
    this.dueSequence = sequence + 1
    const header = decodeSegmentHeader(bytes)
    if (header === null) this.problem(path, 0, 'its header is unreadable')
    else if (header === 'other-version') this.refuse(otherVersionError(path), path)
    else if (this.belongs(path, sequence, header, bytes.length)) {
      if (!this.broken) this.checkFollows(path, header, before)
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
    const torn = end.kind === 'torn' ? withoutTrailingZeros(bytes.subarray(end.offset)).slice() : null
    this.tail = { path, header, offset: end.offset, nextNumber, last, torn }
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
