/** All invariants together, over servers in states that a cluster must never have. */
import t, { type Test } from 'tap'
import { Invariants } from '../../../src/sim/invariants/invariants.js'
import type { Server } from '../../../src/raft/server.js'
import type { Message } from '../../../src/raft/types.js'
import { append, Bench, entryOf, type Start } from '../../support/raft-servers.js'

/** What `Invariants` looks at of a node, beside its core. */
interface State {
  lastApplied: number
  sessions: { stateHash: number }
}

function watched(invariants: Invariants, start: Start) {
  const bench = new Bench(start)
  const state: State = { lastApplied: 0, sessions: { stateHash: 1 } }
  invariants.begun({ raft: bench.raft, state } as unknown as Parameters<Invariants['begun']>[0])
  const { server } = bench.raft
  return { bench, state, server, look: () => invariants.afterStep(server.id) }
}

function breaks(t: Test, invariant: string, look: () => void): void {
  t.throws(look, { name: 'InvariantViolation', invariant })
}

void t.test('a server that does what it should passes, and an observer is told', t => {
  const invariants = new Invariants()
  const told: string[] = []
  invariants.watch = {
    roleChanged: ({ id, role }) => told.push(`${id} ${role.name}`),
    logChanged: ({ id, addedFrom, cut }) => told.push(`${id} log from ${addedFrom}, ${cut} cut`),
    committed: ({ id, commitIndex }) => told.push(`${id} committed ${commitIndex}`),
  }
  const { bench, look } = watched(invariants, { term: 4, log: [1, 4], votedFor: 2 })
  look()
  bench.receive(append(2, 4, [2, 4], [4], { leaderCommit: 2 }))
  look()
  bench.receive(append(3, 5, [2, 4], [5], { leaderCommit: 3 }))
  look()
  t.same(told, [
    '1 follower',
    '1 log from 3, 0 cut',
    '1 follower',
    '1 committed 2',
    '1 log from 3, 1 cut',
    '1 follower',
    '1 committed 3',
  ])
  t.equal(invariants.committed.lastIndex, 3)
  invariants.afterStep(9)
  t.end()
})

void t.test('Nothing Goes Back, One Vote Per Term', t => {
  const cases: [invariant: string, change: (server: Server) => void][] = [
    ['Nothing Goes Back', server => (server.currentTerm = 3)],
    ['Nothing Goes Back', server => (server.commitIndex = 1)],
    ['Nothing Goes Back', server => (server.lastApplied = 0)],
    ['One Vote Per Term', server => (server.votedFor = 3)],
    ['One Vote Per Term', server => (server.votedFor = 0)],
  ]
  for (const [invariant, change] of cases) {
    const { bench, server, look } = watched(new Invariants(), { term: 4, log: [1, 4], votedFor: 2 })
    bench.receive(append(2, 4, [2, 4], [], { leaderCommit: 2 }))
    server.lastApplied = 1
    look()
    change(server)
    breaks(t, invariant, look)
  }
  t.end()
})

void t.test('Election Safety: two leaders of one term, at whatever times', t => {
  const invariants = new Invariants()
  const first = watched(invariants, { id: 1, term: 3, log: [1] })
  first.bench.lead()
  first.look()
  first.look()
  t.equal(invariants.elections.elections, 1)
  invariants.ended(1, false)
  const second = watched(invariants, { id: 2, term: 3, log: [1] })
  second.bench.lead()
  breaks(t, 'Election Safety', second.look)
  t.end()
})

void t.test('Leader Append-Only', t => {
  const { bench, server, look } = watched(new Invariants(), { term: 3, log: [1, 3] })
  bench.lead()
  look()
  server.log.truncateFrom(3)
  server.log.append(entryOf(3, 4, 'another'))
  breaks(t, 'Leader Append-Only', look)
  t.end()
})

void t.test('a leader that steps down may lose entries', t => {
  const { bench, look } = watched(new Invariants(), { term: 3, log: [1, 3] })
  bench.lead()
  look()
  bench.receive(append(2, 5, [2, 3], [5]))
  look()
  t.equal(bench.role, 'follower')
  t.end()
})

void t.test('Log Matching: over servers, lives and what comes before', t => {
  const invariants = new Invariants()
  watched(invariants, { id: 1, log: [1, 2] })
  const follows = watched(invariants, { id: 2, log: [1] })
  follows.server.log.append(entryOf(2, 2, 'other bytes'))
  breaks(t, 'Log Matching', follows.look)

  const lives = new Invariants()
  watched(lives, { id: 1, log: [1, 2] })
  lives.ended(1, false)
  breaks(t, 'Log Matching', () => watched(lives, { id: 3, log: [2, 2] }))
  t.end()
})

