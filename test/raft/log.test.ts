import t from 'tap'
import { entryBytes } from '../../src/raft/entry-list.js'
import { Log } from '../../src/raft/log.js'
import { entryOf, entriesOf } from '../support/raft-servers.js'

void t.test('positions and terms, after a snapshot', t => {
  const log = new Log(3, 2, entriesOf([2, 4, 4, 7], 4))
  t.same([log.firstIndex, log.lastIndex, log.lastTerm], [4, 7, 7])
  t.same(
    [2, 3, 4, 7, 8].map(index => log.termAt(index)),
    [undefined, 2, 2, 7, undefined],
  )
  t.equal(log.at(5), entryOf(5, 4))
  t.throws(() => log.at(3), /entry 3 is in the log/)
  t.throws(() => log.at(8), /entry 8 is in the log/)
  const empty = new Log(3, 2, [])
  t.same([empty.lastIndex, empty.lastTerm, empty.termAt(3)], [3, 2, 2])
  t.end()
})

void t.test('entries follow one another, and terms do not decrease', t => {
  const log = new Log(0, 0, entriesOf([1, 3]))
  t.throws(() => log.append(entryOf(2, 3)), /follows the last index/)
  t.throws(() => log.append(entryOf(4, 3)), /follows the last index/)
  t.throws(() => log.append(entryOf(3, 2)), /terms do not decrease/)
  log.append(entryOf(3, 3))
  t.equal(log.lastIndex, 3)
  t.end()
})

void t.test('truncation forgets an entry and all that follow, never what a snapshot covers', t => {
  const log = new Log(2, 1, entriesOf([1, 2, 3], 3))
  log.truncateFrom(4)
  t.same([log.lastIndex, log.lastTerm], [3, 1])
  log.truncateFrom(9)
  t.equal(log.lastIndex, 3, 'nothing beyond the end')
  t.throws(() => log.truncateFrom(2), /stays above the base/)
  log.truncateFrom(3)
  t.same([log.lastIndex, log.lastTerm], [2, 1])
  t.end()
})

void t.test('compaction forgets the beginning, whose last term stays known; a reset forgets everything', t => {
  const log = new Log(2, 1, entriesOf([1, 2, 3, 3], 3))
  log.compactTo(2)
  t.same([log.baseIndex, log.firstIndex, log.lastIndex], [2, 3, 6], 'nothing to forget')
  log.compactTo(4)
  t.same([log.baseIndex, log.baseTerm, log.firstIndex, log.lastIndex, log.lastTerm], [4, 2, 5, 6, 3])
  t.same(
    [3, 4, 5].map(index => log.termAt(index)),
    [undefined, 2, 3],
  )
  t.equal(log.at(5), entryOf(5, 3))
  t.same([log.lastIndexOfTerm(2), log.lastIndexOfTerm(1), log.firstIndexOfTermAt(6)], [4, 0, 5])
  t.throws(() => log.compactTo(7), /entry 7 is in the log/)
  log.compactTo(6)
  t.same([log.baseIndex, log.lastIndex, log.lastTerm, log.lastEntry], [6, 6, 3, undefined])
  log.resetTo(9, 5)
  t.same([log.baseIndex, log.lastIndex, log.lastTerm, log.termAt(9), log.termAt(6)], [9, 9, 5, 5, undefined])
  log.append(entryOf(10, 5))
  t.equal(log.lastIndex, 10)
  t.end()
})

void t.test('the place that so many bytes of records follow, up to an entry', t => {
  const log = new Log(2, 1, entriesOf([1, 1, 1, 1], 3))
  const bytes = entryBytes(log.at(3))
  const before = (trailing: number) => log.indexBefore(5, trailing)
  t.same([before(0), before(bytes - 1), before(bytes), before(2 * bytes), before(1e9)], [5, 5, 4, 3, 2])
  t.end()
})

void t.test('take fills a number of bytes, and gives one entry whatever its size', t => {
  const log = new Log(0, 0, entriesOf([1, 1, 1, 1]))
  const bytes = entryBytes(log.at(1))
  const taken = (bytesMax: number) => log.take(2, bytesMax).map(entry => entry.index)
  t.same(taken(1), [2])
  t.same(taken(2 * bytes - 1), [2])
  t.same(taken(2 * bytes), [2, 3])
  t.same(taken(1e9), [2, 3, 4])
  t.same(log.take(5, 1e9), [], 'past the end there is none')
  t.same(log.range(3, 2), [])
  t.end()
})

void t.test('the first and the last entry of a term', t => {
  const log = new Log(2, 1, entriesOf([1, 4, 4, 4, 6], 3))
  t.same(
    [3, 4, 6, 7].map(index => log.firstIndexOfTermAt(index)),
    [3, 4, 4, 7],
  )
  t.same(
    [0, 1, 2, 4, 5, 6, 9].map(term => log.lastIndexOfTerm(term)),
    [0, 3, 0, 6, 0, 7, 0],
  )
  t.equal(new Log(5, 3, []).lastIndexOfTerm(3), 5, 'the snapshot ends with an entry of that term')
  t.end()
})

void t.test('logs are compared by the last term, then by length', t => {
  const log = new Log(0, 0, entriesOf([1, 4, 4]))
  t.ok(log.isUpToDate(3, 4))
  t.ok(log.isUpToDate(4, 4))
  t.notOk(log.isUpToDate(2, 4))
  t.ok(log.isUpToDate(1, 5), 'a shorter log of a later term is more up to date')
  t.notOk(log.isUpToDate(99, 3), 'a longer log of an earlier term is not')
  t.ok(new Log(0, 0, []).isUpToDate(0, 0), 'empty logs are equal')
  t.end()
})
