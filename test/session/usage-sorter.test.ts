import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { Session } from '../../src/session/session.js'
import { UsageSorter } from '../../src/session/usage-sorter.js'

void t.test('sessions come out in the order of their use, in whatever batches they came', t => {
  const prng = new Prng(1)
  for (const sizes of [[], [1], [3, 0, 5], [100, 90, 200, 1, 1, 1, 7, 50, 400]]) {
    const sorter = new UsageSorter()
    const all: number[] = []
    for (const size of sizes) {
      const batch = Array.from({ length: size }, (_, i) => new Session(i + 1, prng.below(1_000_000)))
      all.push(...batch.map(session => session.usedAt))
      sorter.add(batch)
    }
    t.same(
      sorter.finish().map(session => session.usedAt),
      all.sort((a, b) => a - b),
    )
  }
  t.end()
})
