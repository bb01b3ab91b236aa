/**
 * When a server takes a snapshot of its own (section 7 of the paper). One is due when the records applied since the newest take up
 * `everyBytes`: that follows from the log alone, so servers with the same setting take theirs at the same entry, and a transfer
 * that one leader began another can go on with. Or it is asked for.
 *
 * The state is walked as it was at that entry while commands go on (kv/snapshot-walk.ts); the disk sets the pace.
 */
import type { Logger } from '../base/logger.js'
import { entryBytes } from '../raft/entry-list.js'
import type { Entry, LogIndex, Named, ServerId, SnapshotMeta } from '../raft/types.js'
import type { SnapshotPosition, TookSnapshot } from '../storage/snapshot-writer.js'

export interface SnapshotTakerParts {
  /** A walk over the state as of the last entry that was applied. */
  readonly walk: () => IterableIterator<Uint8Array>
  readonly voters: readonly ServerId[]
  /** Who is admitted as of an entry. */
  readonly admittedAt: (index: LogIndex) => readonly Named[] | undefined
  /** The newest durable snapshot, of whoever it is. */
  readonly newest: () => SnapshotMeta | null
  /** Makes the snapshot durable. */
  readonly take: (position: SnapshotPosition, chunks: Iterator<Uint8Array>, got: TookSnapshot) => void
  readonly persistedIndex: () => LogIndex
  /** A snapshot of this server is durable, and so is its log up to there. */
  readonly taken: (meta: SnapshotMeta) => void
  readonly guard: (step: () => void) => void
  readonly scheduleTurn: () => void
  readonly failed: (error: Error) => void
  readonly logger: Logger
}

/** Who asked for a snapshot is told up to where it goes, or null if there was no room. */
export type Asked = (meta: SnapshotMeta | null) => void

export class SnapshotTaker {
  /** Bytes of records applied since the newest snapshot, its own entry not included. */
  appliedBytes = 0
  private readonly parts: SnapshotTakerParts
  private readonly everyBytes: number
  private dueBytes: number
  private last: Entry | null = null
  /** One is being written, or waits for the log. */
  isTaking = false
  private asked: Asked[] = []
  /** Durable, while the log up to it is not. */
  private waiting: SnapshotMeta | null = null

  constructor(parts: SnapshotTakerParts, everyBytes: number) {
    this.parts = parts
    this.everyBytes = everyBytes
    this.dueBytes = everyBytes
  }

  /** An entry was applied just now. */
  applied(entry: Entry): void {
    this.last = entry
    this.appliedBytes += entryBytes(entry)
    if (this.appliedBytes >= this.dueBytes) this.take()
  }

  /** A snapshot of the leader has replaced the state: what was applied before counts no more. */
  restored(): void {
    this.last = null
    this.appliedBytes = 0
    this.dueBytes = this.everyBytes
  }

  /** Somebody wants one of what is applied by now. */
  ask(asked: Asked): void {
    if (this.last === null && !this.isTaking) return asked(this.parts.newest())
    this.asked.push(asked)
    this.take()
    // What is applied is covered by a leader's snapshot.
    if (!this.isTaking) this.end(this.parts.newest())
  }

  /** Once a turn: the log may have become durable up to a snapshot. */
  advance(): void {
    const { waiting } = this
    if (waiting === null || this.parts.persistedIndex() < waiting.lastIncludedIndex) return
    this.waiting = null
    this.end(waiting)
    this.parts.taken(waiting)
  }

  private take(): void {
    const { parts, last } = this
    if (this.isTaking || last === null || last.index <= (parts.newest()?.lastIncludedIndex ?? 0)) return
    const appliedBytes = this.appliedBytes
    this.isTaking = true
    this.last = null
    this.appliedBytes = 0
    this.dueBytes = this.everyBytes
    const admitted = parts.admittedAt(last.index)
    const position = {
      lastIncludedIndex: last.index,
      lastIncludedTerm: last.term,
      voters: parts.voters,
      ...(admitted === undefined ? {} : { admitted }),
    }
    parts.take(position, parts.walk(), (error, meta) => {
      parts.guard(() => {
        if (error === null) this.written(meta!)
        else if (error.code === 'no-space') this.refused(last, appliedBytes)
        else parts.failed(error)
      })
    })
  }

  /** Durable. It counts as soon as the log is, up to there. */
  private written(meta: SnapshotMeta): void {
    this.waiting = meta
    this.parts.scheduleTurn()
  }

  /** There was no room for it. It is tried again, but not at every entry from now on. */
  private refused(last: Entry, appliedBytes: number): void {
    this.parts.logger.warn({ index: last.index }, 'there is no room on the disk for a snapshot: tried again later')
    this.appliedBytes += appliedBytes
    this.dueBytes = this.appliedBytes + this.everyBytes / 4
    this.last ??= last
    this.end(null)
  }

  private end(meta: SnapshotMeta | null): void {
    this.isTaking = false
    const { asked } = this
    this.asked = []
    for (const tell of asked) tell(meta)
  }
}
