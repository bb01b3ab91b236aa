import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { withFlippedBits } from '../../src/transport/flipped-bits.js'

void t.test('a copy is damaged, the bytes stay; few bytes have few bits to flip', t => {
  const bytes = new Uint8Array(20)
  const flipped = withFlippedBits(bytes, new Prng(1))
  t.ok(bytes.every(byte => byte === 0))
  t.ok(flipped.some(byte => byte !== 0))
  t.equal(flipped.length, 20)
  t.equal(withFlippedBits(new Uint8Array(0), new Prng(1)).length, 0)
  for (let seed = 0; seed < 100; seed++) if (withFlippedBits(new Uint8Array(1), new Prng(seed))[0] === 0) t.fail('none')
  t.end()
})
