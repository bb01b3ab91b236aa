import t from 'tap'
import { accept, Bench, electionTimeoutMs, entryOf, metaOf, rejectAt, snapshotReply } from '../support/raft-servers.js'
import { entryBytes } from '../../src/raft/entry-list.js'

/** The leader of term 5 with entries 1..10 committed; S2 has all of them, S3 was never heard. */
function leader(): Bench {
  const bench = new Bench({ term: 4, log: [1, 1, 1, 4, 4, 4, 4, 4, 4] })
  bench.lead()
  bench.receive(accept(2, 5, 10))
  return bench
}

function peerOf(bench: Bench) {
  const { role } = bench.raft.server
  if (role.name !== 'leader') throw new Error('it leads')
  return role.peers.get(3)!
}

/** Takes a snapshot up to `index` and shortens the log as far as it may be. */
function snapshotAt(bench: Bench, index: number): number {
  bench.do(raft => raft.snapshotTaken(metaOf([index, bench.raft.server.log.termAt(index)!])))
  let base = 0
  bench.do(raft => (base = raft.compactTo(bench.nowMs, index)))
  return base
}

void t.test('a snapshot moves forward, and the log goes up to it, never further', t => {
  const bench = leader()
  t.equal(bench.raft.compactTo(0, 8), 0, 'no snapshot, no compaction')
  bench.do(raft => raft.snapshotTaken(metaOf([6, 4])))
  t.match(bench.raft.status, { snapshotIndex: 6, firstLogIndex: 1 })
  bench.do(raft => t.equal(raft.compactTo(0, 4), 4))
  bench.do(raft => t.equal(raft.compactTo(0, 9), 6))
  t.match(bench.raft.status, { snapshotIndex: 6, firstLogIndex: 7, lastLogIndex: 10 })
  bench.do(raft => t.equal(raft.compactTo(0, 2), 6, 'nothing comes back'))
  t.end()
})

void t.test('S20: a snapshot of nothing, or of nothing new, changes nothing', t => {
  const bench = new Bench()
  bench.do(raft => raft.snapshotTaken(metaOf([0, 0])))
  t.same([bench.raft.compactTo(0, 0), bench.raft.compactionLimit(0), bench.raft.trailingIndex(100)], [0, 0, 0])
  const later = leader()
  snapshotAt(later, 6)
  t.equal(snapshotAt(later, 6), 6)
  later.do(raft => raft.snapshotTaken(metaOf([3, 1])))
  t.equal(later.raft.status.snapshotIndex, 6)
  t.end()
})

void t.test('a snapshot covers what is applied and durable, as it is', t => {
  const bench = new Bench({ term: 4, log: [1, 1] })
  t.throws(() => bench.raft.snapshotTaken(metaOf([2, 1])), /where it has applied/)
  const led = leader()
  t.throws(() => led.raft.snapshotTaken(metaOf([6, 1])), /has the term 1/)
  led.holdsWrites = true
  led.do(raft => raft.propose(new Uint8Array(1)))
  led.receive(accept(2, 5, 11))
  led.receive(accept(3, 5, 11))
  t.equal(led.raft.server.lastApplied, 11)
  t.throws(() => led.raft.snapshotTaken(metaOf([11, 5])), /only what is on its disk/)
  t.end()
})

void t.test('so many bytes of records stay before the end of the snapshot', t => {
  const bench = leader()
  bench.do(raft => raft.snapshotTaken(metaOf([6, 4])))
  const bytes = entryBytes(entryOf(6, 4))
  t.same(
    [0, bytes, 2 * bytes + 1, 1e9].map(trailing => bench.raft.trailingIndex(trailing)),
    [6, 5, 4, 0],
  )
  t.end()
})

void t.test('a peer whose next entry goes needs a snapshot', t => {
  const bench = leader()
  bench.receive(rejectAt(3, 5, 9, [4, 0]))
  t.same([peerOf(bench).state, peerOf(bench).nextIndex], ['probe', 4])
  snapshotAt(bench, 3)
  t.equal(peerOf(bench).state, 'probe')
  snapshotAt(bench, 4)
  t.equal(peerOf(bench).state, 'snapshot')
  t.end()
})

/** As before; S3 is sent the snapshot up to 6, behind which the log begins. */
function sending(): Bench {
  const bench = leader()
  bench.receive(rejectAt(3, 5, 9, [4, 0]))
  snapshotAt(bench, 6)
  bench.do(raft => raft.snapshotBegun(bench.nowMs, 3, metaOf([6, 4])))
  return bench
}

void t.test(
  'S10, K07: from the snapshot that is being sent on the log stays, and until the peer has caught up behind it',
  t => {
    const bench = sending()
    t.equal(snapshotAt(bench, 9), 6)
    bench.receive(snapshotReply(3, 5, metaOf([6, 4]), { persisted: true }))
    t.equal(snapshotAt(bench, 10), 6, 'it goes on from there')
    bench.receive(accept(3, 5, 8))
    t.equal(bench.raft.compactionLimit(bench.nowMs), 8)
    t.equal(snapshotAt(bench, 10), 8)
    bench.receive(accept(3, 5, 9))
    t.equal(bench.raft.compactionLimit(bench.nowMs), 10, 'it has reached what was the newest snapshot then')
    t.end()
  },
)

void t.test('a transfer without begin keeps nothing; nor does one of a snapshot that leads nowhere', t => {
  const bench = leader()
  bench.receive(rejectAt(3, 5, 9, [4, 0]))
  snapshotAt(bench, 6)
  t.equal(snapshotAt(bench, 8), 8)
  bench.do(raft => raft.snapshotBegun(bench.nowMs, 3, metaOf([6, 4])))
  t.equal(snapshotAt(bench, 9), 9)
  t.throws(() => bench.raft.snapshotBegun(0, 3, metaOf([10, 5])), /one that this server has/)
  t.end()
})

void t.test('a peer that is not heard of, or does not get further, keeps nothing', t => {
  const silent = sending()
  silent.nowMs += electionTimeoutMs
  t.equal(silent.raft.compactionLimit(silent.nowMs - 1), 6)
  snapshotAt(silent, 9)
  t.equal(silent.raft.compactionLimit(silent.nowMs), 9)

  const stalled = sending()
  const limits = new Set<number>()
  stalled.do(raft => raft.snapshotTaken(metaOf([9, 4])))
  for (let held = 0; held < 100; held++) {
    stalled.nowMs += electionTimeoutMs / 2
    const reply = { nextOffset: Math.min(held, 20), received: held < 10 ? 0 : 1 }
    stalled.receive(accept(2, 5, 10))
    stalled.receive(snapshotReply(3, 5, metaOf([6, 4]), reply))
    if (held < 70) t.equal(stalled.raft.compactionLimit(stalled.nowMs), 6, `${held}`)
    limits.add(stalled.raft.compactionLimit(stalled.nowMs))
  }
  t.same([...limits], [6, 9])
  t.end()
})
