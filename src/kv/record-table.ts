/**
 * Key -> record. A place is chosen by the key's hash, and each place has an open-addressed table of numbers of its own, so
 * that no growth moves more than 4,096 keys (a Map of a million keys stops the world for 100 ms when it grows), and
 * nothing of it but the keys themselves is traced or moved by the garbage collector (paged-arena.ts):
 *
 *   slot   | upper 32 bits of the hash | number of the record and 1; 0 where the slot is empty |
 *
 * Keys whose hashes collide, by chance or on purpose, do not make it slow. What finds no slot within `probesMax` of its
 * own, or no room in its place, goes into Maps behind the place, of at most 4,096 keys each, which are asked one after
 * the other: 100,000 keys of one hash make a chain of 25. (Inside a Map the hash is V8's own, seeded anew in every process.)
 */

import { PagedArena, pageBytes, wordOf } from './paged-arena.js'

const places = 4_096
const placeMask = places - 1
const slotBytes = 8
const slotBitsMin = 3
/** Half of the slots may be taken. */
const slotBitsMax = Math.log2(pageBytes / slotBytes)
/** Bytes of a table, by the logarithm of the number of its slots. */
const tableBytesOf = Array.from({ length: slotBitsMax + 1 }, (_, slotBits) => slotBytes << slotBits)
const probesMax = 64
const keysPerMapMax = 4_096

const keyPageBits = 11
const keyPageRecords = 1 << keyPageBits
const keyPageMask = keyPageRecords - 1

export class RecordTable {
  readonly #tables = new PagedArena(tableBytesOf)
  /** By place: where its table stands, if it has one. */
  readonly #addresses = new Int32Array(places)
  /** By place: the logarithm of the number of slots of its table; 0 where there is none. */
  readonly #slotBits = new Uint8Array(places)
  /** Slots that are taken, by place. */
  readonly #taken = new Uint16Array(places)
  /** The keys of records that stand in slots, by number, on pages. */
  readonly #keys: string[][] = []
  /** By place: the Maps behind it. Empty below some ten million keys, unless somebody tries. */
  readonly #overflow = new Map<number, Map<string, number>[]>()
  #size = 0
  /** Of a place with its first key. */
  #slotBitsAtFirst = slotBitsMin

  get size(): number {
    return this.#size
  }

