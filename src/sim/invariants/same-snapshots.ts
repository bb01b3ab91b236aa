/**
 * Snapshots Are The Same: two snapshots up to one entry are equal, whoever took them. That follows from State Machine Safety
 * only where equal states give equal bytes, and a transfer that one leader began another goes on with (section 7).
 */
import type { LogIndex, ServerId, SnapshotMeta } from '../../raft/types.js'
import { violated } from './violation.js'

export class SameSnapshots {
  private readonly byIndex = new Map<LogIndex, SnapshotMeta>()
  private readonly newest = new Map<ServerId, SnapshotMeta | null>()

  /** This is the newest snapshot of a server now. */
  check(id: ServerId, meta: SnapshotMeta | null): void {
    if (this.newest.get(id) === meta) return
    this.newest.set(id, meta)
    if (meta === null) return
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
    }
  }
}
