import t from 'tap'
import { KeptBytes } from '../../src/base/kept-bytes.js'

void t.test('what was reserved is of the length asked for, and nobody else is given it', t => {
  const kept = new KeptBytes()
  const reserved = [0, 1, 3, 4, 5, 338, 1_374, 16_384, 7, 60_000, 2, 1_000_000, 9].map((length, mark) => {
    const at = kept.reserve(length)
    t.ok(at + length <= kept.bytes.length)
    const bytes = kept.bytes.subarray(at, at + length)
    bytes.fill(mark)
    return { bytes, mark }
  })
  for (const { bytes, mark } of reserved) t.ok(bytes.every(byte => byte === mark))
  t.end()
})

void t.test('the view is that of the bytes', t => {
  const kept = new KeptBytes()
  for (const length of [8, 8, 20_000, 8]) {
    const at = kept.reserve(length)
    kept.view.setUint8(at, 5)
    t.equal(kept.bytes[at], 5)
    t.equal(kept.view.byteLength, kept.bytes.length)
  }
  t.end()
})

void t.test('many share an array, a large one has its own, and those behind it go on where they were', t => {
  const kept = new KeptBytes()
  kept.reserve(100)
  const shared = kept.bytes
  kept.reserve(16_385)
  t.equal(kept.bytes.length, 16_385)
  t.not(kept.bytes, shared)
  t.equal(kept.reserve(100), 100)
  t.equal(kept.bytes, shared)
  const arrays = new Set<Uint8Array>()
  for (let each = 0; each < 1_000; each++) {
    kept.reserve(1_374)
    arrays.add(kept.bytes)
  }
  t.ok(arrays.size < 30, `${arrays.size} arrays for a thousand`)
  t.end()
})
