import t from 'tap'
import { RaftCluster } from '../support/raft-cluster.js'
import { accept, append, Bench, electionTimeoutMs, heartbeatMs, requestVote } from '../support/raft-servers.js'

/** The leader of term 5 among three: S2 has everything, S3 nothing. */
function leader(): Bench {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.lead()
  bench.receive(accept(2, 5, 3))
  return bench
}

function timeoutNows(bench: Bench): number {
  return bench.takeOutgoing().filter(({ message }) => message.type === 'TimeoutNow').length
}

void t.test('E29: who is caught up is told at once, and again each heartbeat: it may be lost', t => {
  const bench = leader()
  bench.change(raft => raft.transferLeadership(bench.nowMs, 2))
  const sent = bench.takeOutgoing()
  t.match(
    sent.filter(({ message }) => message.type === 'TimeoutNow'),
    [{ to: 2, message: { term: 5, from: 1 } }],
  )
  bench.nowMs += heartbeatMs - 1
  t.equal(timeoutNows(bench), 0)
  bench.nowMs += 1
  t.equal(timeoutNows(bench), 1)
  t.end()
})

void t.test('E29: who lags catches up first; no proposal is taken meanwhile', t => {
  const bench = leader()
  bench.change(raft => raft.transferLeadership(bench.nowMs, 3))
  t.equal(timeoutNows(bench), 0)
  t.equal(bench.raft.propose(new Uint8Array(1)), 'busy')
  bench.change(raft => raft.receive(bench.nowMs, accept(3, 5, 3, 2)))
  t.equal(timeoutNows(bench), 0, 'accepted is not durable')
  bench.change(raft => raft.receive(bench.nowMs, accept(3, 5, 3)))
  t.equal(timeoutNows(bench), 1)
  t.end()
})

void t.test('E29: it gives up after an election timeout and serves again', t => {
  const bench = leader()
  const began = bench.nowMs
  bench.do(raft => raft.transferLeadership(began, 3))
  bench.nowMs = began + electionTimeoutMs - 1
  for (const from of [2, 3]) bench.receive(accept(from, 5, 2))
  bench.tickAt(began + electionTimeoutMs)
  t.equal(bench.role, 'leader')
  t.equal(typeof bench.raft.propose(new Uint8Array(1)), 'number')
  const outcomes = bench.readies.flatMap(ready => ready.reports).filter(report => report.what === 'transfer')
  t.same(
    outcomes.map(report => report.outcome),
    ['begun', 'given-up'],
  )
  t.end()
})

void t.test('E29: to itself, to a stranger, or by a follower: nothing happens', t => {
  const bench = leader()
  for (const to of [1, 9]) bench.do(raft => raft.transferLeadership(bench.nowMs, to))
  t.equal(typeof bench.raft.propose(new Uint8Array(1)), 'number')
  const follower = new Bench()
  t.same(
    follower.do(raft => raft.transferLeadership(0, 2)),
    [],
  )
  const alone = new Bench({ voters: [1] })
  alone.timeout()
  alone.do(raft => raft.transferLeadership(alone.nowMs, 0))
  t.equal(alone.role, 'leader')
  t.end()
})

void t.test('to 0 means to the most caught-up peer', t => {
  const bench = leader()
  bench.change(raft => raft.transferLeadership(bench.nowMs, 0))
  t.match(
    bench.takeOutgoing().filter(({ message }) => message.type === 'TimeoutNow'),
    [{ to: 2 }],
  )
  t.end()
})

void t.test('E29: TimeoutNow begins a campaign without a pre-vote; a copy of an old term is ignored', t => {
  const bench = new Bench({ term: 5, log: [1, 4] })
  bench.receive(append(2, 5, [2, 4]))
  const timeoutNow = { type: 'TimeoutNow', from: 2, term: 5 } as const
  t.same(bench.receive({ ...timeoutNow, from: 3 }), [], 'only from the leader')
  t.match(
    bench.receive(timeoutNow),
    Array(2).fill({ type: 'RequestVote', term: 6, preVote: false, leadershipTransfer: true }),
  )
  bench.receive(append(3, 7, [2, 4]))
  bench.nowMs += 5_000
  t.same(bench.receive(timeoutNow), [])
  bench.receive(append(2, 8, [2, 4]))
  t.same(bench.receive(timeoutNow), [], 'also when its sender leads again')
  t.same([bench.role, bench.raft.currentTerm], ['follower', 8])
  t.end()
})

void t.test('the leader that hands over grants its vote at once', t => {
  const bench = leader()
  bench.do(raft => raft.transferLeadership(bench.nowMs, 2))
  const [answer] = bench.receive(requestVote(2, 6, [3, 5], { leadershipTransfer: true }))
  t.match(answer, { type: 'RequestVoteReply', granted: true, term: 6 })
  t.end()
})

void t.test('in a cluster, with every third message lost', t => {
  const cluster = new RaftCluster({ servers: 3, loss: 0.3, seed: 4 })
  cluster.runUntil(() => cluster.isSettled, 5_000)
  const from = cluster.leaderId
  const to = cluster.ids.find(id => id !== from)!
  const { currentTerm } = cluster.raft(from)
  cluster.transfer(from, to)
  t.ok(cluster.runUntil(() => cluster.leaderId === to, electionTimeoutMs))
  t.equal(cluster.raft(to).currentTerm, currentTerm + 1)
  t.end()
})
