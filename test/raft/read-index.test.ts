import t from 'tap'
import type { AppendEntries, ConfirmedRead, Message } from '../../src/raft/types.js'
import { RaftCluster } from '../support/raft-cluster.js'
import { accept, append, Bench, electionTimeoutMs, rejectAt } from '../support/raft-servers.js'

/** The leader of term 5 among three; the no-op at 3 is committed unless told otherwise. */
function leader(isOpened = true): Bench {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.lead()
  if (isOpened) for (const from of [2, 3]) bench.receive(accept(from, 5, 3))
  return bench
}

function readsOf(bench: Bench): ConfirmedRead[] {
  return bench.readies.flatMap(ready => ready.reads)
}

function roundsOf(messages: readonly Message[]): number[] {
  return messages.filter((message): message is AppendEntries => message.type === 'AppendEntries').map(m => m.readRound)
}

void t.test('a read waits for a round of a majority, and gets the commitIndex of its beginning', t => {
  const bench = leader()
  const sent = bench.do(raft => raft.readIndex(71))
  t.same(roundsOf(sent), [1, 1], 'one question to each peer')
  t.same(readsOf(bench), [])
  bench.receive(accept(2, 5, 3, 3, { readRound: 1 }))
  t.match(readsOf(bench), [{ token: 71, readIndex: 3 }])
  bench.receive(accept(3, 5, 3, 3, { readRound: 1 }))
  t.equal(readsOf(bench).length, 1, 'once')
  t.end()
})

void t.test('reads of one turn share a round; later ones do not join it', t => {
  const bench = leader()
  for (const token of [1, 2, 3]) bench.change(raft => raft.readIndex(token))
  t.same(roundsOf(bench.take()), [1, 1])
  t.same(roundsOf(bench.do(raft => raft.readIndex(4))), [2, 2])
  bench.receive(accept(2, 5, 3, 3, { readRound: 1 }))
  t.same(
    readsOf(bench).map(read => read.token),
    [1, 2, 3],
  )
  bench.receive(accept(2, 5, 3, 3, { readRound: 2 }))
  t.same(
    readsOf(bench).map(read => read.token),
    [1, 2, 3, 4],
  )
  t.end()
})

void t.test('L02: before the no-op of the term is committed no round begins', t => {
  const bench = leader(false)
  t.same(roundsOf(bench.do(raft => raft.readIndex(5))), [])
  bench.receive(accept(2, 5, 2, 2))
  t.same(readsOf(bench), [])
  const sent = bench.receive(accept(2, 5, 3))
  t.ok(roundsOf(sent).includes(1))
  bench.receive(accept(3, 5, 3, 3, { readRound: 1 }))
  t.match(readsOf(bench), [{ token: 5, readIndex: 3 }], 'which every earlier acknowledgement lies below')
  t.end()
})

void t.test('L13: reads alone do not hang after a change of leader', t => {
  const cluster = new RaftCluster({ servers: 3 })
  cluster.runUntil(() => cluster.leaderId !== 0, 2_000)
  const first = cluster.leaderId
  cluster.crash(first)
  cluster.runUntil(() => cluster.leaderId !== 0, 2_000)
  const token = cluster.read(cluster.leaderId) as number
  t.ok(cluster.runUntil(() => typeof cluster.reads.get(token)?.outcome === 'number', 20))
  t.end()
})

void t.test('L03: an echo confirms only rounds that had begun when its question left', t => {
  const bench = leader()
  bench.do(raft => raft.readIndex(1))
  bench.receive(accept(2, 5, 3, 3, { readRound: 1 }))
  bench.do(raft => raft.readIndex(2))
  for (let copy = 0; copy < 3; copy++) bench.receive(accept(3, 5, 3, 3, { readRound: 1 }))
  bench.receive(accept(2, 5, 3, 3, { readRound: 1 }))
  t.same(
    readsOf(bench).map(read => read.token),
    [1],
    'late and copied echoes of round 1 do not confirm round 2',
  )
  t.end()
})

