/**
 * Every value that a key may hold, as a small number: equal values have equal numbers, so the search compares integers.
 *
 * Appended texts are made by the search itself, a great many of them and each longer than the one before. A text is
 * therefore joined lazily (the engine keeps a rope), hashed from the hashes of its two parts, and read as a whole only
 * where another text of the same length has the same hash.
 */
import type { Json } from './history.js'

/** Names a value within one table. */
export type ValueId = number

/** The key does not exist; also how every history begins. */
export const absent: ValueId = 0

/** Stands for every value that nobody will find or compare with any more: which one it is makes no difference. */
export const forgotten: ValueId = 1

/** No value: what an append to something other than a string gives. */
export const noValue: ValueId = -1

/** Base of the polynomial hash of texts: odd, so that its powers never vanish modulo 2^32. */
const hashBase = 0x01000193

interface Entry {
  /** The characters of a string; the canonical JSON of anything else. */
  readonly text: string
  readonly isString: boolean
  readonly hash: number
  /** hashBase to the power of the text's length, modulo 2^32. */
  readonly power: number
}

export class ValueTable {
  private readonly entries: Entry[] = [absent, forgotten].map(() => ({ text: '', isString: false, hash: 0, power: 1 }))
  private readonly ids = new Map<number, ValueId[]>()
  private readonly joined = new Map<number, ValueId>()

  /** How many values there are: their ids are 0 .. size - 1. */
  get size(): number {
    return this.entries.length
  }

  /** The id of a value of JSON; null is `absent`. */
  intern(value: Json): ValueId {
    if (value === null) return absent
    const isString = typeof value === 'string'
    const text = isString ? value : canonicalJson(value)
    let hash = 0
    let power = 1
    for (let at = 0; at < text.length; at++) {
      hash = (Math.imul(hash, hashBase) + text.charCodeAt(at) + 1) | 0
      power = Math.imul(power, hashBase)
    }
    return this.find({ text, isString, hash, power })
  }

  /** What `state` becomes when the string `suffix` is appended: noValue where `state` is neither a string nor absent. */
  append(state: ValueId, suffix: ValueId): ValueId {
    if (state === absent) return suffix
    if (state === forgotten) return forgotten
    const head = this.entries[state]!
    if (!head.isString) return noValue
    const pair = state * 2 ** 26 + suffix
    const known = this.joined.get(pair)
    if (known !== undefined) return known
    const tail = this.entries[suffix]!
    const id = this.find({
      text: head.text + tail.text,
      isString: true,
      hash: (Math.imul(head.hash, tail.power) + tail.hash) | 0,
      power: Math.imul(head.power, tail.power),
    })
    this.joined.set(pair, id)
    return id
  }

  /** May `state` become `target` by appends alone? */
  canGrowInto(state: ValueId, target: ValueId): boolean {
    if (state === target) return true
    const from = this.entries[state]!
    const to = this.entries[target]!
    if (target === absent || !to.isString) return false
    if (state === absent) return true
    return from.isString && from.text.length <= to.text.length && to.text.startsWith(from.text)
  }

  /** The text of a string, or null. */
  stringOf(id: ValueId): string | null {
    const entry = this.entries[id]!
    return entry.isString ? entry.text : null
  }

  private find(entry: Entry): ValueId {
    const bucket = (entry.hash >>> 0) * 2 ** 21 + (entry.text.length % 2 ** 20) * 2 + Number(entry.isString)
    const sameHash = this.ids.get(bucket)
    if (sameHash === undefined) {
      this.ids.set(bucket, [this.entries.length])
    } else {
      for (const id of sameHash) {
        const other = this.entries[id]!
        if (other.isString === entry.isString && other.text === entry.text) return id
      }
      sameHash.push(this.entries.length)
    }
    return this.entries.push(entry) - 1
  }
}

/** JSON whose text is equal exactly where the values are: the names of an object stand in order. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_name, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
