import t from 'tap'
import { accept, append, Bench, electionTimeoutMs, entriesOf } from '../support/raft-servers.js'

/** A follower of S2 in term 5 that has been compared with it up to its only entry. */
function following(): Bench {
  const bench = new Bench({ term: 5, log: [1] })
  bench.receive(append(2, 5, [1, 1]))
  return bench
}

void t.test('R06: a message of a former term is refused with the present one; log and timer stay', t => {
  const bench = new Bench({ term: 2, log: [1, 1] })
  const { electionDeadlineMs } = bench.raft.server
  bench.nowMs = 40
  const sent = bench.receive(append(3, 1, [1, 1], [1, 1, 1], { readRound: 7 }))
  t.match(sent, [{ type: 'AppendEntriesReply', rejected: true, term: 2, matchIndex: 0, conflictIndex: 0 }])
  t.match(sent, [{ readRound: 0 }], 'a round of a former term is echoed in none')
  t.same([bench.terms, bench.raft.leaderId, bench.raft.server.electionDeadlineMs], [[1, 1], 0, electionDeadlineMs])
  t.end()
})

void t.test("a leader's word sets the election timer back, also when the logs do not match", t => {
  const bench = new Bench({ term: 2, log: [1] })
  bench.nowMs = 50
  t.match(bench.receive(append(3, 2, [4, 2])), [{ rejected: true, prevLogIndex: 4 }])
  t.ok(bench.raft.server.electionDeadlineMs >= 50 + electionTimeoutMs)
  t.equal(bench.raft.leaderId, 3)
  t.end()
})

void t.test('E08: a leader that hears another leader of its own term stops', t => {
  const bench = new Bench({ term: 4, log: [1] })
  bench.lead()
  t.throws(() => bench.receive(append(2, 5, [1, 1])), {
    name: 'InvariantError',
    message: /does not lead term 5 beside/,
  })
  const follower = new Bench({ term: 4, log: [1] })
  follower.receive(append(2, 4, [1, 1]))
  t.throws(() => follower.receive(append(3, 4, [1, 1])), /term 4 has one leader, 2/)
  t.end()
})

void t.test('the previous entry must match; a rejection says where to look next', t => {
  const follower = () => new Bench({ term: 9, log: [1, 1, 4, 4, 4] })
  t.match(
    follower().receive(append(3, 9, [8, 9])),
    [{ rejected: true, conflictIndex: 6, conflictTerm: 0 }],
    'too short',
  )
  t.match(follower().receive(append(3, 9, [5, 9])), [{ rejected: true, conflictIndex: 3, conflictTerm: 4 }])
  t.match(follower().receive(append(3, 9, [2, 9])), [{ rejected: true, conflictIndex: 1, conflictTerm: 1 }])
  t.match(follower().receive(append(3, 9, [5, 4])), [{ rejected: false, prevLogIndex: 5, matchIndex: 5 }])
  t.match(follower().receive(append(3, 9, [0, 0])), [{ rejected: false, prevLogIndex: 0, matchIndex: 0 }])
  t.end()
})

void t.test('R02: an overtaken message erases nothing', t => {
  const bench = new Bench({ term: 1 })
  bench.receive(append(2, 1, [0, 0], [1, 1]))
  bench.receive(append(2, 1, [0, 0]))
  bench.receive(append(2, 1, [0, 0], [1]))
  t.same(bench.terms, [1, 1])
  t.equal(bench.raft.server.persistedIndex, 2)
  t.end()
})

void t.test('R07: equal entries stay, the first conflict cuts, the rest is appended', t => {
  const bench = new Bench({ term: 5, log: [1, 1, 2, 2, 2, 2] })
  const kept = bench.raft.server.log.at(3)
  bench.receive(append(2, 5, [1, 1], [1, 2, 3, 5]))
  t.same(bench.terms, [1, 1, 2, 3, 5])
  t.equal(bench.raft.server.log.at(3), kept)
  t.same(
    bench.readies.flatMap(ready => ready.append?.entries ?? []).map(entry => entry.index),
    [4, 5],
  )
  bench.receive(append(2, 5, [1, 1], [1, 2]))
  t.same(bench.terms, [1, 1, 2, 3, 5], 'a shorter copy cuts nothing')
  t.end()
})

void t.test('R08: what is committed is never cut: the server stops and names index and terms', t => {
  const bench = new Bench({ term: 5, log: [1, 1, 2] })
  bench.receive(append(2, 5, [3, 2], [], { leaderCommit: 3 }))
  t.equal(bench.raft.commitIndex, 3)
  t.throws(() => bench.receive(append(2, 5, [1, 1], [1, 5])), {
    name: 'InvariantError',
    message: /entry \(3, term 5\) replaces no committed one \(term 2\)/,
  })
  t.throws(() => bench.receive(append(2, 5, [3, 5])), /committed entry 3 has term 5/)
  t.end()
})

void t.test('R09: what a snapshot covers is acknowledged and never appended again, the rest is compared', t => {
  const follower = () => new Bench({ term: 5, snapshot: [4, 2], log: [2, 3] })
  const covered = follower()
  t.match(covered.receive(append(2, 5, [0, 0], [1, 1, 2])), [{ rejected: false, matchIndex: 3 }])
  t.same(covered.terms, [2, 3])
  const across = follower()
  t.match(across.receive(append(2, 5, [0, 0], [1, 1, 2, 2, 2, 5, 5])), [{ matchIndex: 5 }, { matchIndex: 7 }])
  t.same(across.terms, [2, 5, 5], 'a conflict behind the snapshot is found')
  t.throws(
    () => follower().receive(append(2, 5, [4, 3])),
    /committed entry 4 has term 3/,
    'index 0 is no blanket match',
  )
  t.end()
})

