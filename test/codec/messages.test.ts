import fc from 'fast-check'
import t from 'tap'
import { viewOf } from '../../codec/cursor.js'
import { envelopeBytes, readEnvelope } from '../../codec/envelope.js'
import { decodeMessages, decodeWholeMessage, encodeMessage, messageBytes } from '../../codec/messages.js'
import type { WireMessage } from '../../codec/messages.js'
import { datagramWith, hex, hexOf, join, uint } from './bytes.js'
import { datagramOf, isCanonical, receive, receiveBytes } from './checks.js'

const kinds = ['peer', 'request', 'answer'] as const

/** One message of each kind of datagram. */
const examples: Record<(typeof kinds)[number], WireMessage> = {
  peer: { type: 'TimeoutNow', term: 1, from: 3 },
  request: { type: 'StatusRequest', requestId: 1 },
  answer: { type: 'Unwelcome' },
}

void t.test('a datagram holds any number of messages, also none', t => {
  for (const kind of kinds) {
    t.strictSame(receive(datagramOf(kind, [])), [], 'none')
    const many = Array.from({ length: 500 }, () => examples[kind])
    t.strictSame(receive(datagramOf(kind, many)), many, '500')
  }
  t.end()
})

void t.test('a message is accepted only in its own kind of datagram', t => {
  for (const kind of kinds) {
    for (const other of kinds) {
      const received = receive(datagramOf(kind, [examples[other]]))
      t.strictSame(received, kind === other ? [examples[kind]] : null, `${other} message in a ${kind} datagram`)
    }
  }
  t.end()
})

void t.test('B06: unknown types are refused, whatever their length', t => {
  const known = new Set([1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x22, 0x30, 0x31])
  for (let type = 0; type < 256; type++) {
    if (known.has(type)) continue
    for (const kind of kinds) {
      for (const length of [0, 8, 100]) {
        const bytes = join(uint(type, 1), uint(length, 3), new Uint8Array(length))
        if (receiveBytes(kind, bytes) !== null) t.fail(`type ${type} of ${length} bytes in a ${kind} datagram`)
      }
    }
  }
  t.pass()
  t.end()
})

void t.test('one bad message spoils the whole datagram', t => {
  const good = datagramOf('peer', [examples.peer]).subarray(envelopeBytes)
  const after = (...parts: Uint8Array[]) =>
    receive(datagramWith({ kind: 1, sender: 3, messages: join(good, ...parts) }))
  t.strictSame(after(good), [examples.peer, examples.peer])
  t.equal(after(hex('00')), null, 'a byte left over')
  t.equal(after(hex('050800')), null, 'half a head')
  t.equal(after(hex('05080000 01000000000000')), null, 'a body with a byte too few')
  t.equal(after(hex('05080000 0000000000000000')), null, 'a value that cannot be')
  t.equal(after(good, hex('00000000')), null, 'type 0')
  t.end()
})

void t.test('B03: lengths that lie are found before anything is made for them', t => {
  for (const kind of [1, 2, 3]) {
    for (const type of [1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20, 0x22, 0x30, 0x31]) {
      for (const length of [0, 1, 7, 9, 101, 0x7f_ffff, 0x80_0000, 0xff_ffff]) {
        const messages = join(uint(type, 1), uint(length, 3), new Uint8Array(100))
        if (receive(datagramWith({ kind, sender: kind === 2 ? 0 : 3, messages })) !== null) {
          t.fail(`type ${type}, length ${length} of 100`)
        }
      }
    }
  }
  t.pass()
  t.end()
})

void t.test('B03: what a stranger writes costs memory in proportion to its bytes', t => {
  const datagram = datagramWith({ kind: 3, sender: 1, messages: hex('21000000'.repeat(16_000)) })
  const received = receive(datagram)
  t.equal(received?.length, 16_000)
  t.equal(new Set(received).size, 1, 'the smallest messages are one and the same value')
  t.end()
})

