import t from 'tap'
import { toldBy } from '../../../bench/loss/raftgram.js'

const leaderOf = (term: number, revision: number, ...retransmissions: number[]) => ({
  role: 'leader',
  term,
  revision,
  peers: retransmissions.map(count => ({ retransmissions: count })),
})
const follower = { role: 'follower', term: 3, revision: 0, peers: [{}, {}] }

void t.test('under one leader retransmissions are told per write', t => {
  const told = toldBy([follower, leaderOf(3, 100, 1, 1)], [leaderOf(3, 1_100, 21, 11), { role: 'unreachable' }])
  t.same(told, { elections: 0, retransmissionsPerOp: 0.03 })
  t.end()
})

void t.test('what the transport sent again counts as well', t => {
  const leaderWith = (revision: number, repeatedMessages: number) => ({
    role: 'leader',
    term: 3,
    revision,
    peers: [{ retransmissions: 1, link: { repeatedMessages } }],
  })
  t.match(toldBy([leaderWith(0, 50)], [leaderWith(1_000, 90)]), { retransmissionsPerOp: 0.04 })
  t.end()
})

void t.test('after an election nobody knows how many there were', t => {
  const told = toldBy([leaderOf(3, 100, 0, 0), follower], [leaderOf(5, 1_100, 7, 7), follower])
  t.same(told, { elections: 2, retransmissionsPerOp: null })
  t.end()
})

void t.test('of servers that do not answer nothing is known', t => {
  const told = toldBy([leaderOf(3, 100, 0, 0)], [{ role: 'unreachable' }])
  t.same(told, { elections: null, retransmissionsPerOp: null })
  t.same(toldBy([leaderOf(3, 100)], []), { elections: null, retransmissionsPerOp: null })
  t.end()
})
