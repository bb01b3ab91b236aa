/**
 * What travels in every kind of datagram on behalf of the transport alone: pieces of a message that is larger than a
 * datagram of its path, and padding that makes a datagram as large as a path is asked to carry. Bodies behind the head
 * of message-head.ts; `messageId` takes 8 bytes (cursor.ts), `count` and `index` are u16.
 *
 *     0x30 Fragment  messageId count index, bytes...   12 + bytes
 *     0x31 Padding   zeros...                          as many as it is long
 *
 * The bytes of all fragments of a message, in the order of `index` from 0 to count - 1, are the message with its head.
 * Of what is decoded, a messageId is 1 or more, a message has 2 to fragmentsMax fragments, an index lies below the count
 * and a fragment holds at least one byte. Those bytes are a subarray of the datagram, only lent.
 */
import { unreachable } from '../src/base/assert.js'
import { idBytes, readId, writeId } from './cursor.js'
import { fragmentsMax } from './limits.js'
import { messageHeadBytes, writeHead } from './message-head.js'

/** A piece of a message. It is lost and repeated on its own. */
export interface Fragment {
  readonly type: 'Fragment'
  /** Which message of the sender's boot it is a piece of; never given to another one. */
  readonly messageId: number
  /** How many pieces the message has. */
  readonly count: number
  /** Which of them this is, from 0 on. */
  readonly index: number
  readonly bytes: Uint8Array
}

/** Nothing, in so many bytes. */
export interface Padding {
  readonly type: 'Padding'
  /** Zeros behind its head. */
  readonly bytes: number
}

export const fragmentType = 0x30
export const paddingType = 0x31

const fragmentHeadBytes = idBytes + 4

/** What a fragment costs in a datagram beside its bytes, its head included. */
export const fragmentOverheadBytes = messageHeadBytes + fragmentHeadBytes

/** What padding costs beside its zeros. */
export const paddingOverheadBytes = messageHeadBytes

/** Exact bytes of `message` in a datagram, its head included. */
export function fragmentMessageBytes(message: Fragment | Padding): number {
  switch (message.type) {
    case 'Fragment':
      return fragmentOverheadBytes + message.bytes.length
    case 'Padding':
      return messageHeadBytes + message.bytes
    default:
      return unreachable(message)
  }
}

/** Writes `message` at `offset` and returns the offset behind it. `view` is that of `bytes`, which must have the room. */
export function encodeFragmentMessage(
  message: Fragment | Padding,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): number {
  switch (message.type) {
    case 'Fragment':
      return encodeFragment(message, bytes, view, offset)
    case 'Padding':
      return encodePadding(message, bytes, view, offset)
    default:
      return unreachable(message)
  }
}

/** The message of `type` whose body is exactly [at, end) of the datagram `bytes`, or null. */
export function decodeFragmentMessage(
  type: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): Fragment | Padding | null {
  switch (type) {
    case fragmentType:
      return end - at > fragmentHeadBytes ? decodeFragment(bytes, view, at, end) : null
    case paddingType:
      return decodePadding(bytes, at, end)
    default:
      return null
  }
}

function encodeFragment(message: Fragment, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, fragmentType, fragmentHeadBytes + message.bytes.length)
  writeId(view, at, message.messageId)
  view.setUint16(at + idBytes, message.count, true)
  view.setUint16(at + idBytes + 2, message.index, true)
  bytes.set(message.bytes, at + fragmentHeadBytes)
  return at + fragmentHeadBytes + message.bytes.length
}

function decodeFragment(bytes: Uint8Array, view: DataView, at: number, end: number): Fragment | null {
  const messageId = readId(view, at)
  const count = view.getUint16(at + idBytes, true)
  const index = view.getUint16(at + idBytes + 2, true)
  if (messageId < 1 || count < 2 || count > fragmentsMax || index >= count) return null
  return { type: 'Fragment', messageId, count, index, bytes: bytes.subarray(at + fragmentHeadBytes, end) }
}

function encodePadding(message: Padding, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, paddingType, message.bytes)
  const end = at + message.bytes
  if (end > bytes.length) throw new RangeError('no room for the padding')
  // The buffer is used again and again: what stood there must neither leave nor break the one form of these bytes.
  bytes.fill(0, at, end)
  return end
}

function decodePadding(bytes: Uint8Array, at: number, end: number): Padding | null {
  for (let offset = at; offset < end; offset++) if (bytes[offset] !== 0) return null
  return { type: 'Padding', bytes: end - at }
}
