import t from 'tap'
import { quorumHeardMs } from '../../src/raft/check-quorum.js'
import { accept, Bench, electionTimeoutMs, rejectAt, requestVote } from '../support/raft-servers.js'

function leader(): Bench {
  const bench = new Bench({ term: 4, log: [1], voters: [1, 2, 3, 4, 5] })
  bench.lead()
  return bench
}

void t.test('a leader that no majority has answered for an election timeout steps down', t => {
  const bench = leader()
  const began = bench.nowMs
  bench.tickAt(began + electionTimeoutMs - 1)
  t.equal(bench.role, 'leader')
  bench.receive(accept(2, 5, 2))
  bench.tickAt(began + electionTimeoutMs)
  t.equal(bench.role, 'follower', 'one of four is no majority')
  t.same([bench.raft.currentTerm, bench.raft.leaderId], [5, 0], 'within its term, following nobody')
  t.ok(bench.raft.server.electionDeadlineMs >= bench.nowMs + electionTimeoutMs)
  t.end()
})

void t.test('answers of a majority keep it, rejections as well', t => {
  const bench = leader()
  for (let round = 0; round < 10; round++) {
    bench.nowMs += electionTimeoutMs - 1
    bench.receive(accept(2, 5, 2))
    bench.receive(rejectAt(3, 5, 1, [1, 0]))
    bench.tickAt(bench.nowMs)
  }
  t.equal(bench.role, 'leader')
  t.end()
})

void t.test('only answers count, not what peers say for themselves', t => {
  const bench = leader()
  const began = bench.nowMs
  bench.nowMs += electionTimeoutMs - 1
  for (const from of [2, 3, 4, 5]) bench.receive(requestVote(from, 5, [9, 5], { preVote: true, campaignTerm: 6 }))
  bench.receive(accept(2, 4, 2))
  const { role } = bench.raft.server
  t.equal(role.name === 'leader' && quorumHeardMs(bench.raft.server, role, bench.nowMs), began)
  bench.tickAt(began + electionTimeoutMs)
  t.equal(bench.role, 'follower')
  t.end()
})

void t.test('the deadline of a leader is no later than the check', t => {
  const bench = leader()
  for (let step = 0; step < 50 && bench.role === 'leader'; step++) bench.tickAt(bench.raft.deadline(bench.nowMs))
  t.equal(bench.role, 'follower')
  t.end()
})
