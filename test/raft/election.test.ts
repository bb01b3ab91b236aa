import t from 'tap'
import { checkState } from '../../src/raft/invariants.js'
import { electionTimeout } from '../../src/raft/election.js'
import { createServer } from '../../src/raft/server.js'
import type { Message } from '../../src/raft/types.js'
import { RaftCluster } from '../support/raft-cluster.js'
import {
  accept,
  append,
  Bench,
  heartbeatMs,
  raftOptions,
  rejectAt,
  requestVote,
  voteReply,
} from '../support/raft-servers.js'

const five = [1, 2, 3, 4, 5]

/** A candidate of term 5 among `voters`. */
function candidate(voters = five): Bench {
  const bench = new Bench({ term: 4, log: [1, 4], voters })
  bench.timeout()
  for (const from of voters.slice(1)) bench.receive(voteReply(from, 5, { preVote: true, term: 4 }))
  if (bench.role !== 'candidate') throw new Error(`a candidate, not a ${bench.role}`)
  return bench
}

function requestsOf(messages: readonly Message[]): Message[] {
  return messages.filter(message => message.type === 'RequestVote')
}

void t.test('a timeout asks first: the pre-vote changes neither term nor vote (dissertation 9.6)', t => {
  const bench = new Bench({ term: 4, votedFor: 3, log: [1, 4], voters: five })
  const sent = requestsOf(bench.timeout())
  t.equal(sent.length, 4)
  t.match(sent[0], {
    term: 4,
    campaignTerm: 5,
    preVote: true,
    lastLogIndex: 2,
    lastLogTerm: 4,
    leadershipTransfer: false,
  })
  t.same([bench.role, bench.raft.currentTerm, bench.raft.server.votedFor], ['pre-candidate', 4, 3])
  t.ok(bench.readies.every(ready => ready.hardState === null))
  t.end()
})

void t.test('a majority of pre-votes begins the campaign: term and own vote are durable before a request leaves', t => {
  const bench = new Bench({ term: 4, log: [1, 4], voters: five })
  bench.timeout()
  t.same(bench.receive(voteReply(2, 5, { preVote: true, term: 4 })), [], 'two of five are not enough')
  const sent = requestsOf(bench.receive(voteReply(3, 5, { preVote: true, term: 4 })))
  t.match(sent, Array(4).fill({ term: 5, campaignTerm: 5, preVote: false }))
  const ready = bench.readies.find(({ messages }) => messages.some(({ message }) => message.term === 5))
  t.same(ready?.hardState, { currentTerm: 5, votedFor: 1 }, 'in the same ready, where it goes first')
  t.end()
})

void t.test('E22: a grant that arrives three times is one vote', t => {
  const bench = candidate()
  for (let copy = 0; copy < 3; copy++) bench.receive(voteReply(2, 5))
  t.equal(bench.role, 'candidate')
  bench.receive(voteReply(3, 5))
  t.equal(bench.role, 'leader')
  t.end()
})

void t.test('E21: a vote counts only in its own campaign, and only as what it is', t => {
  const bench = candidate()
  bench.receive(voteReply(2, 5, { preVote: true, term: 4 }))
  bench.receive(voteReply(3, 5, { preVote: true, term: 4 }))
  for (const from of [2, 3, 4]) bench.receive(voteReply(from, 5, { preVote: true }))
  bench.receive(voteReply(4, 4))
  t.equal(bench.role, 'candidate', 'pre-votes and votes of a former term are no votes')
  bench.receive(voteReply(2, 5))
  bench.timeout()
  t.equal(bench.role, 'pre-candidate', 'the campaign failed')
  bench.receive(voteReply(3, 5))
  bench.receive(voteReply(4, 5))
  t.equal(bench.role, 'pre-candidate', 'votes of the lost election come too late')
  for (const from of [2, 3]) bench.receive(voteReply(from, 6, { preVote: true, term: 5 }))
  t.same([bench.role, bench.raft.currentTerm], ['candidate', 6])
  bench.receive(voteReply(2, 6))
  t.equal(bench.role, 'candidate', 'its own vote and that of S2: the vote for itself in term 5 is not counted again')
  t.end()
})

void t.test('a refusal is no vote, and outlives no campaign', t => {
  const bench = candidate()
  for (const from of [2, 3, 4, 5]) bench.receive(voteReply(from, 5, { granted: false }))
  t.equal(bench.role, 'candidate')
  t.equal(requestsOf(bench.timeout()).length, 4, 'all are asked in the next')
  t.end()
})

void t.test('E07: a candidate that hears AppendEntries of its own, a lower, a higher term', t => {
  const own = candidate()
  t.match(own.receive(append(2, 5, [2, 4])), [{ type: 'AppendEntriesReply', rejected: false, term: 5 }])
  t.same([own.role, own.raft.leaderId, own.raft.currentTerm], ['follower', 2, 5])
  const lower = candidate()
  t.match(lower.receive(append(2, 4, [2, 4])), [{ type: 'AppendEntriesReply', rejected: true, term: 5 }])
  t.same([lower.role, lower.raft.currentTerm], ['candidate', 5])
  const higher = candidate()
  higher.receive(append(2, 6, [2, 4]))
  t.same([higher.role, higher.raft.leaderId, higher.raft.currentTerm], ['follower', 2, 6])
  t.end()
})

