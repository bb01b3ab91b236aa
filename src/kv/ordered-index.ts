/**
 * The keys in byte order, each with its record: touched only when a key appears or goes, never when a value changes.
 * Sorted chunks of up to 256 keys under a sorted list of lower bounds:
 *
 *   bounds   ''          'k0256'        'k0403'         chunk i holds the keys of [bounds[i], bounds[i + 1])
 *   chunks   [k0001 ..]  [k0256 ..]     [k0403 ..]
 *
 * An insertion above all others goes to the end; any other is two binary searches and a move of some hundred pointers. A
 * million keys are 6,000 chunks. `freeze` gives the whole index as it stands for the price of copying the list of chunks:
 * afterwards a chunk is copied before it is first changed.
 */
import { assert } from '../base/assert.js'

const chunkKeysMax = 256
/** A chunk that has shrunk to this many keys is joined with a neighbour, if both fit into half a chunk. */
const chunkKeysFew = 32

export interface FrozenChunk<R> {
  readonly keys: readonly string[]
  readonly records: readonly R[]
}

interface Chunk<R> {
  readonly keys: string[]
  readonly records: R[]
  /** How many times the index had been frozen when the chunk was made: an older one may be shared. */
  readonly epoch: number
}

export class OrderedIndex<R> {
  readonly #bounds: string[] = ['']
  readonly #chunks: Chunk<R>[] = [{ keys: [], records: [], epoch: 0 }]
  #epoch = 0

  /** Adds a key that is not there yet. */
  add(key: string, record: R): void {
    const highest = this.#chunks.at(-1)!.keys.at(-1)
    if (highest !== undefined && key > highest) {
      this.#push(key, record)
      return
    }
    const at = this.#chunkOf(key)
    const chunk = this.#own(at)
    const position = lowerBound(chunk.keys, key)
    if (chunk.keys.length < chunkKeysMax) {
      chunk.keys.splice(position, 0, key)
      chunk.records.splice(position, 0, record)
      return
    }
    const cut = chunkKeysMax / 2
    const keys = chunk.keys.splice(cut)
    const records = chunk.records.splice(cut)
    const target = position >= cut ? { keys, records, at: position - cut } : { ...chunk, at: position }
    target.keys.splice(target.at, 0, key)
    target.records.splice(target.at, 0, record)
    this.#bounds.splice(at + 1, 0, keys[0]!)
    this.#chunks.splice(at + 1, 0, { keys, records, epoch: this.#epoch })
  }

  /** Adds a key that must be above all that are there: no search, and full chunks. */
  append(key: string, record: R): void {
    const last = this.#chunks.at(-1)!.keys.at(-1)
    assert(last === undefined || key > last, 'keys ascend')
    this.#push(key, record)
  }

  /** Keys that come in order need no search, and leave full chunks behind, not halves. */
  #push(key: string, record: R): void {
    const chunk = this.#own(this.#chunks.length - 1)
    if (chunk.keys.length < chunkKeysMax) {
      chunk.keys.push(key)
      chunk.records.push(record)
    } else {
      this.#bounds.push(key)
      this.#chunks.push({ keys: [key], records: [record], epoch: this.#epoch })
    }
  }

  /** Removes the key, which must be there. */
  remove(key: string): void {
    const at = this.#chunkOf(key)
    const chunk = this.#own(at)
    const position = lowerBound(chunk.keys, key)
    chunk.keys.splice(position, 1)
    chunk.records.splice(position, 1)
    if (chunk.keys.length > chunkKeysFew || this.#chunks.length === 1) return
    if (at > 0 && this.#joinWithNext(at - 1)) return
    this.#joinWithNext(at)
  }

  #joinWithNext(at: number): boolean {
    const next = this.#chunks[at + 1]
    if (next === undefined || this.#chunks[at]!.keys.length + next.keys.length > chunkKeysMax / 2) return false
    const chunk = this.#own(at)
    chunk.keys.push(...next.keys)
    chunk.records.push(...next.records)
    this.#bounds.splice(at + 1, 1)
    this.#chunks.splice(at + 1, 1)
    return true
  }

  /** Shows keys and records in order, from the first key at or above `from`, until `visitor` returns false. */
  visitFrom(from: string, visitor: (key: string, record: R) => boolean): void {
    let at = this.#chunkOf(from)
    let position = lowerBound(this.#chunks[at]!.keys, from)
    for (; at < this.#chunks.length; at++, position = 0) {
      const { keys, records } = this.#chunks[at]!
      for (; position < keys.length; position++) {
        if (!visitor(keys[position]!, records[position]!)) return
      }
    }
  }

  /** The index as it stands, whatever happens to it later. */
  freeze(): readonly FrozenChunk<R>[] {
    this.#epoch++
    return this.#chunks.slice()
  }

  /** The chunk, made safe to change: a copy of it if a frozen index may share it. */
  #own(at: number): Chunk<R> {
    const chunk = this.#chunks[at]!
    if (chunk.epoch === this.#epoch) return chunk
    const copy = { keys: chunk.keys.slice(), records: chunk.records.slice(), epoch: this.#epoch }
    this.#chunks[at] = copy
    return copy
  }

  /** The chunk in whose range the key lies: the last one whose bound is not above it. */
  #chunkOf(key: string): number {
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (bounds[middle]! <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Position of the first key that is not below `key`. Latin1 strings compare as the bytes do. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
