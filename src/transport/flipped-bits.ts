/** Damage on the way: a copy of some bytes with one to sixteen bits flipped. */
import type { Prng } from '../base/prng.js'

const flippedBitsMax = 16

export function withFlippedBits(bytes: Uint8Array, prng: Prng): Uint8Array {
  const flipped = bytes.slice()
  const bits = bytes.length * 8
  const positions = new Set<number>()
  const count = Math.min(bits, 1 + prng.below(flippedBitsMax))
  while (positions.size < count) positions.add(prng.below(bits))
  for (const position of positions) flipped[position >>> 3]! ^= 1 << (position & 7)
  return flipped
}
