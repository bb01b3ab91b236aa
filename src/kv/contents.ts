/**
 * What a store holds: records, found through a table of numbers, and in key order through an index that only new and
 * deleted keys touch. Built anew by a restore, and then put in the place of the old one as a whole.
 */
import { addHash, subtractHash } from '../base/hash.js'
import { OrderedIndex } from './ordered-index.js'
import { RecordTable } from './record-table.js'
import { recordOverheadBytes, Records, valueMemoryBytes } from './records.js'
import type { ValueType } from './types.js'

export class Contents {
  readonly records = new Records()
  readonly index = new OrderedIndex<number>()
  readonly #table = new RecordTable()
  #hashSum = 0
  #bytes = 0

  /** Number of keys. */
  get size(): number {
    return this.#table.size
  }

  /** Memory that keys and values take, approximately. */
  get bytes(): number {
    return this.#bytes
  }

  /** Sum of the hashes of all records. */
  get hashSum(): number {
    return this.#hashSum
  }

  /** The record of the key, or undefined. `keyHash` is hashBytes(key, 0), here and below. A value stands in
   *  `bytes`, from `from` to `to`. */
  find(key: string, keyHash: number): number | undefined {
    return this.#table.get(key, keyHash)
  }

  /** So many keys will come. */
  expect(keys: number): void {
    this.#table.expect(keys)
  }

  /** Adds a key that is not there yet. */
  add(key: string, keyHash: number, revision: number, type: ValueType, bytes: Uint8Array, from = 0): void {
    this.index.add(key, this.#addRecord(key, keyHash, revision, type, bytes, from, bytes.length))
  }

  /** Adds a key above all that are there. */
  append(
    key: string,
    keyHash: number,
    revision: number,
    type: ValueType,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    this.index.append(key, this.#addRecord(key, keyHash, revision, type, bytes, from, to))
  }

  #addRecord(
    key: string,
    keyHash: number,
    revision: number,
    type: ValueType,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): number {
    const record = this.records.add(keyHash, revision, type, bytes, from, to)
    this.#table.add(key, keyHash, record)
    this.#hashSum = addHash(this.#hashSum, this.records.hashOf(record))
    this.#bytes += recordOverheadBytes + key.length + valueMemoryBytes(to - from)
    return record
  }

  /** Stores another value under the key of `record`. */
  overwrite(record: number, keyHash: number, revision: number, type: ValueType, bytes: Uint8Array, from = 0): void {
    const { records } = this
    const without = subtractHash(this.#hashSum, records.hashOf(record))
    const lengthBefore = records.lengthOf(record)
    const length = bytes.length - from
    if (length !== lengthBefore) this.#bytes += valueMemoryBytes(length) - valueMemoryBytes(lengthBefore)
    records.overwrite(record, keyHash, revision, type, bytes, from)
    this.#hashSum = addHash(without, records.hashOf(record))
  }

  /** Removes a key, which must be there, and its record. */
  remove(key: string, keyHash: number, record: number): void {
    const { records } = this
    this.#table.remove(key, keyHash)
    this.index.remove(key)
    this.#hashSum = subtractHash(this.#hashSum, records.hashOf(record))
    this.#bytes -= recordOverheadBytes + key.length + valueMemoryBytes(records.lengthOf(record))
    records.remove(record)
  }
}
