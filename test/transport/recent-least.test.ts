import t from 'tap'
import { RecentLeast } from '../../src/transport/recent-least.js'

void t.test('the least of this period of ten seconds and the one before', t => {
  const least = new RecentLeast()
  t.equal(least.value, Infinity)
  for (const [nowMs, value, expected] of [
    [0, 3, 3],
    [5_000, 1, 1],
    [10_000, 2, 1],
    [19_999, 4, 1],
    [20_000, 5, 2],
    [30_000, 6, 5],
    [90_000, 7, 6],
  ] as const) {
    least.measured(value, nowMs)
    t.equal(least.value, expected, `after ${nowMs} ms`)
  }
  t.end()
})
