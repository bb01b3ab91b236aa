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
