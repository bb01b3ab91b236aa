/**
 * The log in memory: contiguous entries after its base, which lies at or before the newest snapshot. It knows positions and
 * terms, not rules; which entries may be replaced is decided in append-entries.ts, which may go in compaction.ts. Terms
 * never decrease along it, so terms are found by bisection.
 */
import { assert } from '../base/assert.js'
import { Admitted } from './admitted.js'
import type { Entry, LogIndex, Named, Term } from './types.js'
import { entryOverheadBytes } from './types.js'

/** Bytes of an entry's record, in datagrams and in the log file. */
export function entryBytes(entry: Entry): number {
  return entryOverheadBytes + entry.payload.length
}

/** Bytes of the records of several. */
export function entriesBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
}

export class Log {
  /** The place before the first entry, (0, 0) at the very beginning. Its term is known, its content is not here. */
  baseIndex: LogIndex
  baseTerm: Term
  /** What it says of incarnations. */
  readonly admitted = new Admitted()
  private entries: Entry[]

  constructor(baseIndex: LogIndex, baseTerm: Term, entries: readonly Entry[]) {
    this.baseIndex = baseIndex
    this.baseTerm = baseTerm
    this.entries = []
    for (const entry of entries) this.append(entry)
  }

  get firstIndex(): LogIndex {
    return this.baseIndex + 1
  }

  get lastIndex(): LogIndex {
    return this.baseIndex + this.entries.length
  }

  get lastTerm(): Term {
    const last = this.lastEntry
    return last === undefined ? this.baseTerm : last.term
  }

  /** The last entry, or undefined where the log is empty. */
  get lastEntry(): Entry | undefined {
    return this.entries[this.entries.length - 1]
  }

  /** The term of the entry at `index`, or undefined where the log does not reach or no longer knows. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.baseIndex) return this.baseTerm
    return this.entries[index - this.firstIndex]?.term
  }

  /** The entry at `index`, which must be there. */
  at(index: LogIndex): Entry {
    const entry = this.entries[index - this.firstIndex]
    // The sentence is made only where it is needed: entries are looked at more often than anything else.
    if (entry === undefined) assert(false, `entry ${index} is in the log (${this.firstIndex}..${this.lastIndex})`)
    return entry
  }

  append(entry: Entry): void {
    const { lastIndex, lastTerm } = this
    // Sentences are made only where they are needed: a log of a million entries is appended one by one at a start.
    if (entry.index !== lastIndex + 1) assert(false, `entry ${entry.index} follows the last index ${lastIndex}`)
    if (entry.term < lastTerm) assert(false, `terms do not decrease along the log (${lastTerm}, then ${entry.term})`)
    this.entries.push(entry)
    this.admitted.append(entry)
  }

  /** Forgets the entry at `index` and all that follow. */
  truncateFrom(index: LogIndex): void {
    assert(index > this.baseIndex, `truncation at ${index} stays above the base ${this.baseIndex}`)
    this.entries.length = Math.min(this.entries.length, index - this.firstIndex)
    this.admitted.truncateFrom(index)
  }

  /** Forgets the entries up to `index`, whose term stays known. */
  compactTo(index: LogIndex): void {
    if (index <= this.baseIndex) return
    const { term } = this.at(index)
    // One copy of what stays: taking so many away at the front would move them as often as there are calls.
    this.entries = this.entries.slice(index - this.baseIndex)
    this.baseIndex = index
    this.baseTerm = term
  }

  /** A snapshot up to (index, term) says who is admitted; entries behind it may say more. */
  restoreAdmitted(index: LogIndex, term: Term, named: readonly Named[] | undefined): void {
    this.admitted.restore(index, term, named)
    for (const entry of this.entries) this.admitted.append(entry)
  }

  /** Begins anew, empty behind the entry (index, term), which is not here. */
  resetTo(index: LogIndex, term: Term): void {
    this.entries = []
    this.baseIndex = index
    this.baseTerm = term
  }

  /** The lowest index that records of up to `bytesMax` follow, up to and with that of `last`; the base at least. */
  indexBefore(last: LogIndex, bytesMax: number): LogIndex {
    let bytes = 0
    let index = last
    while (index > this.baseIndex) {
      bytes += entryBytes(this.at(index))
      if (bytes > bytesMax) break
      index--
    }
    return index
  }

  /** The entries of [from, to], both within the log; empty when to < from. */
  range(from: LogIndex, to: LogIndex): readonly Entry[] {
    return this.entries.slice(from - this.firstIndex, to - this.firstIndex + 1)
  }

  /** Entries from `from` on whose records take up to `bytesMax`; always at least one if there is one. */
  take(from: LogIndex, bytesMax: number): readonly Entry[] {
    let bytes = 0
    let to = from - 1
    while (to < this.lastIndex) {
      bytes += entryBytes(this.at(to + 1))
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

  /** Is a log that ends with (lastTerm, lastIndex) at least as up to date as this one? Paper, section 5.4.1. (R3) */
  isUpToDate(lastIndex: LogIndex, lastTerm: Term): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)
  }

  private firstIndexWithTermAtLeast(term: Term): LogIndex {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.entries[middle]!.term < term) low = middle + 1
      else high = middle
    }
    return this.firstIndex + low
  }
}
