/**
 * Reading and writing of what the formats are made of. Everything is little endian. An id (a term, an index, a session,
 * a nonce) is a whole number of [0, 2^53), written as two 32-bit words, the low one first: numbers that a JavaScript
 * number holds exactly, eight times cheaper than bigint.
 */
import { assert } from '../src/base/assert.js'

/** Bytes that an id takes. */
export const idBytes = 8

/** 2^21: from here on the high word belongs to a number of 2^53 or more. */
const highWordBound = 0x20_0000

/** A view of exactly these bytes. One per buffer: making it costs more than encoding a message through it. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Writes an id in 8 bytes at `offset`. Anything that is no id is a broken invariant, never rounded. */
export function writeId(view: DataView, offset: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'an id is a whole number of [0, 2^53)')
  view.setUint32(offset, value, true)
  view.setUint32(offset + 4, value / 2 ** 32, true)
}

/**
 * Reads the id at `offset`: a number of [0, 2^53), or -1 where the eight bytes hold 2^53 or more. Those are refused by
 * every reader, because a number would round them and two different ids could become one.
 */
export function readId(view: DataView, offset: number): number {
  const low = view.getUint32(offset, true)
  const high = view.getUint32(offset + 4, true)
  // A small whole number for nearly all: the sum is one of V8's floats, boxed wherever it is kept.
  if (high === 0) return low
  return high < highWordBound ? high * 2 ** 32 + low : -1
}
