/**
 * What stands before every message of a datagram: its type and how long it is.
 *
 *      0      1         4              4 + length
 *      +------+---------+-- ... -------+
 *      | type | length  | body         |     a datagram: envelope, then any number of messages without a gap
 *      |  u8  |   u24   |              |
 *      +------+---------+-- ... -------+
 *
 * `length` counts the body alone. The types of the three kinds of datagrams lie apart: 0x01.. between peers, 0x10.. from
 * a client, 0x20.. to a client; those from 0x30 on stand in every kind. A type is never given a new meaning.
 */
import { assert } from '../src/base/assert.js'

/** Bytes of a message before its body. */
export const messageHeadBytes = 4

/** A length takes 24 bits. */
export const bodyBytesMax = 0xff_ffff

/** Writes the head of a message at `offset` and returns where its body begins. */
export function writeHead(view: DataView, offset: number, type: number, bodyBytes: number): number {
  assert(bodyBytes <= bodyBytesMax, 'the length of a message fits 24 bits')
  view.setUint32(offset, ((bodyBytes << 8) | type) >>> 0, true)
  return offset + messageHeadBytes
}

/** The type in a head that was read as one word. */
export function headType(head: number): number {
  return head & 0xff
}

/** The bytes of the body in a head that was read as one word. */
export function headLength(head: number): number {
  return head >>> 8
}