void t.test('B01: random bytes behind a right envelope: refused, or the one form of a value', t => {
  const plausible = fc.record({
    type: fc.oneof(fc.nat(5), fc.constantFrom(0x30, 0x31)),
    // The lengths of the bodies that are fixed, and any other.
    body: fc
      .oneof(fc.constantFrom(0, 8, 9, 17, 20, 24, 33, 40, 49), fc.nat(90))
      .chain(length => fc.uint8Array({ minLength: length, maxLength: length })),
    modulus: fc.constantFrom(256, 4, 2, 1),
    lie: fc.constantFrom(0, 0, 0, 0, 1, -1),
  })
  const firstTypes = { peer: 1, request: 0x10, answer: 0x20 }
  let accepted = 0
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.array(plausible, { minLength: 1, maxLength: 2 }), (kind, parts) => {
      const messages = parts.map(({ type, body, modulus, lie }) =>
        join(
          uint(type < 0x30 ? firstTypes[kind] + type : type, 1),
          uint(Math.max(0, body.length + lie), 3),
          // Small bytes, and no high words: random ids are nearly always 2^53 or more.
          body.map((byte, at) => (modulus < 256 && at % 8 > 3 ? 0 : byte % modulus)),
        ),
      )
      const numbers = { clusterId: 1, incarnation: 2, bootNonce: 3, packetNumber: 4, ackedPacketNumber: 5 }
      const acks = { ackedBitsLow: 6, ackedBitsHigh: 7 }
      // The envelope that datagramOf writes, which asks for an acknowledgement.
      const kindByte = 0x80 + kinds.indexOf(kind) + 1
      const header = { kind: kindByte, sender: kind === 'request' ? 0 : 3, receiveWindowBytes: 6 }
      const datagram = datagramWith({ ...header, ...numbers, ...acks, messages: join(...messages) })
      if (receive(datagram) !== null) accepted++
      return isCanonical(kind, datagram)
    }),
    { seed: 8, numRuns: 10_000 },
  )
  t.ok(accepted > 100, `some of them mean something: ${accepted}`)
  t.end()
})

void t.test('a message is written where it was told, and nothing beside it', t => {
  for (const message of Object.values(examples)) {
    const bytes = new Uint8Array(100).fill(0xee)
    const end = encodeMessage(message, bytes, viewOf(bytes), 30)
    t.equal(end, 30 + messageBytes(message))
    t.equal(hexOf(bytes.subarray(0, 30)), 'ee'.repeat(30))
    t.equal(hexOf(bytes.subarray(end)), 'ee'.repeat(100 - end))
    t.throws(() => encodeMessage(message, bytes, viewOf(bytes), 98), RangeError, 'nor beyond the end')
  }
  t.end()
})

void t.test('a datagram may lie anywhere in a larger buffer', t => {
  const datagram = datagramOf('peer', [examples.peer])
  const inside = join(hex('ffffff'), datagram, hex('ffffff')).subarray(3, 3 + datagram.length)
  const envelope = readEnvelope(inside)
  t.type(envelope, 'object')
  if (typeof envelope === 'object') t.strictSame(decodeMessages(envelope, inside), [examples.peer])
  t.end()
})

void t.test('a whole message, put together from fragments, is decoded as it would be in a datagram of its own', t => {
  for (const kind of kinds) {
    for (const other of kinds) {
      const message = datagramOf(other, [examples[other]]).subarray(envelopeBytes)
      const whole = decodeWholeMessage(kind, kind === 'request' ? 0 : 3, message)
      t.strictSame(whole, kind === other ? examples[kind] : null, `${other} message of a ${kind} datagram`)
    }
  }
  const sent: WireMessage = { type: 'Write', sessionId: 1, sequence: 2, answeredUpTo: 0, command: hex('c0ffee') }
  const whole = join(hex('ff'), datagramOf('request', [sent]).subarray(envelopeBytes), hex('ff')).subarray(1, -1)
  t.strictSame(decodeWholeMessage('request', 0, whole), sent, 'it may lie anywhere in a larger buffer')
  const fromBuffer = decodeWholeMessage('request', 0, Buffer.from(whole))
  t.strictSame(fromBuffer, sent, 'and no Buffer comes out')
  for (let length = 0; length < whole.length; length++) {
    t.equal(decodeWholeMessage('request', 0, whole.subarray(0, length)), null, `${length} of ${whole.length} bytes`)
  }
  t.equal(decodeWholeMessage('request', 0, join(whole, hex('00'))), null, 'a byte left over')
  t.equal(decodeWholeMessage('request', 0, join(whole, whole)), null, 'two messages')
  t.equal(decodeWholeMessage('peer', 3, hex('30 0d0000 0100000000000000 0200 0000 aa')), null, 'a fragment inside')
  t.equal(decodeWholeMessage('peer', 3, hex('31 010000 00')), null, 'padding inside')
  t.match(decodeWholeMessage('peer', 9, hex('05 080000 0100000000000000')), { from: 9 }, "the sender is the envelope's")
  t.end()
})
