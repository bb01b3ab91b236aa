/** The entries of a batch, as far as they follow each other in one term: places in the bytes that were read. */
import { assert } from '../src/base/assert.js'
import type { Entry, EntryRun, LogIndex, Term } from '../src/raft/types.js'
import { LogEntry, type RecordHeader } from './entry.js'

export class RecordRun implements EntryRun {
  readonly firstIndex: LogIndex
  readonly term: Term
  readonly namesServers: boolean
  private readonly bytes: Uint8Array
  /** Where each record begins in `bytes`, and where the last one ends. */
  private readonly offsets: readonly number[]

  /** `bytes` are lent for good: nobody may write into them. */
  constructor(bytes: Uint8Array, firstIndex: LogIndex, term: Term, offsets: readonly number[], namesServers: boolean) {
    this.bytes = bytes
    this.firstIndex = firstIndex
    this.term = term
    this.offsets = offsets
    this.namesServers = namesServers
  }

  get length(): number {
    return this.offsets.length - 1
  }

  at(position: number): Entry {
    const offset = this.offsets[position]!
    return new LogEntry(this.firstIndex + position, this.term, this.bytes, offset, this.bytesAt(position))
  }

  bytesAt(position: number): number {
    return this.offsets[position + 1]! - this.offsets[position]!
  }

  slice(from: number, to: number): RecordRun {
    const end = Math.min(to, this.length)
    assert(from < end, 'a run has an entry at least')
    const offsets = this.offsets.slice(from, end + 1)
    return new RecordRun(this.bytes, this.firstIndex + from, this.term, offsets, this.namesServers)
  }
}

/** Makes runs of records that stand one behind the other in `bytes`. */
export class RunBuilder {
  readonly runs: RecordRun[] = []
  private readonly bytes: Uint8Array
  private firstIndex: LogIndex = 0
  private term: Term = 0
  private offsets: number[] = []
  private namesServers = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** The next record begins at `offset`, and nothing stands between it and the one before. */
  add({ index, term, namesServers, recordBytes }: RecordHeader, offset: number): void {
    if (this.offsets.length === 0 || term !== this.term || index !== this.firstIndex + this.offsets.length - 1) {
      this.finish()
      this.firstIndex = index
      this.term = term
      this.offsets = [offset]
      this.namesServers = false
    }
    if (namesServers) this.namesServers = true
    this.offsets.push(offset + recordBytes)
  }

  /** The runs, when the last record was added. */
  finish(): readonly RecordRun[] {
    if (this.offsets.length > 0) {
      // A copy without the room that `push` has left: most of what a run of few entries would keep.
      const offsets = this.offsets.slice()
      this.runs.push(new RecordRun(this.bytes, this.firstIndex, this.term, offsets, this.namesServers))
    }
    this.offsets = []
    return this.runs
  }
}
