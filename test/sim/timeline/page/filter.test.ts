/** The search. */
import t from 'tap'
import { EventFilter } from '../../../../src/sim/timeline/page/filter.js'
import { deliver, run, send, trace } from '../events.js'

void t.test('finds events by all words, and the fate of a datagram by what stood in it', t => {
  const filter = new EventFilter(
    trace(run, send(1, 1, 'RequestVote t2'), send(1, 2, 'AppendEntries t2'), deliver(2, 2), {
      ...({ kind: 'lost', at: 2, lane: 's2', from: 's1', datagram: 1, why: 'burst' } as const),
    }),
  )
  t.same(filter.find('vote'), [1, 4])
  t.same(filter.find(' VOTE  lost '), [4])
  t.same(filter.find('deliver append'), [3])
  t.same(filter.find('nothing like it'), [])
  t.equal(filter.find('  '), undefined)
  t.end()
})
