/**
 * The log in memory: contiguous entries after its base, which lies at or before the newest snapshot. It knows positions and
 * terms, not rules; which entries may be replaced is decided in append-entries.ts, which may go in compaction.ts. Terms
 * never decrease along it, so terms are found by bisection.
 */
import { assert } from '../base/assert.js'
import { Admitted } from './admitted.js'
import { entryBytes, EntryList } from './entry-list.js'
import type { Entry, LogIndex, Named, Term } from './types.js'

/** Bytes of the records of several. */
export function entriesBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
}

export class Log {
  /** What it says of incarnations. */
  readonly admitted = new Admitted()
  private readonly entries: EntryList

  /** An EntryList is taken over: nobody else may change it then. */
  constructor(baseIndex: LogIndex, baseTerm: Term, entries: Iterable<Entry>) {
    this.entries = entries instanceof EntryList ? entries : EntryList.of(baseIndex, baseTerm, entries)
    for (const entry of this.entries.naming()) this.admitted.append(entry)
  }

  /** The place before the first entry, (0, 0) at the very beginning. Its term is known, its content is not here. */
  get baseIndex(): LogIndex {
    return this.entries.baseIndex
  }

  get baseTerm(): Term {
    return this.entries.baseTerm
  }

  get firstIndex(): LogIndex {
    return this.baseIndex + 1
  }

  get lastIndex(): LogIndex {
    return this.entries.lastIndex
  }

  get lastTerm(): Term {
    return this.entries.lastTerm
  }

  /** The last entry, or undefined where the log is empty. */
  get lastEntry(): Entry | undefined {
    return this.entries.at(this.lastIndex)
  }

  /** The term of the entry at `index`, or undefined where the log does not reach or no longer knows. */
  termAt(index: LogIndex): Term | undefined {
    return this.entries.termAt(index)
  }

  /** The entry at `index`, which must be there. */
  at(index: LogIndex): Entry {
    const entry = this.entries.at(index)
    // The sentence is made only where it is needed: entries are looked at more often than anything else.
    if (entry === undefined) assert(false, `entry ${index} is in the log (${this.firstIndex}..${this.lastIndex})`)
    return entry
  }

  /** Bytes of the record of the entry at `index`, which must be there. */
  bytesAt(index: LogIndex): number {
    return this.entries.bytesAt(index)
  }

  append(entry: Entry): void {
    this.entries.push(entry)
    this.admitted.append(entry)
  }

  /** Forgets the entry at `index` and all that follow. */
  truncateFrom(index: LogIndex): void {
    assert(index > this.baseIndex, `truncation at ${index} stays above the base ${this.baseIndex}`)
    this.entries.truncateFrom(index)
    this.admitted.truncateFrom(index)
  }

  /** Forgets the entries up to `index`, whose term stays known. */
  compactTo(index: LogIndex): void {
    if (index <= this.baseIndex) return
    assert(index <= this.lastIndex, `entry ${index} is in the log (${this.firstIndex}..${this.lastIndex})`)
    this.entries.compactTo(index)
  }

  /** A snapshot up to (index, term) says who is admitted; entries behind it may say more. */
  restoreAdmitted(index: LogIndex, term: Term, named: readonly Named[] | undefined): void {
    this.admitted.restore(index, term, named)
    for (const entry of this.entries.naming()) this.admitted.append(entry)
  }

  /** Begins anew, empty behind the entry (index, term), which is not here. */
  resetTo(index: LogIndex, term: Term): void {
    this.entries.resetTo(index, term)
  }

  /** The lowest index such that the records behind it, up to that of `last`, take at most `bytesMax`; the base at least. */
  indexBefore(last: LogIndex, bytesMax: number): LogIndex {
    let bytes = 0
    let index = last
    while (index > this.baseIndex) {
      bytes += this.entries.bytesAt(index)
      if (bytes > bytesMax) break
      index--
    }
    return index
  }

  /** The entries of [from, to], both within the log; empty when to < from. */
  range(from: LogIndex, to: LogIndex): readonly Entry[] {
    return this.entries.range(from, to)
  }

  /** Entries from `from` on whose records take up to `bytesMax`; always at least one if there is one. */
  take(from: LogIndex, bytesMax: number): readonly Entry[] {
    let bytes = 0
    let to = from - 1
    while (to < this.lastIndex) {
      bytes += this.entries.bytesAt(to + 1)
      if (bytes > bytesMax && to >= from) break
      to++
    }
    return this.range(from, to)
  }

  /** The first index whose term is that of the entry at `index`. */
  firstIndexOfTermAt(index: LogIndex): LogIndex {
    const term = this.at(index).term
    return this.firstIndexWithTermAtLeast(term)
  }

  /** The last index of an entry of `term`, or 0 if there is none. */
  lastIndexOfTerm(term: Term): LogIndex {
    const index = this.firstIndexWithTermAtLeast(term + 1) - 1
    return this.termAt(index) === term ? index : 0
  }

  /** Is a log that ends with (lastTerm, lastIndex) at least as up to date as this one? Paper, section 5.4.1. (K03) */
  isUpToDate(lastIndex: LogIndex, lastTerm: Term): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)
  }

  private firstIndexWithTermAtLeast(term: Term): LogIndex {
    let low = this.firstIndex
    let high = this.lastIndex + 1
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.entries.termAt(middle)! < term) low = middle + 1
      else high = middle
    }
    return low
  }
}
