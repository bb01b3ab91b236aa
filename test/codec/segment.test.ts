import fc from 'fast-check'
import t from 'tap'
import { checksum } from '../../codec/checksum.js'
import { viewOf } from '../../codec/cursor.js'
import { decodeSegmentHeader, encodeSegmentHeader, segmentHeaderBytes, segmentVersion } from '../../codec/segment.js'

const id = fc.maxSafeNat()
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const header = fc.record({
  segmentBytes: word,
  clusterId: id,
  serverId: fc.integer({ min: 1, max: 65_535 }),
  incarnation: id,
  sequence: id,
  salt: fc.record({ low: word, high: word }),
  previousIndex: id,
  previousTerm: id,
  firstBatchNumber: id,
})

void t.test('B11: a header comes back, and no flipped bit passes', t => {
  fc.assert(
    fc.property(header, fc.nat(segmentHeaderBytes - 1), fc.nat(7), (value, at, bit) => {
      const bytes = encodeSegmentHeader(value)
      t.same(decodeSegmentHeader(bytes), value)
      bytes[at]! ^= 1 << bit
      t.equal(decodeSegmentHeader(bytes), null)
    }),
    { seed: 1, numRuns: 300 },
  )
  t.equal(decodeSegmentHeader(new Uint8Array(segmentHeaderBytes)), null, 'zeros are none')
  t.equal(decodeSegmentHeader(new Uint8Array(10)), null)
  t.end()
})

void t.test('another version is told apart from damage', t => {
  const [value] = fc.sample(header, { seed: 1, numRuns: 1 })
  const bytes = encodeSegmentHeader(value!)
  viewOf(bytes).setUint32(8, segmentVersion - 1, true)
  viewOf(bytes).setUint32(4, checksum(bytes.subarray(8)), true)
  t.equal(decodeSegmentHeader(bytes), 'other-version')
  t.end()
})
