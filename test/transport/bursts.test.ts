import t from 'tap'
import { Bursts, restWaitMs } from '../../src/transport/bursts.js'

void t.test('the rest of what came is waited for, until it is there', t => {
  const bursts = new Bursts<string>()
  t.equal(bursts.dueAtMs(100), -Infinity, 'nothing came')
  bursts.received('a', false, 100)
  t.equal(bursts.dueAtMs(100), -Infinity, 'what stands alone is whole')
  bursts.received('a', true, 100)
  bursts.received('b', true, 100.2)
  t.equal(bursts.dueAtMs(100.3), 100 + restWaitMs)
  bursts.received('a', false, 100.4)
  t.equal(bursts.dueAtMs(100.5), 100 + restWaitMs, 'of b something is missing')
  bursts.received('b', false, 100.6)
  t.equal(bursts.dueAtMs(100.7), -Infinity)
  t.end()
})

void t.test('regression_one_that_begins_burst_after_burst_does_not_draw_the_waiting_out', t => {
  const bursts = new Bursts<string>()
  bursts.received('a', true, 100)
  for (let ms = 100.1; ms < 105; ms += 0.4) {
    bursts.received('a', false, ms)
    bursts.received('a', true, ms)
  }
  t.equal(bursts.dueAtMs(105), -Infinity)
  bursts.received('a', true, 105)
  t.equal(bursts.dueAtMs(105), 105 + restWaitMs, 'who has acted waits anew')
  t.end()
})

void t.test(
  'what never comes is waited for once, and not for long: who acts then waits anew only for what is new',
  t => {
    const bursts = new Bursts<string>()
    bursts.received('a', true, 100)
    bursts.received('a', true, 100 + restWaitMs / 2)
    t.equal(bursts.dueAtMs(100 + restWaitMs / 2), 100 + restWaitMs, 'who goes on promising does not draw it out')
    t.equal(bursts.dueAtMs(100 + restWaitMs), -Infinity)
    t.equal(bursts.dueAtMs(100 + restWaitMs), -Infinity, 'nor is the same waited for again')
    bursts.received('a', true, 102)
    t.equal(bursts.dueAtMs(102), 102 + restWaitMs)
    t.end()
  },
)
