import t from 'tap'
import { waitingChunksMax } from '../../src/raft/install-snapshot.js'
import type { Message, SnapshotMeta } from '../../src/raft/types.js'
import {
  append,
  Bench,
  electionTimeoutMs,
  installSnapshot,
  metaOf,
  requestVote,
  type Start,
} from '../support/raft-servers.js'

/** A follower of S2 in term 5; its log is (1, term 1), (2, term 1), (3, term 2) unless told otherwise, the first committed. */
function following(some: Start = {}): Bench {
  const bench = new Bench({ term: 5, log: [1, 1, 2], ...some })
  bench.receive(append(2, 5, [1, 1], [], { leaderCommit: 1 }))
  return bench
}

/** The shell's part up to the decision: the piece arrives, is stored, and is all. Returns what a Ready said to install. */
function receiveWhole(bench: Bench, last: readonly [number, number], from = 2, term = 5) {
  const meta = metaOf(last)
  bench.receive(installSnapshot(from, term, last))
  bench.do(raft => raft.snapshotHeld(meta, 100, 0))
  const before = bench.readies.length
  bench.do(raft => raft.snapshotComplete(meta))
  return bench.readies.slice(before).flatMap(({ install }) => install ?? [])
}

function installed(bench: Bench, meta: SnapshotMeta): Message[] {
  return bench.do(raft => raft.snapshotInstalled(meta))
}

/** Base, snapshot, commitIndex, lastApplied, last index, persistedIndex. */
function places(bench: Bench): number[] {
  const { log, snapshotIndex, commitIndex, lastApplied, persistedIndex } = bench.raft.server
  return [log.baseIndex, snapshotIndex, commitIndex, lastApplied, log.lastIndex, persistedIndex]
}

void t.test('a piece is handed out, and answered once it is stored', t => {
  const bench = following()
  t.same(bench.receive(installSnapshot(2, 5, [9, 4], { offset: 10, data: Uint8Array.of(7) })), [])
  t.match(bench.readies[bench.readies.length - 1]!.snapshotChunks, [{ lastIncludedIndex: 9, offset: 10 }])
  const sent = bench.do(raft => raft.snapshotHeld(metaOf([9, 4]), 0, 1))
  t.match(sent, [{ type: 'InstallSnapshotReply', term: 5, lastIncludedIndex: 9, lastIncludedTerm: 4, hash: 9_004 }])
  t.match(sent, [{ nextOffset: 0, received: 1, persisted: false }])
  t.same(
    bench.do(raft => raft.snapshotHeld(metaOf([8, 4]), 5, 0)),
    [],
    'of another snapshot nobody asked',
  )
  t.end()
})

void t.test('a piece is a word of the leader: it is followed, and the election timer begins anew', t => {
  const bench = new Bench({ term: 4, log: [1] })
  bench.nowMs = 60
  bench.receive(installSnapshot(3, 6, [9, 4]))
  t.same([bench.raft.currentTerm, bench.raft.leaderId, bench.role], [6, 3, 'follower'])
  t.ok(bench.raft.server.electionDeadlineMs >= 60 + electionTimeoutMs)
  t.match(bench.receive(requestVote(2, 7, [99, 6])), [{ granted: false }], 'there is a leader')
  t.end()
})

void t.test('R06: a piece of a former term is answered with the present one, and handed to nobody', t => {
  const bench = new Bench({ term: 5, log: [1] })
  const { electionDeadlineMs } = bench.raft.server
  t.match(bench.receive(installSnapshot(3, 4, [9, 4])), [
    { type: 'AppendEntriesReply', term: 5, rejected: true, conflictIndex: 0 },
  ])
  t.same([bench.raft.leaderId, bench.raft.server.electionDeadlineMs], [0, electionDeadlineMs])
  t.same(
    bench.readies.flatMap(({ snapshotChunks }) => snapshotChunks),
    [],
  )
  t.end()
})

