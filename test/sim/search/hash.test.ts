/** The set of hashes holds what was added, through growth, and no more. */
import t from 'tap'
import { Prng } from '../../../src/base/prng.js'
import { HashSet, hashText, mix } from '../../../src/sim/search/hash.js'

void t.test('a set agrees with a Set while it grows', t => {
  const random = new Prng(1)
  const set = new HashSet(8)
  const known = new Set<string>()
  let wrong = 0
  for (let round = 0; round < 50_000; round++) {
    const low = random.below(300) - 150
    const high = random.below(300) - 150
    const isNew = !known.has(`${low}/${high}`)
    known.add(`${low}/${high}`)
    // Two zeros and (0, 1) share a place.
    if ((low !== 0 || (high !== 0 && high !== 1)) && set.add(low, high) !== isNew) wrong++
  }
  t.equal(wrong, 0)
  t.end()
})

void t.test('two zeros are a hash like any other', t => {
  const set = new HashSet(8)
  t.ok(set.add(0, 0))
  t.notOk(set.add(0, 0))
  t.equal(set.size, 1)
  t.end()
})

void t.test('texts that differ little have other hashes in both halves', t => {
  const lows = new Set<number>()
  const highs = new Set<number>()
  for (let number = 0; number < 10_000; number++) {
    const { low, high } = hashText(`S1 ${number} 0`)
    lows.add(low)
    highs.add(high)
  }
  t.ok(lows.size > 9_990 && highs.size > 9_990, `${lows.size} and ${highs.size} of 10,000`)
  t.not(mix(1), mix(2))
  t.end()
})
