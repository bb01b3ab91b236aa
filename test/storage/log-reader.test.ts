import t from 'tap'
import { entryOf, linesOf, Rig } from './rig.js'

/** A log of entries 1 to 8, of terms 3 and 4 from 5 on, committed up to 4. */
function written(seed: number): Rig {
  const rig = new Rig(seed, 2_048)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 6, votedFor: 1 })
  for (let index = 1; index <= 8; index++) rig.append(storage, index, [entryOf(index, index < 5 ? 3 : 4, 250)], 4)
  rig.close(storage)
  return rig
}

void t.test('S03: a log beside a snapshot', t => {
  // The snapshot's last entry; whether the log is refused, kept or begun anew after it.
  for (const [index, term, expected] of [
    [4, 3, 'kept'],
    [8, 4, 'kept'],
    [1, 3, 'kept'],
    // The log ends before it: the reset was not written yet.
    [9, 4, 'anew'],
    [1_000, 6, 'anew'],
    // It holds another entry there, which was not committed.
    [8, 5, 'anew'],
    [5, 5, 'anew'],
    // Or which was: then one of the two is not what it seems.
    [4, 4, 'refused'],
  ] as const) {
    const rig = written(index)
    rig.newestSnapshot = { lastIncludedIndex: index, lastIncludedTerm: term }
    const name = `snapshot up to entry ${index} of term ${term}: ${expected}`
    const { inspection } = rig.inspect()
    const { error, opened } = rig.tryOpen()
    if (expected === 'refused') {
      t.match(error, { code: 'corrupt', message: /entry 4 is of term 3, and in the newest snapshot of term 4/ })
      t.match(inspection?.problems, [{ fatal: true }])
      continue
    }
    const { recovered, notes } = opened!
    t.match(recovered, { snapshotIndex: index, snapshotTerm: term }, name)
    if (expected === 'kept') {
      t.match(recovered, { baseIndex: 0, baseTerm: 0 })
      t.equal(recovered.entries.length, 8, name)
      t.same(notes, [])
      t.same(inspection?.problems, [])
      continue
    }
    t.match(recovered, { baseIndex: index, baseTerm: term, entries: [] }, name)
    t.match(notes, [/begins anew/])
    t.match(inspection, { baseIndex: index, problems: [{ fatal: false, what: notes[0] }] }, 'and inspection says so')
    rig.append(opened!.storage, 1, [entryOf(index + 1, 6)])
    rig.close(opened!.storage)
    const again = rig.open()
    t.same(linesOf(again.recovered.entries), linesOf([entryOf(index + 1, 6)]))
    t.same(again.notes, [])
  }
  t.end()
})

void t.test('a reset whose snapshot is gone is a hole', t => {
  const rig = written(20)
  const { storage } = rig.open()
  rig.reset(storage, 30, 6)
  rig.append(storage, 1, [entryOf(31, 6)], 30)
  rig.close(storage)
  t.equal(rig.inspect().inspection?.problems.length, 0)
  rig.newestSnapshot = { lastIncludedIndex: 8, lastIncludedTerm: 4 }
  t.match(rig.tryOpen().error, {
    code: 'corrupt',
    message: /begins after entry 30 of term 6, and the newest snapshot ends with entry 8: that of a reset is missing/,
  })
  t.end()
})

void t.test('of a torn tail in a segment that was used before, only the batch is kept aside', t => {
  const rig = new Rig(21, 2_048)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
  let index = 0
  const append = (): void => rig.append(storage, ++index, [entryOf(index, 1, 250)])
  while (storage.status.segment < 5) append()
  rig.compact(storage, index, 1)
  while (storage.status.segment < 7) append()
  rig.crash()
  const { path, batches } = rig.inspect().inspection!.segments.at(-1)!
  const { offset, bytes } = batches.at(-1)!
  rig.disk.flipBit(path, offset + 100, 3)
  const { notes } = rig.open()
  t.equal(notes.length, 1)
  const aside = rig.disk.paths().filter(name => name.startsWith('data/torn-'))
  t.equal(aside.length, 1)
  t.ok(rig.fileOf(aside[0]!).length <= bytes)
  t.end()
})
