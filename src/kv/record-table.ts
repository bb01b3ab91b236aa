/**
 * Key -> record, as many small Maps. One Map of a million keys stops the world for 100 ms when it grows; here the Map of
 * a key is chosen by the key's hash, and none holds more than 4,096 keys, so the longest growth takes some 20 us.
 *
 * Keys whose hashes collide, by chance or on purpose, fill one place: what comes after its 4,096th key goes into
 * further Maps behind it, which are asked one after the other. 100,000 keys of one hash make a chain of 25: slower,
 * by microseconds, and nobody stops. (Inside a Map the hash is V8's own, seeded anew in every process.)
 */

const places = 4_096
const keysPerMapMax = 4_096

export class RecordTable<R> {
  readonly #maps: (Map<string, R> | undefined)[] = new Array<undefined>(places).fill(undefined)
  /** By place: the Maps behind a full one. Empty below some ten million keys, unless somebody tries. */
  readonly #overflow = new Map<number, Map<string, R>[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** `hash` must be the same number for the same key in all three methods. */
  get(key: string, hash: number): R | undefined {
    const place = placeOf(hash)
    const record = this.#maps[place]?.get(key)
    if (record !== undefined || this.#overflow.size === 0) return record
    return this.#overflow
      .get(place)
      ?.find(map => map.has(key))
      ?.get(key)
  }

  /** Adds a record whose key is not there yet. */
  add(key: string, hash: number, record: R): void {
    this.#size++
    const place = placeOf(hash)
    const map = this.#maps[place]
    if (map === undefined) {
      this.#maps[place] = new Map([[key, record]])
    } else if (map.size < keysPerMapMax) {
      map.set(key, record)
    } else {
      this.#addBehind(place, key, record)
    }
  }

  #addBehind(place: number, key: string, record: R): void {
    let chain = this.#overflow.get(place)
    if (chain === undefined) this.#overflow.set(place, (chain = []))
    const roomy = chain.find(map => map.size < keysPerMapMax)
    if (roomy === undefined) chain.push(new Map([[key, record]]))
    else roomy.set(key, record)
  }

  /** Removes the key, which must be there. */
  remove(key: string, hash: number): void {
    this.#size--
    const place = placeOf(hash)
    if (this.#maps[place]?.delete(key) === true) return
    const chain = this.#overflow.get(place)
    const at = chain?.findIndex(map => map.delete(key)) ?? -1
    if (chain === undefined || at < 0 || chain[at]!.size > 0) return
    chain.splice(at, 1)
    if (chain.length === 0) this.#overflow.delete(place)
  }
}

function placeOf(hash: number): number {
  // The low 32 bits of the hash, of which any twelve are as good as any others.
  return (hash >>> 0) % places
}
