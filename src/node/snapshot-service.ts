/**
 * Snapshots of one server, as far as they are neither the core's nor the disk's: its own are taken (snapshot-taker.ts), a
 * leader sends its newest to those who need it (snapshot-sender.ts), a follower installs its leader's
 * (snapshot-installer.ts). And behind each new one the log is cut.
 */
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/logger.js'
import type { Raft } from '../raft/raft.js'
import type {
  Entry,
  Install,
  InstallSnapshot,
  InstallSnapshotReply,
  Milliseconds,
  ServerId,
  SnapshotMeta,
} from '../raft/types.js'
import type { AppendMeta } from '../storage/log-writer.js'
import type { Storage } from '../storage/storage.js'
import type { Link, TransportApi } from '../transport/types.js'
import type { ReplicatedState } from './replicated-state.js'
import { SnapshotInstaller } from './snapshot-installer.js'
import { SnapshotSender, type TransferStatus } from './snapshot-sender.js'
import { SnapshotTaker, type Asked } from './snapshot-taker.js'

/** Of the bytes between two snapshots: what stays of the log behind one, for followers that were away for a moment (K07). */
const trailingShare = 0.25

interface Parts {
  readonly clock: Clock
  readonly raft: Raft
  readonly state: ReplicatedState
  readonly storage: Storage
  readonly transport: TransportApi
}

interface Options {
  readonly id: ServerId
  readonly voters: readonly ServerId[]
  readonly snapshotEveryBytes: number
  readonly logger: Logger
}

/** What the service asks of the node that it belongs to. */
interface Owner {
  /** Runs a step of a callback, unless the node is closed; what it throws ends the node. */
  readonly guard: (step: () => void) => void
  readonly fail: (error: Error) => void
  readonly scheduleTurn: () => void
}

/** What is under way, for `status`. */
export interface SnapshotsStatus {
  /** A snapshot of this server's own is being written. */
  readonly taking: boolean
  /** Of the records applied since the last one, and at how many the next is due. */
  readonly dueBytes: { readonly used: number; readonly max: number }
  /** What comes from a leader; null while nothing does. */
  readonly receiving: { readonly heldBytes: number; readonly totalBytes: number } | null
  readonly sending: readonly TransferStatus[]
}

export class SnapshotService {
  private readonly parts: Parts
  private readonly options: Options
  private readonly owner: Owner
  private readonly taker: SnapshotTaker
  private readonly sender: SnapshotSender
  private readonly installer: SnapshotInstaller

  constructor(parts: Parts, options: Options, owner: Owner) {
    this.parts = parts
    this.options = options
    this.owner = owner
    this.taker = this.newTaker()
    this.sender = this.newSender()
    this.installer = this.newInstaller()
  }

  get status(): SnapshotsStatus {
    const { taker, sender, parts, options } = this
    return {
      taking: taker.isTaking,
      dueBytes: { used: taker.appliedBytes, max: options.snapshotEveryBytes },
      receiving: parts.storage.snapshots.receiving,
      sending: sender.status,
    }
  }

  /** Once a turn; returns when the next is due at the latest. */
  advance(peers: readonly Link[]): Milliseconds {
    this.taker.advance()
    this.installer.advance(this.parts.raft.commitIndex)
    const { snapshotsWanted } = this.parts.raft
    if (snapshotsWanted.length === 0 && this.sender.isIdle) return Infinity
    return this.sender.advance(peers.filter(({ serverId }) => snapshotsWanted.includes(serverId)))
  }

  /** An entry was applied just now. */
  applied(entry: Entry): void {
    this.taker.applied(entry)
  }

  /** Takes a snapshot of what is applied by now. Calls back with it, with an older one that says as much, or with null. */
  ask(asked: Asked): void {
    this.taker.ask(asked)
  }

  /** A peer answers to a piece. */
  replied(reply: InstallSnapshotReply): void {
    this.sender.received(reply)
  }

