/**
 * The records by number: 24 bytes each on pages of numbers, and a value in the arena. No objects: a million of them would
 * be traced by every full collection, and a new one for each put would be copied by the scavenger.
 *
 *   record   | revision f64 | hash f64 | type << 24 + length u32 | address of the value u32 |
 *
 * Numbers of removed records are used again. Values above arenaValueBytesMax have arrays of their own. Nothing refers to
 * the bytes of the command that a record came in: an entry's buffer holds many commands.
 */
import { addHash, hashNumber, hashWords } from '../base/hash.js'
import { arenaValueBytesMax } from './limits.js'
import { sizeClassOf, slotBytesOf } from './size-classes.js'
import type { Value, ValueType } from './types.js'
import { ValueArena } from './value-arena.js'

const pageBits = 11
const pageRecords = 1 << pageBits
const pageMask = pageRecords - 1
const recordDoubles = 3
const recordWords = 6
const lengthAndTypeAt = 4
const addressAt = 5
const lengthMask = 0xffffff

const none = -1

/** Measured at a million keys: the key's string, its places in the table and in the index, the record's 24 bytes. */
export const recordOverheadBytes = 112
const ownArrayBytes = 200

/** Memory that a value of `length` bytes takes. */
export function valueMemoryBytes(length: number): number {
  return length <= arenaValueBytesMax ? slotBytesOf[sizeClassOf(length)]! : length + ownArrayBytes
}

interface Page {
  readonly doubles: Float64Array
  readonly words: Int32Array
}

export class Records {
  readonly #arena = new ValueArena()
  readonly #pages: Page[] = []
  /** By number: values that are too large for the arena. None is ever changed. */
  readonly #large = new Map<number, Uint8Array>()
  #next = 0
  /** The first of the free numbers, which form a list through their addresses, or none. */
  #free = none

  /** Stores a new record and returns its number. `keyHash` is hashBytes(key, 0); the value stands in `bytes`. */
  add(keyHash: number, revision: number, type: ValueType, bytes: Uint8Array, from = 0, to = bytes.length): number {
    const record = this.#takeNumber()
    const length = to - from
    this.#setLength(record, type, length)
    this.#setAddress(record, length <= arenaValueBytesMax ? this.#arena.allocate(length) : 0)
    this.#write(record, keyHash, revision, bytes, from, to)
    return record
  }

  /** Stores a record in place of an older one of the same key. */
  overwrite(record: number, keyHash: number, revision: number, type: ValueType, bytes: Uint8Array, from = 0): void {
    const before = this.lengthOf(record)
    const length = bytes.length - from
    if (before > arenaValueBytesMax || length > arenaValueBytesMax || sizeClassOf(before) !== sizeClassOf(length)) {
      this.#releaseValue(record, before)
      this.#setAddress(record, length <= arenaValueBytesMax ? this.#arena.allocate(length) : 0)
    }
    this.#setLength(record, type, length)
    this.#write(record, keyHash, revision, bytes, from, bytes.length)
  }

  #write(record: number, keyHash: number, revision: number, bytes: Uint8Array, from: number, to: number): void {
    const page = this.#pages[record >>> pageBits]!
    const at = record & pageMask
    const length = to - from
    const type = page.words[at * recordWords + lengthAndTypeAt]! >>> 24
    const seed = hashNumber(revision, addHash(keyHash, type))
    page.doubles[at * recordDoubles] = revision
    if (length <= arenaValueBytesMax) {
      const address = page.words[at * recordWords + addressAt]!
      page.doubles[at * recordDoubles + 1] = this.#arena.put(address, bytes, from, to, seed)
    } else {
      // Whole words, so that they can be hashed.
      const own = new Uint8Array((length + 3) & ~3)
      own.set(bytes.subarray(from, to))
      this.#large.set(record, own)
      page.doubles[at * recordDoubles + 1] = hashWords(new Int32Array(own.buffer), 0, length, seed)
    }
  }

  /** Removes a record; its number will be used again. */
  remove(record: number): void {
    this.#releaseValue(record, this.lengthOf(record))
    this.#setAddress(record, this.#free)
    this.#free = record
  }

  /** A record of its own with what `record` has now. */
  copy(record: number): number {
    const copy = this.#takeNumber()
    const length = this.lengthOf(record)
    this.#setLength(copy, this.typeOf(record), length)
    const page = this.#pages[copy >>> pageBits]!
    const at = (copy & pageMask) * recordDoubles
    page.doubles[at] = this.revisionOf(record)
    page.doubles[at + 1] = this.hashOf(record)
    if (length <= arenaValueBytesMax) {
      const address = this.#arena.allocate(length)
      this.#arena.put(address, this.valueOf(record), 0)
      this.#setAddress(copy, address)
    } else {
      this.#large.set(copy, this.#large.get(record)!)
    }
    return copy
  }

  /** Revision of the command that wrote it. */
  revisionOf(record: number): number {
    return this.#pages[record >>> pageBits]!.doubles[(record & pageMask) * recordDoubles]!
  }

  /** Hash of key, type, value and revision. */
  hashOf(record: number): number {
    return this.#pages[record >>> pageBits]!.doubles[(record & pageMask) * recordDoubles + 1]!
  }

  typeOf(record: number): ValueType {
    return (this.#wordOf(record, lengthAndTypeAt) >>> 24) as ValueType
  }

  /** Bytes of its value. */
  lengthOf(record: number): number {
    return this.#wordOf(record, lengthAndTypeAt) & lengthMask
  }

  /** The bytes of its value: a view, to be copied before the next change. */
  valueOf(record: number): Uint8Array {
    const length = this.lengthOf(record)
    if (length > arenaValueBytesMax) return this.#large.get(record)!.subarray(0, length)
    return this.#arena.view(this.#wordOf(record, addressAt), length)
  }

  /** Whether its value is this one: type and bytes. */
  equalsValue(record: number, value: Value): boolean {
    if (this.typeOf(record) !== value.type || this.lengthOf(record) !== value.bytes.length) return false
    return this.valueOf(record).every((byte, at) => byte === value.bytes[at])
  }

  #takeNumber(): number {
    const record = this.#free
    if (record !== none) {
      this.#free = this.#wordOf(record, addressAt)
      return record
    }
    if (this.#next === this.#pages.length * pageRecords) {
      const doubles = new Float64Array(pageRecords * recordDoubles)
      this.#pages.push({ doubles, words: new Int32Array(doubles.buffer) })
    }
    return this.#next++
  }

  #releaseValue(record: number, length: number): void {
    if (length > arenaValueBytesMax) this.#large.delete(record)
    else this.#arena.release(this.#wordOf(record, addressAt))
  }

  #wordOf(record: number, at: number): number {
    return this.#pages[record >>> pageBits]!.words[(record & pageMask) * recordWords + at]!
  }

  #setLength(record: number, type: ValueType, length: number): void {
    const at = (record & pageMask) * recordWords + lengthAndTypeAt
    this.#pages[record >>> pageBits]!.words[at] = (type << 24) | length
  }

  #setAddress(record: number, address: number): void {
    this.#pages[record >>> pageBits]!.words[(record & pageMask) * recordWords + addressAt] = address
  }
}
