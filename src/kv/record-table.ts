/**
 * Key -> record. A place is chosen by the key's hash, and each place has an open-addressed table of numbers of its own, so
 * that no growth moves more than 4,096 keys (a Map of a million keys stops the world for 100 ms when it grows), and
 * nothing of it but the keys themselves is traced or moved by the garbage collector:
 *
 *   slot   | upper 32 bits of the hash | number of the record and 1; 0 where the slot is empty |
 *
 * Keys whose hashes collide, by chance or on purpose, do not make it slow. What finds no slot within `probesMax` of its
 * own, or no room in its place, goes into Maps behind the place, of at most 4,096 keys each, which are asked one after
 * the other: 100,000 keys of one hash make a chain of 25. (Inside a Map the hash is V8's own, seeded anew in every process.)
 */

const places = 4_096
const placeMask = places - 1
const slotsMin = 8
/** Half of them may be taken. */
const slotsMax = 8_192
const probesMax = 64
const keysPerMapMax = 4_096

const keyPageBits = 11
const keyPageRecords = 1 << keyPageBits
const keyPageMask = keyPageRecords - 1

export class RecordTable {
  readonly #tables: (Int32Array | undefined)[] = new Array<undefined>(places).fill(undefined)
  /** Slots that are taken, by place. */
  readonly #taken = new Uint16Array(places)
  /** The keys of records that stand in slots, by number, on pages. */
  readonly #keys: string[][] = []
  /** By place: the Maps behind it. Empty below some ten million keys, unless somebody tries. */
  readonly #overflow = new Map<number, Map<string, number>[]>()
  #size = 0
  /** Slots of a place with its first key. */
  #slotsAtFirst = slotsMin

  get size(): number {
    return this.#size
  }

  /** So many keys will come: tables are made as large as they will be, for to grow in steps is a third of all the work. */
  expect(keys: number): void {
    while (this.#slotsAtFirst < slotsMax && this.#slotsAtFirst * places < 2 * keys) this.#slotsAtFirst *= 2
  }

  /** `hash`, below 2^53, must be the same number for the same key in all three methods. */
  get(key: string, hash: number): number | undefined {
    const place = hash & placeMask
    const table = this.#tables[place]
    if (table === undefined) return undefined
    const slot = this.#slotOf(table, key, tagOf(hash))
    if (slot >= 0) return table[2 * slot + 1]! - 1
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
    const table = this.#roomyTable(place)
    if (table === null || !insert(table, tagOf(hash), record)) {
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
    const table = this.#tables[place]!
    const slot = this.#slotOf(table, key, tagOf(hash))
    if (slot < 0) {
      this.#removeBehind(place, key)
      return
    }
    this.#taken[place]!--
    this.#setKey(table[2 * slot + 1]! - 1, '')
    vacate(table, slot)
  }

  /** The slot of the key, or -1. */
  #slotOf(table: Int32Array, key: string, tag: number): number {
    const mask = (table.length >>> 1) - 1
    for (let probe = 0; probe < probesMax; probe++) {
      const slot = (tag + probe) & mask
      const found = table[2 * slot + 1]!
      if (found === 0) return -1
      if (table[2 * slot] === tag && this.#keyOf(found - 1) === key) return slot
    }
    return -1
  }

  /** The table of a place with room for one more, or null if it is as large as it may be. */
  #roomyTable(place: number): Int32Array | null {
    const table = this.#tables[place]
    if (table === undefined) return (this.#tables[place] = new Int32Array(2 * this.#slotsAtFirst))
    const slots = table.length >>> 1
    if (2 * this.#taken[place]! < slots) return table
    return slots < slotsMax ? this.#grow(place, table) : null
  }

  #grow(place: number, table: Int32Array): Int32Array {
    const grown = new Int32Array(2 * table.length)
    for (let at = 0; at < table.length; at += 2) {
      const record = table[at + 1]! - 1
      if (record < 0 || insert(grown, table[at]!, record)) continue
      this.#taken[place]!--
      this.#addBehind(place, this.#keyOf(record), record)
      this.#setKey(record, '')
    }
    this.#tables[place] = grown
    return grown
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

/** Puts a record into the first free slot from its own on, if there is one near enough. */
function insert(table: Int32Array, tag: number, record: number): boolean {
  const mask = (table.length >>> 1) - 1
  for (let probe = 0; probe < probesMax && probe <= mask; probe++) {
    const at = 2 * ((tag + probe) & mask)
    if (table[at + 1] !== 0) continue
    table[at] = tag
    table[at + 1] = record + 1
    return true
  }
  return false
}

/** Empties a slot; what follows moves up, so that nothing stands behind an empty slot that is not its own. */
function vacate(table: Int32Array, slot: number): void {
  const mask = (table.length >>> 1) - 1
  let empty = slot
  for (let next = (slot + 1) & mask; table[2 * next + 1] !== 0; next = (next + 1) & mask) {
    const probes = (next - table[2 * next]!) & mask
    if (probes < ((next - empty) & mask)) continue
    table[2 * empty] = table[2 * next]!
    table[2 * empty + 1] = table[2 * next + 1]!
    empty = next
  }
  table[2 * empty + 1] = 0
}
