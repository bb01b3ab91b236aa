/**
 * Durability over a Disk port: the contract of raft/ready.ts, point by point.
 * - The hard state (1) is durable when `saveHardState` calls back: both its copies are. Its `persisted(n)` (4) is `onPersisted`.
 * - Space for the log runs out only while a segment is being prepared (6): an expected refusal, told by `onSpace`; appends wait.
 *   Any error of a write to a prepared segment, or of a sync, is told by `onFatal` and ends the work of this storage (K17):
 *   nothing is tried again, for after a failed sync the kernel may call pages clean that never reached the disk (K18).
 * - `compactTo(index)` gives up segments of which no entry above `index` is in force; a durable snapshot covers the rest. `reset`
 *   voids the whole log in favour of a durable snapshot.
 */
import type { LogPoint } from '../../codec/batch.js'
import type { Salt } from '../../codec/segment.js'
import { assert } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import type { Prng } from '../base/prng.js'
import type { Entry, HardState, LogIndex, ServerId, Term } from '../raft/types.js'
import { storageErrorOf, type StorageError } from './storage-error.js'
import type { Paths } from './files.js'
import type { HardStateStore } from './hard-state.js'
import type { Lock } from './lock.js'
import { LogWriter, type AppendMeta } from './log-writer.js'
import type { RecoveredLog } from './recovery.js'
import { SegmentRemoval } from './segment-removal.js'
import { SegmentSupply } from './segments.js'
import type { OnChunk } from './snapshot-reader.js'
import type { Snapshots } from './snapshots.js'
import { inOrder, type Step } from './steps.js'
import type { WriteWatch } from './write-watch.js'

export interface StorageOptions {
  readonly directory: string
  readonly serverId: ServerId
  /** These three are written at the first start. Afterwards those in the directory hold; the caller compares. */
  readonly clusterId: number
  readonly clusterName: string
  readonly foundingCluster: string
  /** A directory that is made now is to be filled from the other servers. */
  readonly isForRepair?: boolean
  /** Length of a segment once the log has grown to it, a multiple of 64; 16 MiB outside of tests. */
  readonly segmentBytes: number
  /** So much of the file system is left free for others, for the hard state and snapshots. Default 0: it may be filled. */
  readonly reserveBytes?: number
  /** Draws the incarnation and the salts, so it must be seeded with fresh randomness at each start. */
  readonly prng: Prng
  readonly clock: Clock
  /** Is given the body of the newest snapshot while it is verified; right only if the directory opens in the end. */
  readonly onSnapshotChunk?: OnChunk
}

export interface StorageStatus {
  /** Since the start. */
  readonly batches: number
  readonly entriesWritten: number
  readonly bytesWritten: number
  readonly queuedEntries: number
  /** Sequence number of the segment in use. */
  readonly segment: number
  /** Durable bytes of the next one. */
  readonly preparedBytes: number
  /** Zeros written ahead of use, since the start. */
  readonly bytesZeroed: number
  /** Segments that began in a file of the log that was no longer needed, since the start. */
  readonly recycled: number
  /** Files that wait for that. */
  readonly spareSegments: number
  /** Segments on disk, the one in use included. */
  readonly segments: number
  /** False while there is no room to prepare the next segment, or none beyond the reserve. */
  readonly spaceAvailable: boolean
}

/** 64 fresh random bits for the life of a segment. */
export function newSalt(prng: Prng): Salt {
  return { low: prng.uint32(), high: prng.uint32() }
}

/** An open data directory. */
export class Storage {
  /** Every write up to `writeId` is durable. Called once per batch that completes a write, with the largest. */
  onPersisted: (writeId: number) => void = () => undefined
  /** A write or a sync failed: the process must stop. Called once, and nothing is reported after it. */
  onFatal: (error: StorageError) => void = () => undefined
  /** There is no room for the next segment (false), or there is again. What is appended meanwhile may have to wait. */
  onSpace: (available: boolean) => void = () => undefined
  /** Taking, sending, receiving and reading them. */
  readonly snapshots: Snapshots
  private readonly watch: WriteWatch
  private readonly paths: Paths
  private readonly lock: Lock
  private readonly hardState: HardStateStore
  private readonly supply: SegmentSupply
  private readonly removal: SegmentRemoval
  private readonly writer: LogWriter
  /** False while there is no room to prepare the next segment, or none beyond the reserve. */
  spaceAvailable = true
  private failed = false
  private readonly whenClosed: (() => void)[] = []
  /** The term that is durable: nothing of a later one may be written before it. */
  private durableTerm: Term

