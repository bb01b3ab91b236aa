/**
 * Bytes kept as strings, and numbers laid into bytes. For code that holds millions of small byte strings: a latin1
 * string (one character per byte, exact for any bytes) of 256 bytes takes an eighth of the time to make that a copied
 * Uint8Array takes, and half of its memory, and the garbage collector never looks inside. Numbers are little-endian;
 * single bytes of an array are as fast as a DataView, and none has to be made for every message.
 */

/** A byte string in either form: a latin1 string or an array. `.length` is the number of bytes in both. */
export type ByteString = string | Uint8Array

/** Buffer's own methods, which work on any Uint8Array; a Buffer around each array would cost more than the work. */
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, from: number, to: number) => string
  readonly latin1Write: (this: Uint8Array, text: string, at: number, bytesMax: number) => number
}

/** The bytes, or those from `from` to `to`, as a latin1 string, which refers to nothing of the array. */
export function latin1FromBytes(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return latin1Slice.call(bytes, from, to)
}

/** The bytes of a latin1 string, in an array of their own. */
export function bytesFromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  latin1Write.call(bytes, text, 0, text.length)
  return bytes
}

/** Writes a byte string into `target` at `at`, where it must fit, and returns the offset after it. */
export function putBytes(target: Uint8Array, at: number, source: ByteString): number {
  if (typeof source === 'string') latin1Write.call(target, source, at, source.length)
  else target.set(source, at)
  return at + source.length
}

export function putUint16(target: Uint8Array, at: number, value: number): void {
  target[at] = value
  target[at + 1] = value >>> 8
}

export function getUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

export function putUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value
  target[at + 1] = value >>> 8
  target[at + 2] = value >>> 16
  target[at + 3] = value >>> 24
}

export function getUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/** A whole number of [0, 2^53): the low 32 bits, then the high ones. */
export function putUint53(target: Uint8Array, at: number, value: number): void {
  putUint32(target, at, value >>> 0)
  putUint32(target, at + 4, Math.floor(value / 2 ** 32))
}

/** The number that putUint53 wrote; -1 if what stands there is 2^53 or more. */
export function getUint53(bytes: Uint8Array, at: number): number {
  const low = getUint32(bytes, at)
  const high = getUint32(bytes, at + 4)
  // A small whole number for nearly all: the sum is one of V8's floats, boxed wherever it is kept.
  if (high === 0) return low
  return high < 2 ** 21 ? high * 2 ** 32 + low : -1
}
