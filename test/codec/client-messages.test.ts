import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { ClientMessage, Write } from '../../codec/client-types.js'
import { clientMessageBytes } from '../../codec/client-messages.js'
import { envelopeBytes } from '../../codec/envelope.js'
import { commandBytesMax, helloBytes, messageBytesMax } from '../../codec/limits.js'
import { awkwardIds, hex, join, tooLargeIds, uint } from './bytes.js'
import { anyBytes, anyId, anyRecord, checkGolden, checkMessages, datagramOf, receive, receiveBytes } from './checks.js'

const hello: fc.Arbitrary<ClientMessage> = anyId().map(nonce => ({ type: 'Hello', nonce }))
const openSession: fc.Arbitrary<ClientMessage> = anyId().map(requestId => ({ type: 'OpenSession', requestId }))
const statusRequest: fc.Arbitrary<ClientMessage> = anyId().map(requestId => ({ type: 'StatusRequest', requestId }))
const write: fc.Arbitrary<ClientMessage> = anyId(1).chain(sequence =>
  anyRecord({
    type: fc.constant('Write'),
    sessionId: anyId(1),
    sequence: fc.constant(sequence),
    answeredUpTo: anyId(0, sequence - 1),
    command: anyBytes(50),
  }),
)
const read: fc.Arbitrary<ClientMessage> = anyRecord({
  type: fc.constant('Read'),
  requestId: anyId(),
  stale: fc.boolean(),
  query: anyBytes(50),
})
const snapshotRequest: fc.Arbitrary<ClientMessage> = anyRecord({
  type: fc.constant('SnapshotRequest'),
  requestId: anyId(),
  act: fc.constant('read'),
  lastIncludedIndex: anyId(),
  hash: anyId(),
  offset: anyId(),
})

const all = { hello, openSession, statusRequest, write, read, snapshotRequest }
for (const [name, arbitrary] of Object.entries(all)) {
  void t.test(`B01, B02: ${name}: round trip, one form, every truncation and every flipped bit`, t => {
    checkMessages(t, 'request', arbitrary)
    t.end()
  })
}

const id = (value: number | bigint) => uint(value, 8)
const message = (type: number, ...body: Uint8Array[]) =>
  receiveBytes('request', join(uint(type, 1), uint(join(...body).length, 3), ...body))

void t.test('golden bytes', t => {
  checkGolden(t, 'request', { type: 'Hello', nonce: 0x1234 }, `10 e90100 3412000000000000 ${'00'.repeat(481)}`)
  checkGolden(t, 'request', { type: 'OpenSession', requestId: 2 ** 32 }, '11 080000 0000000001000000')
  checkGolden(
    t,
    'request',
    { type: 'Write', sessionId: 7, sequence: 3, answeredUpTo: 2, command: hex('c0ffee') },
    '12 1b0000 0700000000000000 0300000000000000 0200000000000000 c0ffee',
  )
  checkGolden(
    t,
    'request',
    { type: 'Read', requestId: 9, stale: true, query: hex('aa') },
    '13 0a0000 0900000000000000 01 aa',
  )
  checkGolden(t, 'request', { type: 'StatusRequest', requestId: 9 }, '14 080000 0900000000000000')
  checkGolden(
    t,
    'request',
    { type: 'SnapshotRequest', requestId: 9, act: 'read', lastIncludedIndex: 8, hash: 7, offset: 65_536 },
    '15 210000 0900000000000000 03 0800000000000000 0700000000000000 0000010000000000',
  )
  for (const [act, byte] of [
    ['take', '01'],
    ['hold', '02'],
  ] as const) {
    checkGolden(
      t,
      'request',
      { type: 'SnapshotRequest', requestId: 9, act, lastIncludedIndex: 0, hash: 0, offset: 0 },
      `15 210000 0900000000000000 ${byte} ${'00'.repeat(24)}`,
    )
  }
  t.end()
})

