import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import type { Gap } from '../../src/raft/held-appends.js'
import type { AppendEntries } from '../../src/raft/types.js'
import { append, Bench, heartbeatMs, requestVote, type Start } from '../support/raft-servers.js'

const patienceMs = 2 * heartbeatMs

/** A follower of S2 in term 5 that has been compared with it up to its only entry. */
function following(some: Start = {}): Bench {
  const bench = new Bench({ term: 5, log: [1], ...some })
  bench.receive(append(2, 5, [1, 1]))
  return bench
}

/** An entry of term 5 at `index`, and how far the leader has committed. */
function entryAt(index: number, leaderCommit = 0, count = 1): AppendEntries {
  return append(2, 5, [index - 1, index === 2 ? 1 : 5], new Array<number>(count).fill(5), { leaderCommit })
}

function gapOf({ raft }: Bench): Gap | null {
  const { role } = raft.server
  return role.name === 'follower' ? role.gap : null
}

/** Where each held message begins. */
function heldAt(bench: Bench): number[] {
  return gapOf(bench)?.held.map(message => message.prevLogIndex + 1) ?? []
}

void t.test('what arrives before its turn waits for what is missing, and is then taken in order', t => {
  const bench = following()
  for (const index of [5, 3, 4, 7]) t.same(bench.receive(entryAt(index)), [], 'it is not rejected')
  t.same([bench.terms, heldAt(bench)], [[1], [3, 4, 5, 7]])
  t.match(bench.receive(entryAt(2)), [{ rejected: false, prevLogIndex: 5, matchIndex: 5 }], 'one reply for all')
  t.same([bench.terms, heldAt(bench)], [[1, 5, 5, 5, 5], [7]])
  bench.receive(entryAt(6))
  t.same([bench.terms.length, gapOf(bench)], [7, null])
  t.end()
})

void t.test(
  'what is held is answered as any other: a round of reads is echoed, and the leader hears of its follower',
  t => {
    const bench = following()
    t.match(bench.receive({ ...entryAt(4), readRound: 3 }), [
      { rejected: false, prevLogIndex: 1, matchIndex: 1, readRound: 3 },
    ])
    bench.receive(entryAt(3))
    t.match(bench.tickAt(3), [{ rejected: false, prevLogIndex: 1, matchIndex: 1, readRound: 3 }])
    t.end()
  },
)

void t.test('U23: an empty message with a gap is answered at once, and not held', t => {
  const bench = following()
  const heartbeat = append(2, 5, [9, 5], [], { readRound: 4, leaderCommit: 9 })
  t.match(bench.receive(heartbeat), [{ rejected: false, prevLogIndex: 1, matchIndex: 1, readRound: 4 }])
  t.same([heldAt(bench), bench.raft.commitIndex], [[], 0])
  t.match(bench.tickAt(patienceMs), [{ rejected: true, prevLogIndex: 9, conflictIndex: 2 }], 'the gap is told in time')
  bench.receive(entryAt(2, 0, 8))
  t.equal(gapOf(bench), null)
  t.end()
})

void t.test('until something of this leader was accepted a gap is rejected at once: its nextIndex is a guess', t => {
  const bench = new Bench({ term: 5, log: [1] })
  t.match(bench.receive(entryAt(4)), [{ rejected: true, prevLogIndex: 3, conflictIndex: 2, conflictTerm: 0 }])
  t.match(bench.receive(append(2, 5, [3, 5])), [{ rejected: true }])
  t.equal(gapOf(bench), null)
  t.end()
})

void t.test('a follower that starts again in the term holds nothing, and says at once what it lacks', t => {
  const before = following()
  before.receive(entryAt(2))
  before.receive(entryAt(4))
  const after = new Bench({ term: 5, log: [1, 5], votedFor: 2 })
  t.match(after.receive(entryAt(5)), [{ rejected: true, prevLogIndex: 4, conflictIndex: 3 }])
  t.same([after.receive(entryAt(3, 0, 2)).length, after.terms], [2, [1, 5, 5, 5]], 'accepted, and durable')
  t.end()
})

