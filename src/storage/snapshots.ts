/**
 * The directory `snapshots/`: the newest snapshot, at most one that is being taken and one that is being received.
 *
 * The newest has to be whole, or the server does not start: the log before it may be gone, and whether an older one and
 * the log still make a whole is nothing to guess at. So there is one rule: a name that ends with `.snapshot` was made
 * durable as a whole, and what is wrong with the newest of them is damage like that of the log. Its body is verified at
 * the start, before anything relies on it; older ones are not looked at, and go with `removeOlder`. Whoever wants its
 * state is given the body on that occasion, so that a start reads it once.
 */
import type { Identity } from '../../codec/identity.js'
import { assert } from '../base/assert.js'
import { isSameSnapshot } from '../raft/snapshot-meta.js'
import type { LogIndex, SnapshotMeta } from '../raft/types.js'
import type { Disk, Done, Got } from './disk.js'
import { listSnapshots, removeIfThere, snapshotPath, type Paths } from './files.js'
import { HeldSnapshot, SharedSnapshot } from './held-snapshot.js'
import { beginReceiving, removeStaleReceiving } from './receiving-file.js'
import { openSnapshot, openVerified, type OnChunk, type SnapshotFile } from './snapshot-reader.js'
import type { SnapshotReceiver } from './snapshot-receiver.js'
import { SnapshotWriter, type SnapshotPosition, type TookSnapshot } from './snapshot-writer.js'
import { storageErrorOf, type StorageError } from './storage-error.js'
import { eachInOrder, inOrder, type Step } from './steps.js'

type Report = (error: StorageError | null) => void

/**
 * Opens the snapshots of a directory, and mends what a crash left. On an error nothing stays open. `onChunk` is given the
 * body of the newest while it is verified: what it makes of it is worth something only if there was no error.
 */
export function openSnapshots(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  got: (error: StorageError | null, snapshots: Snapshots | null) => void,
  onChunk?: OnChunk,
): void {
  let newest: SnapshotFile | null = null
  const steps: Step[] = [
    next => disk.makeDirectory(paths.snapshots, next),
    next => removeIfThere(disk, paths.taking, next),
    // A name that an earlier life of the process gave may not be durable yet.
    next => disk.syncDirectory(paths.snapshots, next),
    next =>
      openNewest(disk, paths, identity, onChunk, (error, file) => {
        newest = file
        next(error)
      }),
    next => removeStaleReceiving(disk, paths, newest?.meta.lastIncludedIndex ?? 0, next),
  ]
  inOrder(steps, error => {
    const refusal = errorOf(error, `open ${paths.snapshots}`)
    if (refusal === null) got(null, new Snapshots(disk, paths, identity, newest))
    else if (newest === null) got(refusal, null)
    else newest.close(() => got(refusal, null))
  })
}

function openNewest(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  onChunk: OnChunk | undefined,
  got: Got<SnapshotFile | null>,
): void {
  listSnapshots(disk, paths, (error, indexes) => {
    const index = indexes.at(-1)
    if (error !== null || index === undefined) got(error, null)
    else openVerified(disk, paths, identity, index, got, onChunk)
  })
}

function errorOf(error: Error | null, doing: string): StorageError | null {
  return error === null ? null : storageErrorOf(error, doing)
}

function once(callback: () => void): () => void {
  let called = false
  return () => {
    if (called) return
    called = true
    callback()
  }
}

/** An open directory of snapshots. After `close` nothing is called back but what `close` was given. */
export class Snapshots {
  private readonly disk: Disk
  private readonly paths: Paths
  /** Of the directory that they belong to. */
  readonly identity: Identity
  private current: SharedSnapshot | null = null
  /** Every snapshot that is open: the newest, and those that are held. */
  private readonly open = new Set<SharedSnapshot>()
  private writer: SnapshotWriter | null = null
  private receiver: SnapshotReceiver | null = null
  private beginning = false
  /** Looks for what was received of an old one that are under way: what begins to come waits for their end. */
  private removing = 0
  private whenRemoved: () => void = () => undefined
  /** Steps that have begun here and not ended: `close` waits for them. */
  private pending = 0
  private whenIdle: () => void = () => undefined
  private whenClosed: () => void = () => undefined
  private closing = false