void t.test('a log that is too short begins anew behind the snapshot, and appends go on there', t => {
  const bench = following()
  t.match(receiveWhole(bench, [9, 4]), [{ meta: metaOf([9, 4]), resetsLog: true }])
  t.same(places(bench), [0, 0, 1, 1, 3, 3], 'nothing has changed yet')
  const sent = installed(bench, metaOf([9, 4]))
  t.same(places(bench), [9, 9, 9, 9, 9, 9])
  t.match(
    sent.find(({ type }) => type === 'InstallSnapshotReply'),
    { lastIncludedIndex: 9, persisted: true, nextOffset: 100 },
  )
  t.match(
    sent.find(({ type }) => type === 'AppendEntriesReply'),
    { rejected: false, prevLogIndex: 9, matchIndex: 9 },
  )
  const answers = bench.receive(append(2, 5, [9, 4], [5], { leaderCommit: 10 }))
  t.match(answers[answers.length - 1], { rejected: false, prevLogIndex: 10, matchIndex: 10 })
  t.same(places(bench), [9, 9, 10, 10, 10, 10])
  t.match(bench.raft.status, { snapshotIndex: 9, firstLogIndex: 10, lastLogIndex: 10 })
  t.end()
})

void t.test(
  'S05: entries that follow a snapshot and agree with it stay; a log with another entry there does not',
  t => {
    const agrees = following({ log: [1, 1, 2, 4, 4] })
    t.match(receiveWhole(agrees, [3, 2]), [{ resetsLog: false }])
    const sent = installed(agrees, metaOf([3, 2]))
    const answer = sent.find(({ type }) => type === 'AppendEntriesReply')
    t.match(answer, { prevLogIndex: 3, matchIndex: 3 }, 'K23: what follows was not compared with this leader')
    t.same(
      [agrees.terms, places(agrees)],
      [
        [4, 4],
        [3, 3, 3, 3, 5, 5],
      ],
    )
    const conflicts = following({ log: [1, 1, 2, 4, 4] })
    t.match(receiveWhole(conflicts, [3, 3]), [{ resetsLog: true }])
    installed(conflicts, metaOf([3, 3]))
    t.same([conflicts.terms, places(conflicts)], [[], [3, 3, 3, 3, 3, 3]])
    t.end()
  },
)

void t.test(
  'a snapshot is durable for what it covers, also where the writes of the same entries are still under way',
  t => {
    const bench = following({ log: [1] })
    bench.holdsWrites = true
    bench.receive(append(2, 5, [1, 1], [1, 2, 4]))
    t.match(receiveWhole(bench, [3, 2]), [{ resetsLog: false }])
    installed(bench, metaOf([3, 2]))
    t.same(places(bench), [3, 3, 3, 3, 4, 3])
    bench.persist()
    t.same(places(bench), [3, 3, 3, 3, 4, 4])
    t.end()
  },
)

void t.test('regression_writes_that_a_reset_dropped_were_waited_for_and_no_entries_taken_for_ever', t => {
  const bench = following({ log: [1], unpersistedBytesMax: 10 })
  bench.holdsWrites = true
  bench.receive(append(2, 5, [1, 1], [2]))
  t.ok(bench.raft.server.unpersistedBytes >= 10, 'it takes no more for now')
  t.match(receiveWhole(bench, [9, 4]), [{ resetsLog: true }])
  // Storage drops the write with the log: of that one nothing is ever heard.
  installed(bench, metaOf([9, 4]))
  t.equal(bench.raft.server.unpersistedBytes, 0)
  bench.receive(append(2, 5, [9, 4], [5]))
  t.same(places(bench), [9, 9, 9, 9, 10, 9])
  t.match(bench.persist(), [{ prevLogIndex: 10, matchIndex: 10 }])
  t.end()
})

void t.test('S04: a snapshot that is not ahead of commitIndex changes nothing; the answer says that it is there', t => {
  const bench = following()
  bench.receive(append(2, 5, [1, 1], [1, 2], { leaderCommit: 3 }))
  const before = places(bench)
  const sent = bench.receive(installSnapshot(2, 5, [3, 2]))
  t.match(
    sent.find(({ type }) => type === 'InstallSnapshotReply'),
    { persisted: true, lastIncludedIndex: 3 },
  )
  t.match(
    sent.find(({ type }) => type === 'AppendEntriesReply'),
    { matchIndex: 3 },
  )
  bench.do(raft => raft.snapshotComplete(metaOf([3, 2])))
  t.same(
    bench.readies.flatMap(({ install, snapshotChunks }) => [install, ...snapshotChunks]).filter(x => x !== null),
    [],
  )
  t.same(places(bench), before)
  t.end()
})

