import fc from 'fast-check'
import t from 'tap'
import { fragmentsMax } from '../../codec/limits.js'
import { fragmentsOf } from '../../src/transport/fragments.js'
import { hex, join } from '../codec/bytes.js'

void t.test('pieces are equal but for the last, numbered, and the message in their order', t => {
  const shape = (length: number, most: number) =>
    fragmentsOf(new Uint8Array(length), 1, most).map(({ bytes }) => bytes.length)
  t.strictSame(fragmentsOf(hex('0102030405'), 7, 2), [
    { type: 'Fragment', messageId: 7, count: 3, index: 0, bytes: hex('0102') },
    { type: 'Fragment', messageId: 7, count: 3, index: 1, bytes: hex('0304') },
    { type: 'Fragment', messageId: 7, count: 3, index: 2, bytes: hex('05') },
  ])
  t.strictSame(shape(2, 1), [1, 1])
  t.strictSame(shape(101, 100), [51, 50], 'no crumb where a message is hardly too large')
  t.strictSame(shape(200, 100), [100, 100])
  t.strictSame(shape(201, 100), [67, 67, 67])
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5_000 }), fc.integer({ min: 1, max: 4_999 }), (length, most) => {
      fc.pre(length > most && Math.ceil(length / most) <= fragmentsMax)
      const bytes = Uint8Array.from({ length }, (_, at) => at % 251)
      const fragments = fragmentsOf(bytes, 1, most)
      const each = fragments[0]!.bytes.length
      return (
        fragments.length === Math.ceil(length / most) &&
        fragments.every(({ count, index }, at) => count === fragments.length && index === at) &&
        fragments.slice(0, -1).every(({ bytes }) => bytes.length === each) &&
        each <= most &&
        fragments.at(-1)!.bytes.length >= 1 &&
        fragments.at(-1)!.bytes.length <= each &&
        Buffer.compare(join(...fragments.map(({ bytes }) => bytes)), bytes) === 0
      )
    }),
    { seed: 3, numRuns: 500 },
  )
  t.end()
})

void t.test('nothing is copied', t => {
  const bytes = new Uint8Array(10)
  for (const fragment of fragmentsOf(bytes, 1, 3)) t.equal(fragment.bytes.buffer, bytes.buffer)
  t.end()
})

void t.test('what needs no cutting, or too much of it, is the mistake of whoever asks', t => {
  t.throws(() => fragmentsOf(new Uint8Array(10), 1, 10))
  t.throws(() => fragmentsOf(new Uint8Array(0), 1, 10))
  t.throws(() => fragmentsOf(new Uint8Array(10), 1, 0))
  t.equal(fragmentsOf(new Uint8Array(fragmentsMax), 1, 1).length, fragmentsMax)
  t.throws(() => fragmentsOf(new Uint8Array(fragmentsMax + 1), 1, 1))
  t.end()
})
