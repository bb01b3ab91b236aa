/**
 * Bytes put together without the codec, so that its tests do not use it to check itself: hex text, numbers by bigint,
 * and a checksum computed bit by bit.
 */

/** Bytes from hex digits; blanks and line breaks mean nothing. */
export function hex(text: string): Uint8Array {
  return plain(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function text(characters: string): Uint8Array {
  return plain(Buffer.from(characters, 'latin1'))
}

/** An unsigned number of `width` bytes, little endian. */
export function uint(value: number | bigint, width: number): Uint8Array {
  let rest = BigInt(value)
  const bytes = new Uint8Array(width)
  for (let at = 0; at < width; at++, rest >>= 8n) bytes[at] = Number(rest & 0xffn)
  return bytes
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return plain(Buffer.concat(parts))
}

/** A copy in memory of its own: Node's Buffers share theirs. */
function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes)
}

/** CRC-32 as the standard defines it, one bit after the other. */
export function referenceChecksum(bytes: Uint8Array, seed = 0): number {
  let register = ~seed
  for (const byte of bytes) {
    register ^= byte
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ ((register & 1) === 1 ? 0xed_b8_83_20 : 0)
  }
  return ~register >>> 0
}

/** A record of entry.ts, field by field. */
export function recordWith(fields: {
  length?: number
  checksum?: number
  kind?: number
  padding?: number
  index: number | bigint
  term: number | bigint
  payload?: Uint8Array
}): Uint8Array {
  const { kind = 2, padding = 0, index, term, payload = new Uint8Array(0) } = fields
  const length = fields.length ?? 28 + payload.length
  const guarded = join(uint(kind, 1), uint(padding, 3), uint(index, 8), uint(term, 8), payload)
  const checksum = fields.checksum ?? referenceChecksum(guarded, length)
  return join(uint(length, 4), uint(checksum, 4), guarded)
}

/** A datagram of envelope.ts, field by field, with a right checksum unless one is given. */
export function datagramWith(fields: {
  magic?: string
  version?: number
  kind: number
  sender: number
  checksum?: number
  receiveWindowBytes?: number
  clusterId?: number | bigint
  incarnation?: number | bigint
  bootNonce?: number | bigint
  packetNumber?: number | bigint
  ackedPacketNumber?: number | bigint
  ackedBitsLow?: number
  ackedBitsHigh?: number
  messages?: Uint8Array
}): Uint8Array {
  const word = join(uint(fields.version ?? 2, 1), uint(fields.kind, 1), uint(fields.sender, 2))
  const guarded = join(
    uint(fields.receiveWindowBytes ?? 65_536, 4),
    uint(fields.clusterId ?? 11, 8),
    uint(fields.incarnation ?? 12, 8),
    uint(fields.bootNonce ?? 13, 8),
    uint(fields.packetNumber ?? 14, 8),
    uint(fields.ackedPacketNumber ?? 0, 8),
    uint(fields.ackedBitsLow ?? 0, 4),
    uint(fields.ackedBitsHigh ?? 0, 4),
    fields.messages ?? new Uint8Array(0),
  )
  const checksum = fields.checksum ?? referenceChecksum(join(word, guarded))
  return join(text(fields.magic ?? 'RGRM'), word, uint(checksum, 4), guarded)
}

/** Every id that has caught somebody: 32-bit signs, 32-bit wraps, and where numbers begin to round. */
export const awkwardIds: readonly number[] = [
  0,
  1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 52,
  Number.MAX_SAFE_INTEGER,
]

/** What 8 bytes can hold and an id cannot be. */
export const tooLargeIds: readonly bigint[] = [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]
