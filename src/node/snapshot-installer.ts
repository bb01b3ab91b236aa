/**
 * A follower's part in a snapshot from its leader (section 7, Figure 13): pieces are stored as they come, in any order and
 * as often as they come (K10); when all are there and the hash is right, the snapshot gets its name, durably; then the core
 * decides whether it is of use; if so the log is reset where it does not hold the snapshot's last entry, and the state is
 * replaced. What a crash in between leaves is a snapshot ahead of the log, with which recovery begins an empty log (S03).
 *
 * The next state is made of the pieces as they come, beside the old one, which answers until the whole is installed: disk
 * and network leave time for that, and the follower is back when the last piece is.
 */
import { assert } from '../base/assert.js'
import { isSameSnapshot, snapshotMetaOf } from '../raft/snapshot-meta.js'
import type { Install, InstallSnapshot, LogIndex, SnapshotMeta } from '../raft/types.js'
import type { Restorer } from '../session/types.js'
import type { AppendMeta } from '../storage/log-writer.js'
import type { SnapshotReceiver } from '../storage/snapshot-receiver.js'
import type { Snapshots } from '../storage/snapshots.js'
import type { StorageError } from '../storage/storage-error.js'
import { Restoring } from './restore-state.js'

export interface SnapshotInstallerParts {
  readonly snapshots: Pick<Snapshots, 'newest' | 'receive' | 'readBody'>
  /** So much of a snapshot is stored. */
  readonly held: (meta: SnapshotMeta, nextOffset: number, received: number) => void
  /** All of it is durable, under its name. */
  readonly complete: (meta: SnapshotMeta) => void
  /** Makes a reset of the log durable. */
  readonly resetLog: (snapshot: SnapshotMeta, meta: AppendMeta, done: () => void) => void
  readonly restorer: () => Restorer
  /** The state is that of the snapshot. */
  readonly installed: (meta: SnapshotMeta) => void
  readonly guard: (step: () => void) => void
  /** Runs a step when what is under way has ended. */
  readonly later: (step: () => void) => void
  readonly failed: (error: Error) => void
}

/** A state that is made while its snapshot comes. */
interface NextState {
  readonly meta: SnapshotMeta
  readonly restoring: Restoring
}

/** Pieces that wait while a file is being made ready for them; more come again (K11). */
const waitingPiecesMax = 64

export class SnapshotInstaller {
  private readonly parts: SnapshotInstallerParts
  private receiver: SnapshotReceiver | null = null
  private isBeginning = false
  private waiting: InstallSnapshot[] = []
  private next: NextState | null = null

  constructor(parts: SnapshotInstallerParts) {
    this.parts = parts
  }

  /** Pieces that the core has taken in. */
  take(pieces: readonly InstallSnapshot[]): void {
    for (const piece of pieces) {
      if (this.isBeginning) {
        if (this.waiting.length < waitingPiecesMax) this.waiting.push(piece)
      } else if (this.receiver?.isOver === false && isSameSnapshot(this.receiver.meta, piece)) {
        this.store(this.receiver, piece)
      } else {
        this.begin(piece)
      }
    }
  }

  /** Once a turn: what is committed here needs no state from elsewhere. */
  advance(commitIndex: LogIndex): void {
    if (this.next !== null && this.next.meta.lastIncludedIndex <= commitIndex) this.next = null
  }

  /**
   * Carries out what a Ready says. The file is read beside the reset of the log, as the snapshot that it is now: another
   * one may become the newest meanwhile.
   */
  install({ meta, resetsLog }: Install, appendMeta: AppendMeta): void {
    const { snapshots, restorer, resetLog, later, guard } = this.parts
    const made = this.next !== null && isSameSnapshot(this.next.meta, meta) ? this.next.restoring : null
    const restoring = made ?? new Restoring(restorer())
    let waitsFor = resetsLog ? 2 : 1
    const ended = (): void => {
      // The old state answers until the new one is there as a whole, and the log is behind it.
      if (--waitsFor === 0) later(() => this.restored(meta, restoring.end()))
    }
    if (resetsLog) resetLog(meta, appendMeta, ended)
    if (made !== null) {
      this.next = null
      ended()
      return
    }
    const { newest } = snapshots
    assert(newest !== null && isSameSnapshot(newest, meta), 'what is installed is durable, and the newest')
    snapshots.readBody(
      chunk => restoring.push(chunk),
      error => guard(() => (error === null ? ended() : this.parts.failed(error))),
    )
  }

  private restored(meta: SnapshotMeta, error: Error | null): void {
    if (error === null) this.parts.installed(meta)
    else this.parts.failed(error)
  }

  private begin(piece: InstallSnapshot): void {
    // A late copy of one that is here: the core says so to whoever sends it.
    if (piece.lastIncludedIndex <= (this.parts.snapshots.newest?.lastIncludedIndex ?? 0)) return
    this.isBeginning = true
    this.parts.snapshots.receive(snapshotMetaOf(piece), (error, receiver) => {
      this.parts.guard(() => this.began(error, receiver, piece))
    })
  }

  private began(error: StorageError | null, receiver: SnapshotReceiver | null, piece: InstallSnapshot): void {
    const pieces = [piece, ...this.waiting.splice(0)]
    this.isBeginning = false
    this.receiver = receiver
    this.next = null
    if (receiver?.nextOffset === 0) this.makeState(receiver)
    if (receiver !== null) this.take(pieces)
    else this.failed(error)
  }

  /** Of one that is taken up again, the state is read from its file when all of it is there. */
  private makeState(receiver: SnapshotReceiver): void {
    this.next = { meta: receiver.meta, restoring: new Restoring(this.parts.restorer()) }
    receiver.onChunk = chunk => {
      if (this.receiver === receiver) this.next?.restoring.push(chunk)
    }
  }

  private store(receiver: SnapshotReceiver, { offset, data }: InstallSnapshot): void {
    receiver.write(offset, data, error => this.parts.guard(() => this.stored(receiver, error)))
  }

  private stored(receiver: SnapshotReceiver, error: StorageError | null): void {
    const { meta, nextOffset } = receiver
    if (error !== null) return this.failed(error)
    this.parts.held(meta, nextOffset, receiver.receivedBits)
    if (nextOffset < meta.totalBytes || receiver.isInstalling || receiver.isOver) return
    receiver.install((installError, outcome) => {
      this.parts.guard(() => {
        if (installError !== null) this.failed(installError)
        // All of it came, and yet it is not the snapshot: the leader sends it anew.
        else if (outcome === 'damaged') this.parts.held(meta, 0, 0)
        else this.parts.complete(meta)
      })
    })
  }

  /** A full disk is nothing to break for: it is as if the piece had been lost. */
  private failed(error: StorageError | null): void {
    if (error !== null && error.code !== 'no-space') this.parts.failed(error)
  }
}
