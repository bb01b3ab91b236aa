import t from 'tap'
import { Raft } from '../../src/raft/raft.js'
import { entryOverheadBytes } from '../../src/raft/types.js'
import { accept, append, Bench, entriesOf, raftOptions, requestVote } from '../support/raft-servers.js'

const empty = {
  hardState: { currentTerm: 0, votedFor: 0 },
  snapshotIndex: 0,
  snapshotTerm: 0,
  baseIndex: 0,
  baseTerm: 0,
  entries: [],
}

void t.test('E24: options that cannot work are refused at the start', t => {
  const start = (some: Parameters<typeof raftOptions>[0]) => () => new Raft(raftOptions(some), empty, 0)
  t.throws(start({ heartbeatMs: 100, electionTimeoutMs: 100 }), /at least 3 heartbeats/)
  t.throws(start({ heartbeatMs: 34, electionTimeoutMs: 100 }), /at least 3 heartbeats/)
  t.doesNotThrow(start({ heartbeatMs: 33, electionTimeoutMs: 100 }))
  t.throws(start({ id: 4 }), /one of the voters/)
  t.throws(start({ voters: [1, 2, 2] }), /different servers/)
  t.end()
})

void t.test('a recovered state that cannot be is refused', t => {
  const entries = entriesOf([1, 3])
  const recovered = { ...empty, entries }
  t.throws(
    () => new Raft(raftOptions(), { ...recovered, hardState: { currentTerm: 2, votedFor: 0 } }, 0),
    /currentTerm/,
  )
  t.throws(
    () =>
      new Raft(raftOptions(), { ...recovered, entries: [entries[1]!], hardState: { currentTerm: 3, votedFor: 0 } }, 0),
    /follows the last index/,
  )
  t.end()
})

void t.test('a tick before the deadline does no harm', t => {
  const bench = new Bench()
  for (let now = 0; now < bench.raft.server.electionDeadlineMs; now += 10) t.same(bench.tickAt(now), [])
  t.equal(bench.role, 'follower')
  t.end()
})

void t.test('what is known of paths is kept for leaderships to come', t => {
  const bench = new Bench({ log: [1] })
  bench.raft.setPath(2, 123, 456)
  bench.lead()
  const { role } = bench.raft.server
  const peer = role.name === 'leader' ? role.peers.get(2) : undefined
  t.same([peer?.appendBytesMax, peer?.windowBytesMax], [123, 456])
  t.end()
})

void t.test('status', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  t.match(bench.raft.status, {
    id: 1,
    role: 'follower',
    term: 4,
    leaderId: 0,
    lastLogIndex: 2,
    persistedIndex: 2,
    peers: [],
  })
  bench.lead()
  bench.receive(accept(2, 5, 3))
  t.match(bench.raft.status, { role: 'leader', term: 5, leaderId: 1, commitIndex: 3, lastApplied: 3, firstLogIndex: 1 })
  t.match(bench.raft.status.peers, [
    { id: 2, state: 'replicate', matchIndex: 3, nextIndex: 4, inflightBytes: 0 },
    { id: 3, state: 'probe', matchIndex: 0, nextIndex: 3 },
  ])
  t.ok(bench.raft.isLeader)
  t.end()
})

void t.test('status tells what waits in the core', t => {
  const idle = { uncommittedBytes: 0, unpersistedBytes: 0, heldAppends: 0, heldAppendBytes: 0, waitingReads: 0 }
  const follower = new Bench({ term: 5, log: [1] })
  t.same(follower.raft.status.queues, idle)
  follower.receive(append(2, 5, [1, 1]))
  follower.receive(append(2, 5, [2, 5], [5, 5]))
  t.same(follower.raft.status.queues, { ...idle, heldAppends: 1, heldAppendBytes: heldBytesOf(follower) })

  const leader = new Bench({ term: 4, log: [1, 4] })
  leader.lead()
  leader.raft.readIndex(1)
  const { uncommittedBytes, waitingReads } = leader.raft.status.queues
  t.ok(uncommittedBytes >= entryOverheadBytes, 'the no-op of its term')
  t.equal(waitingReads, 1)
  leader.receive(accept(2, 5, 3))
  t.equal(leader.raft.status.queues.uncommittedBytes, 0)
  t.end()
})

function heldBytesOf({ raft }: Bench): number {
  const { role } = raft.server
  return role.name === 'follower' ? (role.gap?.heldBytes ?? 0) : 0
}

void t.test('answers that are none of its business change nothing', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  t.same(bench.receive(accept(2, 4, 2)), [])
  bench.receive(requestVote(3, 4, [2, 4]))
  t.equal(bench.role, 'follower')
  t.end()
})
