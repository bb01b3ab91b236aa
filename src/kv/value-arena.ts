/**
 * Where values stand: in slots on pages of 64 KiB, all slots of a page of one size (size-classes.ts). A value that is
 * overwritten by one of like length is overwritten in place, so that it costs the garbage collector nothing. Measured:
 * a string for each value had to be copied twice by the scavenger and remembered once, a third of all that a put cost.
 *
 * A page with no slot taken is given to whatever size needs one next. The slots of a page that are free form a list: the
 * first word of each is the word offset of the next.
 *
 *   address   | page number 18 bits | offset in the page, in units of 8 bytes: 13 bits |
 */
import { assert } from '../base/assert.js'
import { hashWords } from '../base/hash.js'
import { sizeClassOf, slotBytesOf } from './size-classes.js'

const pageBytes = 65_536
const offsetBits = 13
const offsetMask = (1 << offsetBits) - 1
const pagesMax = 2 ** 18
/** Empty pages kept for reuse: beyond these, memory goes back. */
const emptyPagesMax = 64

/** Where the bytes of a command up to this size are laid, for the value to be copied from (ValueArena.put). */
const alignedBytes = 1_024
const aligned = new Uint8Array(alignedBytes + 8)
const alignedWords = new Int32Array(aligned.buffer)

const none = -1

class Page {
  readonly number: number
  readonly bytes = new Uint8Array(pageBytes)
  readonly words = new Int32Array(this.bytes.buffer)
  sizeClass = 0
  /** Slots that are taken. */
  taken = 0
  /** Word offset of the first free slot that was taken before, or none. */
  free = none
  /** Word offset up to which slots were ever taken. */
  fresh = 0
  /** Where it stands among the pages of its class that have room, or none. */
  roomyAt = none

  constructor(number: number) {
    this.number = number
  }

  begin(sizeClass: number): void {
    this.sizeClass = sizeClass
    this.free = none
    this.fresh = 0
  }

  /** Word offset of a slot, now taken. */
  take(): number {
    this.taken++
    let at = this.free
    if (at === none) {
      at = this.fresh
      this.fresh += slotBytesOf[this.sizeClass]! >>> 2
    } else {
      this.free = this.words[at]!
    }
    return at
  }

  isFull(): boolean {
    return this.free === none && this.fresh * 4 + slotBytesOf[this.sizeClass]! > pageBytes
  }
}

export class ValueArena {
  readonly #pages: (Page | null)[] = []
  /** By size class: pages with room. */
  readonly #roomy: Page[][] = slotBytesOf.map(() => [])
  readonly #empty: Page[] = []
  /** Page numbers whose page was given back. */
  readonly #vacant: number[] = []

  /** Bytes that the pages take. */
  get bytes(): number {
    return (this.#pages.length - this.#vacant.length) * pageBytes
  }

  /** The address of a slot for a value of `length` bytes. */
  allocate(length: number): number {
    const sizeClass = sizeClassOf(length)
    const roomy = this.#roomy[sizeClass]!
    const page = roomy.at(-1) ?? this.#openPage(sizeClass, roomy)
    const at = page.take()
    if (page.isFull()) {
      roomy.pop()
      page.roomyAt = none
    }
    return (page.number << offsetBits) | (at >>> 1)
  }

  #openPage(sizeClass: number, roomy: Page[]): Page {
    let page = this.#empty.pop()
    if (page === undefined) {
      const number = this.#vacant.pop() ?? this.#pages.length
      assert(number < pagesMax, 'values up to 4 KiB take 16 GiB at most')
      page = new Page(number)
      this.#pages[number] = page
    }
    page.begin(sizeClass)
    page.roomyAt = roomy.push(page) - 1
    return page
  }

  /** Gives a slot back. */
  release(address: number): void {
    const page = this.#pageOf(address)
    const at = (address & offsetMask) << 1
    page.words[at] = page.free
    page.free = at
    page.taken--
    const roomy = this.#roomy[page.sizeClass]!
    if (page.taken === 0) this.#close(page, roomy)
    else if (page.roomyAt === none) page.roomyAt = roomy.push(page) - 1
  }

  #close(page: Page, roomy: Page[]): void {
    if (page.roomyAt !== none) {
      const last = roomy.pop()!
      if (last !== page) {
        roomy[page.roomyAt] = last
        last.roomyAt = page.roomyAt
      }
      page.roomyAt = none
    }
    if (this.#empty.length < emptyPagesMax) {
      this.#empty.push(page)
    } else {
      this.#pages[page.number] = null
      this.#vacant.push(page.number)
    }
  }

  /**
   * Writes the value that stands in `bytes`, from `from` to `to`, into its slot, and returns its hash, continuing from
   * `seed`: the hash of the bytes alone, wherever they stand.
   */
  put(address: number, bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
    const { words, bytes: pageBytes } = this.#pageOf(address)
    const length = to - from
    const wordsTo = (address & offsetMask) << 1
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
    const at = (address & offsetMask) << 3
    return this.#pageOf(address).bytes.subarray(at, at + length)
  }

  #pageOf(address: number): Page {
    return this.#pages[address >>> offsetBits]!
  }
}
