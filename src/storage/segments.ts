/**
 * The supply of segments. A durable write inside a file that was filled before takes half the time of one that makes
 * the file longer, so the next segment is filled with zeros ahead of use, in pieces, under the name `prepared`. It
 * becomes a segment in three steps: its header is written, it is renamed, the directory is synced. What a crash leaves:
 * - while it is filled: `prepared`, of any length. It is taken up a piece before its end.
 * - after its header is written: `prepared` with a header. It gets a new header, with a new salt, when its time comes.
 * - after the rename: a segment without batches, whole, or again `prepared`, if the rename was not durable.
 * So a file with a segment's name is always as long as its header says, and a shorter one has been damaged.
 *
 * A segment that is given up (segment-removal.ts) and has the full length becomes a spare one, and is used before
 * `prepared` is, and without being filled again: no bytes of its earlier lives carry the new salt. So a log that goes
 * on and is cut at its beginning writes no zeros any more. It becomes a segment in the same three steps; what a crash
 * leaves is the spare one, with the header of one or the other life, or a segment without batches. Spare ones are whole:
 * whether the end of `prepared` ever reached the medium is not known, so it has a name of its own.
 * All that is freed at once is kept, up to a limit: the log will need as much until the next time, and takes no more
 * room than it took before.
 *
 * A segment may be needed before `prepared` has its full length. Then it is cut short: the header says how long it is.
 * Twice the bytes that the segment in use holds are prepared, at least one piece: so a young log has short segments and
 * starts fast, each is twice as long as the one before, and the zeros are never much more than the log itself.
 */
import { encodeSegmentHeader, type SegmentHeader } from '../../codec/segment.js'
import { batchAlignBytes } from '../../codec/batch.js'
import { assert } from '../base/assert.js'
import type { Clock, Timer } from '../base/clock.js'
import type { Disk, DiskFile, Done } from './disk.js'
import { codeOf, isNoSpace, reserveError } from './storage-error.js'
import { segmentPath, type Paths } from './files.js'
import { eachInOrder, inOrder } from './steps.js'

/** Zeros are written in pieces of this many bytes: large enough to be fast, small enough not to hold up an append. */
const pieceBytesMax = 2 ** 20

/** Spare segments that are kept. */
export const sparesMax = 16

/** How long after a full disk the piece is tried again. */
const noSpaceRetryMs = 1_000

export interface ActiveSegment {
  readonly file: DiskFile
  readonly header: SegmentHeader
}

interface Wanted {
  readonly neededBytes: number
  readonly headerOf: (segmentBytes: number) => SegmentHeader
  readonly got: (active: ActiveSegment) => void
}

export interface SupplyOptions {
  readonly disk: Disk
  readonly paths: Paths
  /** The length of segments, once the log has grown to it. */
  readonly segmentBytes: number
  /** Paths of the spare segments that there are. */
  readonly spares: readonly string[]
  /** So much of the file system is left free: where less would be, it counts as full. 0: the disk says when it is. */
  readonly reserveBytes: number
  readonly clock: Clock
  /** A write or a sync failed: nothing more will happen. */
  readonly onFatal: (error: Error) => void
  /** There is no room for the next segment (false, with the error), or there is again. Tried again every second. */
  readonly onSpace: (available: boolean, error: Error | null) => void
}

export class SegmentSupply {
  /** Bytes of `prepared` that are durable. */
  preparedBytes = 0
  /** Zeros written since the start. */
  bytesZeroed = 0
  /** Spare segments that became segments again since the start. */
  recycled = 0
  private readonly options: SupplyOptions
  private readonly zeros: Uint8Array
  private readonly retry: Timer
  private file: DiskFile | null = null
  /** Paths of spare segments, oldest first; of these `spare` is the one that is opened. */
  private readonly spares: string[]
  private spare: { readonly file: DiskFile; readonly path: string } | null = null
  private targetBytes = 0
  private wanted: Wanted | null = null
  private busy = false
  private full = false
  private failed = false
  private stopped = false
  private closing: Done | null = null
  private finished = false

  constructor(options: SupplyOptions) {
    assert(options.segmentBytes % batchAlignBytes === 0, 'segments end where a batch could begin')
    this.options = options
    this.spares = [...options.spares]
    this.zeros = new Uint8Array(Math.min(pieceBytesMax, options.segmentBytes))
    this.retry = options.clock.timer(() => this.work())
  }

  /** Bytes of a segment whose predecessor does not fill more than one piece: what a first start prepares. */
  get pieceBytes(): number {
    return this.zeros.length
  }

  /** How many spare segments there are. */
  get spareSegments(): number {
    return this.spares.length + (this.spare === null ? 0 : 1)
  }

  /** Whether a segment of that length, which is to go, shall become a spare one. */
  wants(segmentBytes: number): boolean {
    return segmentBytes === this.options.segmentBytes && this.spareSegments < sparesMax
  }

  /** Takes a spare segment. Its name is durable, and the name that it had is gone for good. */
  add(sparePath: string): void {
    this.spares.push(sparePath)
    this.work()
  }

  /** Says that the segment in use holds `usedBytes`. */
  follow(usedBytes: number): void {
    this.targetBytes = Math.min(this.options.segmentBytes, Math.max(2 * usedBytes, this.pieceBytes))
    this.work()
  }

  /** Turns what is prepared into the next segment, as soon as it has at least `neededBytes`. One at a time. */
  activate(
    neededBytes: number,
    headerOf: (segmentBytes: number) => SegmentHeader,
    got: (active: ActiveSegment) => void,
  ): void {
    assert(this.wanted === null, 'one segment is activated at a time')
    assert(neededBytes <= this.options.segmentBytes, 'every batch fits an empty segment')
    this.wanted = { neededBytes, headerOf, got }
    this.work()
  }

