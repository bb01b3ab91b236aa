/** What was dropped, counted by reason: of one link, and of the whole transport. As many counters as there are reasons. */
import type { DropReason, Drops } from './types.js'

export class DropCounters {
  private readonly counts: Partial<Record<DropReason, number>> = {}

  count(reason: DropReason, by = 1): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + by
  }

  /** As of now. */
  get all(): Drops {
    return { ...this.counts }
  }
}
