import fc from 'fast-check'
import t from 'tap'
import { chargedBytes, payloadBytesWithin } from '../../src/transport/kernel-charge.js'

/** Measured: how many datagrams of a size a socket with so large a buffer took while nobody read it. */
const measured = [
  { bufferBytes: 212_992, taken: { 64: 256, 1200: 92, 8192: 12, 60000: 3 } },
  { bufferBytes: 425_984, taken: { 64: 512, 1200: 184, 8192: 25, 60000: 7 } },
  { bufferBytes: 2_097_152, taken: { 64: 2520, 1200: 910, 8192: 126, 60000: 34 } },
  {
    bufferBytes: 8_388_608,
    taken: {
      ...{ 0: 10082, 1: 10082, 64: 10082, 128: 10082, 200: 6553, 448: 6553, 600: 6553, 704: 3640, 1000: 3640 },
      ...{ 1472: 3640, 1500: 3640, 1700: 1927, 3000: 1927, 3776: 992, 6000: 992, 7872: 504, 8192: 504, 15000: 504 },
      ...{ 16000: 504, 16064: 496, 16384: 487, 20000: 402, 32768: 249, 40000: 205, 60000: 137, 65507: 126 },
    },
  },
]

void t.test('never less than what a kernel was seen to charge, and not much more', t => {
  for (const { bufferBytes, taken } of measured) {
    for (const [size, count] of Object.entries(taken)) {
      const charged = chargedBytes(Number(size))
      // One more did not fit, so each took more than this.
      const leastTruth = bufferBytes / (count + 1)
      t.ok(charged > leastTruth, `${size} bytes: ${charged} > ${leastTruth}`)
      t.ok(Math.floor(bufferBytes / charged) <= count, `${count} of ${size} bytes in ${bufferBytes}`)
    }
  }
  for (const [size, count] of Object.entries(measured[3]!.taken)) {
    // 600 and 16,000 bytes lie where the round-up errs to the safe side.
    t.ok(chargedBytes(Number(size)) < (measured[3]!.bufferBytes / count) * 1.85, `${size} bytes are not overcharged`)
  }
  t.end()
})

void t.test('grows with the payload, and the inverse is exact', t => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65_506 }), payload => chargedBytes(payload) <= chargedBytes(payload + 1)),
  )
  fc.assert(
    fc.property(fc.integer({ min: 832, max: 66_000 }), charged => {
      const payload = payloadBytesWithin(charged)
      return chargedBytes(payload) <= charged && chargedBytes(payload + 1) > charged
    }),
    { numRuns: 5_000 },
  )
  t.equal(payloadBytesWithin(831), 0)
  t.equal(payloadBytesWithin(-5), 0)
  t.end()
})
