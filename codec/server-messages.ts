/**
 * The messages of a server to a client as bytes: bodies behind the head of message-head.ts. Every id takes 8 bytes
 * (cursor.ts), `leaderId`, `count` and a member's `id` are u16, the others one byte.
 *
 *     0x20 Welcome    nonce token leaderId count, count x {id length address}   20 + members, at most helloBytes in all
 *     0x21 Unwelcome                                                              0 bytes
 *     0x22 Answer     to code leaderId requestId sessionId, result...             20 + result
 *
 * `to` is 1 open, 2 write, 3 read, 4 status, 5 snapshot; the codes are numbered in `answerCodes`. A result is a subarray of the
 * datagram, only lent. An address is printable ASCII, because clients print it and nothing else is a host and a port.
 */
import { unreachable } from '../src/base/assert.js'
import type { Answer, AnswerCode, Member, ServerMessage, Unwelcome, Welcome } from './client-types.js'
import { idBytes, readId, writeId } from './cursor.js'
import { addressBytesMax, helloBytes } from './limits.js'
import { messageHeadBytes, writeHead } from './message-head.js'

const welcomeType = 0x20
const unwelcomeType = 0x21
const answerType = 0x22

const welcomeBytes = 2 * idBytes + 4
const memberHeadBytes = 3
const answerBytes = 4 + 2 * idBytes

/** A code's number on the wire is its place here, from 1 on: only ever append. */
const answerCodes: readonly AnswerCode[] = [
  'ok',
  'not-leader',
  'busy',
  'session-expired',
  'request-mismatch',
  'sequence-too-far',
  'bad-request',
  'no-space',
  'no-snapshot',
]

/** Likewise. */
const answeredKinds: readonly Answer['to'][] = ['open', 'write', 'read', 'status', 'snapshot']

const unwelcome: Unwelcome = { type: 'Unwelcome' }

/** Exact bytes of `message` in a datagram, its head included. */
export function serverMessageBytes(message: ServerMessage): number {
  return messageHeadBytes + bodyBytes(message)
}

function bodyBytes(message: ServerMessage): number {
  switch (message.type) {
    case 'Welcome':
      return welcomeBytes + membersBytes(membersThatFit(message))
    case 'Unwelcome':
      return 0
    case 'Answer':
      return answerBytes + message.result.length
    default:
      return unreachable(message)
  }
}

/** Writes `message` at `offset` and returns the offset behind it. `view` is that of `bytes`, which must have the room. */
export function encodeServerMessage(message: ServerMessage, bytes: Uint8Array, view: DataView, offset: number): number {
  switch (message.type) {
    case 'Welcome':
      return encodeWelcome(message, view, offset)
    case 'Unwelcome':
      return writeHead(view, offset, unwelcomeType, 0)
    case 'Answer':
      return encodeAnswer(message, bytes, view, offset)
    default:
      return unreachable(message)
  }
}

/** The message of `type` whose body is exactly [at, end) of the datagram `bytes`, or null. */
export function decodeServerMessage(
  type: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): ServerMessage | null {
  const length = end - at
  switch (type) {
    case welcomeType:
      return length >= welcomeBytes ? decodeWelcome(bytes, view, at, end) : null
    case unwelcomeType:
      return length === 0 ? unwelcome : null
    case answerType:
      return length >= answerBytes ? decodeAnswer(bytes, view, at, end) : null
    default:
      return null
  }
}

/** Members that a Welcome may name, in their order, as long as it stays within the bytes of a Hello. */
function membersThatFit(message: Welcome): Member[] {
  let room = helloBytes - messageHeadBytes - welcomeBytes
  return message.members.filter(({ address }) => {
    const fits = isAddress(address) && memberHeadBytes + address.length <= room
    if (fits) room -= memberHeadBytes + address.length
    return fits
  })
}

function membersBytes(members: readonly Member[]): number {
  return members.reduce((total, { address }) => total + memberHeadBytes + address.length, 0)
}

function isAddress(address: string): boolean {
  return address.length <= addressBytesMax && /^[\x21-\x7e]+$/.test(address)
}

function encodeWelcome(message: Welcome, view: DataView, offset: number): number {
  const members = membersThatFit(message)
  const at = writeHead(view, offset, welcomeType, welcomeBytes + membersBytes(members))
  writeId(view, at, message.nonce)
  writeId(view, at + 8, message.token)
  view.setUint16(at + 16, message.leaderId, true)
  view.setUint16(at + 18, members.length, true)
  let end = at + welcomeBytes
  for (const { id, address } of members) {
    view.setUint16(end, id, true)
    view.setUint8(end + 2, address.length)
    end += memberHeadBytes
    for (let position = 0; position < address.length; position++) view.setUint8(end++, address.charCodeAt(position))
  }
  return end
}

function decodeWelcome(bytes: Uint8Array, view: DataView, at: number, end: number): Welcome | null {
  if (end - at > helloBytes - messageHeadBytes) return null
  const nonce = readId(view, at)
  const token = readId(view, at + 8)
  const leaderId = view.getUint16(at + 16, true)
  if (nonce < 0 || token < 0) return null
  const members = decodeMembers(bytes, view, at + welcomeBytes, end)
  // The count is only compared, never believed: nothing is allocated for it.
  if (members?.length !== view.getUint16(at + 18, true)) return null
  return { type: 'Welcome', nonce, token, leaderId, members }
}

function decodeMembers(bytes: Uint8Array, view: DataView, at: number, end: number): Member[] | null {
  const members: Member[] = []
  for (let offset = at; offset < end;) {
    if (end - offset < memberHeadBytes) return null
    const id = view.getUint16(offset, true)
    const length = view.getUint8(offset + 2)
    offset += memberHeadBytes
    if (id === 0 || length > end - offset) return null
    const address = String.fromCharCode(...bytes.subarray(offset, offset + length))
    if (!isAddress(address)) return null
    members.push({ id, address })
    offset += length
  }
  return members
}

function encodeAnswer(message: Answer, bytes: Uint8Array, view: DataView, offset: number): number {
  const at = writeHead(view, offset, answerType, answerBytes + message.result.length)
  view.setUint8(at, answeredKinds.indexOf(message.to) + 1)
  view.setUint8(at + 1, answerCodes.indexOf(message.code) + 1)
  view.setUint16(at + 2, message.leaderId, true)
  writeId(view, at + 4, message.requestId)
  writeId(view, at + 12, message.sessionId)
  bytes.set(message.result, at + answerBytes)
  return at + answerBytes + message.result.length
}

function decodeAnswer(bytes: Uint8Array, view: DataView, at: number, end: number): Answer | null {
  const to = answeredKinds[view.getUint8(at) - 1]
  const code = answerCodes[view.getUint8(at + 1) - 1]
  const leaderId = view.getUint16(at + 2, true)
  const requestId = readId(view, at + 4)
  const sessionId = readId(view, at + 12)
  if (to === undefined || code === undefined || requestId < 0 || sessionId < 0) return null
  const result = bytes.subarray(at + answerBytes, end)
  return { type: 'Answer', to, requestId, sessionId, code, leaderId, result }
}
