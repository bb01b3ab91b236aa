/**
 * The messages of a datagram, behind its envelope: which there are, how large they are, to bytes and back. The bodies
 * stand in one file for each kind of datagram: peer-messages.ts, client-messages.ts, server-messages.ts; what travels in
 * every kind, for the transport alone, in fragment.ts.
 */
import type { Message, ServerId } from '../src/raft/types.js'
import { clientMessageBytes, decodeClientMessage, encodeClientMessage } from './client-messages.js'
import type { ClientMessage, ServerMessage } from './client-types.js'
import { viewOf } from './cursor.js'
import { envelopeBytes, type Envelope, type EnvelopeKind } from './envelope.js'
import {
  decodeFragmentMessage,
  encodeFragmentMessage,
  fragmentMessageBytes,
  fragmentType,
  paddingType,
  type Fragment,
  type Padding,
} from './fragment.js'
import { headLength, headType, messageHeadBytes } from './message-head.js'
import { decodePeerMessage, encodePeerMessage, peerMessageBytes } from './peer-messages.js'
import { decodeServerMessage, encodeServerMessage, serverMessageBytes } from './server-messages.js'

/** Everything that servers and clients say to each other. */
export type WireMessage = Message | ClientMessage | ServerMessage

/** Everything that stands in a datagram: messages, and what the transport adds by itself. */
export type TransportMessage = WireMessage | Fragment | Padding

/** Exact bytes that `message` takes in a datagram, beside the envelope. */
export function messageBytes(message: TransportMessage): number {
  switch (message.type) {
    case 'RequestVote':
    case 'RequestVoteReply':
    case 'AppendEntries':
    case 'AppendEntriesReply':
    case 'InstallSnapshot':
    case 'InstallSnapshotReply':
    case 'TimeoutNow':
      return peerMessageBytes(message)
    case 'Hello':
    case 'OpenSession':
    case 'Write':
    case 'Read':
    case 'StatusRequest':
    case 'SnapshotRequest':
      return clientMessageBytes(message)
    case 'Welcome':
    case 'Unwelcome':
    case 'Answer':
      return serverMessageBytes(message)
    case 'Fragment':
    case 'Padding':
      return fragmentMessageBytes(message)
  }
}

/**
 * Writes `message` at `offset` and returns the offset behind it. `view` is that of `bytes`, and there must be room for
 * `messageBytes(message)`: a RangeError otherwise. A value that has no bytes (an id of 2^53) is a broken invariant.
 */
export function encodeMessage(message: TransportMessage, bytes: Uint8Array, view: DataView, offset: number): number {
  switch (message.type) {
    case 'RequestVote':
    case 'RequestVoteReply':
    case 'AppendEntries':
    case 'AppendEntriesReply':
    case 'InstallSnapshot':
    case 'InstallSnapshotReply':
    case 'TimeoutNow':
      return encodePeerMessage(message, bytes, view, offset)
    case 'Hello':
    case 'OpenSession':
    case 'Write':
    case 'Read':
    case 'StatusRequest':
    case 'SnapshotRequest':
      return encodeClientMessage(message, bytes, view, offset)
    case 'Welcome':
    case 'Unwelcome':
    case 'Answer':
      return encodeServerMessage(message, bytes, view, offset)
    case 'Fragment':
    case 'Padding':
      return encodeFragmentMessage(message, bytes, view, offset)
  }
}

/**
 * The messages of a whole datagram whose envelope was read, often none; or null when any of them is malformed or does
 * not belong into this kind of datagram. Entries own their bytes; commands, queries, results and the bytes of fragments
 * are subarrays of `bytes`.
 */
export function decodeMessages(envelope: Envelope, bytes: Uint8Array): TransportMessage[] | null {
  const datagram = plainBytes(bytes)
  const view = viewOf(datagram)
  const messages: TransportMessage[] = []
  for (let offset = envelopeBytes; offset < datagram.length;) {
    const at = offset + messageHeadBytes
    if (at > datagram.length) return null
    const head = view.getUint32(offset, true)
    const end = at + headLength(head)
    if (end > datagram.length) return null
    const type = headType(head)
    const message =
      type === fragmentType || type === paddingType
        ? decodeFragmentMessage(type, datagram, view, at, end)
        : decodeMessage(envelope.kind, envelope.sender, type, datagram, view, at, end)
    if (message === null) return null
    messages.push(message)
    offset = end
  }
  return messages
}

/**
 * The one message that `bytes` are, head and body, put together from the fragments of datagrams of `kind` from `sender`;
 * or null where it is malformed or does not belong into this kind of datagram. No fragment holds fragments or padding.
 * What decodeMessages says of subarrays holds here, too.
 */
export function decodeWholeMessage(kind: EnvelopeKind, sender: ServerId, bytes: Uint8Array): WireMessage | null {
  if (bytes.length < messageHeadBytes) return null
  const view = viewOf(bytes)
  const head = view.getUint32(0, true)
  if (messageHeadBytes + headLength(head) !== bytes.length) return null
  return decodeMessage(kind, sender, headType(head), plainBytes(bytes), view, messageHeadBytes, bytes.length)
}

function decodeMessage(
  kind: EnvelopeKind,
  sender: ServerId,
  type: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): WireMessage | null {
  switch (kind) {
    case 'peer':
      return decodePeerMessage(type, sender, bytes, view, at, end)
    case 'request':
      return decodeClientMessage(type, bytes, view, at, end)
    case 'answer':
      return decodeServerMessage(type, bytes, view, at, end)
  }
}

/** The same memory without Node's Buffer around it, whose subarrays cost more and would come out as Buffers again. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
