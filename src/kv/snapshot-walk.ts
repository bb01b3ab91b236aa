/**
 * One walk over the store as it was when the walk was made, while commands go on. It holds the frozen index of that
 * moment, so keys that come or go later do not touch it; and the store, before it overwrites a record that the walk has
 * yet to reach, lets the walk keep the old value. What the walk costs is what is overwritten during it, not a copy.
 *
 *   first chunk   | format version 1 | 0 0 0 | revision 8 | record count 8 | records |           20
 *   later chunks  | records |
 *
 * Records stand in key order (record-bytes.ts), none is split between chunks: equal states give equal bytes. A record
 * that is larger than a chunk is one by itself.
 */
import { putUint53 } from '../base/byte-string.js'
import type { FrozenChunk } from './ordered-index.js'
import { putRecord, recordBytes } from './record-bytes.js'
import type { StoredRecord } from './stored-record.js'

export const snapshotVersion = 1
export const snapshotHeaderBytes = 20

/** A chunk of a snapshot is at most this large (src/session/types.ts), unless a single record is larger. */
export const snapshotChunkBytesMax = 65_536

export class SnapshotWalk implements IterableIterator<Uint8Array> {
  readonly #index: readonly FrozenChunk<StoredRecord>[]
  readonly #revision: number
  readonly #count: number
  readonly #ended: (walk: SnapshotWalk) => void
  /** Old contents of records overwritten since, which the walk has yet to reach. */
  readonly #kept = new Map<StoredRecord, StoredRecord>()
  #buffer = new Uint8Array(snapshotChunkBytesMax)
  #chunkAt = 0
  #recordAt = 0
  #reached = ''
  #state: 'unstarted' | 'walking' | 'done' = 'unstarted'

  /** `ended` is called once, when the walk wants to hear of no more changes. */
  constructor(
    index: readonly FrozenChunk<StoredRecord>[],
    revision: number,
    count: number,
    ended: (walk: SnapshotWalk) => void,
  ) {
    this.#index = index
    this.#revision = revision
    this.#count = count
    this.#ended = ended
  }

  /** The store is about to overwrite the record of `key`. */
  beforeOverwrite(key: string, record: StoredRecord): void {
    // A later revision: it was overwritten since the walk began and is kept already, or it came after.
    if (record.revision <= this.#revision && key > this.#reached) this.#kept.set(record, { ...record })
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
        const present = records[this.#recordAt]!
        const record = this.#kept.size > 0 ? (this.#kept.get(present) ?? present) : present
        const bytes = recordBytes(key, record.value)
        if (at > 0 && at + bytes > snapshotChunkBytesMax) return at
        if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(bytes)
        at = putRecord(this.#buffer, at, key, record.type, record.value, record.revision)
        if (record !== present) this.#kept.delete(present)
        this.#reached = key
      }
    }
    return at
  }

  /** Ends the walk early: whoever does not walk to the end must call it (leaving a `for of` does). */
  return(): IteratorResult<Uint8Array, undefined> {
    if (this.#state !== 'done') {
      this.#state = 'done'
      this.#kept.clear()
      this.#ended(this)
    }
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}