  constructor(disk: Disk, paths: Paths, identity: Identity, newest: SnapshotFile | null) {
    this.disk = disk
    this.paths = paths
    this.identity = identity
    if (newest !== null) this.replaceCurrent(newest)
  }

  /** The newest durable snapshot. */
  get newest(): SnapshotMeta | null {
    return this.current?.meta ?? null
  }

  /** Whether a snapshot of this server's own is being written. */
  get taking(): boolean {
    return this.writer !== null
  }

  /** How much of the snapshot that is being received is durable; null if there is none. */
  get receiving(): { readonly heldBytes: number; readonly totalBytes: number } | null {
    if (this.receiver === null || this.receiver.isOver) return null
    return { heldBytes: this.receiver.nextOffset, totalBytes: this.receiver.meta.totalBytes }
  }

  /**
   * Writes a snapshot, newer than the newest, whose body is `chunks`; see SnapshotWriter. One at a time. When it calls
   * back without an error the snapshot is durable, and the newest unless a newer one was installed meanwhile.
   */
  take(position: SnapshotPosition, chunks: Iterator<Uint8Array>, got: TookSnapshot): void {
    const { lastIncludedIndex } = position
    assert(this.writer === null && !this.closing, 'one snapshot is taken at a time')
    assert(lastIncludedIndex > this.newestIndex, 'a snapshot is taken that is newer than the newest')
    const end: TookSnapshot = (error, meta) => {
      this.writer = null
      if (!this.closing) got(error, meta)
    }
    this.writer = new SnapshotWriter(this.disk, this.paths, this.identity, position, chunks, (error, meta) => {
      if (meta === null) end(error, null)
      else this.adopt(lastIncludedIndex, adoptError => end(adoptError, adoptError === null ? meta : null))
    })
    this.writer.begin()
  }

  /** Reads a piece of the body of the newest snapshot, which must be there: see SnapshotFile.read. */
  read(offset: number, length: number, got: Got<Uint8Array>): void {
    this.existing.read(offset, length, (error, bytes) => {
      if (!this.closing) got(error, bytes)
    })
  }

  /** Reads the whole body of the newest snapshot, which must be there, for a restore: see SnapshotFile.readBody. */
  readBody(onChunk: (payload: Uint8Array) => void, done: Report): void {
    const { existing } = this
    const path = snapshotPath(this.paths, existing.meta.lastIncludedIndex)
    const end: Done = error => {
      if (!this.closing) done(errorOf(error, `read ${path}`))
    }
    existing.readBody(onChunk, end, () => this.closing)
  }

  /** Keeps the newest snapshot, which must be there, readable until it is released. */
  hold(): HeldSnapshot {
    return new HeldSnapshot(this.existing)
  }

  /**
   * Begins to receive a snapshot, or goes on with it; what was received of another is dropped, and its receiver says
   * nothing more. One call at a time; may call back at once. What is installed becomes the newest, if it is newer.
   */
  receive(meta: SnapshotMeta, got: (error: StorageError | null, receiver: SnapshotReceiver | null) => void): void {
    assert(!this.beginning && !this.closing, 'one snapshot is received at a time')
    const { disk, paths, identity, receiver } = this
    if (receiver !== null && !receiver.isOver && isSameSnapshot(receiver.meta, meta)) {
      got(null, receiver)
      return
    }
    this.beginning = true
    const ended = this.step()
    const end = (error: Error | null, begun: SnapshotReceiver | null): void => {
      this.receiver = begun
      this.beginning = false
      if (!this.closing) got(errorOf(error, `write ${paths.receiving}`), begun)
      ended()
    }
    const onInstalled = (done: Done): void => this.adopt(meta.lastIncludedIndex, done)
    const begin = (): void => {
      this.dropReceiver(error => {
        if (error === null) beginReceiving({ disk, paths, identity, meta, onInstalled }, end)
        else end(error, null)
      })
    }
    if (this.removing > 0) this.whenRemoved = begin
    else begin()
  }

