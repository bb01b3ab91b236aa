/** Why something happened. */
import t from 'tap'
import { Causes } from '../../../../src/sim/timeline/page/causes.js'
import { deliver, send, trace } from '../events.js'

const events = trace(
  { kind: 'role', at: 1, lane: 's1', role: 'leader', term: 1, n: 1 },
  { ...send(1, 1), n: 1 },
  { ...send(1, 2), n: 1 },
  { ...deliver(2, 2), n: 2, cause: 1 },
  { kind: 'append', at: 2, lane: 's2', from: 1, to: 1, term: 1, cut: 0, n: 2, cause: 1 },
  { kind: 'disk', at: 3, lane: 's2', operation: 'write', path: 'log', bytes: 1, outcome: 'ok', n: 3, cause: 2 },
  { ...send(3, 3), n: 3, cause: 2 },
)

void t.test('back through arrivals, the very datagram, and the steps in which it left', t => {
  const causes = new Causes(events)
  t.same(causes.chain(6, 40), [5, 3, 2, 0], 'the disk, the arrival, its datagram, the leader')
  t.same(causes.chain(4, 40), [3, 2, 0])
  t.same(causes.chain(6, 2), [5, 3], 'as far as asked')
  t.same(causes.chain(0, 40), [])
  t.same(causes.companions(4), [3])
  t.same(causes.effectsOf(1), [3, 4])
  t.same(causes.effectsOf(6), [])
  t.end()
})

void t.test('a cause that the trace does not hold, or that lies ahead, ends the chain', t => {
  const causes = new Causes(trace({ ...deliver(1, 1), n: 5, cause: 3 }, { ...deliver(1, 1), n: 6, cause: 9 }))
  t.same(causes.chain(0, 40), [])
  t.same(causes.chain(1, 40), [])
  t.end()
})
