import t from 'tap'
import type { SnapshotMeta } from '../../../src/raft/types.js'
import { SameSnapshots } from '../../../src/sim/invariants/same-snapshots.js'

function snapshot(some: Partial<SnapshotMeta> = {}): SnapshotMeta {
  return { lastIncludedIndex: 9, lastIncludedTerm: 2, voters: [1, 2, 3], totalBytes: 300, hash: 77, ...some }
}

void t.test('snapshots up to one entry are equal, on all servers and in all their lives', t => {
  const snapshots = new SameSnapshots()
  for (const id of [1, 2, 1]) snapshots.check(id, snapshot())
  snapshots.check(1, null)
  snapshots.check(2, snapshot({ lastIncludedIndex: 12, hash: 78 }))
  const invariant = 'Snapshots Are The Same'
  const message = /server 3 has one up to entry 9/
  for (const some of [{ hash: 76 }, { totalBytes: 301 }, { lastIncludedTerm: 1 }]) {
    t.throws(() => snapshots.check(3, snapshot(some)), { invariant, message })
  }
  t.end()
})

void t.test('so is whom they admit', t => {
  const snapshots = new SameSnapshots()
  const admitted = (...incarnations: number[]) => ({
    admitted: incarnations.map((incarnation, i) => ({ id: i + 1, incarnation })),
  })
  for (const id of [1, 2]) snapshots.check(id, snapshot(admitted(7, 8)))
  const invariant = 'Snapshots Are The Same'
  t.throws(() => snapshots.check(3, snapshot(admitted(7, 9))), { invariant, message: /admits 1 in 7, 2 in 9/ })
  t.throws(() => snapshots.check(3, snapshot()), { invariant, message: /admits whoever there is/ })
  snapshots.tellsIncarnations = true
  snapshots.check(3, snapshot(admitted(7, 8)))
  t.throws(() => snapshots.check(1, snapshot()), { invariant, message: /admits nobody/ })
  t.end()
})
