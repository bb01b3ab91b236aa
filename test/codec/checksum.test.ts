import fc from 'fast-check'
import t from 'tap'
import { checksum } from '../../codec/checksum.js'
import { join, referenceChecksum, text } from './bytes.js'

t.equal(checksum(text('123456789')), 0xcb_f4_39_26, 'the check value of CRC-32/ISO-HDLC')
t.equal(checksum(new Uint8Array(0)), 0)

fc.assert(
  fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => checksum(b, checksum(a)) === checksum(join(a, b))),
  { seed: 1 },
)
t.pass('a checksum goes on from another one')

fc.assert(
  fc.property(fc.uint8Array(), fc.nat(), (bytes, seed) => checksum(bytes, seed) === referenceChecksum(bytes, seed)),
  { seed: 1 },
)
t.pass('it is the CRC-32 that the standard defines')
