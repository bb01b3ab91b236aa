/** Datagrams as arrows. */
import t from 'tap'
import { arrowsOf, familyOf, shareOfWay, usualFlightMs } from '../../../../src/sim/timeline/page/arrows.js'
import { deliver, send, trace } from '../events.js'

void t.test('each copy is an arrow: delivered, lost or on its way', t => {
  const events = trace(
    send(1, 1),
    { kind: 'mangle', at: 1, lane: 's2', datagram: 1, how: 'duplicate' },
    send(2, 2),
    send(3, 3),
    deliver(4, 1),
    deliver(6, 1),
    { kind: 'lost', at: 2, lane: 's2', from: 's1', datagram: 2, why: 'burst' },
    { kind: 'lost', at: 7, lane: 's2', from: 's1', datagram: 99, why: 'closed' },
  )
  t.same(
    arrowsOf(events, new Set(), 50).map(({ sentAt, endAt, outcome, why, mangled, send, end }) => {
      return [sentAt, endAt, outcome, why, mangled, send, end]
    }),
    [
      [1, 4, 'delivered', '', 'duplicate', 0, 4],
      [1, 6, 'delivered', '', 'duplicate', 0, 5],
      [2, 2, 'lost', 'burst', '', 2, 6],
      [3, 50, 'flying', '', '', 3, -1],
      [7, 7, 'lost', 'closed', '', -1, 7],
    ],
  )
  t.end()
})

void t.test('a family by its first message, that of clients by its ends', t => {
  const messages = ['RequestVoteReply t1', 'TimeoutNow', 'AppendEntries t1', 'InstallSnapshot t1', 'Fragment', '']
  t.same(
    messages.map(message => familyOf([message], false)),
    ['vote', 'vote', 'append', 'snapshot', 'other', 'other'],
  )
  t.equal(familyOf([], false), 'other')
  t.equal(familyOf(['RequestVote'], true), 'client')
  t.end()
})

void t.test('the usual flight is the median of what arrived', t => {
  const events = trace(send(0, 1), send(0, 2), send(0, 3), deliver(1, 1), deliver(2, 2), deliver(900, 3))
  t.equal(usualFlightMs(arrowsOf(events, new Set(), 900)), 2)
  t.equal(usualFlightMs([]), 1)
  t.ok(shareOfWay('loss') < 1, 'lost on the way')
  t.equal(shareOfWay('overflow'), 1, 'lost at the door')
  t.end()
})
