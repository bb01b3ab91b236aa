import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { viewOf } from '../../codec/cursor.js'
import { type Envelope, envelopeBytes, readEnvelope, writeEnvelope } from '../../codec/envelope.js'
import { Prng } from '../../src/base/prng.js'
import { awkwardIds, datagramWith, hex, hexOf, join, text, tooLargeIds } from './bytes.js'
import { anyBytes, anyId, anyRecord } from './checks.js'

const anyEnvelope: fc.Arbitrary<Envelope> = anyRecord({
  kind: fc.constantFrom('peer', 'request', 'answer'),
  clusterId: anyId(),
  sender: fc.integer({ min: 1, max: 65_535 }),
  incarnation: anyId(),
  bootNonce: anyId(),
  packetNumber: anyId(),
  asksForAcknowledgement: fc.constantFrom('no', 'soon', 'at once'),
  isFollowed: fc.boolean(),
  ackedPacketNumber: anyId(1),
  ackedBitsLow: anyId(0, 2 ** 32 - 1),
  ackedBitsHigh: anyId(0, 2 ** 32 - 1),
  receiveWindowBytes: anyId(0, 2 ** 32 - 1),
} as const).map(envelope => (envelope.kind === 'request' ? { ...envelope, sender: 0 } : envelope))

function sealed(envelope: Envelope, body: Uint8Array): Uint8Array {
  const bytes = join(new Uint8Array(envelopeBytes).fill(0x5a), body, text('what the buffer held before'))
  const total = envelopeBytes + body.length
  writeEnvelope(bytes, viewOf(bytes), envelope, total)
  return bytes.slice(0, total)
}

const example: Envelope = {
  kind: 'answer',
  clusterId: 0x11,
  sender: 0x0203,
  incarnation: 2 ** 32,
  bootNonce: 0x13,
  packetNumber: 0x14,
  asksForAcknowledgement: 'soon',
  isFollowed: false,
  ackedPacketNumber: Number.MAX_SAFE_INTEGER,
  ackedBitsLow: 0x8000_0001,
  ackedBitsHigh: 2,
  receiveWindowBytes: 65_536,
}

void t.test('an envelope has the bytes that the drawing says', t => {
  const body = hex('c0ffee')
  const golden = `5247524d 02 83 0302 df165b14 00000100 1100000000000000
    0000000001000000 1300000000000000 1400000000000000 ffffffffffff1f00 01000080 02000000 c0ffee`
  t.equal(hexOf(sealed(example, body)), hexOf(hex(golden)))
  t.equal(
    hexOf(sealed(example, body)),
    hexOf(
      datagramWith({
        kind: 0x83,
        sender: 0x0203,
        receiveWindowBytes: 65_536,
        clusterId: 0x11,
        incarnation: 2 ** 32,
        bootNonce: 0x13,
        packetNumber: 0x14,
        ackedPacketNumber: Number.MAX_SAFE_INTEGER,
        ackedBitsLow: 0x8000_0001,
        ackedBitsHigh: 2,
        messages: body,
      }),
    ),
    'checksum by bits',
  )
  t.equal(envelopeBytes, 64)
  t.end()
})

void t.test('round trip, with one form in bytes', t => {
  fc.assert(
    fc.property(anyEnvelope, anyBytes(40), (envelope, body) => {
      const datagram = sealed(envelope, body)
      const read = readEnvelope(datagram)
      assert.deepStrictEqual(read, envelope)
      return hexOf(datagram.subarray(envelopeBytes)) === hexOf(body)
    }),
    { seed: 5, numRuns: 300 },
  )
  t.end()
})

void t.test('every truncation and every flipped bit is refused', t => {
  fc.assert(
    fc.property(anyEnvelope, anyBytes(40), (envelope, body) => {
      const datagram = sealed(envelope, body)
      for (let length = 0; length < datagram.length; length++) {
        const reason = readEnvelope(datagram.subarray(0, length))
        if (reason !== (length < envelopeBytes ? 'too-short' : 'bad-checksum')) return false
      }
      for (let bit = 0; bit < datagram.length * 8; bit++) {
        const flipped = datagram.slice()
        flipped[bit >>> 3]! ^= 1 << (bit & 7)
        const expected = bit < 32 ? 'bad-magic' : bit < 40 ? 'other-version' : 'bad-checksum'
        if (readEnvelope(flipped) !== expected) return false
      }
      return true
    }),
    { seed: 6, numRuns: 20 },
  )
  t.end()
})

void t.test('regression_two_flipped_bits: no two of them pass, wherever they are', t => {
  // Sender and receive window once guarded each other only: the same bit flipped in both went unnoticed.
  const datagram = sealed(example, hex('c0ffee'))
  const flip = (bit: number) => (datagram[bit >>> 3]! ^= 1 << (bit & 7))
  for (let one = 0; one < datagram.length * 8; one++) {
    flip(one)
    for (let other = one + 1; other < datagram.length * 8; other++) {
      flip(other)
      if (typeof readEnvelope(datagram) !== 'string') t.fail(`bits ${one} and ${other}`)
      flip(other)
    }
    flip(one)
  }
  t.same(readEnvelope(datagram), example)
  t.end()
})