void t.test('S04: appends that overtake a snapshot make it stale before it is installed', t => {
  const bench = following()
  bench.receive(installSnapshot(2, 5, [3, 2]))
  bench.receive(append(2, 5, [1, 1], [1, 2, 5], { leaderCommit: 4 }))
  bench.do(raft => raft.snapshotComplete(metaOf([3, 2])))
  t.same(
    bench.readies.flatMap(({ install }) => install ?? []),
    [],
  )
  t.same(places(bench), [0, 0, 4, 4, 4, 4])
  t.end()
})

void t.test('what is committed here and not on the disk yet is not called persisted', t => {
  const bench = following()
  bench.holdsWrites = true
  bench.receive(append(2, 5, [1, 1], [1, 2, 5], { leaderCommit: 4 }))
  const replies = (sent: Message[]) => sent.filter(({ type }) => type === 'InstallSnapshotReply')
  t.same(replies(bench.receive(installSnapshot(2, 5, [4, 5]))), [])
  t.match(replies(bench.persist()), [{ lastIncludedIndex: 4, persisted: true }])
  t.end()
})

void t.test('S06: the term of a snapshot does not become currentTerm', t => {
  const bench = following()
  receiveWhole(bench, [9, 2])
  installed(bench, metaOf([9, 2]))
  t.same([bench.raft.currentTerm, bench.raft.server.log.lastTerm], [5, 2])
  t.end()
})

void t.test('nothing is applied and no entries are taken until the snapshot is installed', t => {
  const bench = following({ log: [1, 1, 2, 4] })
  receiveWhole(bench, [3, 2])
  bench.receive(append(2, 5, [3, 2], [4, 5], { leaderCommit: 4 }))
  t.same(places(bench), [0, 0, 3, 1, 4, 4], 'commitIndex moves, as far as the logs were compared')
  installed(bench, metaOf([3, 2]))
  bench.receive(append(2, 5, [3, 2], [4, 5], { leaderCommit: 4 }))
  t.same(places(bench), [3, 3, 4, 4, 5, 5])
  t.same(
    bench.readies.flatMap(({ committed }) => committed).map(({ index }) => index),
    [1, 4],
    'what the snapshot covers is not applied as well',
  )
  t.end()
})

void t.test('S15: one at a time, and the newest wins', t => {
  const bench = following()
  t.match(receiveWhole(bench, [9, 4]), [{ meta: { lastIncludedIndex: 9 } }])
  bench.receive(installSnapshot(2, 5, [12, 4]))
  t.same(bench.readies[bench.readies.length - 1]!.snapshotChunks, [], 'it comes again once there is room')
  t.match(bench.receive(installSnapshot(2, 5, [9, 4])), [{ persisted: false, nextOffset: 100 }], 'all of it is here')
  bench.do(raft => raft.snapshotComplete(metaOf([12, 4])))
  bench.do(raft => raft.snapshotComplete(metaOf([11, 4])))
  const before = bench.readies.length
  installed(bench, metaOf([9, 4]))
  t.match(
    bench.readies.slice(before).flatMap(({ install }) => install ?? []),
    [{ meta: { lastIncludedIndex: 12 } }],
  )
  installed(bench, metaOf([12, 4]))
  t.same(places(bench), [12, 12, 12, 12, 12, 12])
  t.end()
})

void t.test('S15: of two that one leader sends, a late piece of the older one is dropped', t => {
  const bench = following()
  bench.receive(installSnapshot(2, 5, [12, 4]))
  bench.receive(installSnapshot(2, 5, [9, 4]))
  t.same(
    bench.readies.flatMap(({ snapshotChunks }) => snapshotChunks).map(({ lastIncludedIndex }) => lastIncludedIndex),
    [12],
  )
  t.end()
})

void t.test('S03: a server whose log did not reach its snapshot begins with an empty one behind it', t => {
  const bench = new Bench({ term: 5, snapshot: [9, 4] })
  t.same(places(bench), [9, 9, 9, 9, 9, 9])
  t.match(bench.receive(append(2, 5, [9, 4], [5])).slice(-1), [{ matchIndex: 10 }])
  const trailing = new Bench({ term: 5, base: [2, 1], snapshot: [4, 2], log: [1, 2, 4] })
  t.same(places(trailing), [2, 4, 4, 4, 5, 5], 'a log may begin before the snapshot')
  t.throws(() => new Bench({ term: 5, base: [2, 1], snapshot: [4, 2], log: [1] }), /commitIndex <= lastLogIndex/)
  t.throws(() => new Bench({ term: 5, base: [2, 1], snapshot: [4, 2], log: [1, 4, 4] }), /agrees with the snapshot/)
  t.throws(() => new Bench({ term: 5, base: [5, 2], snapshot: [4, 2] }), /is in a snapshot/)
  t.end()
})

