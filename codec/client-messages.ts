/**
 * The messages of a client as bytes: bodies behind the head of message-head.ts. Every id takes 8 bytes (cursor.ts).
 *
 *     0x10 Hello          nonce, zeros up to helloBytes
 *     0x11 OpenSession    requestId                              8 bytes
 *     0x12 Write          sessionId sequence answeredUpTo, command...   24 + command
 *     0x13 Read           requestId flags{1 stale}, query...     9 + query
 *     0x14 StatusRequest  requestId                              8
 *     0x15 SnapshotRequest  requestId act{1 take, 2 hold, 3 read} lastIncludedIndex hash offset   33
 *
 * Of what is decoded, a Write names a session and a sequence number, both 1 or more, and has its number still unanswered;
 * commands and queries are within commandBytesMax. A SnapshotRequest has zeros behind all acts but `read`. Commands and
 * queries are subarrays of the datagram, only lent.
 */
import { unreachable } from '../src/base/assert.js'
import type {
  ClientMessage,
  Hello,
  OpenSession,
  Read,
  SnapshotAct,
  SnapshotRequest,
  StatusRequest,
  Write,
} from './client-types.js'
import { idBytes, readId, writeId } from './cursor.js'
import { commandBytesMax, helloBytes } from './limits.js'
import { messageHeadBytes, writeHead } from './message-head.js'

const helloType = 0x10
const openSessionType = 0x11
const writeType = 0x12
const readType = 0x13
const statusRequestType = 0x14
const snapshotRequestType = 0x15

/** An act's number on the wire is its place here, from 1 on. */
const snapshotActs: readonly SnapshotAct[] = ['take', 'hold', 'read']

const helloBodyBytes = helloBytes - messageHeadBytes
const openSessionBytes = idBytes
const writeBytes = 3 * idBytes
const readBytes = idBytes + 1
const statusRequestBytes = idBytes
const snapshotRequestBytes = 4 * idBytes + 1

/** Exact bytes of `message` in a datagram, its head included. */
export function clientMessageBytes(message: ClientMessage): number {
  return messageHeadBytes + bodyBytes(message)
}

function bodyBytes(message: ClientMessage): number {
  switch (message.type) {
    case 'Hello':
      return helloBodyBytes
    case 'OpenSession':
      return openSessionBytes
    case 'Write':
      return writeBytes + message.command.length
    case 'Read':
      return readBytes + message.query.length
    case 'StatusRequest':
      return statusRequestBytes
    case 'SnapshotRequest':
      return snapshotRequestBytes
    default:
      return unreachable(message)
  }
}

/** Writes `message` at `offset` and returns the offset behind it. `view` is that of `bytes`, which must have the room. */
export function encodeClientMessage(message: ClientMessage, bytes: Uint8Array, view: DataView, offset: number): number {
  switch (message.type) {
    case 'Hello':
      return encodeHello(message, bytes, view, offset)
    case 'OpenSession':
      return encodeOpenSession(message, view, offset)
    case 'Write':
      return encodeWrite(message, bytes, view, offset)
    case 'Read':
      return encodeRead(message, bytes, view, offset)
    case 'StatusRequest':
      return encodeStatusRequest(message, view, offset)
    case 'SnapshotRequest':
      return encodeSnapshotRequest(message, view, offset)
    default:
      return unreachable(message)
  }
}

/** The message of `type` whose body is exactly [at, end) of the datagram `bytes`, or null. */
export function decodeClientMessage(
  type: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): ClientMessage | null {
  const length = end - at
  switch (type) {
    case helloType:
      return length === helloBodyBytes ? decodeHello(bytes, view, at, end) : null
    case openSessionType:
      return length === openSessionBytes ? decodeOpenSession(view, at) : null
    case writeType:
      return length >= writeBytes ? decodeWrite(bytes, view, at, end) : null
    case readType:
      return length >= readBytes ? decodeRead(bytes, view, at, end) : null
    case statusRequestType:
      return length === statusRequestBytes ? decodeStatusRequest(view, at) : null
    case snapshotRequestType:
      return length === snapshotRequestBytes ? decodeSnapshotRequest(view, at) : null
    default:
      return null
  }
}

