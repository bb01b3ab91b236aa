import t from 'tap'
import { idBytes, readId, viewOf, writeId } from '../../codec/cursor.js'
import { awkwardIds, hexOf, tooLargeIds, uint } from './bytes.js'

void t.test('B04: an id is written as 8 bytes, the low ones first, and read as it was', t => {
  for (const id of awkwardIds) {
    const bytes = new Uint8Array(idBytes + 2).fill(0xee)
    writeId(viewOf(bytes), 1, id)
    t.equal(hexOf(bytes), `ee${hexOf(uint(id, 8))}ee`, `bytes of ${id}`)
    t.equal(readId(viewOf(bytes), 1), id)
  }
  t.end()
})

void t.test('B04: 2^53 and above are no ids: never rounded', t => {
  for (const id of tooLargeIds) t.equal(readId(viewOf(uint(id, 8)), 0), -1, id.toString())
  t.end()
})

void t.test('what is no id is not written', t => {
  const view = viewOf(new Uint8Array(8))
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    t.throws(() => writeId(view, 0, value), { name: 'InvariantError' }, `${value}`)
  }
  t.throws(() => writeId(view, 1, 1), RangeError, 'nor beyond the end')
  t.end()
})

void t.test('a view shows exactly the bytes, also of a part of a buffer', t => {
  const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
  t.equal(viewOf(part).byteLength, 2)
  t.equal(viewOf(part).getUint8(0), 2)
  t.end()
})