  /** So many keys will come: tables are made as large as they will be, for to grow in steps is a third of all the work. */
  expect(keys: number): void {
    while (this.#slotBitsAtFirst < slotBitsMax && places << this.#slotBitsAtFirst < 2 * keys) this.#slotBitsAtFirst++
  }

  /** `hash`, below 2^53, must be the same number for the same key in all three methods. */
  get(key: string, hash: number): number | undefined {
    const place = hash & placeMask
    if (this.#slotBits[place] === 0) return undefined
    const at = this.#find(place, key, tagOf(hash))
    if (at >= 0) return this.#pageOf(place)[at + 1]! - 1
    if (this.#overflow.size === 0) return undefined
    return this.#overflow
      .get(place)
      ?.find(map => map.has(key))
      ?.get(key)
  }

  /** Adds a record whose key is not there yet. */
  add(key: string, hash: number, record: number): void {
    this.#size++
    const place = hash & placeMask
    if (!this.#makeRoom(place) || !this.#insert(place, tagOf(hash), record)) {
      this.#addBehind(place, key, record)
      return
    }
    this.#taken[place]!++
    this.#setKey(record, key)
  }

  /** Removes the key, which must be there. */
  remove(key: string, hash: number): void {
    this.#size--
    const place = hash & placeMask
    const at = this.#find(place, key, tagOf(hash))
    if (at < 0) {
      this.#removeBehind(place, key)
      return
    }
    this.#taken[place]!--
    this.#setKey(this.#pageOf(place)[at + 1]! - 1, '')
    this.#vacate(place, at)
  }

  /** Where in its page the slot of the key is, or -1. */
  #find(place: number, key: string, tag: number): number {
    const page = this.#pageOf(place)
    const offset = wordOf(this.#addresses[place]!)
    const mask = (1 << this.#slotBits[place]!) - 1
    for (let probe = 0; probe < probesMax; probe++) {
      const at = offset + 2 * ((tag + probe) & mask)
      const found = page[at + 1]!
      if (found === 0) return -1
      if (page[at] === tag && this.#keyOf(found - 1) === key) return at
    }
    return -1
  }

  /** Puts a record into the first free slot from its own on, if there is one near enough. */
  #insert(place: number, tag: number, record: number): boolean {
    const page = this.#pageOf(place)
    const offset = wordOf(this.#addresses[place]!)
    const mask = (1 << this.#slotBits[place]!) - 1
    for (let probe = 0; probe < probesMax && probe <= mask; probe++) {
      const at = offset + 2 * ((tag + probe) & mask)
      if (page[at + 1] !== 0) continue
      page[at] = tag
      page[at + 1] = record + 1
      return true
    }
    return false
  }

  /** Empties the slot at `emptied`; what follows moves up, so that nothing stands behind an empty slot that is not its own. */
  #vacate(place: number, emptied: number): void {
    const page = this.#pageOf(place)
    const offset = wordOf(this.#addresses[place]!)
    const mask = (1 << this.#slotBits[place]!) - 1
    let empty = (emptied - offset) >>> 1
    for (let next = (empty + 1) & mask; page[offset + 2 * next + 1] !== 0; next = (next + 1) & mask) {
      const probes = (next - page[offset + 2 * next]!) & mask
      if (probes < ((next - empty) & mask)) continue
      page[offset + 2 * empty] = page[offset + 2 * next]!
      page[offset + 2 * empty + 1] = page[offset + 2 * next + 1]!
      empty = next
    }
    page[offset + 2 * empty + 1] = 0
  }

  /** Sees to it that the table of a place has room for one more; false if it is as large as it may be. */
  #makeRoom(place: number): boolean {
    const slotBits = this.#slotBits[place]!
    if (slotBits === 0) {
      this.#make(place, this.#slotBitsAtFirst)
      return true
    }
    if (2 * this.#taken[place]! < 1 << slotBits) return true
    if (slotBits === slotBitsMax) return false
    this.#grow(place, slotBits)
    return true
  }

  /** Gives a place an empty table. */
  #make(place: number, slotBits: number): void {
    this.#addresses[place] = this.#tables.allocate(slotBits)
    this.#slotBits[place] = slotBits
    const from = wordOf(this.#addresses[place])
    this.#pageOf(place).fill(0, from, from + (2 << slotBits))
  }

  #grow(place: number, slotBits: number): void {
    const before = this.#addresses[place]!
    const page = this.#pageOf(place)
    this.#make(place, slotBits + 1)
    const end = wordOf(before) + (2 << slotBits)
    for (let at = wordOf(before); at < end; at += 2) {
      const record = page[at + 1]! - 1
      if (record < 0 || this.#insert(place, page[at]!, record)) continue
      this.#taken[place]!--
      this.#addBehind(place, this.#keyOf(record), record)
      this.#setKey(record, '')
    }
    this.#tables.release(before)
  }

  #addBehind(place: number, key: string, record: number): void {
    let chain = this.#overflow.get(place)
    if (chain === undefined) this.#overflow.set(place, (chain = []))
    const roomy = chain.find(map => map.size < keysPerMapMax)
    if (roomy === undefined) chain.push(new Map([[key, record]]))
    else roomy.set(key, record)
  }

  #removeBehind(place: number, key: string): void {
    const chain = this.#overflow.get(place)
    const at = chain?.findIndex(map => map.delete(key)) ?? -1
    if (chain === undefined || at < 0 || chain[at]!.size > 0) return
    chain.splice(at, 1)
    if (chain.length === 0) this.#overflow.delete(place)
  }

  #pageOf(place: number): Int32Array {
    return this.#tables.pageOf(this.#addresses[place]!).words
  }

  #keyOf(record: number): string {
    return this.#keys[record >>> keyPageBits]![record & keyPageMask]!
  }

  #setKey(record: number, key: string): void {
    while (this.#keys.length <= record >>> keyPageBits) this.#keys.push(new Array<string>(keyPageRecords).fill(''))
    this.#keys[record >>> keyPageBits]![record & keyPageMask] = key
  }
}

/** The bits of the hash that do not choose the place. */
function tagOf(hash: number): number {
  return (hash / 2 ** 21) | 0
}
