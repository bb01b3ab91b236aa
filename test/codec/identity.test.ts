import fc from 'fast-check'
import t from 'tap'
import { checksum } from '../../codec/checksum.js'
import { viewOf } from '../../codec/cursor.js'
import { decodeIdentity, encodeIdentity } from '../../codec/identity.js'

const identities = fc.record({
  serverId: fc.integer({ min: 1, max: 65_535 }),
  clusterId: fc.maxSafeNat(),
  clusterName: fc.string({ unit: 'binary', maxLength: 40 }),
  incarnation: fc.maxSafeNat(),
  foundingCluster: fc.string({ unit: 'binary', maxLength: 40 }),
})

void t.test('B11: an identity comes back; a flipped bit, a cut or an appended byte does not pass', t => {
  fc.assert(
    fc.property(identities, fc.nat(), fc.nat(7), (identity, at, bit) => {
      const bytes = encodeIdentity(identity)
      t.same(decodeIdentity(bytes), identity)
      t.equal(decodeIdentity(bytes.subarray(0, -1)), null)
      t.equal(decodeIdentity(Uint8Array.of(...bytes, 0)), null)
      bytes[at % bytes.length]! ^= 1 << bit
      t.equal(decodeIdentity(bytes), null)
    }),
    { seed: 1, numRuns: 300 },
  )
  t.end()
})

void t.test('another version is told apart from damage', t => {
  const [identity] = fc.sample(identities, { seed: 1, numRuns: 1 })
  const bytes = encodeIdentity(identity!)
  viewOf(bytes).setUint32(8, 9, true)
  viewOf(bytes).setUint32(4, checksum(bytes.subarray(8)), true)
  t.same(decodeIdentity(bytes), { otherVersion: 9 })
  t.end()
})
