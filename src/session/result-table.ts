/**
 * The results of one session, by sequence number: rows of eight words, at the place that the number's low bits say or
 * behind it. Numbers that follow each other, as those of a client do, never meet, so this is a ring as long as there is
 * room, and stays small where a client uses few numbers far apart. Measured: a Map entry, an object and a string for each
 * result cost 0.6 us and most of what was left to the garbage collector; a row costs a tenth.
 *
 *   row   | sequence 8 | checksum 8 | length 4 | result, if it has at most 12 bytes: 12 |       sequence 0: no row
 */
import { bytesFromLatin1, latin1FromBytes } from '../base/byte-string.js'
import { hashBytes, hashWords } from '../base/hash.js'

const rowWords = 8
const highAt = 1
const checksumAt = 2
const lengthAt = 4
const resultAt = 5
/** Results up to this size stand in the row, longer ones as latin1 strings beside the table. */
const rowResultBytesMax = 12

const rowsMin = 2
const noRows = new Int32Array(0)

export class ResultTable {
  #rows: Int32Array = noRows
  /** Number of rows that there is room for: 0 or a power of two. */
  #capacity = 0
  #size = 0
  /** Results that do not fit a row, by sequence number. */
  #long: Map<number, string> | null = null

  /** How many results are kept. */
  get size(): number {
    return this.#size
  }

  /** The place of the result of `sequence`, or -1. Good until the next change. */
  find(sequence: number): number {
    if (this.#size === 0) return -1
    const rows = this.#rows
    const mask = this.#capacity - 1
    const low = sequence | 0
    const high = (sequence / 2 ** 32) | 0
    for (let place = low & mask; ; place = (place + 1) & mask) {
      const at = place * rowWords
      const lowThere = rows[at]!
      if (lowThere === low && rows[at + highAt] === high) return place
      if (lowThere === 0 && rows[at + highAt] === 0) return -1
    }
  }

  /** The sequence numbers of all results, ascending. */
  sequences(): Float64Array {
    const sequences = new Float64Array(this.#size)
    let count = 0
    for (let place = 0; place < this.#capacity; place++) {
      const sequence = this.#sequenceAt(place)
      if (sequence !== 0) sequences[count++] = sequence
    }
    return sequences.sort()
  }

  checksumAt(place: number): number {
    const at = place * rowWords + checksumAt
    return this.#rows[at + 1]! * 2 ** 32 + (this.#rows[at]! >>> 0)
  }

  lengthAt(place: number): number {
    return this.#rows[place * rowWords + lengthAt]!
  }

  /** The bytes of the result, in an array of their own. */
  resultAt(place: number): Uint8Array {
    const length = this.lengthAt(place)
    if (length > rowResultBytesMax) return bytesFromLatin1(this.#long!.get(this.#sequenceAt(place))!)
    const at = place * rowWords + resultAt
    return Uint8Array.from({ length }, (_, i) => this.#rows[at + (i >>> 2)]! >>> ((i & 3) * 8))
  }

  /** Hash of the whole result: sequence, checksum and bytes. */
  hashAt(place: number, seed: number): number {
    const hash = hashWords(this.#rows, place * rowWords, rowWords * 4, seed)
    return this.lengthAt(place) > rowResultBytesMax ? hashBytes(this.resultAt(place), hash) : hash
  }

  /** Adds a result whose number is not there yet, and returns its place. */
  add(sequence: number, checksum: number, result: Uint8Array): number {
    if (this.#size + 1 > (this.#capacity * 3) / 4) this.#resize(Math.max(rowsMin, this.#capacity * 2))
    this.#size++
    const place = this.#vacantPlace(sequence | 0)
    const rows = this.#rows
    const at = place * rowWords
    const { length } = result
    rows[at] = sequence
    rows[at + highAt] = sequence / 2 ** 32
    rows[at + checksumAt] = checksum
    rows[at + checksumAt + 1] = checksum / 2 ** 32
    rows[at + lengthAt] = length
    rows[at + resultAt] = 0
    rows[at + resultAt + 1] = 0
    rows[at + resultAt + 2] = 0
    if (length > rowResultBytesMax) {
      this.#long ??= new Map()
      this.#long.set(sequence, latin1FromBytes(result))
    } else {
      for (let i = 0; i < length; i++) rows[at + resultAt + (i >>> 2)]! |= result[i]! << ((i & 3) * 8)
    }
    return place
  }

  /** Removes the result at the place, and lets those behind it move up, so that no search ends too early. */
  remove(place: number): void {
    if (this.lengthAt(place) > rowResultBytesMax) this.#long!.delete(this.#sequenceAt(place))
    const rows = this.#rows
    const mask = this.#capacity - 1
    let hole = place
    for (let next = (hole + 1) & mask; this.#sequenceAt(next) !== 0; next = (next + 1) & mask) {
      const home = rows[next * rowWords]! & mask
      // A row may move up to the hole unless its own place lies behind it.
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      rows.copyWithin(hole * rowWords, next * rowWords, (next + 1) * rowWords)
      hole = next
    }
    rows[hole * rowWords] = 0
    rows[hole * rowWords + highAt] = 0
    this.#size--
    if (this.#capacity > rowsMin && this.#size < this.#capacity / 8) this.#resize(this.#capacity / 2)
  }

  #resize(capacity: number): void {
    const before = this.#rows
    const rows = takeRows(capacity)
    this.#rows = rows
    this.#capacity = capacity
    for (let from = 0; from < before.length; from += rowWords) {
      if (before[from] === 0 && before[from + highAt] === 0) continue
      const to = this.#vacantPlace(before[from]!) * rowWords
      for (let word = 0; word < rowWords; word++) rows[to + word] = before[from + word]!
    }
    leaveRows(before)
  }

  #vacantPlace(low: number): number {
    const mask = this.#capacity - 1
    let place = low & mask
    while (this.#sequenceAt(place) !== 0) place = (place + 1) & mask
    return place
  }

  #sequenceAt(place: number): number {
    const at = place * rowWords
    return this.#rows[at + highAt]! * 2 ** 32 + (this.#rows[at]! >>> 0)
  }
}

/**
 * Rows that tables have left, by the logarithm of their number: a client's requests come in waves, and with each wave its
 * table grows and shrinks. New arrays for that were a fiftieth of what a follower does.
 */
const leftRows: Int32Array[][] = [[], [], [], [], [], [], [], [], [], []]
const leftRowsMax = 4

function takeRows(capacity: number): Int32Array {
  const rows = leftRows[Math.log2(capacity)]?.pop()
  return rows?.fill(0) ?? new Int32Array(capacity * rowWords)
}

function leaveRows(rows: Int32Array): void {
  const left = leftRows[Math.log2(rows.length / rowWords)]
  if (left !== undefined && left.length < leftRowsMax) left.push(rows)
}