void t.test('a real conflict is rejected at once, whatever is held', t => {
  const bench = new Bench({ term: 5, log: [1, 4, 4] })
  bench.receive(append(2, 5, [1, 1]))
  bench.receive(entryAt(7))
  t.match(bench.receive(append(2, 5, [3, 5], [5])), [
    { rejected: true, prevLogIndex: 3, conflictIndex: 2, conflictTerm: 4 },
  ])
  t.same(heldAt(bench), [7])
  bench.receive(append(2, 5, [1, 1], [5]))
  t.same([bench.terms, heldAt(bench)], [[1, 5], [7]], 'what replaces a tail makes the log shorter, and the gap wider')
  bench.receive(entryAt(3, 0, 4))
  t.same([bench.terms.length, gapOf(bench)], [7, null])
  t.end()
})

void t.test('R14: what was held commits no more than its own message vouches for', t => {
  const bench = following()
  bench.receive(entryAt(3, 100))
  bench.receive(entryAt(5, 4))
  t.equal(bench.raft.commitIndex, 0, 'nothing while it is held')
  bench.receive(entryAt(2))
  t.equal(bench.raft.commitIndex, 3)
  bench.receive(entryAt(4))
  t.equal(bench.raft.commitIndex, 4)
  t.end()
})

void t.test(
  "what lies behind a gap says nothing of this log's own tail: it is neither acknowledged nor committed",
  t => {
    const bench = new Bench({ term: 5, log: [1, 4] })
    bench.receive(append(2, 5, [1, 1]))
    t.match(bench.receive({ ...entryAt(4, 3), readRound: 1 }), [{ rejected: false, prevLogIndex: 1, matchIndex: 1 }])
    t.equal(bench.raft.commitIndex, 0)
    bench.receive(entryAt(2, 2))
    bench.receive(entryAt(3))
    t.same([bench.terms, bench.raft.commitIndex], [[1, 5, 5, 5], 3])
    t.end()
  },
)

void t.test(
  'R16: a gap that stays open is rejected once per patience, which begins anew when it becomes smaller',
  t => {
    const bench = following()
    bench.receive(entryAt(6))
    bench.tickAt(10)
    t.same(bench.receive(entryAt(4)), [])
    bench.tickAt(patienceMs - 1)
    t.equal(bench.raft.deadline(bench.nowMs), patienceMs)
    const rejection = { rejected: true, prevLogIndex: 3, conflictIndex: 2, conflictTerm: 0, matchIndex: 0 }
    t.match(bench.tickAt(patienceMs), [rejection], 'it answers the message that showed it last')
    t.same(bench.tickAt(2 * patienceMs - 1), [])
    t.match(bench.tickAt(2 * patienceMs), [rejection])
    bench.tickAt(2 * patienceMs + 10)
    bench.receive(entryAt(2, 0, 3))
    t.same(heldAt(bench), [6])
    bench.receive(entryAt(3))
    t.match(bench.tickAt(3 * patienceMs + 9), [{ rejected: false }], 'a copy of what is there changes nothing of it')
    t.match(bench.tickAt(3 * patienceMs + 10), [{ rejected: true, prevLogIndex: 5, conflictIndex: 5 }])
    t.end()
  },
)

void t.test('the leader of a later term finds nothing held, and truncates as ever', t => {
  const bench = following()
  for (const index of [2, 4, 5]) bench.receive(entryAt(index))
  bench.receive(append(3, 6, [1, 1], [6, 6]))
  t.same([bench.terms, gapOf(bench)], [[1, 6, 6], null], 'entries 4 and 5 of term 5 did not follow')
  bench.receive(append(3, 6, [4, 6], [6]))
  t.same(heldAt(bench), [5])
  bench.receive(requestVote(1, 7, [9, 6], { from: 3, leadershipTransfer: true }))
  t.equal(gapOf(bench), null, 'a new term alone is enough')
  t.end()
})