void t.test('B04: ids are exact up to 2^53-1 and refused above', t => {
  const one = id(1)
  for (const value of awkwardIds.slice(1)) {
    t.match(message(0x10, id(value), new Uint8Array(481)), { nonce: value })
    t.match(message(0x11, id(value)), { requestId: value })
    t.match(message(0x12, id(value), id(value), id(value - 1)), { sessionId: value, answeredUpTo: value - 1 })
    t.match(message(0x13, id(value), hex('00')), { requestId: value })
    t.match(message(0x14, id(value)), { requestId: value })
    t.match(message(0x15, id(value), hex('03'), id(value), id(value), id(value)), { requestId: value, offset: value })
  }
  for (const value of tooLargeIds) {
    t.equal(message(0x10, id(value), new Uint8Array(481)), null, `Hello ${value.toString()}`)
    t.equal(message(0x11, id(value)), null, `OpenSession ${value.toString()}`)
    t.equal(message(0x12, id(value), one, id(0)), null, `sessionId ${value.toString()}`)
    t.equal(message(0x12, one, id(value), id(0)), null, `sequence ${value.toString()}`)
    t.equal(message(0x12, one, one, id(value)), null, `answeredUpTo ${value.toString()}`)
    t.equal(message(0x13, id(value), hex('00')), null, `Read ${value.toString()}`)
    t.equal(message(0x14, id(value)), null, `StatusRequest ${value.toString()}`)
    for (let field = 0; field < 4; field++) {
      const [requestId = one, ...rest] = [0, 1, 2, 3].map(at => (at === field ? id(value) : one))
      t.equal(message(0x15, requestId, hex('03'), ...rest), null, `SnapshotRequest ${value.toString()}`)
    }
  }
  t.end()
})

void t.test('only what a client can mean is accepted', t => {
  t.equal(message(0x10, id(1), new Uint8Array(480)), null, 'a Hello smaller than its answer may be')
  t.equal(message(0x10, id(1), new Uint8Array(482)), null, 'a larger one')
  t.equal(message(0x10, id(1), new Uint8Array(481).fill(1, 480)), null, 'a Hello with something in its padding')
  t.equal(message(0x12, id(0), id(1), id(0)), null, 'a write in no session')
  t.equal(message(0x12, id(1), id(0), id(0)), null, 'a write without a number')
  t.equal(message(0x12, id(1), id(5), id(5)), null, 'a write whose answer the client has')
  t.equal(message(0x12, id(1), id(1)), null, 'a write that ends before its command')
  t.equal(message(0x13, id(1), hex('02')), null, 'a read with a flag without a meaning')
  t.equal(message(0x13, id(1)), null, 'a read without flags')
  t.equal(message(0x14), null, 'an empty status request')
  const zeros = [id(0), id(0), id(0)]
  t.equal(message(0x15, id(1), hex('00'), ...zeros), null, 'a snapshot request without an act')
  t.equal(message(0x15, id(1), hex('04'), ...zeros), null, 'one with an act without a meaning')
  t.equal(message(0x15, id(1), hex('01'), id(0), id(0), id(1)), null, 'one that takes, from an offset')
  t.equal(message(0x15, id(1), hex('03'), id(0), id(0)), null, 'one that is too short')
  t.end()
})

void t.test('B05: commands and queries up to their limit, and not a byte more', t => {
  const largest = new Uint8Array(commandBytesMax).fill(0xff)
  const larger = new Uint8Array(commandBytesMax + 1)
  // With node:assert: tap formats what it compares, which takes seconds for a megabyte.
  assert.deepStrictEqual(message(0x12, id(1), id(1), id(0), largest), {
    type: 'Write',
    sessionId: 1,
    sequence: 1,
    answeredUpTo: 0,
    command: largest,
  })
  t.equal(message(0x12, id(1), id(1), id(0), larger), null)
  const read = message(0x13, id(1), hex('00'), largest)
  assert.deepStrictEqual(read, { type: 'Read', requestId: 1, stale: false, query: largest })
  t.equal(message(0x13, id(1), hex('00'), larger), null)
  t.end()
})

void t.test('commands are parts of the datagram, without a copy', t => {
  const request: Write = { type: 'Write', sessionId: 1, sequence: 1, answeredUpTo: 0, command: hex('aabb') }
  const datagram = Buffer.from(datagramOf('request', [request]))
  const received = receive(datagram)?.[0] as Write
  t.equal(received.command.buffer, datagram.buffer)
  t.notOk(Buffer.isBuffer(received.command), 'and plain bytes, even of a Buffer')
  t.end()
})

void t.test('the sizes that others count with', t => {
  const command = new Uint8Array(commandBytesMax)
  const largest = clientMessageBytes({ type: 'Write', sessionId: 1, sequence: 1, answeredUpTo: 0, command })
  t.ok(largest <= messageBytesMax, 'the largest command fits a message')
  t.equal(clientMessageBytes({ type: 'Hello', nonce: 1 }), helloBytes)
  t.ok(envelopeBytes + helloBytes <= 1_200, 'a Hello fits a path of which nothing is known')
  t.end()
})
