/**
 * Rebuilds the log from its batches, in the order in which they were written. A conflict was a write and no truncation,
 * so an entry at an index already present replaces it and all that follow. What Raft never writes is refused: a gap, a
 * term that goes back, an entry that replaces a committed one.
 */
import type { Batch } from '../../codec/batch.js'
import type { Entry, LogIndex, Term } from '../raft/types.js'

export class LogReplay {
  /** The entries in force, contiguous from index 1. */
  readonly entries: Entry[] = []
  /** The highest that any batch carried. It may be ahead of the entries on this disk. */
  commitIndex: LogIndex = 0
  /** Of the newest batch. */
  currentTerm: Term = 0

  get lastIndex(): LogIndex {
    return this.entries.length
  }

  get lastTerm(): Term {
    return this.termAt(this.lastIndex)
  }

  /** Takes the next batch, or says what is wrong with it. */
  accept(batch: Batch): string | null {
    if (batch.currentTerm < this.currentTerm) {
      return `it was written in term ${batch.currentTerm}, after one of term ${this.currentTerm}`
    }
    this.currentTerm = batch.currentTerm
    for (const entry of batch.entries) {
      const wrong = this.acceptEntry(entry)
      if (wrong !== null) return `entry ${entry.index} of term ${entry.term} ${wrong}`
    }
    this.commitIndex = Math.max(this.commitIndex, batch.commitIndex)
    return null
  }

  private acceptEntry(entry: Entry): string | null {
    const { index, term } = entry
    if (index > this.lastIndex + 1) return `follows entry ${this.lastIndex}, with a gap between`
    if (index <= Math.min(this.commitIndex, this.lastIndex)) return 'replaces a committed one'
    if (term < this.termAt(index - 1)) return `follows one of term ${this.termAt(index - 1)}`
    if (term > this.currentTerm) return `was written in term ${this.currentTerm}`
    if (index <= this.lastIndex) this.entries.length = index - 1
    this.entries.push(entry)
    return null
  }

  private termAt(index: LogIndex): Term {
    return index === 0 ? 0 : this.entries[index - 1]!.term
  }
}
