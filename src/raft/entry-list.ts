/**
 * Entries in a row behind a base, by index. Those that a start found in the log file stand in the bytes that were read
 * (EntryRun), and are made when they are looked at: a million objects would be most of what the garbage collector moves
 * and traces, at the start and ever after. Those that came since are objects.
 */
import { assert } from '../base/assert.js'
import { namesServers } from './admitted.js'
import type { Entry, EntryRun, LogIndex, Term } from './types.js'
import { entryOverheadBytes } from './types.js'

/** Bytes of an entry's record, in datagrams and in the log file. */
export function entryBytes(entry: Entry): number {
  return entry.recordBytes ?? entryOverheadBytes + entry.payload.length
}

/** Whether two are one: those of a run are other objects at every look. */
export function isSameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === other || one === undefined || other === undefined) return one === other
  if (one.index !== other.index || one.term !== other.term || one.kind !== other.kind) return false
  const { payload } = other
  return one.payload.length === payload.length && one.payload.every((byte, at) => byte === payload[at])
}

export class EntryList {
  /** The place before the first entry, (0, 0) at the very beginning. Its term is known, its content is not here. */
  baseIndex: LogIndex
  baseTerm: Term
  /** Contiguous; the first may begin before the base, and each ends where the next one begins. */
  private runs: EntryRun[] = []
  /** The last index that stands in runs; the base where there are none. */
  private runsEnd: LogIndex
  /** Those from runsEnd + 1 on. */
  private recent: Entry[] = []
  /** Where the run stands that was looked at last: most looks go along the list. */
  private lookedAt = 0

  constructor(baseIndex: LogIndex, baseTerm: Term) {
    this.baseIndex = baseIndex
    this.baseTerm = baseTerm
    this.runsEnd = baseIndex
  }

  /** The list of these entries, behind a base. */
  static of(baseIndex: LogIndex, baseTerm: Term, entries: Iterable<Entry>): EntryList {
    const list = new EntryList(baseIndex, baseTerm)
    for (const entry of entries) list.push(entry)
    return list
  }

  get length(): number {
    return this.lastIndex - this.baseIndex
  }

  get lastIndex(): LogIndex {
    return this.runsEnd + this.recent.length
  }

  get lastTerm(): Term {
    const last = this.recent[this.recent.length - 1]
    return last !== undefined ? last.term : (this.runs[this.runs.length - 1]?.term ?? this.baseTerm)
  }

  /** The entry at `index`, or undefined where there is none. */
  at(index: LogIndex): Entry | undefined {
    if (index > this.runsEnd) return this.recent[index - this.runsEnd - 1]
    if (index <= this.baseIndex) return undefined
    const run = this.runOf(index)
    return run.at(index - run.firstIndex)
  }

  /** The term of the entry at `index`, or of the base; undefined elsewhere. */
  termAt(index: LogIndex): Term | undefined {
    if (index > this.runsEnd) return this.recent[index - this.runsEnd - 1]?.term
    if (index <= this.baseIndex) return index === this.baseIndex ? this.baseTerm : undefined
    return this.runOf(index).term
  }

  /** Bytes of the record of the entry at `index`, which must be there. */
  bytesAt(index: LogIndex): number {
    if (index <= this.baseIndex || index > this.lastIndex) {
      assert(false, `entry ${index} is in the list (${this.baseIndex + 1}..${this.lastIndex})`)
    }
    if (index > this.runsEnd) return entryBytes(this.recent[index - this.runsEnd - 1]!)
    const run = this.runOf(index)
    return run.bytesAt(index - run.firstIndex)
  }

  /** The entries of [from, to], both within the list; empty when to < from. */
  range(from: LogIndex, to: LogIndex): readonly Entry[] {
    if (from > this.runsEnd) return this.recent.slice(from - this.runsEnd - 1, to - this.runsEnd)
    const entries: Entry[] = []
    for (let index = from; index <= to; index++) entries.push(this.at(index)!)
    return entries
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (let index = this.baseIndex + 1; index <= this.lastIndex; index++) yield this.at(index)!
  }

  /** The entries that name servers, in their order; others may be among them. */
  *naming(): Iterable<Entry> {
    for (const run of this.runs) {
      if (!run.namesServers) continue
      const end = run.firstIndex + run.length
      for (let index = Math.max(run.firstIndex, this.baseIndex + 1); index < end; index++) yield this.at(index)!
    }
    for (const entry of this.recent) if (namesServers(entry.kind)) yield entry
  }

  push(entry: Entry): void {
    // The sentences are made only where they are needed: entries come more often than anything else.
    const { lastIndex, lastTerm } = this
    if (entry.index !== lastIndex + 1) assert(false, `entry ${entry.index} follows the last index ${lastIndex}`)
    if (entry.term < lastTerm) assert(false, `terms do not decrease along the log (${lastTerm}, then ${entry.term})`)
    this.recent.push(entry)
  }

  /** Appends what a log file holds; nothing that is no run may have come before. */
  pushRun(run: EntryRun): void {
    const { lastIndex, lastTerm } = this
    assert(this.recent.length === 0, 'a log is read before anything is added to it')
    if (run.firstIndex !== lastIndex + 1) assert(false, `entry ${run.firstIndex} follows the last index ${lastIndex}`)
    if (run.term < lastTerm) assert(false, `terms do not decrease along the log (${lastTerm}, then ${run.term})`)
    this.runs.push(run)
    this.runsEnd += run.length
  }

  /** Forgets the entry at `index`, above the base, and all that follow. */
  truncateFrom(index: LogIndex): void {
    if (index > this.runsEnd) {
      this.recent.length = Math.min(this.recent.length, index - this.runsEnd - 1)
      return
    }
    this.recent = []
    this.runsEnd = index - 1
    while ((this.runs[this.runs.length - 1]?.firstIndex ?? 0) >= index) this.runs.pop()
    const last = this.runs.pop()
    if (last !== undefined) this.runs.push(last.slice(0, index - last.firstIndex))
  }

  /** Forgets the entries up to `index`, which is here and becomes the base. */
  compactTo(index: LogIndex): void {
    this.baseTerm = this.termAt(index)!
    this.baseIndex = index
    if (index < this.runsEnd) {
      this.runs.splice(0, this.placeOf(index + 1))
    } else {
      this.runs = []
      // One copy of what stays: taking so many away at the front would move them as often as there are calls.
      this.recent = this.recent.slice(index - this.runsEnd)
      this.runsEnd = index
    }
  }

  /** Begins anew, empty behind the entry (index, term), which is not here. */
  resetTo(index: LogIndex, term: Term): void {
    this.baseIndex = index
    this.baseTerm = term
    this.runs = []
    this.runsEnd = index
    this.recent = []
  }

  private runOf(index: LogIndex): EntryRun {
    const run = this.runs[this.lookedAt]
    if (run !== undefined && index >= run.firstIndex && index < run.firstIndex + run.length) return run
    return this.runs[(this.lookedAt = this.placeOf(index))]!
  }

  /** The place of the run with the entry at `index`, which stands in one. */
  private placeOf(index: LogIndex): number {
    if (this.runs[this.lookedAt + 1]?.firstIndex === index) return this.lookedAt + 1
    let low = 0
    let high = this.runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.runs[middle]!.firstIndex <= index) low = middle
      else high = middle - 1
    }
    return low
  }
}
