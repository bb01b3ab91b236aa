import t from 'tap'
import type { Batch, LogPoint } from '../../codec/batch.js'
import type { Entry, EntryRun } from '../../src/raft/types.js'
import { LogReplay } from '../../src/storage/replay.js'
import { entryOf, linesOf } from './rig.js'

function batch(currentTerm: number, commitIndex: number, ...entries: [index: number, term: number][]): Batch {
  const made = entries.map(([index, term]) => entryOf(index, term))
  const { length: entryCount } = made
  return { number: 1, currentTerm, commitIndex, entryCount, seal: entryCount === 0, reset: null, runs: made.map(runOf) }
}

/** A run of one. */
function runOf(entry: Entry): EntryRun {
  const { index: firstIndex, term } = entry
  return {
    firstIndex,
    term,
    length: 1,
    namesServers: false,
    at: () => entry,
    bytesAt: () => 28,
    slice: () => runOf(entry),
  }
}

function resetTo(index: number, term: number, currentTerm = term): Batch {
  return { ...batch(currentTerm, index), seal: false, reset: { index, term } }
}

function replayAfter(base: LogPoint, ...batches: Batch[]): LogReplay {
  const replay = new LogReplay()
  replay.beginAfter(base)
  for (const one of batches) {
    const wrong = replay.accept(one)
    if (wrong !== null) throw new Error(wrong)
  }
  return replay
}

const base = { index: 10, term: 3 }

void t.test('a log that begins later: its entries follow the base', t => {
  const replay = replayAfter(base)
  t.same([replay.lastIndex, replay.lastTerm], [10, 3])
  t.equal(replay.accept(batch(4, 0, [12, 4])), 'entry 12 of term 4 follows entry 10, with a gap between')
  t.equal(replay.accept(batch(4, 0, [11, 2])), 'entry 11 of term 2 follows one of term 3')
  t.equal(replay.accept(batch(4, 11, [11, 4], [12, 4])), null)
  t.same([replay.lastIndex, replay.termAt(10), replay.termAt(12)], [12, 3, 4])
  t.equal(replay.accept(batch(4, 11, [11, 4])), 'entry 11 of term 4 replaces a committed one')
  t.equal(replay.accept(batch(5, 11, [12, 5])), null)
  t.same(linesOf(replay.entries), linesOf([entryOf(11, 4), entryOf(12, 5)]))
  t.end()
})

void t.test('an entry that replaces the base or one before it is not kept, and cuts all that follow it', t => {
  for (const index of [10, 7]) {
    const replay = replayAfter(base, batch(4, 0, [11, 4]), batch(5, 0, [index, 5]))
    t.same([replay.baseIndex, replay.baseTerm, replay.lastIndex, replay.entries.length], [index, 5, index, 0])
    t.equal(replay.accept(batch(5, 0, [index + 1, 5])), null)
    t.same(linesOf(replay.entries), linesOf([entryOf(index + 1, 5)]))
  }
  const replay = replayAfter(base, batch(4, 10, [11, 4]))
  t.equal(replay.accept(batch(4, 10, [10, 4])), 'entry 10 of term 4 replaces a committed one')
  t.end()
})

void t.test('a reset voids all entries, and leads the log back, forward and over a gap', t => {
  for (const index of [11, 12, 50]) {
    const replay = replayAfter(base, batch(4, 10, [11, 4], [12, 4]), resetTo(index, 5))
    t.same([replay.baseIndex, replay.baseTerm, replay.lastIndex, replay.lastTerm], [index, 5, index, 5])
    t.same([replay.entries.length, replay.commitIndex], [0, index])
    t.equal(replay.accept(batch(5, 10, [index + 2, 5]))?.includes('gap'), true)
    t.equal(replay.accept(batch(5, 10, [index, 5]))?.includes('committed'), true)
    t.equal(replay.accept(batch(5, 10, [index + 1, 5])), null)
  }
  t.end()
})

void t.test('a reset that drops a committed entry, or is of a later term, is refused', t => {
  const replay = replayAfter(base, batch(4, 12, [11, 4], [12, 4], [13, 4]))
  t.equal(replay.accept(resetTo(11, 4)), 'a reset to entry 11 of term 4 drops a committed one')
  t.equal(replay.accept(resetTo(20, 5, 4)), 'a reset to entry 20 of term 5 was written in term 4')
  t.equal(replay.accept(resetTo(12, 4)), null)
  t.end()
})
