import t from 'tap'
import { accept, append, Bench, entryOf } from '../support/raft-servers.js'

/** The leader of term 5 among five; its no-op has index `log.length + 1`. */
function leader(log: readonly number[]): Bench {
  const bench = new Bench({ term: 4, voters: [1, 2, 3, 4, 5], log })
  bench.holdsWrites = true
  bench.lead()
  return bench
}

void t.test("an entry of the leader's own term is committed once a majority holds it", t => {
  const bench = leader([1, 4])
  bench.persist()
  bench.receive(accept(2, 5, 3))
  t.equal(bench.raft.commitIndex, 0, 'two of five')
  bench.receive(accept(3, 5, 3, 2))
  t.equal(bench.raft.commitIndex, 0, 'accepted is not durable')
  bench.receive(accept(3, 5, 3, 3))
  t.equal(bench.raft.commitIndex, 3)
  t.same(
    bench.readies.flatMap(ready => ready.committed).map(entry => entry.index),
    [1, 2, 3],
    'and all before it',
  )
  t.end()
})

void t.test('a leader commits before its own disk is done: a majority of the others is one', t => {
  const bench = leader([1, 4])
  for (const from of [2, 3]) bench.receive(accept(from, 5, 3))
  t.equal(bench.raft.commitIndex, 0, 'two of five, its own disk does not count yet')
  bench.receive(accept(4, 5, 3))
  t.equal(bench.raft.commitIndex, 3)
  t.equal(bench.raft.server.persistedIndex, 2)
  t.end()
})

void t.test('C01: entries of former terms are not committed by counting', t => {
  const bench = leader([1, 4])
  bench.persist()
  for (const from of [2, 3, 4, 5]) bench.receive(accept(from, 5, 2))
  t.equal(bench.raft.commitIndex, 0, 'all five hold entry 2 of term 4')
  bench.receive(accept(2, 5, 3))
  bench.receive(accept(3, 5, 3))
  t.equal(bench.raft.commitIndex, 3)
  t.end()
})

void t.test('C05: old entries before new ones do not stop the count', t => {
  const bench = leader([1, 1, 4, 4, 4])
  bench.persist()
  bench.receive(accept(2, 5, 6))
  bench.receive(accept(3, 5, 3))
  t.equal(bench.raft.commitIndex, 0, 'the majority stands at entry 3, of term 4')
  bench.receive(accept(3, 5, 6))
  t.equal(bench.raft.commitIndex, 6, 'past all of them at once')
  t.end()
})

void t.test('a match that arrives late or twice commits nothing twice, and takes nothing back', t => {
  const bench = leader([1])
  bench.persist()
  for (const from of [2, 3, 2, 3]) bench.receive(accept(from, 5, 2))
  bench.receive(accept(2, 5, 1))
  t.equal(bench.raft.commitIndex, 2)
  t.equal(bench.readies.flatMap(ready => ready.committed).length, 2)
  t.end()
})

void t.test('committed entries are handed out in order, each once, in portions', t => {
  const bench = new Bench({ term: 1 })
  const big = Array.from({ length: 5 }, (_, place) => ({ ...entryOf(place + 1, 1), payload: new Uint8Array(25_000) }))
  bench.receive(append(2, 1, [0, 0], [], { entries: big, leaderCommit: 5 }))
  const portions = bench.readies.map(ready => ready.committed.map(entry => entry.index))
  t.same(
    portions.filter(portion => portion.length > 0),
    [[1, 2], [3, 4], [5]],
    'of at most 64 KiB',
  )
  t.equal(bench.raft.server.lastApplied, 5)
  t.end()
})
