import t from 'tap'
import type { Message, RequestVoteReply } from '../../src/raft/types.js'
import { accept, append, Bench, electionTimeoutMs, requestVote } from '../support/raft-servers.js'

function only(messages: readonly Message[]): RequestVoteReply {
  const [first] = messages
  if (messages.length !== 1 || first?.type !== 'RequestVoteReply') throw new Error('one answer to a request for a vote')
  return first
}

void t.test('one vote in a term, first come first served; its hard state goes with it', t => {
  const bench = new Bench({ term: 4, log: [1, 1] })
  t.match(only(bench.receive(requestVote(2, 5, [2, 1]))), { granted: true, term: 5, campaignTerm: 5, preVote: false })
  t.same(bench.readies.at(-1)?.hardState, { currentTerm: 5, votedFor: 2 }, 'in the same ready as the reply')
  t.match(only(bench.receive(requestVote(3, 5, [9, 4]))), { granted: false, term: 5 })
  t.equal(bench.raft.server.votedFor, 2)
  t.end()
})

void t.test('E03: asked again by the one voted for, also after a restart, it grants again', t => {
  const bench = new Bench({ term: 5, votedFor: 2, log: [1, 1] })
  t.equal(only(bench.receive(requestVote(3, 5, [2, 1]))).granted, false)
  t.equal(only(bench.receive(requestVote(2, 5, [2, 1]))).granted, true)
  t.equal(only(bench.receive(requestVote(2, 5, [2, 1]))).granted, true)
  t.end()
})

void t.test('a vote sets the election timer back, a refusal does not', t => {
  const bench = new Bench({ term: 4, log: [1, 3] })
  const { electionDeadlineMs } = bench.raft.server
  bench.nowMs = 60
  bench.receive(requestVote(2, 5, [9, 2]))
  t.equal(bench.raft.server.electionDeadlineMs, electionDeadlineMs, 'its log was behind')
  t.equal(bench.raft.currentTerm, 5, 'but its term was adopted')
  bench.receive(requestVote(3, 5, [2, 3]))
  t.ok(bench.raft.server.electionDeadlineMs >= 60 + electionTimeoutMs)
  t.end()
})

void t.test('a request of a former term is refused with the present one', t => {
  const bench = new Bench({ term: 7, log: [1] })
  t.match(only(bench.receive(requestVote(2, 6, [5, 5]))), { granted: false, term: 7, campaignTerm: 6 })
  t.equal(bench.raft.server.votedFor, 0)
  t.end()
})

void t.test('E16: a pre-vote changes neither term, vote nor timer, and leaves the vote free', t => {
  const bench = new Bench({ term: 5, log: [1, 4] })
  const { electionDeadlineMs } = bench.raft.server
  const preVote = { preVote: true, campaignTerm: 6 }
  t.match(only(bench.receive(requestVote(2, 5, [2, 4], preVote))), {
    granted: true,
    preVote: true,
    term: 5,
    campaignTerm: 6,
  })
  t.match(only(bench.receive(requestVote(3, 5, [2, 4], preVote))), { granted: true }, 'as many as ask')
  t.match(only(bench.receive(requestVote(3, 5, [1, 4], preVote))), { granted: false }, 'but not for a shorter log')
  const { server } = bench.raft
  t.same([server.currentTerm, server.votedFor, server.electionDeadlineMs], [5, 0, electionDeadlineMs])
  t.same(
    bench.readies.map(ready => ready.hardState),
    [null, null, null],
  )
  t.match(only(bench.receive(requestVote(3, 6, [2, 4]))), { granted: true, preVote: false })
  t.end()
})

void t.test("E16: leader stickiness: within the minimum election timeout of its leader's word nothing changes", t => {
  const bench = new Bench({ term: 5, log: [1, 4] })
  bench.nowMs = 10
  bench.receive(append(3, 5, [2, 4]))
  bench.nowMs = 10 + electionTimeoutMs - 1
  t.match(only(bench.receive(requestVote(2, 9, [9, 9]))), { granted: false, term: 5 })
  t.match(only(bench.receive(requestVote(2, 8, [9, 8], { preVote: true, campaignTerm: 9 }))), {
    granted: false,
    term: 5,
  })
  t.same([bench.raft.currentTerm, bench.raft.leaderId], [5, 3])
  t.match(
    only(bench.receive(requestVote(2, 6, [9, 5], { leadershipTransfer: true }))),
    { granted: true, term: 6 },
    'unless the leader itself hands over (dissertation 4.2.3)',
  )
  t.end()
})

void t.test("after the minimum election timeout the leader's last word holds no vote back", t => {
  const bench = new Bench({ term: 5, log: [1, 4] })
  bench.receive(append(3, 5, [2, 4]))
  bench.nowMs = electionTimeoutMs
  t.match(only(bench.receive(requestVote(2, 6, [2, 4]))), { granted: true, term: 6 })
  t.end()
})

void t.test('E24: a follower never votes for another in the term of the leader that it follows', t => {
  const bench = new Bench({ term: 5, log: [1, 4] })
  bench.receive(append(3, 5, [2, 4]))
  bench.nowMs = electionTimeoutMs
  t.match(only(bench.receive(requestVote(2, 5, [2, 4]))), { granted: false })
  t.end()
})

void t.test('E24: a leader keeps its term while a majority answers, and never votes in it', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.lead()
  const ledSince = bench.nowMs
  t.match(only(bench.receive(requestVote(2, 9, [9, 9]))), { granted: false, term: 5 })
  t.match(only(bench.receive(requestVote(2, 5, [9, 5]))), { granted: false, term: 5 })
  bench.nowMs = ledSince + electionTimeoutMs - 1
  bench.receive(accept(3, 5, 2))
  bench.nowMs = ledSince + electionTimeoutMs + 1
  t.match(
    bench.receive(requestVote(2, 9, [9, 9])).filter(m => m.type === 'RequestVoteReply'),
    [{ granted: false }],
  )
  t.equal(bench.role, 'leader')
  bench.nowMs += electionTimeoutMs
  t.match(
    bench.receive(requestVote(2, 9, [9, 9])).filter(m => m.type === 'RequestVoteReply'),
    [{ granted: true, term: 9 }],
  )
  t.equal(bench.role, 'follower')
  t.end()
})
