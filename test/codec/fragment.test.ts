import fc from 'fast-check'
import t from 'tap'
import { viewOf } from '../../codec/cursor.js'
import { fragmentMessageBytes, fragmentOverheadBytes, type Fragment, type Padding } from '../../codec/fragment.js'
import { datagramBytesUnknownPath, fragmentsMax } from '../../codec/limits.js'
import { encodeMessage } from '../../codec/messages.js'
import { awkwardIds, hex, join, tooLargeIds, uint } from './bytes.js'
import { anyId, anyRecord, checkGolden, checkMessages, datagramOf, receive, receiveBytes } from './checks.js'

const kinds = ['peer', 'request', 'answer'] as const

const fragment: fc.Arbitrary<Fragment> = fc.integer({ min: 2, max: fragmentsMax }).chain(count =>
  anyRecord<Fragment>({
    type: fc.constant('Fragment'),
    messageId: anyId(1),
    count: fc.constant(count),
    index: fc.oneof(fc.nat(count - 1), fc.constant(count - 1)),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
  }),
)
const padding: fc.Arbitrary<Padding> = anyRecord<Padding>({ type: fc.constant('Padding'), bytes: fc.nat(60) })

for (const [name, arbitrary] of Object.entries({ fragment, padding })) {
  for (const kind of kinds) {
    void t.test(`B01, B02: ${name} in a ${kind} datagram: round trip, one form, truncations and flipped bits`, t => {
      checkMessages(t, kind, arbitrary)
      t.end()
    })
  }
}

const id = (value: number | bigint) => uint(value, 8)
const message = (type: number, ...body: Uint8Array[]) =>
  receiveBytes('peer', join(uint(type, 1), uint(join(...body).length, 3), ...body))
const fragmentWith = (messageId: number | bigint, count: number, index: number, bytes = hex('aa')) =>
  message(0x30, id(messageId), uint(count, 2), uint(index, 2), bytes)

void t.test('golden bytes', t => {
  for (const kind of kinds) {
    checkGolden(
      t,
      kind,
      { type: 'Fragment', messageId: 0x0102_0304_0506, count: 0x0203, index: 0x0102, bytes: hex('c0ffee') },
      '30 0f0000 0605040302010000 0302 0201 c0ffee',
    )
    checkGolden(t, kind, { type: 'Padding', bytes: 0 }, '31 000000')
    checkGolden(t, kind, { type: 'Padding', bytes: 5 }, '31 050000 0000000000')
  }
  t.end()
})

void t.test('only what a sender can mean is accepted', t => {
  t.not(fragmentWith(1, 2, 0), null)
  t.not(fragmentWith(1, 2, 1), null)
  t.equal(fragmentWith(0, 2, 1), null, 'a message without a number')
  t.equal(fragmentWith(1, 0, 0), null, 'of no fragments')
  t.equal(fragmentWith(1, 1, 0), null, 'a message that is its only fragment needs none')
  t.equal(fragmentWith(1, 2, 2), null, 'an index beyond the count')
  t.equal(fragmentWith(1, 2, 65_535), null)
  t.not(fragmentWith(1, fragmentsMax, fragmentsMax - 1), null, 'the last one of the most')
  t.equal(fragmentWith(1, fragmentsMax + 1, 0), null, 'more than a receiver bears')
  t.equal(fragmentWith(1, 65_535, 0), null)
  t.equal(fragmentWith(1, 2, 0, hex('')), null, 'nothing in it')
  t.equal(message(0x30, id(1), uint(2, 2), uint(0, 1)), null, 'one that ends early')
  for (let at = 0; at < 5; at++) {
    const zeros = new Uint8Array(5)
    zeros[at] = 1
    t.equal(message(0x31, zeros), null, `padding with something in byte ${at}`)
  }
  t.end()
})

void t.test('B04: ids are exact up to 2^53-1 and refused above', t => {
  for (const value of awkwardIds.filter(value => value > 0)) t.match(fragmentWith(value, 2, 0), { messageId: value })
  for (const value of tooLargeIds) t.equal(fragmentWith(value, 2, 0), null, value.toString())
  t.end()
})

void t.test('fragments and padding share a datagram with messages', t => {
  const timeoutNow = { type: 'TimeoutNow', term: 1, from: 3 } as const
  const piece: Fragment = { type: 'Fragment', messageId: 1, count: 2, index: 0, bytes: hex('aabb') }
  const messages = [timeoutNow, piece, { type: 'Padding', bytes: 3 } as const, timeoutNow]
  t.strictSame(receive(datagramOf('peer', messages)), messages)
  t.end()
})

void t.test('sizes are known beforehand, and nothing is written beyond the buffer', t => {
  const piece: Fragment = { type: 'Fragment', messageId: 1, count: 2, index: 0, bytes: new Uint8Array(100) }
  t.equal(fragmentOverheadBytes, 16)
  t.equal(fragmentMessageBytes(piece), 116)
  t.equal(fragmentMessageBytes({ type: 'Padding', bytes: datagramBytesUnknownPath }), 4 + datagramBytesUnknownPath)
  const small = new Uint8Array(50)
  t.throws(() => encodeMessage(piece, small, viewOf(small), 0), RangeError)
  t.throws(() => encodeMessage({ type: 'Padding', bytes: 47 }, small, viewOf(small), 0), RangeError)
  t.equal(encodeMessage({ type: 'Padding', bytes: 46 }, small, viewOf(small), 0), 50)
  t.end()
})
