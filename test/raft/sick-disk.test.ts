/** A leader whose disk is full or stalled hands over, to one peer after the other. */
import t from 'tap'
import { handOverPauseTimeouts } from '../../src/raft/sick-disk.js'
import type { DiskState } from '../../src/raft/types.js'
import { accept, append, Bench, electionTimeoutMs } from '../support/raft-servers.js'

const payload = new Uint8Array(72)

/** The leader of term 5 among three; both peers have everything. */
function leader(start: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench({ term: 4, log: [1, 4], ...start })
  bench.lead()
  for (const from of [2, 3]) bench.receive(accept(from, 5, 3))
  return bench
}

/** Whom it asked to take over since it was looked at last. */
function asked(bench: Bench): number[] {
  const to = bench.takeOutgoing().flatMap(({ to, message }) => (message.type === 'TimeoutNow' ? [to] : []))
  return [...new Set(to)]
}

/** Time passes, and the peers go on to answer. Whom it asked meanwhile. */
function pass(bench: Bench, durationMs: number): number[] {
  const endMs = bench.nowMs + durationMs
  const to = new Set<number>()
  while (bench.nowMs < endMs) {
    bench.nowMs = Math.min(endMs, bench.nowMs + 10)
    for (const from of [2, 3]) bench.change(raft => raft.receive(bench.nowMs, accept(from, 5, 3)))
    bench.change(raft => raft.tick(bench.nowMs))
    for (const id of asked(bench)) to.add(id)
  }
  return [...to]
}

void t.test('full or stalled, it asks a peer to take over, at once', t => {
  for (const disk of ['full', 'stalled'] as DiskState[]) {
    const bench = leader()
    bench.change(raft => raft.diskChanged(bench.nowMs, disk))
    t.equal(bench.raft.propose(payload), 'busy', 'whoever takes over will take it')
    t.equal(asked(bench).length, 1)
  }
  t.end()
})

void t.test('one peer after the other, then none for a while, then again', t => {
  const bench = leader()
  bench.change(raft => raft.diskChanged(bench.nowMs, 'full'))
  const [first] = asked(bench)
  const [second] = pass(bench, electionTimeoutMs).filter(id => id !== first)
  t.same([first, second].sort(), [2, 3])
  pass(bench, electionTimeoutMs)
  t.same(pass(bench, (handOverPauseTimeouts - 1) * electionTimeoutMs), [], 'both were asked in vain')
  t.equal(bench.role, 'leader', 'it stays as it is')
  t.same(pass(bench, 3 * electionTimeoutMs).sort(), [2, 3])
  t.end()
})

void t.test('who was not heard for an election timeout is not asked; who lacks entries is told when it has them', t => {
  const bench = leader()
  bench.nowMs += electionTimeoutMs
  bench.receive(accept(3, 5, 3))
  bench.change(raft => raft.diskChanged(bench.nowMs, 'stalled'))
  t.same(asked(bench), [3])
  const lagging = new Bench({ term: 4, log: [1, 4], voters: [1, 2] })
  lagging.lead()
  lagging.change(raft => raft.diskChanged(lagging.nowMs, 'stalled'))
  t.same(asked(lagging), [])
  lagging.change(raft => raft.receive(lagging.nowMs, accept(2, 5, 3)))
  t.same(asked(lagging), [2])
  t.end()
})

void t.test(
  'no-space: a full leader that nobody relieves takes no proposal, and takes them again when there is room',
  t => {
    const bench = leader()
    bench.change(raft => raft.diskChanged(bench.nowMs, 'full'))
    pass(bench, 2 * electionTimeoutMs + 10)
    t.equal(bench.raft.propose(payload), 'no-space')
    t.equal(bench.raft.readIndex(1), null, 'reads go on')
    bench.change(raft => raft.diskChanged(bench.nowMs, 'sound'))
    t.equal(bench.raft.propose(payload), 4)
    t.end()
  },
)

void t.test('a stalled leader that nobody relieves goes on with the disks of the others', t => {
  const bench = leader()
  bench.change(raft => raft.diskChanged(bench.nowMs, 'stalled'))
  pass(bench, 2 * electionTimeoutMs + 10)
  t.equal(bench.raft.propose(payload), 4)
  t.end()
})

void t.test('a leader without peers has nobody to ask', t => {
  const bench = new Bench({ voters: [1] })
  bench.timeout()
  bench.do(raft => raft.diskChanged(bench.nowMs, 'full'))
  t.equal(bench.raft.propose(payload), 'no-space')
  t.equal(bench.raft.deadline(bench.nowMs) > bench.nowMs, true, 'no timer fires for nothing')
  t.end()
})

void t.test('one that is elected with a sick disk hands over after an election timeout', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.do(raft => raft.diskChanged(bench.nowMs, 'full'))
  for (let i = 0; i < 10 && bench.role === 'follower'; i++) bench.timeout()
  t.equal(bench.role, 'pre-candidate')
  bench.lead()
  t.equal(bench.role, 'leader')
  t.ok(pass(bench, electionTimeoutMs + 20).length > 0)
  t.end()
})

void t.test('who has a sick disk does not take over', t => {
  for (const [disk, role] of [
    ['full', 'follower'],
    ['stalled', 'follower'],
    ['sound', 'candidate'],
  ] as const) {
    const bench = new Bench({ term: 5, log: [1, 4] })
    bench.receive(append(2, 5, [2, 4]))
    bench.do(raft => raft.diskChanged(bench.nowMs, disk))
    bench.receive({ type: 'TimeoutNow', from: 2, term: 5 })
    t.equal(bench.role, role, disk)
  }
  t.end()
})

void t.test("what waits for a leader's disk is bounded, also where the others commit without it", t => {
  const bench = leader({ unpersistedBytesMax: 1_000 })
  bench.holdsWrites = true
  let taken = 0
  for (let i = 0; i < 100; i++) {
    const index = bench.raft.propose(payload)
    if (typeof index !== 'number') continue
    taken++
    bench.take()
    for (const from of [2, 3]) bench.receive(accept(from, 5, index))
    t.equal(bench.raft.commitIndex, index)
  }
  t.equal(taken, 10, 'of 100 bytes each')
  t.equal(bench.raft.propose(payload), 'busy')
  bench.persist()
  t.equal(typeof bench.raft.propose(payload), 'number')
  t.end()
})
