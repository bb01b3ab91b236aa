import t from 'tap'
import { Tally } from '../../src/sim/tally.js'

void t.test('counts by name, what was expected and never came included, and joins the counts of runs', t => {
  const tally = new Tally()
  tally.expect('never', 'b')
  tally.add('b')
  tally.add('b')
  tally.add('a', 5)
  t.equal(tally.of('b'), 2)
  t.equal(tally.of('unheard of'), 0)
  t.strictSame(Object.entries(tally.all), [
    ['a', 5],
    ['b', 2],
    ['never', 0],
  ])
  const all = new Tally()
  all.merge(tally.all)
  all.merge({ a: 1, c: 0 })
  t.strictSame(all.all, { a: 6, b: 2, c: 0, never: 0 })
  t.end()
})
