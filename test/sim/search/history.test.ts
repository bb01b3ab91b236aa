/** What the history of a cluster allows: one leader in a term, one entry at a committed place. */
import t from 'tap'
import type { Breach } from '../../../src/sim/search/options.js'
import {
  committedBefore,
  historyText,
  isBreach,
  noHistory,
  withApplied,
  withLeader,
  type History,
} from '../../../src/sim/search/history.js'
import { entriesOf, entryOf } from '../../support/raft-servers.js'

function good(answer: History | Breach): History {
  if (isBreach(answer)) throw new Error(`no breach, but ${answer.what}`)
  return answer
}

void t.test('Election Safety: one leader in a term', t => {
  const history = good(withLeader(noHistory, 2, 1))
  t.same(history.leaders, [0, 0, 1])
  t.equal(withLeader(history, 2, 1), history, 'the same one again')
  t.notOk(isBreach(withLeader(history, 3, 2)))
  const breach = withLeader(history, 2, 3)
  t.match(breach, { invariant: 'Election Safety', what: 'S1 and S3 both lead term 2' })
  t.end()
})

void t.test('State Machine Safety: everyone applies the same, in order', t => {
  const history = good(withApplied(noHistory, 2, 1, entriesOf([1, 2])))
  t.equal(history.committed.length, 2)
  t.equal(withApplied(history, 3, 2, entriesOf([1])), history, 'another server applies what is known')
  t.match(withApplied(history, 3, 2, [entryOf(2, 3)]), { invariant: 'State Machine Safety' }, 'of another term')
  t.match(withApplied(history, 3, 2, [entryOf(2, 2, 'else')]), { invariant: 'State Machine Safety' }, 'other bytes')
  t.match(withApplied(history, 3, 2, [entryOf(4, 3)]), { invariant: 'State Machine Safety' }, 'a gap')
  t.end()
})

void t.test('what was committed before a term is what its leader must hold', t => {
  const first = good(withApplied(noHistory, 2, 1, entriesOf([1])))
  const second = good(withApplied(first, 4, 1, [entryOf(2, 4)]))
  t.same(
    [2, 3, 4, 5].map(term => committedBefore(second, term)),
    [0, 1, 1, 2],
  )
  t.not(historyText(first), historyText(second))
  t.end()
})
