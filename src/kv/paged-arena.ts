/**
 * Slots on pages of 64 KiB, all slots of a page of one size. What is written over in place costs the garbage collector
 * nothing, and a page is one array for as many slots as fit it: an array for each would have to be fetched from memory
 * before what stands in it.
 *
 * A page with no slot taken is given to whatever size needs one next. The slots of a page that are free form a list: the
 * first word of each is the word offset of the next.
 *
 *   address   | page number 18 bits | offset in the page, in units of 8 bytes: 13 bits |
 */
import { assert } from '../base/assert.js'

/** The largest slot. */
export const pageBytes = 65_536
const offsetBits = 13
const offsetMask = (1 << offsetBits) - 1
const pagesMax = 2 ** 18
/** Empty pages kept for reuse: beyond these, memory goes back. */
const emptyPagesMax = 64

const none = -1

/** Where a slot begins in its page, in words. */
export function wordOf(address: number): number {
  return (address & offsetMask) << 1
}

export class Page {
  readonly number: number
  readonly bytes = new Uint8Array(pageBytes)
  readonly words = new Int32Array(this.bytes.buffer)
  slotBytes = 0
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

  begin(sizeClass: number, slotBytes: number): void {
    this.sizeClass = sizeClass
    this.slotBytes = slotBytes
    this.free = none
    this.fresh = 0
  }

  /** Word offset of a slot, now taken. */
  take(): number {
    this.taken++
    let at = this.free
    if (at === none) {
      at = this.fresh
      this.fresh += this.slotBytes >>> 2
    } else {
      this.free = this.words[at]!
    }
    return at
  }

  isFull(): boolean {
    return this.free === none && this.fresh * 4 + this.slotBytes > pageBytes
  }
}

export class PagedArena {
  readonly #slotBytesOf: readonly number[]
  readonly #pages: (Page | null)[] = []
  /** By size class: pages with room. */
  readonly #roomy: Page[][]
  readonly #empty: Page[] = []
  /** Page numbers whose page was given back. */
  readonly #vacant: number[] = []

  /** Slots of class i take `slotBytesOf[i]` bytes, a multiple of 8. */
  constructor(slotBytesOf: readonly number[]) {
    this.#slotBytesOf = slotBytesOf
    this.#roomy = slotBytesOf.map(() => [])
  }

  /** Bytes that the pages take. */
  get bytes(): number {
    return (this.#pages.length - this.#vacant.length) * pageBytes
  }

  /** The address of a slot of this class; it may hold anything. */
  allocate(sizeClass: number): number {
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
      assert(number < pagesMax, 'the pages of an arena take 16 GiB at most')
      page = new Page(number)
      this.#pages[number] = page
    }
    page.begin(sizeClass, this.#slotBytesOf[sizeClass]!)
    page.roomyAt = roomy.push(page) - 1
    return page
  }

  /** Gives a slot back. */
  release(address: number): void {
    const page = this.pageOf(address)
    const at = wordOf(address)
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

  /** The page of a slot that is taken. */
  pageOf(address: number): Page {
    return this.#pages[address >>> offsetBits]!
  }
}