  /** Removes the snapshots before the newest, and what was received of one that is not newer. */
  removeOlder(done: Report): void {
    const { disk, paths, newestIndex } = this
    const ended = this.step()
    listSnapshots(disk, paths, (listError, indexes) => {
      const older = indexes.filter(index => index < newestIndex)
      inOrder(
        [
          next => next(listError),
          next => eachInOrder(older, (index, step) => removeIfThere(disk, snapshotPath(paths, index), step), next),
          next => this.removeStale(newestIndex, next),
        ],
        error => {
          if (!this.closing) done(errorOf(error, `remove from ${paths.snapshots}`))
          ended()
        },
      )
    })
  }

  /** Abandons what is taken and received, and closes all files, those of held snapshots as well. */
  close(done: Done): void {
    this.closing = true
    const { writer } = this
    inOrder(
      [
        next => this.dropReceiver(next),
        next => (writer === null ? next(null) : writer.abandon(next)),
        next => {
          this.whenIdle = once(() => next(null))
          this.settle()
        },
        // One that has begun meanwhile.
        next => this.dropReceiver(next),
      ],
      error => {
        this.whenClosed = once(() => done(error))
        for (const shared of this.open) shared.releaseAll()
        this.settle()
      },
    )
  }

  private get existing(): SharedSnapshot {
    assert(this.current !== null && !this.closing, 'there is a snapshot')
    return this.current
  }

  private get newestIndex(): LogIndex {
    return this.newest?.lastIncludedIndex ?? 0
  }

  private removeStale(newestIndex: LogIndex, done: Done): void {
    const { receiver } = this
    const isNeeded = receiver !== null && (receiver.isInstalling || receiver.meta.lastIncludedIndex > newestIndex)
    if (isNeeded || this.beginning) {
      done(null)
      return
    }
    this.removing++
    const end: Done = error => {
      done(error)
      if (--this.removing > 0) return
      const next = this.whenRemoved
      this.whenRemoved = () => undefined
      next()
    }
    this.dropReceiver(error => {
      if (error === null) removeStaleReceiving(this.disk, this.paths, newestIndex, end)
      else end(error)
    })
  }

  private dropReceiver(done: Done): void {
    const { receiver } = this
    this.receiver = null
    if (receiver === null) done(null)
    else receiver.abandon(done)
  }

  /** The snapshot of this index is durable: it is the newest now, unless a newer one came meanwhile. */
  private adopt(index: LogIndex, done: Report): void {
    if (index < this.newestIndex) {
      done(null)
      return
    }
    const ended = this.step()
    openSnapshot(this.disk, this.paths, this.identity, index, (error, file) => {
      const end = (): void => {
        done(errorOf(error, `open ${snapshotPath(this.paths, index)}`))
        ended()
      }
      // One that was taken and one that was received may become durable at the same time: the newer one stays.
      if (file !== null && index < this.newestIndex) file.close(end)
      else {
        if (file !== null) this.replaceCurrent(file)
        end()
      }
    })
  }

  private replaceCurrent(file: SnapshotFile): void {
    const replaced = this.current
    // A file that was only read loses nothing when its close fails.
    this.current = new SharedSnapshot(file, shared => {
      this.open.delete(shared)
      this.settle()
    })
    this.open.add(this.current)
    replaced?.release()
  }

  /** Begins a step; what it returns ends it. */
  private step(): () => void {
    this.pending++
    return () => {
      this.pending--
      this.settle()
    }
  }

  private settle(): void {
    if (this.pending === 0) this.whenIdle()
    if (this.open.size === 0) this.whenClosed()
  }
}