  /** Takes back `activate`. Returns whether it will not call back any more. */
  withdraw(): boolean {
    const withdrawn = this.wanted !== null || this.failed
    this.wanted = null
    return withdrawn
  }

  /** Begins nothing more: the storage has failed elsewhere. A segment that is being handed over still is. */
  stop(): void {
    this.stopped = true
    this.retry.set(Infinity)
  }

  /** Waits for what is in flight, and leaves `prepared` for the next start. */
  close(done: Done): void {
    this.closing = done
    this.retry.set(Infinity)
    this.goOn()
  }

  /** After each step, and when told to close: once only, for a callback of the step may have closed this already. */
  private goOn(): void {
    if (this.closing === null) this.work()
    else if (!this.busy && !this.finished) {
      this.finished = true
      const files = [this.file, this.spare?.file].flatMap(file => file ?? [])
      eachInOrder(files, (file, next) => file.close(next), this.closing)
    }
  }

  private work(): void {
    if (this.busy || this.failed || this.stopped || this.closing !== null) return
    const { file, wanted, preparedBytes, spare, spares, options } = this
    if (spare === null && spares.length > 0) {
      this.openSpare(spares[0]!)
      return
    }
    if (spare !== null) {
      if (wanted === null) return
      this.spare = null
      this.recycled++
      this.handOver(spare.file, spare.path, options.segmentBytes, wanted)
      return
    }
    const goalBytes = Math.max(this.targetBytes, wanted?.neededBytes ?? 0)
    if (wanted !== null && file !== null && preparedBytes >= wanted.neededBytes) {
      this.file = null
      this.preparedBytes = 0
      this.handOver(file, options.paths.prepared, preparedBytes, wanted)
    } else if (preparedBytes >= goalBytes) return
    else if (file === null) this.openFile()
    else this.fillPiece(file)
  }

  /** Takes up what an earlier life of the server left, or begins a new file. */
  private openFile(): void {
    const { disk, paths } = this.options
    this.busy = true
    disk.open(paths.prepared, 'existing', (error, file) => {
      if (error === null) this.adopt(file)
      else if (codeOf(error) !== 'ENOENT') this.ended(error)
      else {
        disk.open(paths.prepared, 'create', (createError, made) => {
          if (createError === null) this.file = made
          this.ended(createError, false)
        })
      }
    })
  }

  /** The last piece is filled again: its write may have been in flight, and the length of the file only in memory. */
  private adopt(file: DiskFile): void {
    const bytes = Math.max(0, Math.min(file.sizeBytes - this.pieceBytes, this.options.segmentBytes))
    this.preparedBytes = bytes - (bytes % batchAlignBytes)
    this.file = file
    this.ended(null, false)
  }

  /** A spare segment that is shorter than segments are now is of no use. */
  private openSpare(path: string): void {
    const { disk, segmentBytes } = this.options
    this.busy = true
    disk.open(path, 'existing', (error, file) => {
      this.spares.shift()
      if (error !== null) this.ended(error)
      else if (file.sizeBytes < segmentBytes) {
        inOrder([next => file.close(next), next => disk.remove(path, next)], removeError => this.ended(removeError))
      } else {
        this.spare = { file, path }
        this.ended(null)
      }
    })
  }

  private fillPiece(file: DiskFile): void {
    const bytes = Math.min(this.zeros.length, this.options.segmentBytes - this.preparedBytes)
    this.busy = true
    this.checkReserve(bytes, error => {
      if (error === null && !this.stopped) this.writeZeros(file, bytes)
      else this.ended(error, false)
    })
  }

  /** Would so many bytes more leave less than the reserve free? Then there is no room for them, as on a full disk. */
  private checkReserve(bytes: number, done: Done): void {
    const { disk, paths, reserveBytes } = this.options
    if (reserveBytes === 0) return done(null)
    disk.freeBytes(paths.log, (error, freeBytes) => {
      if (error !== null || freeBytes - bytes >= reserveBytes) return done(error)
      done(reserveError(paths.log, freeBytes, reserveBytes))
    })
  }

  private writeZeros(file: DiskFile, bytes: number): void {
    file.write(this.preparedBytes, this.zeros.subarray(0, bytes), error => {
      if (error === null) {
        this.preparedBytes += bytes
        this.bytesZeroed += bytes
      }
      this.ended(error)
    })
  }

  private handOver(file: DiskFile, from: string, segmentBytes: number, wanted: Wanted): void {
    const { disk, paths } = this.options
    const header = wanted.headerOf(segmentBytes)
    const path = segmentPath(paths, header.sequence)
    this.busy = true
    this.wanted = null
    // Not for a full disk to fail: the file has its length. If one of these does fail, the names are in doubt.
    inOrder(
      [
        next => file.write(0, encodeSegmentHeader(header), next),
        next => disk.rename(from, path, next),
        next => disk.syncDirectory(paths.log, next),
      ],
      error => {
        this.busy = false
        if (error !== null) this.fail(error)
        else wanted.got({ file, header })
        this.goOn()
      },
    )
  }

  /**
   * After a step of preparing: the one kind of work that may find the disk full. That there is room again is shown only by a
   * piece that was filled: a file without bytes can be made on a full disk, too.
   */
  private ended(error: Error | null, showsRoom = true): void {
    this.busy = false
    const full = error !== null && isNoSpace(error)
    if (full !== this.full && (full || (error === null && showsRoom))) {
      this.full = full
      this.options.onSpace(!full, error)
    }
    if (error !== null && !full) this.fail(error)
    if (full && this.closing === null && !this.stopped) this.retry.set(this.options.clock.now() + noSpaceRetryMs)
    else this.goOn()
  }

  private fail(error: Error): void {
    this.failed = true
    this.options.onFatal(error)
  }
}