function encodeHello(message: Hello, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, helloType, helloBodyBytes)
  writeId(view, at, message.nonce)
  // The buffer is used again and again: what stood there must neither leave nor break the one form of these bytes.
  bytes.fill(0, at + idBytes, at + helloBodyBytes)
  return at + helloBodyBytes
}

function decodeHello(bytes: Uint8Array, view: DataView, at: number, end: number): Hello | null {
  for (let offset = at + idBytes; offset < end; offset++) if (bytes[offset] !== 0) return null
  const nonce = readId(view, at)
  return nonce < 0 ? null : { type: 'Hello', nonce }
}

function encodeOpenSession(message: OpenSession, view: DataView, offset: number): number {
  const at = writeHead(view, offset, openSessionType, openSessionBytes)
  writeId(view, at, message.requestId)
  return at + openSessionBytes
}

function decodeOpenSession(view: DataView, at: number): OpenSession | null {
  const requestId = readId(view, at)
  return requestId < 0 ? null : { type: 'OpenSession', requestId }
}

function encodeWrite(message: Write, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, writeType, writeBytes + message.command.length)
  writeId(view, at, message.sessionId)
  writeId(view, at + 8, message.sequence)
  writeId(view, at + 16, message.answeredUpTo)
  bytes.set(message.command, at + writeBytes)
  return at + writeBytes + message.command.length
}

function decodeWrite(bytes: Uint8Array, view: DataView, at: number, end: number): Write | null {
  const sessionId = readId(view, at)
  const sequence = readId(view, at + 8)
  const answeredUpTo = readId(view, at + 16)
  if (sessionId < 1 || answeredUpTo < 0 || sequence <= answeredUpTo) return null
  const command = bytes.subarray(at + writeBytes, end)
  return command.length > commandBytesMax ? null : { type: 'Write', sessionId, sequence, answeredUpTo, command }
}

function encodeRead(message: Read, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, readType, readBytes + message.query.length)
  writeId(view, at, message.requestId)
  view.setUint8(at + idBytes, message.stale ? 1 : 0)
  bytes.set(message.query, at + readBytes)
  return at + readBytes + message.query.length
}

function decodeRead(bytes: Uint8Array, view: DataView, at: number, end: number): Read | null {
  const requestId = readId(view, at)
  const flags = view.getUint8(at + idBytes)
  if (requestId < 0 || flags > 1) return null
  const query = bytes.subarray(at + readBytes, end)
  return query.length > commandBytesMax ? null : { type: 'Read', requestId, stale: flags === 1, query }
}

function encodeStatusRequest(message: StatusRequest, view: DataView, offset: number): number {
  const at = writeHead(view, offset, statusRequestType, statusRequestBytes)
  writeId(view, at, message.requestId)
  return at + statusRequestBytes
}

function decodeStatusRequest(view: DataView, at: number): StatusRequest | null {
  const requestId = readId(view, at)
  return requestId < 0 ? null : { type: 'StatusRequest', requestId }
}

function encodeSnapshotRequest(message: SnapshotRequest, view: DataView, offset: number): number {
  const at = writeHead(view, offset, snapshotRequestType, snapshotRequestBytes)
  writeId(view, at, message.requestId)
  view.setUint8(at + idBytes, snapshotActs.indexOf(message.act) + 1)
  writeId(view, at + 9, message.lastIncludedIndex)
  writeId(view, at + 17, message.hash)
  writeId(view, at + 25, message.offset)
  return at + snapshotRequestBytes
}

function decodeSnapshotRequest(view: DataView, at: number): SnapshotRequest | null {
  const requestId = readId(view, at)
  const act = snapshotActs[view.getUint8(at + idBytes) - 1]
  const lastIncludedIndex = readId(view, at + 9)
  const hash = readId(view, at + 17)
  const offset = readId(view, at + 25)
  if (act === undefined || requestId < 0 || lastIncludedIndex < 0 || hash < 0 || offset < 0) return null
  if (act !== 'read' && lastIncludedIndex + hash + offset > 0) return null
  return { type: 'SnapshotRequest', requestId, act, lastIncludedIndex, hash, offset }
}