void t.test('R14: commitIndex goes no further than this very message vouches for', t => {
  const bench = new Bench({ term: 5, log: [1, 1, 2, 2, 2] })
  bench.receive(append(2, 5, [2, 1], [], { leaderCommit: 100 }))
  t.equal(bench.raft.commitIndex, 2, 'entries 3 to 5 are perhaps of another leader')
  bench.receive(append(2, 5, [2, 1], [2], { leaderCommit: 100 }))
  t.equal(bench.raft.commitIndex, 3)
  bench.receive(append(2, 5, [5, 2], [], { leaderCommit: 4 }))
  t.equal(bench.raft.commitIndex, 4)
  t.end()
})

void t.test('R15: commitIndex does not go back', t => {
  const bench = new Bench({ term: 5, log: [1, 1, 2] })
  bench.receive(append(2, 5, [3, 2], [], { leaderCommit: 2 }))
  bench.receive(append(3, 6, [3, 2], [], { leaderCommit: 1 }))
  t.equal(bench.raft.commitIndex, 2)
  t.end()
})

void t.test("what is durable but was not compared with this leader's log is not acknowledged", t => {
  const bench = new Bench({ term: 5, log: [1, 1, 2, 2, 2] })
  t.match(bench.receive(append(2, 5, [2, 1])), [{ matchIndex: 2, prevLogIndex: 2 }])
  t.match(bench.receive(append(2, 5, [4, 2])), [{ matchIndex: 4, prevLogIndex: 4 }])
  t.match(bench.receive(append(3, 6, [1, 1])), [{ matchIndex: 1, prevLogIndex: 1 }], 'anew with every term')
  t.end()
})

void t.test('what was accepted is acknowledged as far as it is durable, and again when more is', t => {
  const bench = following()
  bench.holdsWrites = true
  t.same(bench.receive(append(2, 5, [1, 1], [5, 5])), [], 'receipt waits a moment for the disk')
  t.match(bench.tickAt(bench.raft.deadline(bench.nowMs)), [{ rejected: false, prevLogIndex: 3, matchIndex: 1 }])
  t.match(bench.persist(), [{ prevLogIndex: 3, matchIndex: 3 }])
  t.same(bench.persist(), [], 'once')
  t.end()
})

void t.test(
  'regression_backlog: a follower whose disk stands still takes no more than its bound, and goes on after',
  t => {
    const bench = new Bench({ term: 5, log: [1], unpersistedBytesMax: 60 })
    bench.holdsWrites = true
    bench.receive(append(2, 5, [1, 1], [5, 5]))
    t.match(bench.receive(append(2, 5, [3, 5], [5])), [{ rejected: false, prevLogIndex: 3, matchIndex: 1 }])
    t.same(bench.terms, [1, 5, 5], 'as if the message had been empty')
    bench.persist()
    bench.receive(append(2, 5, [3, 5], [5]))
    t.same(bench.terms, [1, 5, 5, 5])
    t.end()
  },
)

void t.test('when the disk is quicker than the receipt there is one reply', t => {
  const bench = following()
  bench.holdsWrites = true
  bench.receive(append(2, 5, [1, 1], [5]))
  t.match(bench.persist(), [{ prevLogIndex: 2, matchIndex: 2 }])
  t.same(bench.tickAt(50), [])
  t.end()
})

void t.test('heartbeats and new rounds of reads do not wait for a disk', t => {
  const bench = following()
  bench.holdsWrites = true
  t.match(bench.receive(append(2, 5, [1, 1])), [{ matchIndex: 1 }])
  t.match(bench.receive(append(2, 5, [1, 1], [5], { readRound: 3 })), [
    { readRound: 3, matchIndex: 1, prevLogIndex: 2 },
  ])
  t.match(bench.receive(append(2, 5, [1, 1], [], { readRound: 2 })), [{ readRound: 3 }], 'the newest round counts')
  t.end()
})

void t.test('a hundred messages in one turn are answered by one reply', t => {
  const bench = following()
  for (let index = 1; index <= 100; index++) {
    bench.change(raft => raft.receive(0, append(2, 5, [index, index === 1 ? 1 : 5], [5])))
  }
  t.match(bench.take(), [{ prevLogIndex: 101, matchIndex: 101 }])
  t.end()
})

void t.test('R11: a message with a gap, or with terms that decrease, stops the server that would take it', t => {
  const gap = append(2, 5, [1, 1], [], { entries: entriesOf([5], 3) })
  t.throws(() => new Bench({ term: 5, log: [1] }).receive(gap), /follows the last index/)
  const decreasing = append(2, 5, [1, 3], [5, 4])
  t.throws(() => new Bench({ term: 5, log: [3] }).receive(decreasing), /terms do not decrease/)
  t.end()
})

void t.test('replies to a follower mean nothing to it', t => {
  const bench = following()
  t.same(bench.receive(accept(2, 5, 1)), [])
  t.end()
})
