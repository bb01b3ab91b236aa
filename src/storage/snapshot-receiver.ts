/**
 * Receives a snapshot from a leader into `receiving` (receiving-file.ts). A piece is one chunk of the body, from a multiple
 * of 31,736 bytes on; pieces may come in any order within a window, and more than once (K10). What a crash leaves:
 * - while pieces come: `receiving` with its header and some chunks, whole or not.
 * - after the rename: the snapshot, whole, or again `receiving`, if the rename was not durable.
 * - after the sync of the directory: the snapshot.
 * Before the rename the hash of the whole body was held against what was sent. It runs over the pieces as they come: to
 * read hundreds of megabytes once more, which are durable and carry checksums, would hold a follower up for a second.
 *
 * A full disk is an expected refusal: the piece is not held and may come again. Any other error is final.
 */
import type { Identity } from '../../codec/identity.js'
import {
  checksumOfChunk,
  chunkBytesMax,
  chunkCount,
  chunkHeaderBytes,
  chunkOffset,
  chunkPayloadBytes,
  chunkPayloadBytesMax,
  hashChunk,
  pagedChunks,
  sealChunk,
} from '../../codec/snapshot.js'
import { viewOf } from '../../codec/cursor.js'
import { assert } from '../base/assert.js'
import type { SnapshotMeta } from '../raft/types.js'
import type { Disk, DiskFile, Done } from './disk.js'
import { removeIfThere, snapshotPath, type Paths } from './files.js'
import type { OnChunk } from './snapshot-reader.js'
import { StorageError, storageErrorOf } from './storage-error.js'
import { inOrder } from './steps.js'

/** Chunks from `nextOffset` on that may come: just below 4 MiB, which is what waits in memory. */
export const windowChunks = 128

/** Chunks in one write: just below 1 MiB. */
const writeChunksMax = 32

/**
 * - `held`: it is durable.
 * - `ahead`: it lies behind the window. Nothing has happened; it may come again.
 * - `refused`: it is no piece of this snapshot, or other bytes are held in its place.
 */
export type PieceOutcome = 'held' | 'ahead' | 'refused'

/** An error that `isNoSpace` knows passes; any other is final. */
export type WrotePiece = (error: StorageError | null, outcome: PieceOutcome) => void

/** `damaged`: the hash is not that of the snapshot. What was received is gone, and has to be sent anew. */
export type InstallOutcome = 'installed' | 'damaged'

export type Installed = (error: StorageError | null, outcome: InstallOutcome) => void

export interface ReceiverOptions {
  readonly disk: Disk
  readonly paths: Paths
  readonly identity: Identity
  readonly meta: SnapshotMeta
  /** The snapshot has its name, durably; `done` lets `install` call back. */
  readonly onInstalled: (done: Done) => void
}

/** A chunk that was held before. */
export interface HeldChunk {
  readonly checksum: number
  /** Of the body up to and with it. */
  readonly bodyHash: number
}

/** A piece that waits for its write, or is on its way. */
interface Piece {
  readonly checksum: number
  readonly waiting: WrotePiece[]
}

export class SnapshotReceiver {
  readonly meta: SnapshotMeta
  /** Is lent the body in order, chunk by chunk as they are held, from `nextOffset` on. Its hash is not known before the end. */
  onChunk: OnChunk = () => undefined
  private readonly options: ReceiverOptions
  private readonly file: DiskFile
  private readonly chunks: number
  /** Of the chunks that are durable, the checksum of each: what comes once more must be equal. */
  private readonly held = new Map<number, number>()
  private readonly pieces = new Map<number, Piece>()
  /** The first chunk that is not durable. */
  private nextChunk = 0
  /** Of the body up to `nextChunk`. */
  private bodyHash: number
  /**
   * The chunks of the window as they stand in the file, chunk n in slot n modulo windowChunks: from when a piece comes until
   * it is durable and everything before it as well. The pieces' own memory is let go of at once: it would outlive a
   * collection of the young otherwise, and each collection of the old walks every key of a large state.
   */
  private readonly window: Uint8Array
  private readonly windowView: DataView
  private writing = false
  private installing = false
  /** Nothing is taken any more. */
  private ended = false
  private closed = false
  private abandoned: Done | null = null

  /** `found` are the chunks that `file` holds, from the first on. */
  constructor(options: ReceiverOptions, file: DiskFile, found: readonly HeldChunk[]) {
    this.options = options
    this.meta = options.meta
    this.file = file
    this.chunks = chunkCount(options.meta.totalBytes)
    for (const [number, { checksum }] of found.entries()) this.held.set(number, checksum)
    this.nextChunk = found.length
    this.bodyHash = found.at(-1)?.bodyHash ?? 0
    this.window = options.disk.memory(Math.min(windowChunks, this.chunks) * chunkBytesMax)
    this.windowView = viewOf(this.window)
  }

  /** Up to here all of the body is durable. */
  get nextOffset(): number {
    return Math.min(this.nextChunk * chunkPayloadBytesMax, this.meta.totalBytes)
  }

  /** Chunks that are durable beyond that: bit i is set for the one that begins i + 1 chunks behind `nextOffset`. */
  get receivedBits(): number {
    let bits = 0
    for (let bit = 0; bit < 32; bit++) if (this.held.has(this.nextChunk + 1 + bit)) bits |= 1 << bit
    return bits >>> 0
  }

  /** Whether it takes nothing any more: installed, given up, or failed. */
  get isOver(): boolean {
    return this.ended
  }

  /** Whether `install` has begun and not called back. */
  get isInstalling(): boolean {
    return this.installing
  }