  constructor(
    disk: WriteWatch,
    paths: Paths,
    options: StorageOptions,
    lock: Lock,
    hardState: HardStateStore,
    snapshots: Snapshots,
    log: RecoveredLog,
  ) {
    const { clock, prng, segmentBytes, reserveBytes = 0 } = options
    this.watch = disk
    this.paths = paths
    this.lock = lock
    this.hardState = hardState
    this.snapshots = snapshots
    this.durableTerm = hardState.hardState.currentTerm
    const onFatal = (error: Error): void => this.fail(error)
    const onSpace = (available: boolean): void => this.spaceChanged(available)
    const { segments, spares, resetDue } = log
    this.supply = new SegmentSupply({ disk, paths, segmentBytes, spares, reserveBytes, clock, onFatal, onSpace })
    this.removal = new SegmentRemoval({ disk, paths, clock, segments, supply: this.supply, onFatal })
    const meta = { currentTerm: this.durableTerm, commitIndex: log.replay.commitIndex }
    this.writer = new LogWriter({
      position: log.position,
      meta,
      supply: this.supply,
      clock,
      newSalt: () => newSalt(prng),
      onSegment: header => this.removal.began(header),
      onPersisted: writeId => {
        if (!this.failed) this.onPersisted(writeId)
      },
      onFatal,
    })
    if (resetDue !== null) this.writer.reset(resetDue, meta, () => undefined)
  }

  /** Calls back when both copies of term and vote are durable; never, if that fails (see `onFatal`). One at a time. */
  saveHardState(hardState: HardState, done: () => void): void {
    if (this.failed) return
    this.hardState.save(hardState, error => {
      if (error !== null) this.fail(error)
      if (this.failed) return
      this.durableTerm = hardState.currentTerm
      done()
    })
  }

  /**
   * Appends entries, at least one, in the order given; `onPersisted` tells when they are durable. Write ids ascend.
   * Each entry has to fit a segment.
   */
  append(writeId: number, entries: readonly Entry[], meta: AppendMeta): void {
    assert(meta.currentTerm <= this.durableTerm, 'the hard state is durable before entries of its term are written')
    this.writer.append(writeId, entries, meta)
  }

  /**
   * From now on the log is empty after (index, term), the last entry of a durable snapshot that the log does not hold;
   * calls back when that is durable, never if it fails. What was appended before and is not durable is dropped, and no
   * write that is outstanding is reported any more; the next entry has index + 1.
   */
  reset(meta: AppendMeta, index: LogIndex, term: Term, done: () => void): void {
    assert(Math.max(meta.currentTerm, term) <= this.durableTerm, 'the hard state is durable before the log follows it')
    const reset: LogPoint = { index, term }
    this.writer.reset(reset, meta, () => {
      if (!this.failed) done()
    })
  }

  /**
   * Gives up the segments that only hold entries at or below `index`, or void ones: oldest first, one after another. A
   * snapshot that is durable covers what is at or below `index`. The log may still begin before that.
   */
  compactTo(index: LogIndex): void {
    this.removal.compactTo(index)
  }

  /** When the oldest write that has not completed began; Infinity when there is none. */
  get oldestWriteMs(): number {
    return this.watch.oldestWriteMs
  }

  get status(): StorageStatus {
    const { writer, supply, removal, spaceAvailable } = this
    return {
      batches: writer.batches,
      entriesWritten: writer.entriesWritten,
      bytesWritten: writer.bytesWritten,
      queuedEntries: writer.queuedEntries,
      segment: writer.sequence,
      preparedBytes: supply.preparedBytes,
      bytesZeroed: supply.bytesZeroed,
      recycled: supply.recycled,
      spareSegments: supply.spareSegments,
      segments: removal.count,
      spaceAvailable,
    }
  }

  /**
   * Writes what was appended, seals the log, closes the files and lets go of the lock; then calls back. Where there is
   * no room for what was appended, it is dropped: nobody was told that it is durable.
   */
  close(done: () => void): void {
    this.whenClosed.push(done)
    if (!this.spaceAvailable) this.writer.stop()
    if (this.whenClosed.length > 1) return
    const steps: Step[] = [
      next => this.snapshots.close(next),
      next => this.writer.close(next),
      next => this.removal.close(next),
      next => this.supply.close(next),
      next => this.hardState.close(next),
    ]
    inOrder(steps, error => {
      if (error !== null) this.fail(error)
      this.lock.release()
      for (const callback of this.whenClosed) callback()
    })
  }

  /** Ends as a crash would: nothing more is written or reported. Waits for what is in flight, then lets go of the lock. */
  abandon(done: () => void): void {
    this.failed = true
    this.writer.stop()
    this.removal.stop()
    this.close(done)
  }

  private spaceChanged(available: boolean): void {
    this.spaceAvailable = available
    if (!available && this.whenClosed.length > 0) this.writer.stop()
    if (!this.failed) this.onSpace(available)
  }

  private fail(error: Error): void {
    const first = !this.failed
    this.failed = true
    this.writer.stop()
    this.removal.stop()
    this.supply.stop()
    if (first) this.onFatal(storageErrorOf(error, `write to ${this.paths.directory}`))
  }
}
