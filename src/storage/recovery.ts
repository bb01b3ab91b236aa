/**
 * What is done with the log before a server speaks. It is read and checked; damage that a crash cannot have caused is
 * refused (segment-walk.ts). Then, each step durable before the next:
 * 1. a torn tail is copied to a file of its own, and zeros are written from there to the end of the segment. A crash in
 *    between leaves the torn tail, or a segment that ends before it.
 * 2. the last batch is written again, the same bytes at the same place: after a crash, bytes that are read may exist
 *    only in memory, and what this server says next may rest on them. A crash leaves that batch, or a torn tail.
 * 3. the directories are synced: so do names.
 * 4. a seal is written, which proves the last batch from now on.
 * Where the reset that belongs to a snapshot is due, the log writer writes it before anything else (log-reader.ts). The
 * server need not wait for that: a crash leaves the same log and the same snapshot, and so the same reset due.
 */
import { batchBytes, encodeBatch, type LogPoint } from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import type { Identity } from '../../codec/identity.js'
import type { SegmentHeader } from '../../codec/segment.js'
import type { HardState, SnapshotMeta } from '../raft/types.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { corruptError, type StorageError } from './storage-error.js'
import { sparePath, tornPath, writeWhole, type Paths } from './files.js'
import { readLog, type LogTail, type SnapshotEnd } from './log-reader.js'
import type { LogPosition } from './log-writer.js'
import type { LogReplay } from './replay.js'
import { inOrder, type Step } from './steps.js'

const zerosBytesMax = 2 ** 20

export interface RecoveredLog {
  readonly replay: LogReplay
  readonly position: LogPosition
  /** To be written before anything else. */
  readonly resetDue: LogPoint | null
  /** Headers of the segments, oldest first. */
  readonly segments: SegmentHeader[]
  /** What may become a segment without being filled with zeros again. */
  readonly spares: readonly string[]
  readonly notes: readonly string[]
}

/** Reads the log of a directory, beside its newest snapshot, and makes it ready to be appended to. */
export function recoverLog(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  hardState: HardState,
  snapshot: SnapshotEnd | null,
  got: Got<RecoveredLog | null>,
): void {
  let refused: StorageError | null = null
  const segments: SegmentHeader[] = []
  const visitor = {
    segment: (_path: string, header: SegmentHeader) => void segments.push(header),
    batch: () => undefined,
    problem: (error: StorageError) => {
      refused = error
      return false
    },
  }
  readLog(disk, paths, identity, snapshot, visitor, (readError, read) => {
    const tail = read?.tail ?? null
    // Segments are read ahead: what is wrong with one comes before an error at a later one.
    const error = refused ?? readError ?? (read === null ? null : termBehindLog(paths, read.replay, hardState))
    if (error !== null || read === null || tail === null) {
      got(error, null)
      return
    }
    disk.open(tail.path, 'existing', (openError, file) => {
      if (openError !== null) {
        got(openError, null)
        return
      }
      mend(disk, paths, file, read.replay, tail, hardState, (mendError, position) => {
        if (position === null) {
          file.close(() => got(mendError, null))
          return
        }
        const { replay, resetDue, files } = read
        const spares = files.spares.map(sequence => sparePath(paths, sequence))
        got(null, { replay, position, resetDue, segments, spares, notes: notesOf(paths, tail, resetDue) })
      })
    })
  })
}

/** The hard state is durable before anything that was done in its term, so a log that is ahead of it is refused. */
export function termBehindLog(paths: Paths, replay: LogReplay, hardState: HardState): StorageError | null {
  if (replay.currentTerm <= hardState.currentTerm) return null
  const what = `it holds term ${hardState.currentTerm}, and the log was written in term ${replay.currentTerm}`
  return corruptError(paths.hardState, 0, what)
}

/** Likewise of what a snapshot covers. */
export function termBehindSnapshot(
  paths: Paths,
  snapshot: SnapshotMeta | null,
  hardState: HardState,
): StorageError | null {
  if (snapshot === null || snapshot.lastIncludedTerm <= hardState.currentTerm) return null
  const what = `it holds term ${hardState.currentTerm}, and the newest snapshot ends in term ${snapshot.lastIncludedTerm}`
  return corruptError(paths.hardState, 0, what)
}

function notesOf(paths: Paths, tail: LogTail, resetDue: LogPoint | null): string[] {
  const notes: string[] = []
  if (tail.torn !== null) {
    const aside = tornPath(paths, tail.header.sequence, tail.offset)
    const kept = `its ${tail.torn.length} bytes are kept in ${aside}`
    notes.push(`cut a torn tail off ${tail.path} at byte ${tail.offset}; ${kept}`)
  }
  if (resetDue !== null) notes.push(resetNote(resetDue))
  return notes
}

/** What an operator reads of a log that a crash left behind its snapshot. */
export function resetNote({ index, term }: LogPoint): string {
  return `the log does not hold entry ${index} of term ${term}, with which the newest snapshot ends: it begins anew there`
}

function mend(
  disk: Disk,
  paths: Paths,
  file: DiskFile,
  replay: LogReplay,
  tail: LogTail,
  hardState: HardState,
  got: Got<LogPosition | null>,
): void {
  const { header, last, torn } = tail
  const steps: Step[] = []
  if (torn !== null) {
    const aside = tornPath(paths, header.sequence, tail.offset)
    steps.push(next => writeWhole(disk, aside, [{ offset: 0, bytes: torn }], next))
    steps.push(next => disk.syncDirectory(paths.directory, next))
    steps.push(next => writeZeros(file, tail.offset, header.segmentBytes, next))
  }
  if (last !== null) steps.push(next => file.write(last.offset, last.bytes, next))
  steps.push(next => disk.syncDirectory(paths.directory, next))
  steps.push(next => disk.syncDirectory(paths.log, next))
  const seal = new Uint8Array(batchBytes(0))
  const unsealed = last !== null && !last.batch.seal
  if (unsealed) {
    encodeBatch(seal, viewOf(seal), header.salt, {
      number: tail.nextNumber,
      entries: [],
      reset: null,
      currentTerm: hardState.currentTerm,
      commitIndex: replay.commitIndex,
    })
    steps.push(next => file.write(tail.offset, seal, next))
  }
  inOrder(steps, error => {
    const { lastIndex, lastTerm } = tail
    const offset = tail.offset + (unsealed ? seal.length : 0)
    const nextNumber = tail.nextNumber + (unsealed ? 1 : 0)
    got(error, error === null ? { file, header, offset, nextNumber, lastIndex, lastTerm } : null)
  })
}

/** Upwards, so that the damaged header goes first: from then on the segment ends before it. */
function writeZeros(file: DiskFile, from: number, to: number, done: Done): void {
  const zeros = new Uint8Array(Math.min(zerosBytesMax, to - from))
  const write = (offset: number): void => {
    if (offset === to) {
      done(null)
      return
    }
    const piece = zeros.subarray(0, Math.min(zeros.length, to - offset))
    file.write(offset, piece, error => {
      if (error === null) write(offset + piece.length)
      else done(error)
    })
  }
  write(from)
}