void t.test('State Machine Safety: commits beyond the log, of other entries, and other states', t => {
  const invariants = new Invariants()
  const one = watched(invariants, { id: 1, log: [1, 2], term: 3 })
  one.server.commitIndex = 2
  one.look()
  const other = watched(invariants, { id: 2, log: [1, 3], term: 3 })
  other.server.commitIndex = 2
  breaks(t, 'State Machine Safety', other.look)
  const beyond = watched(new Invariants(), { id: 2, log: [1], term: 3 })
  beyond.server.commitIndex = 2
  breaks(t, 'State Machine Safety', beyond.look)

  const states = new Invariants()
  const [a, b] = [watched(states, { id: 1, log: [1] }), watched(states, { id: 2, log: [1] })]
  Object.assign(a.state, { lastApplied: 1, sessions: { stateHash: 5 } })
  a.look()
  Object.assign(b.state, { lastApplied: 1, sessions: { stateHash: 6 } })
  breaks(t, 'State Machine Safety', b.look)
  t.end()
})

void t.test('State Machine Safety: what a server has committed is not replaced in its log', t => {
  const { bench, server, look } = watched(new Invariants(), { log: [1, 2, 2], term: 3 })
  server.commitIndex = 2
  look()
  bench.receive(append(2, 4, [2, 2], [4]))
  look()
  server.log.truncateFrom(2)
  server.log.append(entryOf(2, 4))
  server.log.append(entryOf(3, 4, 'again'))
  breaks(t, 'State Machine Safety', look)
  t.end()
})

void t.test('Leader Completeness: a new leader, and an old one when more is committed', t => {
  const invariants = new Invariants()
  const follower = watched(invariants, { id: 1, log: [1, 2], term: 2 })
  follower.server.commitIndex = 2
  follower.look()
  const leader = watched(invariants, { id: 2, log: [1], term: 2 })
  leader.bench.lead()
  breaks(t, 'Leader Completeness', leader.look)

  const late = new Invariants()
  const early = watched(late, { id: 2, log: [1], term: 3 })
  early.bench.lead()
  early.look()
  const later = watched(late, { id: 1, log: [1, 2], term: 2 })
  later.server.commitIndex = 2
  breaks(t, 'Leader Completeness', later.look)
  t.end()
})

void t.test('Promises Are Durable: what was persisted, and the term of what was said, over lives', t => {
  const message = { type: 'TimeoutNow', term: 4, from: 1 } satisfies Message
  const second =
    (start: Start, diskLies = false) =>
    () => {
      const invariants = new Invariants()
      const { look } = watched(invariants, { id: 1, log: [1, 2], term: 4 })
      look()
      invariants.sent(1, 2, message, { currentTerm: 4, votedFor: 0 })
      invariants.ended(1, diskLies)
      invariants.ended(1, diskLies)
      watched(invariants, { id: 1, ...start })
    }
  second({ log: [1, 2], term: 4 })()
  second({ log: [1, 2, 2], term: 5 })()
  breaks(t, 'Promises Are Durable', second({ log: [1], term: 4 }))
  breaks(t, 'Promises Are Durable', second({ log: [1, 2], term: 3 }))
  breaks(t, 'Promises Are Durable', second({ log: [1, 4], term: 4 }))
  second({ log: [], term: 0 }, true)()
  t.pass()
  t.end()
})

void t.test('what must hold of one server is asked as well', t => {
  const { server, look } = watched(new Invariants(), { log: [1, 2] })
  look()
  server.persistedIndex = 9
  t.throws(look, { name: 'InvariantError' })
  t.end()
})

void t.test('what a snapshot restored is the state that the others had there', t => {
  const restored = (stateHash: number, how: 'starts' | 'installs'): (() => void) => {
    const invariants = new Invariants()
    const first = watched(invariants, { id: 2, term: 4, log: [1, 4] })
    Object.assign(first.state, { lastApplied: 2, sessions: { stateHash: 7 } })
    first.look()
    const bench = new Bench({ term: 4, snapshot: [2, 4] })
    const state = { lastApplied: 2, sessions: { stateHash } }
    const node = (lastApplied: number): Parameters<Invariants['begun']>[0] =>
      ({ raft: bench.raft, state: Object.assign(state, { lastApplied }) }) as unknown as Parameters<
        Invariants['begun']
      >[0]
    if (how === 'starts') return () => invariants.begun(node(2))
    invariants.begun(node(0))
    return () => {
      state.lastApplied = 2
      invariants.afterStep(1)
    }
  }
  for (const how of ['starts', 'installs'] as const) {
    t.doesNotThrow(restored(7, how), how)
    breaks(t, 'State Machine Safety', restored(8, how))
  }
  t.end()
})
