import t from 'tap'
import { termJumpMax } from '../../src/raft/term.js'
import { accept, append, Bench, rejectAt, requestVote, voteReply } from '../support/raft-servers.js'

void t.test('E19: every message of a higher term makes a follower of that term, without a vote', t => {
  const messages = [
    append(2, 9, [0, 0]),
    accept(2, 9, 0),
    rejectAt(2, 9, 0, [1, 0]),
    voteReply(2, 9),
    voteReply(2, 9, { granted: false }),
    requestVote(2, 9, [0, 0]),
    { type: 'TimeoutNow', from: 2, term: 9 } as const,
  ]
  for (const message of messages) {
    const bench = new Bench({ term: 4, log: [1, 1], votedFor: 1 })
    bench.timeout()
    bench.receive(voteReply(3, 5, { preVote: true, term: 4 }))
    t.equal(bench.role, 'candidate')
    bench.receive(message)
    t.same([bench.role, bench.raft.currentTerm], ['follower', 9], message.type)
    t.equal(bench.raft.server.votedFor, 0, 'seeing a term is not granting a vote')
    t.same(bench.readies.at(-1)?.hardState ?? bench.readies.at(-2)?.hardState, { currentTerm: 9, votedFor: 0 })
  }
  t.end()
})

void t.test('learning of a term leaves the election timer alone', t => {
  const bench = new Bench({ term: 4 })
  const { electionDeadlineMs } = bench.raft.server
  bench.nowMs = 30
  bench.receive(voteReply(2, 9, { granted: false }))
  t.equal(bench.raft.server.electionDeadlineMs, electionDeadlineMs)
  t.end()
})

void t.test('what was owed dies with the term', t => {
  const bench = new Bench({ term: 4, log: [1, 1] })
  bench.change(raft => raft.receive(0, requestVote(2, 4, [2, 1])))
  bench.change(raft => raft.receive(0, append(3, 3, [9, 3])))
  bench.change(raft => raft.receive(0, voteReply(3, 5, { granted: false })))
  t.same(bench.take(), [], 'neither the vote of term 4 nor the rejection leaves in term 5')
  t.end()
})

void t.test('E23: a message from nobody of the configuration, or in my own name, is refused and reported', t => {
  for (const from of [1, 7]) {
    const bench = new Bench({ voters: [1, 2, 3] })
    bench.timeout()
    t.same(bench.receive(voteReply(from, 1, { preVote: true, term: 0 })), [])
    t.equal(bench.role, 'pre-candidate', 'the vote is not counted')
    bench.receive(append(from, 50, [0, 0]))
    t.same([bench.role, bench.raft.currentTerm], ['pre-candidate', 0])
    const refused = bench.readies.flatMap(ready => ready.reports).filter(report => report.what === 'refused')
    t.same(
      refused.map(report => report.from),
      [from, from],
    )
  }
  t.end()
})

void t.test('a term 2^20 above ours is believed, one above that is refused and reported', t => {
  const bench = new Bench({ term: 5 })
  const absurd = 5 + termJumpMax + 1
  t.equal(termJumpMax, 2 ** 20)
  bench.receive(append(2, absurd, [0, 0]))
  bench.receive(requestVote(2, 5, [0, 0], { preVote: true, campaignTerm: absurd }))
  bench.receive(requestVote(2, absurd, [0, 0], { leadershipTransfer: true }))
  t.equal(bench.raft.currentTerm, 5)
  const refused = bench.readies.flatMap(ready => ready.reports).filter(report => report.what === 'refused')
  t.equal(refused.length, 3)
  t.match(refused[0], { from: 2, why: /absurdly far/ })
  bench.receive(append(2, absurd - 1, [0, 0]))
  t.equal(bench.raft.currentTerm, absurd - 1)
  t.end()
})
