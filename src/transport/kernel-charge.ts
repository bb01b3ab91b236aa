/**
 * What a datagram costs the receiver's socket buffer. A kernel does not count payload: it counts the memory that holds
 * the datagram, bookkeeping included, so 256 datagrams of 64 bytes fill a buffer of 212,992. Windows are counted in this
 * currency, or a burst of small datagrams would overrun a buffer that looks nearly empty.
 *
 * The figures are Linux's between loopback addresses, measured by filling a socket that nobody reads: up to 16 KiB the
 * payload with its headers is rounded up to the allocator's next size, above that it is kept in page pieces. A network
 * card's driver may charge a small datagram two or three times as much; that is a part of why only a third of the buffer
 * is ever promised (receive-share.ts).
 */

/** The kernel's own record of a datagram. */
const recordBytes = 256

/** Headers and trailing bookkeeping that share the allocation with the payload (measured: between 377 and 424). */
const besidePayloadBytes = 424

/** The smallest allocation there is for a datagram. */
const smallestAllocationBytes = 576

/** The largest allocation in one piece. */
const largestAllocationBytes = 16_384

/** A datagram in page pieces costs its payload and this (measured: 815 to 849). */
const besidePiecesBytes = 896

/** Bytes by which a datagram with so much payload fills the receive buffer: never less than the truth. */
export function chargedBytes(payloadBytes: number): number {
  const allocation = payloadBytes + besidePayloadBytes
  if (allocation <= smallestAllocationBytes) return smallestAllocationBytes + recordBytes
  if (allocation > largestAllocationBytes) return payloadBytes + besidePiecesBytes
  // The next power of two, in whole numbers: it is asked for every datagram.
  return (1 << (32 - Math.clz32(allocation - 1))) + recordBytes
}

/** The largest payload that costs no more than `charged`; 0 where not even the smallest does. */
export function payloadBytesWithin(charged: number): number {
  // In pieces, where even the smallest datagram that is kept so fits.
  if (charged >= chargedBytes(largestAllocationBytes - besidePayloadBytes + 1)) return charged - besidePiecesBytes
  if (charged < smallestAllocationBytes + recordBytes) return 0
  const allocation = 1 << (31 - Math.clz32(charged - recordBytes))
  return Math.max(allocation, smallestAllocationBytes) - besidePayloadBytes
}
