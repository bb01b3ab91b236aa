/**
 * A walk through the data directory of a stopped server that writes nothing: what stands where, and everything that is
 * wrong, found by the same code that recovery uses. For the commands `log` and `verify`.
 */
import type { Identity } from '../../codec/identity.js'
import { decodeHardStateSlot, hardStateSlotOffsets, type HardStateSlot } from '../../codec/hard-state.js'
import type { BatchHeader } from '../../codec/batch.js'
import type { SegmentHeader } from '../../codec/segment.js'
import { EntryList } from '../raft/entry-list.js'
import type { HardState, LogIndex, Term } from '../raft/types.js'
import type { Disk, Got } from './disk.js'
import { corruptError, StorageError, storageErrorOf } from './storage-error.js'
import { pathsOf, readLengths, readWhole, sparePath, type Paths } from './files.js'
import { judgeSlots } from './hard-state.js'
import { readIdentity } from './identity.js'
import { inspectSnapshots, type InspectedSnapshot } from './inspect-snapshots.js'
import { lockDirectory } from './lock.js'
import { readLog, type LogRead, type LogVisitor } from './log-reader.js'
import { resetNote, termBehindLog } from './recovery.js'
import type { WalkedBatch } from './segment-walk.js'

export interface InspectedBatch extends BatchHeader {
  readonly offset: number
  readonly bytes: number
}

export interface InspectedSegment {
  readonly path: string
  readonly header: SegmentHeader
  readonly batches: InspectedBatch[]
}

export interface Problem {
  readonly path: string
  readonly offset: number
  /** One line; it names the file, says what is wrong and what to do. */
  readonly what: string
  /** Whether a server refuses to start because of it. A torn tail is cut off at the next start and loses nothing. */
  readonly fatal: boolean
}

/** A file of the log that is no segment yet, or no longer one. */
export interface AheadFile {
  readonly path: string
  readonly bytes: number
  /** Whether it was a segment before, and not filled with zeros. */
  readonly wasSegment: boolean
}

export interface Inspection {
  readonly identity: Identity | null
  /** The two slots, null where unreadable. */
  readonly slots: readonly (HardStateSlot | null)[]
  /** What holds of the two; null if neither can be believed. */
  readonly hardState: HardState | null
  readonly segments: readonly InspectedSegment[]
  /** What becomes the next segments. */
  readonly ahead: readonly AheadFile[]
  /** The entry after which the log begins. */
  readonly baseIndex: LogIndex
  readonly baseTerm: Term
  /** Those that are whole, the newest last. */
  readonly snapshots: readonly InspectedSnapshot[]
  /** Those in force. Up to `commitIndex` they are committed for certain, beyond it they may be. */
  readonly entries: EntryList
  readonly commitIndex: LogIndex
  readonly problems: readonly Problem[]
}

/** Inspects a directory. An error when it is in use, when there is none, or when the disk fails. */
export function inspect(
  disk: Disk,
  directory: string,
  got: (error: StorageError | null, inspection: Inspection | null) => void,
): void {
  const paths = pathsOf(directory)
  const refuse = (error: Error): void => got(storageErrorOf(error, `read ${directory}`), null)
  disk.list(directory, (listError, names) => {
    if (listError !== null) {
      refuse(listError)
      return
    }
    const go = (): void => {
      inspectUnlocked(disk, paths, (error, inspection) => {
        if (error === null) got(null, inspection)
        else refuse(error)
      })
    }
    // A directory without the file was never in use, and taking the lock would write it.
    if (!names.includes('lock')) {
      go()
      return
    }
    lockDirectory(disk, paths, (lockError, lock) => {
      lock?.release()
      if (lockError === null) go()
      else got(lockError, null)
    })
  })
}

function inspectUnlocked(disk: Disk, paths: Paths, got: Got<Inspection | null>): void {
  readIdentity(disk, paths, (error, identity) => {
    if (error !== null && !(error instanceof StorageError)) {
      got(error, null)
      return
    }
    if (identity !== null) {
      new Inspector(disk, paths, identity).run(got)
      return
    }
    const { message } = error ?? corruptError(paths.identity, 0, 'it is missing')
    const problems = [{ path: paths.identity, offset: 0, what: message, fatal: true }]
    const log = { segments: [], ahead: [], baseIndex: 0, baseTerm: 0, entries: new EntryList(0, 0), commitIndex: 0 }
    got(null, { identity, slots: [], hardState: null, snapshots: [], ...log, problems })
  })
}

