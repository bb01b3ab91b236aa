/**
 * One walk over the store as it was when the walk was made, while commands go on. It holds the frozen index of that
 * moment, so keys that come or go later do not touch it; and the store, before it overwrites or removes a record that the
 * walk has yet to reach, lets the walk keep a copy. What the walk costs is what is changed during it, not everything.
 *
 *   first chunk   | format version 1 | 0 0 0 | revision 8 | record count 8 | records |           20
 *   later chunks  | records |
 *
 * Records stand in key order (record-bytes.ts), none is split between chunks: equal states give equal bytes. A record
 * that is larger than a chunk is one by itself.
 */
import { putUint53 } from '../base/byte-string.js'
import type { Contents } from './contents.js'
import { KeptRecords } from './kept-records.js'
import type { FrozenChunk } from './ordered-index.js'
import { putRecord, recordBytes } from './record-bytes.js'
import type { Records } from './records.js'

export const snapshotVersion = 1
export const snapshotHeaderBytes = 20

/** A chunk of a snapshot is at most this large (src/session/types.ts), unless a single record is larger. */
export const snapshotChunkBytesMax = 65_536

export class SnapshotWalk implements IterableIterator<Uint8Array> {
  readonly #records: Records
  readonly #index: readonly FrozenChunk<number>[]
  readonly #revision: number
  readonly #count: number
  readonly #ended: (walk: SnapshotWalk) => void
  /** Copies of records changed since, which the walk has yet to reach. */
  readonly #kept: KeptRecords
  #buffer = new Uint8Array(snapshotChunkBytesMax)
  #chunkAt = 0
  #recordAt = 0
  #reached = ''
  #state: 'unstarted' | 'walking' | 'done' = 'unstarted'

  /** `ended` is called once, when the walk wants to hear of no more changes. */
  constructor(contents: Contents, revision: number, ended: (walk: SnapshotWalk) => void) {
    this.#records = contents.records
    this.#index = contents.index.freeze()
    this.#count = contents.size
    this.#revision = revision
    this.#ended = ended
    this.#kept = new KeptRecords(contents.records)
  }

  /** The store is about to overwrite or remove the record of `key`. */
  beforeChange(key: string, record: number): void {
    // A later revision: it was overwritten since the walk began and is kept already, or it came after.
    if (this.#records.revisionOf(record) <= this.#revision && key > this.#reached) this.#kept.keep(record)
  }

  next(): IteratorResult<Uint8Array, undefined> {
    if (this.#state === 'done') return { done: true, value: undefined }
    let end = 0
    if (this.#state === 'unstarted') {
      this.#state = 'walking'
      this.#buffer[0] = snapshotVersion
      putUint53(this.#buffer, 4, this.#revision)
      putUint53(this.#buffer, 12, this.#count)
      end = snapshotHeaderBytes
    }
    end = this.#fill(end)
    if (end > 0) return { done: false, value: this.#buffer.slice(0, end) }
    return this.return()
  }

  /** Writes the records that still fit behind `at`, and returns where they end. */
  #fill(at: number): number {
    for (; this.#chunkAt < this.#index.length; this.#chunkAt++, this.#recordAt = 0) {
      const { keys, records } = this.#index[this.#chunkAt]!
      for (; this.#recordAt < keys.length; this.#recordAt++) {
        const key = keys[this.#recordAt]!
        const record = this.#kept.of(records[this.#recordAt]!)
        const value = this.#records.valueOf(record)
        const bytes = recordBytes(key, value)
        if (at > 0 && at + bytes > snapshotChunkBytesMax) return at
        if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(bytes)
        at = putRecord(this.#buffer, at, key, this.#records.typeOf(record), value, this.#records.revisionOf(record))
        this.#kept.drop(records[this.#recordAt]!)
        this.#reached = key
      }
    }
    return at
  }

  /** Once the walk has ended: lets go of some of what it kept, a page at a time. False when nothing is left. */
  release(): boolean {
    return this.#kept.dropPage()
  }

  /** Ends the walk early: whoever does not walk to the end must call it (leaving a `for of` does). */
  return(): IteratorResult<Uint8Array, undefined> {
    if (this.#state !== 'done') {
      this.#state = 'done'
      this.#ended(this)
    }
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}
