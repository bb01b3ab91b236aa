/**
 * Rebuilds the log from its batches, in the order in which they were written. A conflict was a write and no truncation,
 * so an entry at an index already present replaces it and all that follow. What Raft never writes is refused: a gap, a
 * term that goes back, an entry that replaces a committed one.
 *
 * The log begins after its base: (0, 0), or where the oldest segment that is left says, or where a reset led it.
 * - Segments go oldest first, so the entry that the oldest one names may have been replaced by a batch in it. Then
 *   the entry that replaced it is the base: it is not kept, but it cuts all that follow it.
 * - A reset voids all entries and leads the base back or forward, over a gap if need be: what it leaves out is in a
 *   snapshot. It never drops an entry that was committed when it was written.
 */
import type { Batch, LogPoint } from '../../codec/batch.js'
import { EntryList } from '../raft/entry-list.js'
import type { EntryRun, LogIndex, Term } from '../raft/types.js'

export class LogReplay {
  /** The entries in force, behind the base. */
  readonly entries = new EntryList(0, 0)
  /** The highest that any batch carried. It may be ahead of the entries on this disk. */
  commitIndex: LogIndex = 0
  /** Of the newest batch. */
  currentTerm: Term = 0

  get baseIndex(): LogIndex {
    return this.entries.baseIndex
  }

  get baseTerm(): Term {
    return this.entries.baseTerm
  }

  get lastIndex(): LogIndex {
    return this.entries.lastIndex
  }

  get lastTerm(): Term {
    return this.entries.lastTerm
  }

  /** The log is empty after this entry. */
  beginAfter({ index, term }: LogPoint): void {
    this.entries.resetTo(index, term)
  }

  /** Of an entry between the base and the last one, both included. */
  termAt(index: LogIndex): Term {
    return this.entries.termAt(index)!
  }

  /** Takes the next batch, or says what is wrong with it. */
  accept(batch: Batch): string | null {
    if (batch.currentTerm < this.currentTerm) {
      return `it was written in term ${batch.currentTerm}, after one of term ${this.currentTerm}`
    }
    this.currentTerm = batch.currentTerm
    if (batch.reset !== null) {
      const wrong = this.acceptReset(batch.reset)
      if (wrong !== null) return `a reset to entry ${batch.reset.index} of term ${batch.reset.term} ${wrong}`
    }
    for (const run of batch.runs) {
      const wrong = this.acceptRun(run)
      if (wrong !== null) return `entry ${run.firstIndex} of term ${run.term} ${wrong}`
    }
    this.commitIndex = Math.max(this.commitIndex, batch.commitIndex)
    return null
  }

  private acceptReset(reset: LogPoint): string | null {
    const { index, term } = reset
    if (index < Math.min(this.commitIndex, this.lastIndex)) return 'drops a committed one'
    if (term > this.currentTerm) return `was written in term ${this.currentTerm}`
    this.beginAfter(reset)
    this.commitIndex = Math.max(this.commitIndex, index)
    return null
  }

  /** Of a run the first entry alone can be wrong: the others follow it, in its term, and replace nothing that it has left. */
  private acceptRun(run: EntryRun): string | null {
    const { firstIndex: index, term, length } = run
    if (index > this.lastIndex + 1) return `follows entry ${this.lastIndex}, with a gap between`
    if (index <= Math.min(this.commitIndex, this.lastIndex)) return 'replaces a committed one'
    if (term > this.currentTerm) return `was written in term ${this.currentTerm}`
    if (index <= this.baseIndex) {
      this.beginAfter({ index, term })
      if (length > 1) this.entries.pushRun(run.slice(1, length))
      return null
    }
    if (term < this.termAt(index - 1)) return `follows one of term ${this.termAt(index - 1)}`
    if (index <= this.lastIndex) this.entries.truncateFrom(index)
    this.entries.pushRun(run)
    return null
  }
}
