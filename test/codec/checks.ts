/** What must hold for every kind of message, whichever family it is of. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Test } from 'tap'
import { commandsEntry } from '../../codec/commands.js'
import { viewOf } from '../../codec/cursor.js'
import { type EnvelopeKind, envelopeBytes, readEnvelope, writeEnvelope } from '../../codec/envelope.js'
import { decodeMessages, encodeMessage, messageBytes, type TransportMessage } from '../../codec/messages.js'
import type { Entry } from '../../src/raft/types.js'
import type { SessionCommand } from '../../src/session/types.js'
import { awkwardIds, hex, hexOf } from './bytes.js'

/** Ids of every size within [min, max], the awkward ones often. */
export function anyId(min = 0, max = Number.MAX_SAFE_INTEGER): fc.Arbitrary<number> {
  const awkward = awkwardIds.filter(id => id >= min && id <= max)
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, ...awkward))
}

/** A plain object like those that the codec makes: fast-check's own have no prototype. */
export function anyRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true })
}

export const anyBytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })

const sender = 3

const headers = {
  peer: { kind: 'peer', sender },
  request: { kind: 'request', sender: 0 },
  answer: { kind: 'answer', sender },
} as const

/** A sealed datagram with these messages, as the transport would build it: in a used buffer that is larger. */
export function datagramOf(kind: EnvelopeKind, messages: readonly TransportMessage[]): Uint8Array {
  const total = messages.reduce((sum, message) => sum + messageBytes(message), envelopeBytes)
  const bytes = new Uint8Array(total + 7).fill(0xa5)
  const view = viewOf(bytes)
  let offset: number = envelopeBytes
  for (const message of messages) offset = encodeMessage(message, bytes, view, offset)
  if (offset !== total) throw new Error(`messageBytes said ${total - envelopeBytes}, written ${offset - envelopeBytes}`)
  seal(kind, bytes, total)
  return bytes.slice(0, total)
}

/** Writes the envelope in front of what stands in `bytes` up to `total`. */
export function seal(kind: EnvelopeKind, bytes: Uint8Array, total: number): void {
  const numbers = { clusterId: 1, incarnation: 2, bootNonce: 3, packetNumber: 4, ackedPacketNumber: 5 }
  const acks = { asksForAcknowledgement: 'soon' as const, isFollowed: false, ackedBitsLow: 6, ackedBitsHigh: 7 }
  writeEnvelope(bytes, viewOf(bytes), { ...headers[kind], ...numbers, ...acks, receiveWindowBytes: 6 }, total)
}

/** What a receiver makes of a datagram: its messages, or null. */
export function receive(datagram: Uint8Array): TransportMessage[] | null {
  const envelope = readEnvelope(datagram)
  return typeof envelope === 'string' ? null : decodeMessages(envelope, datagram)
}

/** What a receiver makes of one message that stands alone, given as the bytes of head and body. */
export function receiveBytes(kind: EnvelopeKind, message: Uint8Array): TransportMessage | null {
  const datagram = new Uint8Array(envelopeBytes + message.length)
  datagram.set(message, envelopeBytes)
  seal(kind, datagram, datagram.length)
  const received = receive(datagram)?.[0]
  return received === undefined ? null : shown(received)
}

/** A message by its value: an entry that was received refers to bytes, and makes what it holds at each look. */
function shown(message: TransportMessage): TransportMessage {
  return message.type === 'AppendEntries' ? { ...message, entries: message.entries.map(shownEntry) } : message
}

/** The payload of an entry with these commands. */
export function encodeCommands(commands: readonly SessionCommand[]): Uint8Array {
  return commandsEntry(commands, 1, 1).payload.slice()
}

/** An entry by its value. */
export function shownEntry({ index, term, kind, payload, record }: Entry): Entry {
  return { index, term, kind, payload, record }
}

/** `message` has exactly the bytes written in `golden`, and those bytes mean it. */
export function checkGolden(t: Test, kind: EnvelopeKind, message: TransportMessage, golden: string): void {
  t.equal(hexOf(datagramOf(kind, [message]).subarray(envelopeBytes)), hexOf(hex(golden)), `${message.type} to bytes`)
  t.strictSame(receiveBytes(kind, hex(golden)), message, `${message.type} from bytes`)
}

/** Round trip, one byte form, every truncation, every flipped bit: for values of `arbitrary`. */
export function checkMessages(t: Test, kind: EnvelopeKind, arbitrary: fc.Arbitrary<TransportMessage>): void {
  const property = (
    name: string,
    numRuns: number,
    values: fc.Arbitrary<TransportMessage[]>,
    holds: typeof isRoundTrip,
  ) => {
    fc.assert(
      fc.property(values, messages => holds(kind, messages)),
      { seed: 20, numRuns },
    )
    t.pass(name)
  }
  const one = arbitrary.map(message => [message])
  property('decode(encode(m)) is m, with one form in bytes', 200, fc.array(arbitrary, { maxLength: 4 }), isRoundTrip)
  property('no truncated datagram is accepted', 25, one, refusesTruncation)
  property('every flipped bit is found, and without the checksum never half understood', 10, one, survivesFlips)
}

function isRoundTrip(kind: EnvelopeKind, messages: TransportMessage[]): boolean {
  const datagram = datagramOf(kind, messages)
  const received = receive(datagram)
  if (received === null) return false
  assert.deepStrictEqual(received.map(shown), messages)
  return hexOf(datagramOf(kind, received)) === hexOf(datagram)
}

function refusesTruncation(kind: EnvelopeKind, messages: TransportMessage[]): boolean {
  const datagram = datagramOf(kind, messages)
  for (let length = 0; length < datagram.length; length++) {
    if (typeof readEnvelope(datagram.subarray(0, length)) !== 'string') return false
    if (length <= envelopeBytes) continue
    const cut = datagram.slice(0, length)
    seal(kind, cut, length)
    if (receive(cut) !== null) return false
    if (length < envelopeBytes + 4) continue
    // And with a length that agrees with what is left: a shorter command may be one, a shorter id may not.
    viewOf(cut).setUint32(envelopeBytes, ((length - envelopeBytes - 4) << 8) | cut[envelopeBytes]!, true)
    seal(kind, cut, length)
    if (!isCanonical(kind, cut)) return false
  }
  return true
}

function survivesFlips(kind: EnvelopeKind, messages: TransportMessage[]): boolean {
  const datagram = datagramOf(kind, messages)
  for (let bit = 0; bit < datagram.length * 8; bit++) {
    const flipped = datagram.slice()
    flipped[bit >>> 3]! ^= 1 << (bit & 7)
    if (typeof readEnvelope(flipped) !== 'string') return false
    if (bit < envelopeBytes * 8) continue
    seal(kind, flipped, flipped.length)
    if (!isCanonical(kind, flipped)) return false
  }
  return true
}

/** Refused, or exactly what its own value is written as. */
export function isCanonical(kind: EnvelopeKind, datagram: Uint8Array): boolean {
  const messages = receive(datagram)
  return messages === null || hexOf(datagramOf(kind, messages)) === hexOf(datagram)
}