void t.test('U15: of a million datagrams with 1 to 16 bits flipped none is accepted', t => {
  const random = new Prng(15, 1)
  const upTo = (most: number) => Math.floor(random.fraction() * most)
  const datagrams = [0, 1, 40, 200].map(length => sealed(example, new Uint8Array(length).fill(0x5a)))
  let accepted = 0
  for (let run = 0; run < 1_000_000; run++) {
    const datagram = datagrams[run % datagrams.length]!
    const bits = new Set<number>()
    for (let flips = 1 + upTo(16); flips > 0; flips--) bits.add(upTo(datagram.length * 8))
    for (const bit of bits) datagram[bit >>> 3]! ^= 1 << (bit & 7)
    if (typeof readEnvelope(datagram) !== 'string') accepted++
    for (const bit of bits) datagram[bit >>> 3]! ^= 1 << (bit & 7)
  }
  t.equal(accepted, 0)
  for (const datagram of datagrams) t.same(readEnvelope(datagram), example, 'as they were they are accepted')
  t.end()
})

void t.test('B06: each reason to refuse has its name', t => {
  t.type(readEnvelope(datagramWith({ kind: 1, sender: 1 })), 'object', 'the builder builds what is accepted')
  t.equal(readEnvelope(new Uint8Array(0)), 'too-short', 'a datagram may be empty')
  t.equal(readEnvelope(new Uint8Array(63)), 'too-short')
  t.equal(readEnvelope(new Uint8Array(200)), 'bad-magic')
  t.equal(readEnvelope(datagramWith({ magic: 'rgrm', kind: 1, sender: 1 })), 'bad-magic')
  for (const version of [0, 1, 255]) {
    const newer = datagramWith({ version, kind: 1, sender: 1, checksum: 0 })
    t.equal(readEnvelope(newer), 'other-version', `version ${version}, whatever its checksum means`)
  }
  t.equal(readEnvelope(datagramWith({ kind: 1, sender: 1, checksum: 0 })), 'bad-checksum')
  t.equal(readEnvelope(datagramWith({ kind: 0, sender: 1 })), 'malformed', 'kind 0')
  t.equal(readEnvelope(datagramWith({ kind: 4, sender: 1 })), 'malformed', 'kind 4')
  t.equal(readEnvelope(datagramWith({ kind: 1, sender: 0 })), 'malformed', 'a peer without an id')
  t.equal(readEnvelope(datagramWith({ kind: 2, sender: 1 })), 'malformed', 'a request of a server')
  t.equal(readEnvelope(datagramWith({ kind: 3, sender: 0 })), 'malformed', 'an answer of nobody')
  t.equal(readEnvelope(datagramWith({ kind: 1, sender: 1, ackedBitsLow: 1 })), 'malformed', 'below nothing is nothing')
  t.equal(readEnvelope(datagramWith({ kind: 1, sender: 1, ackedBitsHigh: 1 })), 'malformed')
  for (const kind of [0x80, 0x84, 0xff]) {
    t.equal(readEnvelope(datagramWith({ kind, sender: 1 })), 'malformed', `kind ${kind}`)
  }
  t.match(readEnvelope(datagramWith({ kind: 0x81, sender: 1 })), { kind: 'peer', asksForAcknowledgement: 'soon' })
  t.match(readEnvelope(datagramWith({ kind: 0x01, sender: 1 })), { kind: 'peer', asksForAcknowledgement: 'no' })
  t.match(readEnvelope(datagramWith({ kind: 0x21, sender: 1 })), { kind: 'peer', isFollowed: true })
  t.match(readEnvelope(datagramWith({ kind: 0xc1, sender: 1 })), { kind: 'peer', isFollowed: false })
  t.end()
})

void t.test('B04: ids are exact up to 2^53-1 and refused above', t => {
  for (const name of ['clusterId', 'incarnation', 'bootNonce', 'packetNumber', 'ackedPacketNumber'] as const) {
    for (const id of awkwardIds) {
      t.match(readEnvelope(datagramWith({ kind: 1, sender: 1, [name]: id })), { [name]: id }, `${name} ${id}`)
    }
    for (const id of tooLargeIds) {
      t.equal(readEnvelope(datagramWith({ kind: 1, sender: 1, [name]: id })), 'malformed', `${name} ${id.toString()}`)
    }
  }
  t.end()
})

void t.test('what has no bytes is not written', t => {
  const bytes = new Uint8Array(100)
  const write =
    (change: Partial<Envelope>, total = 70) =>
    () => {
      writeEnvelope(bytes, viewOf(bytes), { ...example, ...change }, total)
    }
  t.doesNotThrow(write({}))
  t.throws(write({ sender: 0 }), { name: 'InvariantError' })
  t.throws(write({ sender: 65_536 }), { name: 'InvariantError' })
  t.throws(write({ kind: 'request' }), { name: 'InvariantError' })
  t.throws(write({ packetNumber: 2 ** 53 }), { name: 'InvariantError' })
  t.throws(write({ receiveWindowBytes: 2 ** 32 }), { name: 'InvariantError' })
  t.throws(write({ receiveWindowBytes: 0.5 }), { name: 'InvariantError' })
  t.throws(write({}, 101), { name: 'InvariantError' }, 'more than the buffer holds')
  t.throws(write({}, 63), { name: 'InvariantError' }, 'less than an envelope')
  t.end()
})

void t.test('random bytes, also behind a right beginning, never throw', t => {
  fc.assert(
    fc.property(anyBytes(120), fc.boolean(), (bytes, isMarked) => {
      const datagram = isMarked ? join(hex('5247524d02'), bytes) : bytes
      return typeof readEnvelope(datagram) === 'string'
    }),
    { seed: 7, numRuns: 2000 },
  )
  t.end()
})
