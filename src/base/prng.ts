/** A small seeded generator (sfc32, by Chris Doty-Humphrey, PractRand): 128 bits of state, equal seeds give equal runs. */

export class Prng {
  private a: number
  private b: number
  private c: number
  private counter: number

  /** Equal (seed, stream) pairs give equal sequences; each server or purpose takes a stream of its own. */
  constructor(seed: number, stream = 0) {
    this.a = seed >>> 0
    this.b = (seed / 2 ** 32) >>> 0
    this.c = stream >>> 0
    this.counter = 1
    // Twelve rounds mix a poor seed, as the author of sfc32 prescribes.
    for (let round = 0; round < 12; round++) this.uint32()
  }

  /** A whole number of [0, 2^32). */
  uint32(): number {
    const sum = (this.a + this.b + this.counter) >>> 0
    this.counter = (this.counter + 1) >>> 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) >>> 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) >>> 0
    return sum
  }

  /** A number of [0, 1). */
  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  /** A whole number of [0, bound). */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  /** A number of [from, to). */
  between(from: number, to: number): number {
    return from + this.fraction() * (to - from)
  }

  /** A whole number of [1, 2^53): an id. */
  id(): number {
    return this.below(2 ** 21) * 2 ** 32 + this.uint32() || 1
  }
}