void t.test('R21: a write from before the reset vouches for nothing behind the snapshot', t => {
  const bench = following({ log: [1] })
  bench.holdsWrites = true
  bench.receive(append(2, 5, [1, 1], [1, 2, 2, 2, 2]))
  t.match(receiveWhole(bench, [4, 3], 3, 6), [{ resetsLog: true }])
  installed(bench, metaOf([4, 3]))
  bench.receive(append(3, 6, [4, 3], [6, 6]))
  t.equal(bench.raft.server.persistedIndex, 4)
  bench.do(raft => raft.persisted(1))
  t.equal(bench.raft.server.persistedIndex, 4)
  bench.persist()
  t.equal(bench.raft.server.persistedIndex, 6)
  t.end()
})

void t.test('what is stored goes on under the next leader; what waited in the core is lost with the term', t => {
  const bench = following()
  bench.change(raft => raft.receive(0, installSnapshot(2, 5, [9, 4])))
  bench.receive(append(3, 6, [3, 2]))
  t.same(
    bench.readies.flatMap(({ snapshotChunks }) => snapshotChunks),
    [],
  )
  t.same(
    bench.do(raft => raft.snapshotHeld(metaOf([9, 4]), 50, 0)),
    [],
    'the next leader has not asked',
  )
  bench.receive(installSnapshot(3, 6, [9, 4]))
  t.match(
    bench.do(raft => raft.snapshotHeld(metaOf([9, 4]), 50, 0)),
    [{ term: 6, nextOffset: 50 }],
  )
  t.end()
})

void t.test('pieces that wait for the end of a turn are bounded (K11)', t => {
  const bench = following()
  for (let count = 0; count <= waitingChunksMax; count++) {
    bench.change(raft => raft.receive(0, installSnapshot(2, 5, [9, 4], { offset: count, data: Uint8Array.of(1) })))
  }
  bench.take()
  t.equal(bench.readies[bench.readies.length - 1]!.snapshotChunks.length, waitingChunksMax)
  t.end()
})

void t.test('a snapshot of other voters is refused, and said', t => {
  const bench = following()
  bench.receive(installSnapshot(2, 5, [9, 4], { voters: [1, 2, 4] }))
  const ready = bench.readies[bench.readies.length - 1]!
  t.match(ready, { snapshotChunks: [], reports: [{ what: 'refused', from: 2, why: /voters/ }] })
  t.equal(receiveWhole(following(), [9, 4]).length, 1, 'their order does not matter')
  t.end()
})

void t.test('R09, K02: what is compacted is skipped as there already, the rest is checked', t => {
  const bench = following()
  receiveWhole(bench, [9, 4])
  installed(bench, metaOf([9, 4]))
  bench.receive(append(2, 5, [9, 4], [4, 5]))
  const answers = (message: Message): Message[] => {
    const sent = bench.receive(message)
    bench.nowMs += 5
    return [...sent, ...bench.take()].slice(-1)
  }
  t.match(answers(append(2, 5, [0, 0], [1, 1, 2], { leaderCommit: 10 })), [{ rejected: false, matchIndex: 11 }])
  t.same(places(bench), [9, 9, 9, 9, 11, 11], 'prev 0 says nothing of what lies behind its entries')
  t.match(answers(append(2, 5, [7, 4], [4, 4, 4, 5, 5])), [{ rejected: false, prevLogIndex: 12 }])
  t.same([bench.terms, bench.raft.server.log.firstIndex], [[4, 5, 5], 10])
  bench.receive(append(2, 5, [8, 4], [4, 4, 5]))
  t.same(bench.terms, [4, 5, 5], 'a shorter copy cuts nothing')
  t.throws(() => bench.receive(append(2, 5, [9, 3])), /committed entry 9 has term 3/)
  t.end()
})