void t.test("L03: an echo of another term's round confirms nothing", t => {
  // The first leadership of S1 asked for its round 1 and the question is still under way.
  const former = leader()
  const [late] = former.do(raft => raft.readIndex(1))
  t.match(late, { type: 'AppendEntries', term: 5, readRound: 1 })
  // S2 has voted for S1 again, in term 6, when that question arrives.
  const voter = new Bench({ id: 2, term: 6, votedFor: 1, log: [1, 4, 5] })
  const [answer] = voter.receive(late!)
  t.match(answer, { type: 'AppendEntriesReply', term: 6, rejected: true, readRound: 0 })
  // S1 leads term 6 and has begun its own round 1.
  const again = new Bench({ term: 5, log: [1, 4, 5] })
  again.lead()
  for (const from of [2, 3]) again.receive(accept(from, 6, 4))
  again.do(raft => raft.readIndex(2))
  again.receive(answer!)
  t.same(readsOf(again), [], 'S2 may have voted for a third in term 7 since it answered')
  t.end()
})

void t.test('a rejection for the sake of the log echoes a round like any answer of this term', t => {
  const bench = leader()
  bench.do(raft => raft.readIndex(1))
  bench.receive({ ...rejectAt(2, 5, 3, [4, 0]), readRound: 1 })
  t.equal(readsOf(bench).length, 1)
  t.end()
})

void t.test('a lost question is asked again after a retransmission timeout, of whom has not answered', t => {
  const bench = leader()
  bench.do(raft => raft.readIndex(1))
  const deadline = bench.raft.deadline(bench.nowMs)
  t.ok(deadline > bench.nowMs && deadline < bench.nowMs + electionTimeoutMs / 2)
  t.same(roundsOf(bench.tickAt(deadline)), [1, 1])
  bench.receive(accept(3, 5, 3, 3, { readRound: 1 }))
  t.equal(readsOf(bench).length, 1)
  t.end()
})

void t.test('L01, L15: who no longer leads gives every read up, once, and keeps none', t => {
  const bench = leader()
  bench.do(raft => raft.readIndex(1))
  bench.change(raft => raft.readIndex(2))
  bench.receive(append(2, 6, [3, 5], [6]))
  t.same(bench.readies.flatMap(ready => ready.readsLost).sort(), [1, 2])
  t.same(readsOf(bench), [])
  t.equal(bench.raft.readIndex(3), 'not-leader')
  t.end()
})

void t.test('L15: 10,000 reads are freed when the leader is deposed; beyond 65,536 they are refused', t => {
  const bench = leader()
  for (let token = 0; token < 10_000; token++) bench.raft.readIndex(token)
  bench.take()
  bench.tickAt(bench.nowMs + electionTimeoutMs)
  t.equal(bench.role, 'follower')
  t.equal(bench.readies.flatMap(ready => ready.readsLost).length, 10_000)
  const full = leader()
  for (let token = 0; token < 65_536; token++) full.raft.readIndex(token)
  t.equal(full.raft.readIndex(65_536), 'busy')
  t.end()
})

void t.test('L04: the index of a read may lie above what is applied: whoever answers waits for it', t => {
  const bench = new Bench({ voters: [1] })
  bench.timeout()
  const { raft, nowMs } = bench
  for (let index = 2; index <= 5; index++) raft.propose(new Uint8Array(40_000))
  raft.persisted(raft.takeReady(nowMs).append!.writeId)
  raft.readIndex(9)
  // What is committed is handed out in portions; the read is confirmed with the first of them.
  const ready = raft.takeReady(nowMs)
  t.equal(ready.reads.length, 1)
  t.match(ready.reads, [{ token: 9, readIndex: 5 }])
  t.same([ready.committed.at(-1)?.index, raft.status.lastApplied], [2, 2])
  t.end()
})

void t.test('a single server confirms by itself', t => {
  const bench = new Bench({ voters: [1] })
  bench.timeout()
  bench.do(raft => raft.readIndex(4))
  t.match(readsOf(bench), [{ token: 4, readIndex: 1 }])
  t.end()
})
