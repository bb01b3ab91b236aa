import t from 'tap'
import fc from 'fast-check'
import {
  bytesFromLatin1,
  getUint16,
  getUint32,
  getUint53,
  latin1FromBytes,
  putBytes,
  putUint16,
  putUint32,
  putUint53,
} from '../../src/base/byte-string.js'

void t.test('any bytes survive as a latin1 string, one character per byte', t => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  t.equal(latin1FromBytes(all).length, 256)
  t.equal(latin1FromBytes(all).charCodeAt(0x80), 0x80, 'not windows-1252')
  t.same(bytesFromLatin1(latin1FromBytes(all)), all)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      t.same(bytesFromLatin1(latin1FromBytes(bytes.subarray(0))), bytes)
    }),
    { seed: 1 },
  )
  t.end()
})

void t.test('a view is read from where it begins', t => {
  t.equal(latin1FromBytes(Uint8Array.of(65, 66, 67, 68).subarray(1, 3)), 'BC')
  t.end()
})

void t.test('putBytes takes both forms and returns the end', t => {
  const target = new Uint8Array(6)
  t.equal(putBytes(target, putBytes(target, 1, 'A\xff'), Uint8Array.of(1, 2)), 5)
  t.same(target, Uint8Array.of(0, 65, 255, 1, 2, 0))
  t.end()
})

void t.test('numbers are little-endian, and 2^53 is refused', t => {
  const bytes = new Uint8Array(8)
  putUint16(bytes, 1, 0x1234)
  t.same(bytes.subarray(0, 4), Uint8Array.of(0, 0x34, 0x12, 0))
  t.equal(getUint16(bytes, 1), 0x1234)
  putUint32(bytes, 0, 0xfedcba98)
  t.same(bytes.subarray(0, 4), Uint8Array.of(0x98, 0xba, 0xdc, 0xfe))
  t.equal(getUint32(bytes, 0), 0xfedcba98)
  for (const number of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    putUint53(bytes, 0, number)
    t.equal(getUint53(bytes, 0), number)
  }
  putUint32(bytes, 0, 0)
  putUint32(bytes, 4, 2 ** 21)
  t.equal(getUint53(bytes, 0), -1)
  t.end()
})
