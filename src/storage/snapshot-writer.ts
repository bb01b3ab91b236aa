/**
 * Writes a snapshot of this server's own while the server works on. The body is pulled chunk by chunk: one piece of
 * 248 KiB is encoded, written and durable before the next is pulled, so the disk sets the pace and the event loop
 * stands still for one piece at a time. What a crash leaves:
 * - while the body is written: `taking`, of any length, without a header. The next start removes it.
 * - after the header, which is written last: `taking`, whole. The next start removes it all the same.
 * - after the rename: the snapshot, whole, or again `taking`, if the rename was not durable.
 * - after the sync of the directory: the snapshot.
 * So a file with a snapshot's name is always whole, and one that is not has been damaged.
 *
 * A full disk before the rename is an expected refusal: the file goes, and another try may come later. Any other error
 * is final, and so is any error of the sync: then the names are in doubt.
 */
import type { Identity } from '../../codec/identity.js'
import {
  chunkBytesMax,
  chunkHeaderBytes,
  chunkOffset,
  chunkPayloadBytesMax,
  encodeSnapshotHeader,
  hashChunk,
  sealChunk,
} from '../../codec/snapshot.js'
import { viewOf } from '../../codec/cursor.js'
import type { SnapshotMeta } from '../raft/types.js'
import type { Disk, DiskFile, Done } from './disk.js'
import { removeIfThere, snapshotPath, type Paths } from './files.js'
import { isNoSpace, StorageError, storageErrorOf } from './storage-error.js'

/** Chunks in one write, 248 KiB: what the event loop stands still for, and no more than the log's writes wait for. */
const pieceChunks = 8

/** What is known of a snapshot before its body was walked through. */
export type SnapshotPosition = Pick<SnapshotMeta, 'lastIncludedIndex' | 'lastIncludedTerm' | 'voters' | 'admitted'>

/** Told once: the meta of a durable snapshot, or an error. `isNoSpace` tells the one that passes. */
export type TookSnapshot = (error: StorageError | null, meta: SnapshotMeta | null) => void

export class SnapshotWriter {
  private readonly disk: Disk
  private readonly paths: Paths
  private readonly identity: Identity
  private readonly position: SnapshotPosition
  private readonly chunks: Iterator<Uint8Array>
  private readonly got: TookSnapshot
  private readonly piece: Uint8Array
  private readonly view: DataView
  /** What was pulled and did not fit the last piece. */
  private rest = new Uint8Array(0) as Uint8Array
  private exhausted = false
  /** Chunks that are in the file or in the piece. */
  private sealed = 0
  private totalBytes = 0
  private hash = 0
  private abandoned: Done | null = null
  private ended = false

  /** `chunks` may be of any sizes; it is pulled to its end, or returned early. `got` is not called after `abandon`. */
  constructor(
    disk: Disk,
    paths: Paths,
    identity: Identity,
    position: SnapshotPosition,
    chunks: Iterator<Uint8Array>,
    got: TookSnapshot,
  ) {
    this.disk = disk
    this.paths = paths
    this.identity = identity
    this.position = position
    this.chunks = chunks
    this.got = got
    this.piece = disk.memory(pieceChunks * chunkBytesMax)
    this.view = viewOf(this.piece)
  }

  /** Begins; what an earlier try left is removed. */
  begin(): void {
    const { disk, paths } = this
    removeIfThere(disk, paths.taking, error => {
      if (error !== null || this.abandoned !== null) {
        this.end(error)
        return
      }
      disk.open(paths.taking, 'create', (openError, file) => {
        if (openError === null) this.writeBody(file)
        else this.giveUp(openError)
      })
    })
  }

  /** Gives up: waits for the step in flight, closes the file and leaves it to the next start. `got` is not called. */
  abandon(done: Done): void {
    if (this.ended) done(null)
    else this.abandoned = done
  }

  private writeBody(file: DiskFile): void {
    if (this.abandoned !== null) {
      file.close(error => this.end(error))
      return
    }
    const first = this.sealed
    const bytes = this.fillPiece()
    if (bytes === 0) this.writeHeader(file)
    else this.write(file, chunkOffset(first), this.piece.subarray(0, bytes), () => this.writeBody(file))
  }

  private write(file: DiskFile, offset: number, bytes: Uint8Array, next: () => void): void {
    file.write(offset, bytes, error => {
      if (error === null) next()
      else file.close(closeError => this.giveUp(isNoSpace(error) ? (closeError ?? error) : error))
    })
  }

  /** Pulls and seals as many chunks as a piece holds; returns their bytes, 0 when the body is at its end. */
  private fillPiece(): number {
    let at = 0
    for (let chunk = 0; chunk < pieceChunks; chunk++) {
      const payloadBytes = this.fillChunk(at + chunkHeaderBytes)
      if (payloadBytes === 0) break
      sealChunk(this.piece, this.view, at, this.sealed, payloadBytes)
      at += chunkHeaderBytes + payloadBytes
      this.hash = hashChunk(this.piece.subarray(at - payloadBytes, at), this.hash)
      this.totalBytes += payloadBytes
      this.sealed++
    }
    return at
  }

  /** Puts the next bytes of the body at `at`, as many as a chunk holds; returns how many. */
  private fillChunk(at: number): number {
    let held = 0
    while (held < chunkPayloadBytesMax) {
      if (this.rest.length === 0 && !this.pull()) break
      const taken = this.rest.subarray(0, chunkPayloadBytesMax - held)
      this.piece.set(taken, at + held)
      held += taken.length
      this.rest = this.rest.subarray(taken.length)
    }
    return held
  }

  /** False at the end of the body. */
  private pull(): boolean {
    if (this.exhausted) return false
    const next = this.chunks.next()
    if (next.done === true) this.exhausted = true
    else this.rest = next.value
    return !this.exhausted
  }

  private writeHeader(file: DiskFile): void {
    const { clusterId, serverId, incarnation } = this.identity
    const meta = { ...this.position, totalBytes: this.totalBytes, hash: this.hash }
    const header = encodeSnapshotHeader({ ...meta, clusterId, serverId, incarnation })
    this.write(file, 0, header, () => file.close(error => this.rename(error, meta)))
  }

  private rename(closeError: Error | null, meta: SnapshotMeta): void {
    const { disk, paths } = this
    if (closeError !== null) {
      this.end(closeError)
      return
    }
    disk.rename(paths.taking, snapshotPath(paths, meta.lastIncludedIndex), renameError => {
      if (renameError !== null) this.giveUp(renameError)
      else disk.syncDirectory(paths.snapshots, syncError => this.end(finalErrorOf(syncError), meta))
    })
  }

  /** After an error before the rename was done: a full disk gets its space back. */
  private giveUp(error: Error): void {
    if (isNoSpace(error)) removeIfThere(this.disk, this.paths.taking, removeError => this.end(removeError ?? error))
    else this.end(error)
  }

  private end(error: Error | null, meta: SnapshotMeta | null = null): void {
    this.ended = true
    if (!this.exhausted) this.chunks.return?.()
    const failed = error === null ? null : storageErrorOf(error, `write ${this.paths.taking}`)
    if (this.abandoned === null) this.got(failed, failed === null ? meta : null)
    else this.abandoned(failed?.code === 'no-space' ? null : failed)
  }
}

/** Names that may or may not be durable: even a full disk is nothing that passes then. */
function finalErrorOf(error: Error | null): StorageError | null {
  return error === null ? null : new StorageError('io', `failed to sync a snapshot's name: ${error.message}`)
}
