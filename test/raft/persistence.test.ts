import t from 'tap'
import { accept, append, Bench } from '../support/raft-servers.js'

function follower(log: readonly number[] = []): Bench {
  const bench = new Bench({ term: 2, log })
  bench.holdsWrites = true
  return bench
}

/** First and last index of every append handed out, with its number. */
function writes(bench: Bench): string[] {
  return bench.readies.flatMap(({ append }) =>
    append === null ? [] : [`${append.writeId}: ${append.entries[0]!.index}-${append.entries.at(-1)!.index}`],
  )
}

void t.test('entries are handed to storage once, in order, one append per turn', t => {
  const bench = follower()
  bench.change(raft => raft.receive(0, append(2, 2, [0, 0], [1, 1])))
  bench.change(raft => raft.receive(0, append(2, 2, [2, 1], [2])))
  bench.take()
  bench.receive(append(2, 2, [1, 1], [1, 2, 2]))
  t.same(writes(bench), ['1: 1-3', '2: 4-4'])
  t.end()
})

void t.test('persisted(n) vouches for all writes up to n', t => {
  const bench = follower()
  for (const index of [0, 1, 2]) bench.receive(append(2, 2, [index, index === 0 ? 0 : 2], [2]))
  bench.do(raft => raft.persisted(2))
  t.equal(bench.raft.server.persistedIndex, 2)
  bench.do(raft => raft.persisted(1))
  t.equal(bench.raft.server.persistedIndex, 2, 'an old completion takes nothing back')
  bench.do(raft => raft.persisted(3))
  t.equal(bench.raft.server.persistedIndex, 3)
  t.throws(() => bench.raft.persisted(4), /write 4 was handed out/)
  t.end()
})

void t.test('persisted clamping: what is durable ends where entries were replaced', t => {
  const bench = new Bench({ term: 2, log: [1, 1, 2, 2] })
  bench.holdsWrites = true
  bench.receive(append(3, 3, [2, 1], [3]))
  t.equal(bench.raft.server.persistedIndex, 2)
  t.same(writes(bench), ['1: 3-3'], 'the replacement is a write, it cuts what follows')
  t.match(bench.persist(), [{ matchIndex: 3 }])
  t.end()
})

void t.test('R21: a completion vouches for the exact entries of its write: (5, 2), (5, 3), (5, 2) again', t => {
  const bench = follower([1, 1, 1, 1])
  bench.receive(append(2, 2, [4, 1], [2]))
  bench.receive(append(3, 3, [4, 1], [3]))
  // A server of term 4 that held (5, term 2) and never saw (5, term 3).
  bench.receive(append(2, 4, [4, 1], [2]))
  t.same(writes(bench), ['1: 5-5', '2: 5-5', '3: 5-5'])
  const { server } = bench.raft
  bench.do(raft => raft.persisted(1))
  t.equal(server.persistedIndex, 4, 'entry 5 has the same name again, but its bytes were overwritten since')
  bench.do(raft => raft.persisted(2))
  t.equal(server.persistedIndex, 4)
  t.match(
    bench.do(raft => raft.persisted(3)),
    [{ type: 'AppendEntriesReply', term: 4, matchIndex: 5 }],
  )
  t.end()
})

void t.test('E04: a hard state is handed out when it changed, and before everything of its turn', t => {
  const bench = follower([1])
  bench.receive(append(2, 2, [1, 1]))
  t.same(
    bench.readies.map(ready => ready.hardState),
    [null],
  )
  bench.receive(append(2, 7, [1, 1]))
  bench.receive(append(2, 7, [1, 1]))
  t.same(
    bench.readies.map(ready => ready.hardState),
    [null, { currentTerm: 7, votedFor: 0 }, null],
  )
  t.end()
})

void t.test('a leader counts itself only with what is on its disk', t => {
  const bench = new Bench({ term: 2, log: [1], voters: [1, 2] })
  bench.holdsWrites = true
  bench.lead()
  bench.receive(accept(2, 3, 2))
  t.equal(bench.raft.commitIndex, 0)
  bench.persist()
  t.equal(bench.raft.commitIndex, 2)
  t.end()
})
