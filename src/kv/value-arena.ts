/**
 * Where values stand: in slots (paged-arena.ts) of some sizes (size-classes.ts). A value that is overwritten by one of like
 * length is overwritten in place. Measured: a string for each value had to be copied twice by the scavenger and remembered
 * once, a third of all that a put cost.
 */
import { hashWords } from '../base/hash.js'
import { PagedArena, wordOf } from './paged-arena.js'
import { sizeClassOf, slotBytesOf } from './size-classes.js'

/** Where the bytes of a command up to this size are laid, for the value to be copied from (ValueArena.put). */
const alignedBytes = 1_024
const aligned = new Uint8Array(alignedBytes + 8)
const alignedWords = new Int32Array(aligned.buffer)

export class ValueArena {
  readonly #slots = new PagedArena(slotBytesOf)

  /** Bytes that the pages take. */
  get bytes(): number {
    return this.#slots.bytes
  }

  /** The address of a slot for a value of `length` bytes. */
  allocate(length: number): number {
    return this.#slots.allocate(sizeClassOf(length))
  }

  /** Gives a slot back. */
  release(address: number): void {
    this.#slots.release(address)
  }

  /**
   * Writes the value that stands in `bytes`, from `from` to `to`, into its slot, and returns its hash, continuing from
   * `seed`: the hash of the bytes alone, wherever they stand.
   */
  put(address: number, bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
    const { words, bytes: pageBytes } = this.#slots.pageOf(address)
    const length = to - from
    const wordsTo = wordOf(address)
    if (length > alignedBytes) {
      pageBytes.set(bytes.subarray(from, to), wordsTo << 2)
      return hashWords(words, wordsTo, length, seed)
    }
    // The value is laid where its first byte begins a word, is hashed there (its slot is seldom in a cache: to read what
    // was just written to it takes as long as all the rest) and goes word by word. What follows it is within its slot.
    let wordsFrom = 0
    if (bytes.length <= alignedBytes) {
      // A view of the value would be the largest piece of garbage of a put.
      const shift = -from & 3
      aligned.set(bytes, shift)
      wordsFrom = (from + shift) >>> 2
    } else {
      aligned.set(bytes.subarray(from, to))
    }
    const count = (length + 3) >>> 2
    for (let i = 0; i < count; i++) words[wordsTo + i] = alignedWords[wordsFrom + i]!
    return hashWords(alignedWords, wordsFrom, length, seed)
  }

  /** The value of `length` bytes at `address`: a view, good until the slot is written or given back. */
  view(address: number, length: number): Uint8Array {
    const at = wordOf(address) << 2
    return this.#slots.pageOf(address).bytes.subarray(at, at + length)
  }
}
