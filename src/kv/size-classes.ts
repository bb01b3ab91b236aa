/**
 * The sizes of the slots in which values stand: steps of 8 bytes up to 64, then eight steps to each doubling, so a slot
 * is at most an eighth larger than its value (a multiple of 32 bytes up to 512, as 256, fits exactly).
 *
 *   8 16 .. 64 | 72 80 .. 128 | 144 160 .. 256 | 288 .. 512 | 576 .. 1024 | .. 2048 | .. 4096
 */
import { arenaValueBytesMax } from './limits.js'

/** Which class of slots a value of `length` bytes takes, up to arenaValueBytesMax. */
export function sizeClassOf(length: number): number {
  if (length <= 64) return length === 0 ? 0 : (length - 1) >>> 3
  const last = length - 1
  const exponent = 31 - Math.clz32(last)
  return exponent * 8 - 48 + (last >>> (exponent - 3))
}

/** Bytes of a slot, by class. */
export const slotBytesOf: readonly number[] = slotSizes()

function slotSizes(): number[] {
  const sizes: number[] = []
  for (let length = 1; length <= arenaValueBytesMax; length++) sizes[sizeClassOf(length)] = (length + 7) & ~7
  return sizes
}
