import fc from 'fast-check'
import t from 'tap'
import { decodeHardStateSlot, encodeHardStateSlot, hardStateSlotBytes } from '../../codec/hard-state.js'

const slots = fc.record({
  incarnation: fc.maxSafeNat(),
  sequence: fc.maxSafeNat(),
  hardState: fc.record({ currentTerm: fc.maxSafeNat(), votedFor: fc.integer({ min: 0, max: 65_535 }) }),
})

void t.test('B11: a slot comes back from where it stands, and no flipped bit passes', t => {
  fc.assert(
    fc.property(slots, fc.nat(hardStateSlotBytes - 1), fc.nat(7), (slot, at, bit) => {
      const bytes = new Uint8Array(100)
      bytes.set(encodeHardStateSlot(slot), 30)
      t.same(decodeHardStateSlot(bytes, 30), slot)
      bytes[30 + at]! ^= 1 << bit
      t.equal(decodeHardStateSlot(bytes, 30), null)
    }),
    { seed: 1, numRuns: 300 },
  )
  t.equal(decodeHardStateSlot(new Uint8Array(48), 0), null, 'zeros are none')
  t.equal(decodeHardStateSlot(new Uint8Array(48), 1), null)
  t.end()
})
