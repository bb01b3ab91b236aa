/**
 * Snapshots Are The Same: two snapshots up to one entry are equal, whoever took them. That follows from State Machine Safety
 * only where equal states give equal bytes, and a transfer that one leader began another goes on with (section 7). Who is
 * admitted follows from the log as well, and where a snapshot has taken its place nothing else says it (raft/admitted.ts).
 */
import type { LogIndex, Named, ServerId, SnapshotMeta } from '../../raft/types.js'
import { violated } from './violation.js'

export class SameSnapshots {
  /** Incarnations are told apart: the first entry of all names the founders, so every snapshot says who is admitted. */
  tellsIncarnations = false
  private readonly byIndex = new Map<LogIndex, SnapshotMeta>()
  private readonly newest = new Map<ServerId, SnapshotMeta | null>()

  /** This is the newest snapshot of a server now. */
  check(id: ServerId, meta: SnapshotMeta | null): void {
    if (this.newest.get(id) === meta) return
    this.newest.set(id, meta)
    if (meta === null) return
    if (this.tellsIncarnations && meta.admitted === undefined) {
      violated(
        'Snapshots Are The Same',
        `server ${id} has one up to entry ${meta.lastIncludedIndex} that admits nobody`,
      )
    }
    const known = this.byIndex.get(meta.lastIncludedIndex)
    if (known === undefined) this.byIndex.set(meta.lastIncludedIndex, meta)
    else if (
      known.lastIncludedTerm !== meta.lastIncludedTerm ||
      known.totalBytes !== meta.totalBytes ||
      known.hash !== meta.hash
    ) {
      violated(
        'Snapshots Are The Same',
        `server ${id} has one up to entry ${meta.lastIncludedIndex} of ${meta.totalBytes} bytes with hash ${meta.hash}, ` +
          `there is one of ${known.totalBytes} bytes with hash ${known.hash}`,
      )
    } else if (namesOf(known.admitted) !== namesOf(meta.admitted)) {
      violated(
        'Snapshots Are The Same',
        `server ${id} has one up to entry ${meta.lastIncludedIndex} that admits ${namesOf(meta.admitted)}, ` +
          `there is one that admits ${namesOf(known.admitted)}`,
      )
    }
  }
}

/** In the order of ids, as they are kept. */
function namesOf(admitted: readonly Named[] | undefined): string {
  return admitted?.map(({ id, incarnation }) => `${id} in ${incarnation}`).join(', ') ?? 'whoever there is'
}
