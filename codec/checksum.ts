/**
 * The checksum of everything that raftgram puts on a wire or on a disk: CRC-32 (ISO-HDLC, the one of zlib and PNG). It
 * finds accidents, every burst of up to 32 bits among them; it is no protection against someone who means it.
 */
import { crc32 } from 'node:zlib'

/**
 * CRC-32 of `bytes`, a whole number of [0, 2^32). With `seed` it goes on from there: `checksum(b, checksum(a))` is the
 * checksum of a followed by b.
 */
export function checksum(bytes: Uint8Array, seed = 0): number {
  // Node 20 forgets the seed of an empty array whose buffer was looked at, and returns 0.
  return bytes.length === 0 ? seed : crc32(bytes, seed)
}

/** The register after each byte, for those few bytes that are not worth a native call. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let register = byte
  for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ ((register & 1) === 1 ? 0xed_b8_83_20 : 0)
  return register
})

/**
 * The checksum of the four bytes of `word`, the low one first: `checksum(b, wordChecksum(w))` guards w followed by b. A
 * word that is the seed itself does not: the CRC begins with seed XOR first word, so equal flips in both cancel.
 */
export function wordChecksum(word: number): number {
  let register = ~word
  for (let byte = 0; byte < 4; byte++) register = (register >>> 8) ^ table[register & 0xff]!
  return ~register >>> 0
}
