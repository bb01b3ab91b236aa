/** Bars of role and term. */
import t from 'tap'
import { roleSpans } from '../../../../src/sim/timeline/page/spans.js'
import { trace } from '../events.js'

const lanes = new Set(['s1', 's2'])

void t.test('a bar lasts until the next, the last to the end', t => {
  const events = trace(
    { kind: 'start', at: 0, lane: 's1', why: '' },
    { kind: 'role', at: 0, lane: 's1', role: 'follower', term: 0 },
    { kind: 'role', at: 10, lane: 's1', role: 'leader', term: 1 },
    { kind: 'pause', at: 20, lane: 's1', why: '' },
    { kind: 'resume', at: 30, lane: 's1', why: '' },
    { kind: 'crash', at: 40, lane: 's1', why: 'power' },
    { kind: 'start', at: 50, lane: 's1', why: '' },
    { kind: 'start', at: 5, lane: 'c1', why: '' },
  )
  t.same(
    roleSpans(events, lanes, 60).map(({ condition, term, from, to }) => [condition, term, from, to]),
    [
      ['follower', 0, 0, 10],
      ['leader', 1, 10, 20],
      ['paused', 1, 20, 30],
      ['leader', 1, 30, 40],
      ['down', 1, 40, 50],
      ['starting', 1, 50, 60],
    ],
  )
  t.end()
})
