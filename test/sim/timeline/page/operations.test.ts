/** What clients asked, as bars. */
import t from 'tap'
import { operationBars } from '../../../../src/sim/timeline/page/operations.js'
import { trace } from '../events.js'

const invoke = (at: number, operation: number, lane = 'c1') => {
  return { kind: 'invoke', at, lane, operation, what: `put ${operation}` } as const
}
const answer = (at: number, operation: number, outcome: 'ok' | 'unknown' = 'ok') => {
  return { kind: 'answer', at, lane: 'c1', operation, what: '', outcome } as const
}

void t.test('from question to answer; those at once lie in rows, those without an answer in none', t => {
  const events = trace(
    ...[invoke(1, 1), invoke(2, 2), invoke(3, 3), answer(4, 1), invoke(5, 4), answer(6, 2, 'unknown'), answer(7, 4)],
    ...[invoke(8, 1, 'c2'), answer(9, 77)],
  )
  t.same(
    operationBars(events, 10).map(({ lane, from, to, outcome, row }) => [lane, from, to, outcome, row]),
    [
      ['c1', 1, 4, 'ok', 0],
      ['c1', 2, 6, 'unknown', 1],
      ['c1', 3, 10, 'open', -1],
      ['c1', 5, 7, 'ok', 0],
      ['c2', 8, 10, 'open', -1],
    ],
  )
  t.end()
})

void t.test('never more than three rows', t => {
  const ids = Array.from({ length: 20 }, (_, i) => i)
  const bars = operationBars(trace(...ids.map(id => invoke(id, id)), ...ids.map(id => answer(50, id))), 60)
  t.ok(bars.every(({ row }) => row >= 0 && row < 3))
  t.end()
})
