import fc from 'fast-check'
import t from 'tap'
import { checksum, wordChecksum } from '../../codec/checksum.js'
import { join, referenceChecksum, text, uint } from './bytes.js'

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

fc.assert(
  fc.property(fc.nat(2 ** 32 - 1), word => wordChecksum(word) === referenceChecksum(uint(word, 4))),
  { seed: 1 },
)
t.pass('that of a word is that of its four bytes')