void t.test('a pre-candidate hears its leader again and goes back without any trace', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.receive(append(2, 4, [2, 4]))
  bench.timeout()
  t.equal(bench.role, 'pre-candidate')
  bench.receive(append(2, 4, [2, 4]))
  t.same([bench.role, bench.raft.leaderId, bench.raft.currentTerm], ['follower', 2, 4])
  t.end()
})

void t.test("E19: a higher term in an answer is adopted, and is nobody's vote", t => {
  const bench = candidate()
  bench.receive(voteReply(2, 5, { granted: false, term: 8 }))
  t.same([bench.role, bench.raft.currentTerm, bench.raft.server.votedFor], ['follower', 8, 0])
  t.match(bench.receive(requestVote(3, 8, [1, 3])), [{ granted: false }], 'the logs are compared as ever')
  t.match(bench.receive(requestVote(4, 8, [2, 4])), [{ granted: true }])
  t.end()
})

void t.test('who has not answered is asked again each heartbeat interval: requests and answers get lost', t => {
  const bench = candidate()
  bench.receive(voteReply(2, 5))
  bench.receive(voteReply(3, 5, { granted: false }))
  const began = bench.nowMs
  t.same(bench.tickAt(began + heartbeatMs - 1), [])
  t.equal(bench.raft.deadline(bench.nowMs), began + heartbeatMs)
  bench.nowMs = began + heartbeatMs
  bench.change(raft => raft.tick(bench.nowMs))
  t.same(
    bench.takeOutgoing().map(({ to }) => to),
    [4, 5],
  )
  t.end()
})

void t.test(
  'C06: a new leader opens its term with a no-op that goes to everybody, and commits it without any client',
  t => {
    const bench = new Bench({ term: 4, log: [1, 4] })
    const sent = bench.lead()
    t.match(
      sent,
      Array(2).fill({
        type: 'AppendEntries',
        term: 5,
        prevLogIndex: 2,
        prevLogTerm: 4,
        entries: [{ index: 3, term: 5, kind: 'noop' }],
      }),
    )
    t.equal(sent.length, 2)
    bench.receive(accept(3, 5, 3))
    t.same(
      bench.readies.flatMap(ready => ready.committed).map(({ index, kind }) => [index, kind]),
      [
        [1, 'commands'],
        [2, 'commands'],
        [3, 'noop'],
      ],
      'one round trip commits it, and what came before it',
    )
    t.end()
  },
)

void t.test('E25: a single server elects itself, and commits only after its own disk', t => {
  const bench = new Bench({ voters: [1] })
  bench.holdsWrites = true
  t.same(bench.timeout(), [])
  t.same([bench.role, bench.raft.currentTerm], ['leader', 1])
  t.equal(bench.raft.commitIndex, 0, 'nothing is durable')
  bench.persist()
  t.equal(bench.raft.commitIndex, 1)
  t.same(
    bench.readies.flatMap(ready => ready.committed).map(entry => entry.kind),
    ['noop'],
  )
  t.end()
})

void t.test('E25: of two servers none leads without the other, and nothing commits', t => {
  const cluster = new RaftCluster({ servers: 2 })
  t.ok(cluster.runUntil(() => cluster.isSettled, 2_000))
  const { leaderId } = cluster
  const [follower] = cluster.ids.filter(id => id !== leaderId)
  const committed = cluster.checks.committed.length
  cluster.crash(follower!)
  cluster.propose(leaderId)
  cluster.runFor(2_000)
  t.equal(cluster.leaderId, 0)
  t.equal(cluster.checks.committed.length, committed)
  t.equal(cluster.raft(leaderId).currentTerm, 1, 'and no term runs away')
  t.end()
})

void t.test('E27: who is no voter never stands', t => {
  const options = raftOptions({ id: 9, voters: [1, 2, 3] })
  const hardState = { currentTerm: 3, votedFor: 0 }
  const server = createServer(
    options,
    { hardState, snapshotIndex: 0, snapshotTerm: 0, baseIndex: 0, baseTerm: 0, entries: [] },
    0,
  )
  for (let round = 0; round < 20; round++) {
    const now = server.electionDeadlineMs
    electionTimeout(server, now)
    t.same([server.role.name, server.currentTerm], ['follower', 3])
    t.ok(server.electionDeadlineMs > now, 'it looks again later')
  }
  checkState(server)
  t.end()
})

void t.test('who is behind in term by a lost campaign does not block: a pre-vote brings terms together', t => {
  const behind = new Bench({ id: 2, term: 3, log: [1, 3] })
  const ahead = new Bench({ id: 1, term: 7, log: [1, 3] })
  const [request] = requestsOf(behind.timeout())
  const [answer] = ahead.receive(request!)
  t.match(answer, { granted: false, term: 7 })
  behind.receive(answer!)
  t.equal(behind.raft.currentTerm, 7, 'it asks in the right term the next time')
  const [again] = requestsOf(behind.timeout())
  t.match(ahead.receive(again!), [{ granted: true, preVote: true, campaignTerm: 8 }])
  t.end()
})

void t.test('a server with a higher term than its leader brings on an election by its rejection', t => {
  const leader = new Bench({ term: 4, log: [1, 4] })
  leader.lead()
  const ahead = new Bench({ id: 3, term: 9, log: [1, 4] })
  const [rejection] = ahead.receive(append(1, 5, [2, 4]))
  t.match(rejection, { rejected: true, term: 9 })
  leader.receive(rejection!)
  t.same([leader.role, leader.raft.currentTerm], ['follower', 9])
  t.same(leader.receive(rejectAt(2, 5, 2, [1, 0])), [], 'and is done with the old term')
  t.end()
})