void t.test('who stands for election has forgotten what it held when its leader is heard again', t => {
  const bench = following()
  bench.receive(entryAt(4))
  bench.timeout()
  t.equal(bench.role, 'pre-candidate')
  t.match(bench.receive(entryAt(5)), [{ rejected: true }])
  t.equal(gapOf(bench), null)
  t.end()
})

void t.test('a copy of what is held costs nothing; of two at one place the longer is held', t => {
  const bench = following()
  for (let copy = 0; copy < 3; copy++) bench.receive(entryAt(4))
  t.same(heldAt(bench), [4])
  const { heldBytes } = gapOf(bench)!
  bench.receive(entryAt(4, 0, 3))
  t.same([heldAt(bench), gapOf(bench)!.heldBytes], [[4], 3 * heldBytes])
  bench.receive(entryAt(4, 0, 2))
  t.equal(gapOf(bench)!.held[0]!.entries.length, 3)
  bench.receive(entryAt(5))
  bench.receive(entryAt(2, 0, 4))
  t.same([bench.terms.length, gapOf(bench)], [6, null], 'overlaps are skipped')
  t.end()
})

void t.test('what is held is bounded in number and in bytes: the farthest go', t => {
  const many = following()
  for (let index = 300; index > 3; index--) many.receive(entryAt(index))
  t.equal(heldAt(many).length, 256)
  t.same(heldAt(many).slice(0, 2), [4, 5], 'the nearest are of use first')
  many.receive(entryAt(299))
  t.equal(heldAt(many)[255], 259)
  many.receive(entryAt(2, 0, 2))
  t.equal(many.terms.length, 259, 'and the rest is missing as if it had been lost')

  const large = following({ unpersistedBytesMax: 1e9 })
  const [entry] = entryAt(9).entries
  for (let index = 9; index > 2; index--) {
    const payload = new Uint8Array(1_000_000)
    large.receive({ ...entryAt(index), entries: [{ ...entry!, index, payload }] })
  }
  t.same(heldAt(large), [3, 4, 5, 6], '4 MiB')
  t.end()
})

void t.test('with a disk that stands still nothing is held that it could not take', t => {
  const bench = following({ unpersistedBytesMax: 100 })
  bench.holdsWrites = true
  bench.receive(entryAt(2, 0, 2))
  bench.receive(entryAt(5))
  t.same(heldAt(bench), [5])
  bench.receive(entryAt(6))
  t.same(heldAt(bench), [5], 'there is room for one more entry')
  bench.receive(entryAt(4))
  bench.receive(entryAt(8))
  t.same([bench.terms.length, heldAt(bench)], [5, []], 'and then for none')
  t.match(
    bench.receive(append(2, 5, [8, 5], [], { readRound: 2 })),
    [{ rejected: true, conflictIndex: 6, readRound: 2 }],
    'what it lacks it has refused',
  )
  t.end()
})

void t.test(
  'in whatever order, and however often, messages arrive: the log is the same, and nothing is rejected',
  t => {
    const random = new Prng(1, 1)
    for (let run = 0; run < 300; run++) {
      const bench = following()
      const messages: AppendEntries[] = []
      let index = 2
      while (index <= 40) {
        const count = 1 + random.below(4)
        messages.push(entryAt(index, random.below(index), count))
        index += random.below(2) === 0 ? count : 1 + random.below(count)
      }
      const arriving = [...messages, ...messages.filter(() => random.below(3) === 0)]
      for (let at = arriving.length - 1; at > 0; at--) {
        const other = random.below(at + 1)
        const kept = arriving[at]!
        arriving[at] = arriving[other]!
        arriving[other] = kept
      }
      for (const message of arriving) {
        for (const sent of bench.receive(message)) t.notOk(sent.type === 'AppendEntriesReply' && sent.rejected)
      }
      const last = Math.max(...messages.map(({ prevLogIndex, entries }) => prevLogIndex + entries.length))
      if (bench.terms.length !== last || gapOf(bench) !== null) t.fail(`run ${run}: ${bench.terms.length} of ${last}`)
    }
    t.end()
  },
)
