/** An open snapshot with several users: a transfer of it may take longer than it is the newest, or has a name. */
import { assert } from '../base/assert.js'
import type { SnapshotMeta } from '../raft/types.js'
import type { Done, Got } from './disk.js'
import type { SnapshotFile } from './snapshot-reader.js'

/** A snapshot that is closed when nobody holds it and nothing is read from it. */
export class SharedSnapshot {
  readonly meta: SnapshotMeta
  private readonly file: SnapshotFile
  private readonly onClosed: (error: Error | null) => void
  private holders = 1
  private reads = 0
  private closing = false

  /** Whoever makes it is its first holder. */
  constructor(file: SnapshotFile, onClosed: (shared: SharedSnapshot, error: Error | null) => void) {
    this.file = file
    this.meta = file.meta
    this.onClosed = error => onClosed(this, error)
  }

  /** See SnapshotFile.read. */
  read(offset: number, length: number, got: Got<Uint8Array>, target?: Uint8Array): void {
    this.begin()
    const ended: Got<Uint8Array> = (error, bytes) => {
      this.end()
      got(error, bytes)
    }
    this.file.read(offset, length, ended, target)
  }

  /** See SnapshotFile.readBody. */
  readBody(onChunk: (payload: Uint8Array) => void, done: Done, isOver: () => boolean): void {
    this.begin()
    const end: Done = error => {
      this.end()
      done(error)
    }
    this.file.readBody(onChunk, end, isOver)
  }

  /** One holder more. */
  hold(): void {
    this.holders++
  }

  /** One holder less. */
  release(): void {
    this.holders--
    this.closeIfUnused()
  }

  /** Nobody holds it any more, whatever they think. */
  releaseAll(): void {
    this.holders = 0
    this.closeIfUnused()
  }

  private begin(): void {
    assert(this.holders > 0, 'a snapshot that is read is held')
    this.reads++
  }

  private end(): void {
    this.reads--
    this.closeIfUnused()
  }

  private closeIfUnused(): void {
    if (this.closing || this.holders > 0 || this.reads > 0) return
    this.closing = true
    this.file.close(this.onClosed)
  }
}

/** One holder's part in a snapshot, which it can read although newer ones come and its name is removed. */
export class HeldSnapshot {
  readonly meta: SnapshotMeta
  private readonly shared: SharedSnapshot
  private released = false

  constructor(shared: SharedSnapshot) {
    shared.hold()
    this.shared = shared
    this.meta = shared.meta
  }

  /** See SnapshotFile.read. */
  read(offset: number, length: number, got: Got<Uint8Array>, target?: Uint8Array): void {
    assert(!this.released, 'a snapshot that is read is held')
    this.shared.read(offset, length, got, target)
  }

  /** Its file may be closed; also once more, and after the end of all. */
  release(): void {
    if (this.released) return
    this.released = true
    this.shared.release()
  }
}
