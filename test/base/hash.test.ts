import t from 'tap'
import fc from 'fast-check'
import { addHash, hashBytes, hashLong, hashNumber, hashWords, subtractHash } from '../../src/base/hash.js'

const modulus = 2n ** 53n
const hash = fc.maxSafeNat()

void t.test('sums are exact modulo 2^53, and what was added can be taken out', t => {
  fc.assert(
    fc.property(hash, hash, (a, b) => {
      t.equal(BigInt(addHash(a, b)), (BigInt(a) + BigInt(b)) % modulus)
      t.equal(subtractHash(addHash(a, b), b), a)
    }),
    { seed: 1, numRuns: 300 },
  )
  const most = Number.MAX_SAFE_INTEGER
  t.equal(addHash(most, 1), 0)
  t.equal(addHash(most, most), most - 1)
  t.equal(subtractHash(0, most), 1)
  t.end()
})

void t.test('hashes lie in [0, 2^53) and depend on every byte, on the length, on the order and on the seed', t => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (b, n, x) => {
        const changed = b.slice()
        changed[n % b.length]! ^= x
        const hash = hashBytes(b, 0)
        t.ok(Number.isSafeInteger(hash) && hash >= 0)
        t.not(hashBytes(changed, 0), hash)
        t.not(hashBytes(b, 1), hash)
        t.not(hashBytes(b, 2 ** 40), hash)
        t.not(hashBytes(Uint8Array.of(...b, 0), 0), hash)
        t.equal(hashBytes(Uint8Array.of(9, ...b).subarray(1), 0), hash, 'wherever the bytes stand')
      },
    ),
    { seed: 1, numRuns: 200 },
  )
  t.end()
})

void t.test('equal on every machine and in every version: hashes stand in snapshots', t => {
  t.equal(hashBytes(Buffer.from('raftgram'), 0), 2_233_453_897_468_577)
  t.equal(hashNumber(2 ** 40 + 7, 12345), 8_807_575_351_888_605)
  t.end()
})

void t.test('no collision among 200,000 short, similar inputs, and places are filled evenly', t => {
  const seen = new Set<number>()
  const places = new Array<number>(64).fill(0)
  for (let i = 0; i < 100_000; i++) {
    const hash = hashBytes(Buffer.from(`user:${i}`), 0)
    seen.add(hash).add(hashNumber(i, 0))
    places[(hash >>> 0) % 64]!++
  }
  t.equal(seen.size, 200_000)
  t.ok(Math.max(...places) < 1_800 && Math.min(...places) > 1_350, `${Math.min(...places)} to ${Math.max(...places)}`)
  t.end()
})

void t.test('the hash of words depends on every byte, on length and seed, and not on where the bytes stand', t => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (b, n, x) => {
        const changed = b.slice()
        changed[n % b.length]! ^= x
        const hash = hashLong(b, 0)
        t.ok(Number.isSafeInteger(hash) && hash >= 0)
        t.not(hashLong(changed, 0), hash)
        t.not(hashLong(b, 1), hash)
        t.not(hashLong(Uint8Array.of(...b, 0), 0), hash)
        const words = new Int32Array(30).fill(-1)
        Buffer.from(words.buffer).set(b, 8)
        t.equal(hashWords(words, 2, b.length, 0), hash, 'what stands behind does not count')
      },
    ),
    { seed: 2, numRuns: 300 },
  )
  const long = new Uint8Array(20_000)
  const hashes = new Set([hashLong(long, 0)])
  for (const at of [0, 8_191, 8_192, 16_384, 19_999])
    hashes.add(
      hashLong(
        long.map((_, i) => (i === at ? 1 : 0)),
        0,
      ),
    )
  t.equal(hashes.size, 6, 'every block counts')
  t.equal(hashLong(Buffer.from('raftgram'), 0), hashLong(Buffer.from('xraftgram').subarray(1), 0))
  t.end()
})
