import t from 'tap'
import type { AppendEntries, Message } from '../../src/raft/types.js'
import {
  accept,
  Bench,
  electionTimeoutMs,
  heartbeatMs,
  metaOf,
  rejectAt,
  snapshotReply,
} from '../support/raft-servers.js'

/** The leader of term 5; its log begins behind (10, term 4), its no-op has index 13. S3 needs a snapshot, S2 has everything. */
function leader(): Bench {
  const bench = new Bench({ term: 4, base: [10, 4], snapshot: [11, 4], log: [4, 4] })
  bench.lead()
  bench.receive(accept(2, 5, 13))
  bench.receive(rejectAt(3, 5, 12, [3, 0]))
  return bench
}

function peerOf(bench: Bench, id = 3) {
  const { role } = bench.raft.server
  if (role.name !== 'leader') throw new Error('it leads')
  return role.peers.get(id)!
}

/** "prev+entries" of every AppendEntries. */
function appends(messages: readonly Message[]): string[] {
  const sent = messages.filter((message): message is AppendEntries => message.type === 'AppendEntries')
  return sent.map(message => `${message.prevLogIndex}+${message.entries.length}`)
}

void t.test('a peer that needs what is gone wants a snapshot; no entries go, and it says so in status', t => {
  const bench = leader()
  t.same(bench.raft.snapshotsWanted, [3])
  t.match(bench.raft.status.peers, [
    { id: 2, state: 'replicate' },
    { id: 3, state: 'snapshot', inflightBytes: 0 },
  ])
  t.same(appends(bench.do(raft => raft.propose(new Uint8Array(3)))), ['13+1'], 'to S2 alone')
  t.same(new Bench({ term: 4 }).raft.snapshotsWanted, [], 'a follower sends none')
  t.end()
})

void t.test('S11: heartbeats go on during a transfer, and its answers count as contact', t => {
  const bench = leader()
  bench.do(raft => raft.snapshotBegun(bench.nowMs, 3, metaOf([11, 4])))
  for (let beats = 0; beats < 20; beats++) {
    bench.nowMs += heartbeatMs
    t.same(appends(bench.do(raft => raft.tick(bench.nowMs))).slice(-1), ['0+0'])
    bench.receive(snapshotReply(3, 5, metaOf([11, 4]), { nextOffset: beats }))
  }
  t.equal(bench.role, 'leader', 'S2 was silent for all that time')
  t.equal(peerOf(bench).lastHeardMs, bench.nowMs)
  t.end()
})

void t.test('once the snapshot is there a probe goes from behind it; only its answer moves matchIndex', t => {
  const bench = leader()
  t.same(appends(bench.receive(snapshotReply(3, 5, metaOf([11, 4]), { persisted: true }))), ['11+2'])
  t.same([peerOf(bench).state, peerOf(bench).matchIndex, bench.raft.snapshotsWanted], ['probe', 0, []])
  bench.receive(accept(3, 5, 13))
  t.same([peerOf(bench).state, peerOf(bench).matchIndex], ['replicate', 13])
  bench.receive(snapshotReply(3, 5, metaOf([11, 4]), { persisted: true }))
  t.same([peerOf(bench).state, peerOf(bench).nextIndex], ['replicate', 14], 'K01: a copy changes nothing')
  t.end()
})

void t.test('S12: the report is lost, and the answer to a heartbeat says as much', t => {
  const bench = leader()
  bench.receive(accept(3, 5, 0))
  t.equal(peerOf(bench).state, 'snapshot')
  bench.receive(accept(3, 5, 12, 9))
  t.equal(peerOf(bench).state, 'snapshot', 'what is not durable may still be lost')
  t.same(appends(bench.receive(accept(3, 5, 11))), ['11+2'])
  t.equal(peerOf(bench).state, 'probe')
  t.end()
})

void t.test(
  'a snapshot behind which the log is gone does not help; nor does one of another term, or a late word',
  t => {
    const bench = leader()
    bench.receive(snapshotReply(3, 5, metaOf([9, 4]), { persisted: true }))
    bench.receive(snapshotReply(3, 5, metaOf([11, 3]), { persisted: true }))
    bench.receive(snapshotReply(3, 5, metaOf([20, 5]), { persisted: true }))
    bench.receive(snapshotReply(3, 4, metaOf([11, 4]), { persisted: true }))
    bench.receive(rejectAt(3, 5, 12, [12, 0]))
    t.equal(peerOf(bench).state, 'snapshot')
    t.end()
  },
)

void t.test('a timeout that leads back to where the log is gone asks for a snapshot, too', t => {
  const bench = leader()
  bench.receive(snapshotReply(3, 5, metaOf([11, 4]), { persisted: true }))
  bench.receive(accept(3, 5, 13, 11))
  bench.do(raft => raft.propose(new Uint8Array(3)))
  bench.receive(accept(2, 5, 14))
  bench.do(raft => {
    raft.snapshotTaken(metaOf([14, 5]))
    raft.compactTo(bench.nowMs, 14)
  })
  t.equal(peerOf(bench).state, 'replicate', 'everything has been sent to it')
  bench.nowMs += electionTimeoutMs
  bench.take()
  t.equal(peerOf(bench).state, 'snapshot')
  t.end()
})