  /** Takes a piece; `bytes` are only lent. May call back at once, and never does after `abandon`. */
  write(offset: number, bytes: Uint8Array, done: WrotePiece): void {
    const number = offset / chunkPayloadBytesMax
    const isPiece =
      Number.isInteger(number) &&
      number >= 0 &&
      number < this.chunks &&
      bytes.length === chunkPayloadBytes(this.meta.totalBytes, number)
    if (!isPiece || this.installing || this.ended) {
      done(null, 'refused')
      return
    }
    if (number >= this.nextChunk + windowChunks) {
      done(null, 'ahead')
      return
    }
    const piece = this.pieces.get(number)
    const known = this.held.get(number) ?? piece?.checksum
    if (known === undefined) {
      this.pieces.set(number, { checksum: this.lay(number, bytes), waiting: [done] })
      this.work()
    } else if (known !== checksumOfChunk(number, bytes)) done(null, 'refused')
    else if (piece !== undefined) piece.waiting.push(done)
    else done(null, 'held')
  }

  /** Writes what waits, the lowest first and what follows it with it: one write at a time. */
  private work(): void {
    if (this.writing || this.ended || this.pieces.size === 0) return
    const first = Math.min(...this.pieces.keys())
    const run: Piece[] = []
    for (let piece = this.pieces.get(first); piece !== undefined; piece = this.pieces.get(first + run.length)) {
      if (run.push(piece) === writeChunksMax || (first + run.length) % windowChunks === 0) break
    }
    // It ends where pages do, if it can, for the next to begin there: whole pages are written for less.
    const beyondPages = (first + run.length) % pagedChunks
    if (beyondPages < run.length) run.length -= beyondPages
    this.writing = true
    this.file.write(chunkOffset(first), this.chunksOf(first, run.length), error => {
      this.writing = false
      for (const [position, piece] of run.entries()) {
        this.pieces.delete(first + position)
        if (error === null) this.hold(first + position, piece)
      }
      const failed = error === null ? null : storageErrorOf(error, `write ${this.options.paths.receiving}`)
      if (failed !== null && failed.code !== 'no-space') this.ended = true
      if (this.abandoned !== null) {
        this.close(this.abandoned)
        return
      }
      for (const { waiting } of run) for (const done of waiting) done(failed, failed === null ? 'held' : 'refused')
      this.work()
    })
  }

  /** Puts a piece into its slot, and returns its checksum. */
  private lay(number: number, payload: Uint8Array): number {
    const at = slotOf(number)
    this.window.set(payload, at + chunkHeaderBytes)
    return sealChunk(this.window, this.windowView, at, number, payload.length)
  }

  private payloadOf(number: number): Uint8Array {
    const at = slotOf(number) + chunkHeaderBytes
    return this.window.subarray(at, at + chunkPayloadBytes(this.meta.totalBytes, number))
  }

  /** So many chunks as they stand in the file, from `first` on; they lie in one piece. */
  private chunksOf(first: number, count: number): Uint8Array {
    const last = first + count - 1
    const end = slotOf(last) + chunkHeaderBytes + chunkPayloadBytes(this.meta.totalBytes, last)
    return this.window.subarray(slotOf(first), end)
  }

  /** A chunk is durable. */
  private hold(number: number, { checksum }: Piece): void {
    this.held.set(number, checksum)
    while (this.held.has(this.nextChunk)) {
      const next = this.payloadOf(this.nextChunk++)
      this.bodyHash = hashChunk(next, this.bodyHash)
      this.onChunk(next)
    }
  }

  /**
   * When `nextOffset` is at the end of the body: holds its hash against that of the snapshot and gives it its name.
   * Afterwards this is of no more use, unless the error is one of a full disk.
   */
  install(got: Installed): void {
    assert(this.nextOffset === this.meta.totalBytes && !this.writing, 'a snapshot is installed when all of it is there')
    assert(!this.installing && !this.ended, 'a snapshot is installed once')
    const { disk, paths, meta, onInstalled } = this.options
    this.installing = true
    if (this.bodyHash !== meta.hash) {
      removeIfThere(disk, paths.receiving, error => this.endInstall(error, 'damaged', got))
      return
    }
    disk.rename(paths.receiving, snapshotPath(paths, meta.lastIncludedIndex), renameError => {
      if (renameError !== null) this.endInstall(renameError, 'installed', got)
      else {
        inOrder([next => disk.syncDirectory(paths.snapshots, next), onInstalled], error =>
          this.endInstall(error === null ? null : nameInDoubt(error), 'installed', got),
        )
      }
    })
  }

  private endInstall(error: Error | null, outcome: InstallOutcome, got: Installed): void {
    const failed = error === null ? null : storageErrorOf(error, `install ${this.options.paths.receiving}`)
    const end = (final: Error | null): void => {
      this.installing = false
      if (this.abandoned !== null) this.abandoned(final)
      else got(final === null ? null : storageErrorOf(final, `close ${this.options.paths.receiving}`), outcome)
    }
    if (failed?.code === 'no-space' && this.abandoned === null) end(failed)
    else this.close(closeError => end(failed ?? closeError))
  }

  /** Stops here: waits for what is in flight and closes the file, which the same snapshot may go on with. */
  abandon(done: Done): void {
    this.ended = true
    this.abandoned = done
    if (this.closed) done(null)
    else if (!this.writing && !this.installing) this.close(done)
  }

  private close(done: Done): void {
    this.ended = true
    this.file.close(error => {
      this.closed = true
      done(error)
    })
  }
}

function nameInDoubt(error: Error): StorageError {
  if (error instanceof StorageError && error.code !== 'no-space') return error
  return new StorageError('io', `failed to sync a snapshot's name: ${error.message}`)
}

/** Where the slot of a chunk begins in the window. */
function slotOf(number: number): number {
  return (number % windowChunks) * chunkBytesMax
}
