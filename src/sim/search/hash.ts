/** Hashes of 64 bits as two numbers of 32, and a set of millions of them that takes some 16 bytes for each. */

export interface Hash {
  readonly low: number
  readonly high: number
}

/** Every bit of `value` goes into every bit of the result (the finalizer of MurmurHash3). */
export function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

export function hashText(text: string): Hash {
  let low = 0x811c9dc5
  let high = 0x2c1b3c6d
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(((high << 13) | (high >>> 19)) + unit, 0x85ebca6b)
  }
  return { low: mix(low ^ Math.imul(high, 0x27d4eb2f)), high: mix(high + Math.imul(low, 0x297a2d39)) }
}

/** Open addressing with linear probing, at most half full. */
export class HashSet {
  size = 0
  private slots: Int32Array
  private mask: number

  constructor(capacity = 1 << 16) {
    this.slots = new Int32Array(2 * capacity)
    this.mask = capacity - 1
  }

  /** Adds a hash, and says whether it is new. */
  add(low: number, high: number): boolean {
    // Two zeros are an empty place.
    if (!this.place(low, low === 0 && high === 0 ? 1 : high)) return false
    if (++this.size > this.mask >>> 1) this.grow()
    return true
  }

  private place(low: number, high: number): boolean {
    const { slots, mask } = this
    for (let at = (low ^ Math.imul(high, 0x9e3779b1)) & mask; ; at = (at + 1) & mask) {
      const slotLow = slots[2 * at]!
      const slotHigh = slots[2 * at + 1]!
      if (slotLow === 0 && slotHigh === 0) {
        slots[2 * at] = low
        slots[2 * at + 1] = high
        return true
      }
      if (slotLow === (low | 0) && slotHigh === (high | 0)) return false
    }
  }

  private grow(): void {
    const former = this.slots
    this.slots = new Int32Array(2 * former.length)
    this.mask = this.slots.length / 2 - 1
    for (let at = 0; at < former.length; at += 2) {
      if (former[at] !== 0 || former[at + 1] !== 0) this.place(former[at]!, former[at + 1]!)
    }
  }
}
