import t from 'tap'
import { accept, append, Bench, electionTimeoutMs } from '../support/raft-servers.js'

const payload = new Uint8Array(72)

void t.test('a leader gives a proposal its place and its own term', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.lead()
  t.equal(bench.raft.propose(payload), 4)
  t.equal(bench.raft.propose(payload), 5)
  t.same(bench.terms, [1, 4, 5, 5, 5])
  t.match(bench.raft.server.log.at(4), { kind: 'commands', payload, record: null })
  t.end()
})

void t.test('nobody else takes one', t => {
  const bench = new Bench({ term: 4 })
  t.equal(bench.raft.propose(payload), 'not-leader')
  bench.timeout()
  t.equal(bench.raft.propose(payload), 'not-leader')
  t.end()
})

void t.test('E20: entries are stamped with the term of the election only', t => {
  const bench = new Bench({ term: 4 })
  bench.lead()
  bench.raft.server.currentTerm = 6
  t.throws(() => bench.raft.propose(payload), /a leader stamps entries with its own term/)
  const deposed = new Bench({ term: 4 })
  deposed.lead()
  deposed.change(raft => raft.receive(deposed.nowMs, append(2, 6, [0, 0])))
  t.equal(deposed.raft.propose(payload), 'not-leader', 'in the very turn in which it heard of the next leader')
  t.end()
})

void t.test('Q03: what a leader without a majority may hold is bounded, and is freed by commitment', t => {
  const bench = new Bench({ term: 4, uncommittedBytesMax: 1_000 })
  bench.lead()
  let taken = 0
  while (taken < 100 && bench.raft.propose(payload) !== 'busy') taken++
  t.equal(taken, 10, 'of 100 bytes each, after the 28 of the no-op')
  bench.take()
  for (let step = 0; step < 4; step++) {
    bench.nowMs += electionTimeoutMs / 2
    bench.receive(accept(2, 5, 0))
    bench.tickAt(bench.nowMs)
    t.equal(bench.raft.propose(payload), 'busy', 'for as long as it takes')
  }
  bench.receive(accept(2, 5, 6))
  t.equal(bench.raft.commitIndex, 6)
  taken = 0
  while (taken < 100 && bench.raft.propose(payload) !== 'busy') taken++
  t.equal(taken, 5)
  t.end()
})