/** Collects what is found; the visitor of the log. */
class Inspector implements LogVisitor {
  private readonly disk: Disk
  private readonly paths: Paths
  private readonly identity: Identity
  private readonly problems: Problem[] = []
  private readonly segments: InspectedSegment[] = []
  private snapshots: readonly InspectedSnapshot[] = []
  private slots: readonly (HardStateSlot | null)[] = []
  private hardState: HardState | null = null

  constructor(disk: Disk, paths: Paths, identity: Identity) {
    this.disk = disk
    this.paths = paths
    this.identity = identity
  }

  run(got: Got<Inspection | null>): void {
    const { disk, paths, identity } = this
    readWhole(disk, paths.hardState, (error, bytes) => {
      if (error !== null) {
        got(error, null)
        return
      }
      this.judgeHardState(bytes ?? new Uint8Array(0))
      inspectSnapshots(disk, paths, identity, (snapshotsError, inspected) => {
        if (inspected === null) {
          got(snapshotsError, null)
          return
        }
        this.snapshots = inspected.snapshots
        this.problems.push(...inspected.problems)
        const newest = inspected.snapshots.at(-1)?.meta ?? null
        readLog(disk, paths, identity, newest, this, (logError, read) => {
          if (logError === null && read !== null) this.measureAhead(read, got)
          else got(logError, null)
        })
      })
    })
  }

  segment(path: string, header: SegmentHeader): void {
    this.segments.push({ path, header, batches: [] })
  }

  batch(_path: string, { offset, bytes: { length }, batch }: WalkedBatch): void {
    const { number, entryCount, currentTerm, commitIndex, seal, reset } = batch
    const inspected = { offset, bytes: length, number, entryCount, currentTerm, commitIndex, seal, reset }
    this.segments.at(-1)?.batches.push(inspected)
  }

  problem({ message }: StorageError, path: string, offset: number): boolean {
    this.problems.push({ path, offset, what: message, fatal: true })
    return true
  }

  private judgeHardState(bytes: Uint8Array): void {
    const path = this.paths.hardState
    this.slots = hardStateSlotOffsets.map(offset => decodeHardStateSlot(bytes, offset))
    const judged = judgeSlots(path, bytes, this.identity.incarnation)
    if (judged instanceof StorageError) {
      this.problem(judged, path, 0)
      return
    }
    this.hardState = judged.current.hardState
    if (judged.note !== null) this.problems.push({ path, offset: 0, what: judged.note, fatal: false })
  }

  private measureAhead(read: LogRead, got: Got<Inspection | null>): void {
    const { disk, paths } = this
    const spares = read.files.spares.map(sequence => sparePath(paths, sequence))
    readLengths(disk, [...spares, paths.prepared], (error, lengths) => {
      const ahead = lengths.map(file => ({ ...file, wasSegment: file.path !== paths.prepared }))
      got(error, error === null ? this.conclude(read, ahead) : null)
    })
  }

  private conclude({ replay, tail, resetDue }: LogRead, ahead: readonly AheadFile[]): Inspection {
    const { identity, slots, hardState, segments, snapshots, problems, paths } = this
    if (tail !== null && tail.torn !== null) {
      const what = `${tail.path} ends with a torn batch at byte ${tail.offset}, which the next start cuts off`
      problems.push({ path: tail.path, offset: tail.offset, what, fatal: false })
    }
    if (tail !== null && resetDue !== null) {
      problems.push({ path: tail.path, offset: tail.offset, what: resetNote(resetDue), fatal: false })
    }
    const termError = hardState === null ? null : termBehindLog(paths, replay, hardState)
    if (termError !== null) this.problem(termError, paths.hardState, 0)
    const { baseIndex, baseTerm, entries, commitIndex } = replay
    const log = { segments, ahead, baseIndex, baseTerm, entries, commitIndex }
    return { identity, slots, hardState, snapshots, ...log, problems }
  }
}
