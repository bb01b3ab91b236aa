import t from 'tap'
import { isEmpty } from '../../src/raft/ready.js'
import { RaftCluster } from '../support/raft-cluster.js'
import { accept, append, Bench, heartbeatMs, requestVote } from '../support/raft-servers.js'

void t.test('a ready is taken once: without a fact the next one is empty', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.change(raft => raft.receive(0, requestVote(2, 5, [2, 4])))
  const ready = bench.raft.takeReady(0)
  t.notOk(isEmpty(ready))
  t.same(ready.hardState, { currentTerm: 5, votedFor: 2 })
  t.ok(isEmpty(bench.raft.takeReady(0)))
  t.end()
})

void t.test('a hundred facts in one turn make one append and one message per peer', t => {
  const bench = new Bench({ term: 4, appendBytesMax: 100_000, windowBytesMax: 1_000_000 })
  bench.lead()
  for (const from of [2, 3]) bench.receive(accept(from, 5, 1))
  const before = bench.readies.length
  for (let each = 0; each < 100; each++) bench.change(raft => raft.propose(new Uint8Array(10)))
  bench.take()
  const [ready, ...more] = bench.readies.slice(before)
  t.equal(more.length, 0)
  t.equal(ready?.append?.entries.length, 100)
  t.same(
    ready?.messages.map(({ to }) => to),
    [2, 3],
  )
  t.end()
})

void t.test('a leader sends while its own disk works', t => {
  const bench = new Bench({ term: 4 })
  bench.lead()
  for (const from of [2, 3]) bench.receive(accept(from, 5, 1))
  bench.change(raft => raft.propose(new Uint8Array(10)))
  const ready = bench.raft.takeReady(bench.nowMs)
  t.ok(ready.append !== null && ready.messages.length === 2, 'in the same ready')
  t.end()
})

void t.test('the deadline: election timeout, questions to repeat, heartbeats', t => {
  const bench = new Bench({ term: 4, log: [1] })
  const { server } = bench.raft
  t.equal(bench.raft.deadline(0), server.electionDeadlineMs)
  bench.timeout()
  t.equal(bench.raft.deadline(bench.nowMs), bench.nowMs + heartbeatMs)
  const leader = new Bench({ term: 4, log: [1] })
  leader.lead()
  for (const from of [2, 3]) leader.receive(accept(from, 5, 2))
  t.equal(leader.raft.deadline(leader.nowMs), leader.nowMs + heartbeatMs)
  t.end()
})

void t.test('called at its deadlines only, no server spins and none sleeps on what is due', t => {
  const cluster = new RaftCluster({ servers: 3, seed: 2 })
  cluster.runUntil(() => cluster.isSettled, 5_000)
  const before = cluster.events
  cluster.runFor(1_000)
  t.ok(cluster.events - before < 6 * (1_000 / heartbeatMs) * 2, `${cluster.events - before} events in an idle second`)
  t.ok(cluster.isSettled)
  t.end()
})

void t.test('rejections and votes are answers: each leaves once, to whom it is owed', t => {
  const bench = new Bench({ term: 4, log: [1] })
  bench.change(raft => raft.receive(0, append(2, 3, [0, 0])))
  bench.change(raft => raft.receive(0, requestVote(3, 4, [1, 1])))
  t.match(bench.takeOutgoing(), [
    { to: 2, message: { type: 'AppendEntriesReply', rejected: true, term: 4 } },
    { to: 3, message: { type: 'RequestVoteReply', granted: true, term: 4 } },
  ])
  t.same(bench.takeOutgoing(), [])
  t.end()
})