  /** Pieces came that the core has taken in. */
  store(pieces: readonly InstallSnapshot[]): void {
    this.installer.take(pieces)
  }

  install(install: Install, meta: AppendMeta): void {
    this.installer.install(install, meta)
  }

  private newTaker(): SnapshotTaker {
    const { options, owner } = this
    const { storage, state, raft } = this.parts
    const parts = {
      walk: () => state.sessions.snapshot(),
      voters: options.voters,
      admittedAt: raft.admittedAt.bind(raft),
      newest: () => storage.snapshots.newest,
      take: storage.snapshots.take.bind(storage.snapshots),
      persistedIndex: () => raft.persistedIndex,
      taken: (meta: SnapshotMeta) => this.taken(meta),
      guard: owner.guard,
      scheduleTurn: owner.scheduleTurn,
      failed: owner.fail,
      logger: options.logger,
    }
    return new SnapshotTaker(parts, options.snapshotEveryBytes)
  }

  private newSender(): SnapshotSender {
    const { id } = this.options
    const { storage, raft, clock, transport } = this.parts
    return new SnapshotSender({
      newestIndex: () => storage.snapshots.newest?.lastIncludedIndex ?? 0,
      hold: () => (storage.snapshots.newest === null ? null : storage.snapshots.hold()),
      begun: (to, meta) => raft.snapshotBegun(clock.now(), to, meta),
      send: (link, meta, offset, data) => {
        // It may have been deposed while the piece was read, and only the leader of a term speaks for it.
        if (!raft.isLeader) return false
        return transport.send(link, {
          type: 'InstallSnapshot',
          term: raft.currentTerm,
          from: id,
          ...meta,
          offset,
          data,
        })
      },
      now: () => clock.now(),
      guard: this.owner.guard,
      onRead: this.owner.scheduleTurn,
      onUnreadable: this.owner.fail,
    })
  }

  private newInstaller(): SnapshotInstaller {
    const { guard, fail, scheduleTurn } = this.owner
    const { storage, state, raft, clock } = this.parts
    return new SnapshotInstaller({
      snapshots: storage.snapshots,
      held: (meta, nextOffset, received) => {
        raft.snapshotHeld(meta, nextOffset, received)
        scheduleTurn()
      },
      complete: meta => {
        raft.snapshotComplete(meta)
        scheduleTurn()
      },
      resetLog: (snapshot, meta, done) => {
        storage.reset(meta, snapshot.lastIncludedIndex, snapshot.lastIncludedTerm, () => guard(done))
      },
      restorer: () => state.sessions.restorer(),
      installed: meta => this.installed(meta),
      guard,
      later: step => clock.endOfTurn(() => guard(step)),
      failed: fail,
    })
  }

  private taken(meta: SnapshotMeta): void {
    const { lastIncludedIndex: index, totalBytes } = meta
    this.parts.raft.snapshotTaken(meta)
    this.compact()
    this.options.logger.info({ index, totalBytes }, `took a snapshot up to entry ${index}`)
  }

  private installed(meta: SnapshotMeta): void {
    const { lastIncludedIndex: index, totalBytes } = meta
    const { state, raft } = this.parts
    state.restored(index)
    this.taker.restored()
    raft.snapshotInstalled(meta)
    this.compact()
    this.options.logger.info({ index, totalBytes }, `installed the leader's snapshot up to entry ${index}`)
    this.owner.scheduleTurn()
  }

  /** What the newest snapshot covers goes, from memory and disk, but for what is kept of the log (raft/compaction.ts). */
  private compact(): void {
    const { raft, storage, clock } = this.parts
    const index = raft.trailingIndex(this.options.snapshotEveryBytes * trailingShare)
    storage.compactTo(raft.compactTo(clock.now(), index))
    storage.snapshots.removeOlder(error => {
      if (error !== null) this.owner.fail(error)
    })
  }
}
