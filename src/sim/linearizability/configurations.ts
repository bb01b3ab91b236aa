/**
 * A set of configurations: what the key holds, and which of the operations under way have taken effect already. They are
 * kept flat in one Int32Array, because a search may hold millions of them.
 *
 * A configuration is a row of words: the state, then one bit for each operation that must take effect, then one bit for
 * each that may (an unknown outcome). Of two rows that differ only in the latter the one that has used fewer is at least
 * as good, for whatever is not used yet may still be used or not: so only rows that no other one dominates are kept.
 */

/** State of a row that was dominated by a later one. */
export const deadState = -1

export class ConfigurationSet {
  /** Rows ever added since the last clear; some may be dead. */
  count = 0
  /** The rows, `stride` words each. */
  rows: Int32Array
  readonly stride: number
  /** Words in front that must be equal for one row to dominate another. */
  private readonly keyWords: number
  private capacity = 64
  /** Last row of each hash bucket, valid where its stamp is the present one: clearing costs nothing. */
  private heads: Int32Array
  private stamps: Int32Array
  private stamp = 1
  /** The row before in the same bucket, or -1. */
  private previous: Int32Array

  constructor(mandatoryWords: number, optionalWords: number) {
    this.keyWords = 1 + mandatoryWords
    this.stride = this.keyWords + optionalWords
    this.rows = new Int32Array(this.capacity * this.stride)
    this.previous = new Int32Array(this.capacity)
    this.heads = new Int32Array(this.capacity * 2)
    this.stamps = new Int32Array(this.capacity * 2)
  }

  clear(): void {
    this.count = 0
    this.stamp++
  }

  isDead(index: number): boolean {
    return this.rows[index * this.stride] === deadState
  }

  /** Copies row `index` into `row`. */
  copyTo(row: Int32Array, index: number): void {
    const from = index * this.stride
    for (let word = 0; word < this.stride; word++) row[word] = this.rows[from + word]!
  }

  /** Adds a copy of `row`, unless there is one that is as good; what it dominates dies. */
  add(row: Int32Array): void {
    if (this.count === this.capacity) this.grow()
    const bucket = this.hash(row, 0) & (this.heads.length - 1)
    const head = this.stamps[bucket] === this.stamp ? this.heads[bucket]! : -1
    for (let index = head; index >= 0; index = this.previous[index]!) {
      const at = index * this.stride
      if (!this.hasKeyOf(row, at)) continue
      if (this.isSubset(this.rows, at, row, 0)) return
      if (this.isSubset(row, 0, this.rows, at)) this.rows[at] = deadState
    }
    const index = this.count++
    this.rows.set(row, index * this.stride)
    this.link(index, bucket, head)
  }

  private hasKeyOf(row: Int32Array, at: number): boolean {
    for (let word = 0; word < this.keyWords; word++) if (this.rows[at + word] !== row[word]) return false
    return true
  }

  private isSubset(small: Int32Array, smallAt: number, large: Int32Array, largeAt: number): boolean {
    for (let word = this.keyWords; word < this.stride; word++) {
      if ((small[smallAt + word]! & ~large[largeAt + word]!) !== 0) return false
    }
    return true
  }

  private hash(words: Int32Array, at: number): number {
    let hash = 0
    for (let word = 0; word < this.keyWords; word++) {
      hash = Math.imul(hash ^ words[at + word]!, 0x85ebca6b)
      hash ^= hash >>> 15
    }
    return hash
  }

  private link(index: number, bucket: number, head: number): void {
    this.previous[index] = head
    this.heads[bucket] = index
    this.stamps[bucket] = this.stamp
  }

  private grow(): void {
    this.capacity *= 2
    const { rows, previous } = this
    this.rows = new Int32Array(this.capacity * this.stride)
    this.rows.set(rows)
    this.previous = new Int32Array(this.capacity)
    this.previous.set(previous)
    this.heads = new Int32Array(this.capacity * 2)
    this.stamps = new Int32Array(this.capacity * 2)
    for (let index = 0; index < this.count; index++) {
      if (this.isDead(index)) continue
      const bucket = this.hash(this.rows, index * this.stride) & (this.heads.length - 1)
      this.link(index, bucket, this.stamps[bucket] === this.stamp ? this.heads[bucket]! : -1)
    }
  }
}
