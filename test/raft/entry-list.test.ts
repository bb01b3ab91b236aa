import t, { type Test } from 'tap'
import { Prng } from '../../src/base/prng.js'
import { entryBytes, EntryList } from '../../src/raft/entry-list.js'
import type { Entry, EntryRun } from '../../src/raft/types.js'

function entryOf(index: number, term: number, kind: Entry['kind'] = 'commands'): Entry {
  return { index, term, kind, payload: new Uint8Array(index % 7), record: null }
}

function runOf(entries: readonly Entry[]): EntryRun {
  const { index: firstIndex, term } = entries[0]!
  return {
    firstIndex,
    term,
    length: entries.length,
    namesServers: entries.some(({ kind }) => kind === 'admit'),
    at: position => entries[position]!,
    bytesAt: position => entryBytes(entries[position]!),
    slice: (from, to) => runOf(entries.slice(from, to)),
  }
}

/** What a list must be equal to: entry i of the array has index base + 1 + i. */
interface Model {
  base: { index: number; term: number }
  entries: Entry[]
}

function check(t: Test, list: EntryList, { base, entries }: Model, prng: Prng): void {
  const lastIndex = base.index + entries.length
  const lastTerm = entries.at(-1)?.term ?? base.term
  t.strictSame(
    [list.baseIndex, list.baseTerm, list.length, list.lastIndex, list.lastTerm],
    [base.index, base.term, entries.length, lastIndex, lastTerm],
  )
  // At random places, so that no look is helped by the one before.
  for (let look = 0; look < 8; look++) {
    const index = base.index - 1 + prng.below(entries.length + 4)
    const entry = index > base.index ? entries[index - base.index - 1] : undefined
    if (list.at(index) !== entry) t.fail(`entry ${index}`)
    if (list.termAt(index) !== (index === base.index ? base.term : entry?.term)) t.fail(`term of ${index}`)
    if (entry !== undefined && list.bytesAt(index) !== entryBytes(entry)) t.fail(`bytes of ${index}`)
    const to = Math.min(lastIndex, index + prng.below(20))
    if (index <= base.index) continue
    const range = list.range(index, to)
    const due = entries.slice(index - base.index - 1, Math.max(index - 1, to) - base.index)
    if (range.length !== due.length || range.some((one, i) => one !== due[i])) t.fail(`range ${index} to ${to}`)
  }
  t.strictSame(
    [...list.naming()].map(({ index }) => index).filter(index => list.at(index)?.kind === 'admit'),
    entries.filter(({ kind }) => kind === 'admit').map(({ index }) => index),
  )
}

void t.test('whatever is appended, cut and forgotten, it is as an array of entries', t => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed)
    const list = new EntryList(5, 1)
    const model: Model = { base: { index: 5, term: 1 }, entries: [] }
    let isRead = false
    for (let step = 0; step < 60; step++) {
      const lastIndex = model.base.index + model.entries.length
      const term = (model.entries.at(-1)?.term ?? model.base.term) + prng.below(2)
      const next = (at: number) => entryOf(lastIndex + 1 + at, term, prng.below(9) === 0 ? 'admit' : 'commands')
      const what = prng.below(10)
      if (step === 30) isRead = true
      if (what < 5 && !isRead) {
        const entries = Array.from({ length: 1 + prng.below(6) }, (_, at) => next(at))
        list.pushRun(runOf(entries))
        model.entries.push(...entries)
      } else if (what < 5) {
        const entry = next(0)
        list.push(entry)
        model.entries.push(entry)
      } else if (what < 8) {
        const index = model.base.index + 1 + prng.below(model.entries.length + 2)
        list.truncateFrom(index)
        model.entries.length = Math.min(model.entries.length, index - model.base.index - 1)
      } else if (what === 8 && model.entries.length > 0) {
        const gone = model.entries.splice(0, 1 + prng.below(Math.min(9, model.entries.length)))
        model.base = gone.at(-1)!
        list.compactTo(model.base.index)
      } else if (prng.below(8) === 0) {
        model.base = { index: lastIndex + 3, term }
        model.entries = []
        list.resetTo(model.base.index, model.base.term)
      }
      check(t, list, model, prng)
    }
  }
  t.end()
})

void t.test('entries follow one another, and terms do not decrease', t => {
  const list = EntryList.of(3, 2, [entryOf(4, 2)])
  t.throws(() => list.push(entryOf(6, 2)), /follows the last index/)
  t.throws(() => list.push(entryOf(5, 1)), /terms do not decrease/)
  t.throws(() => list.pushRun(runOf([entryOf(5, 2)])), /a log is read before/)
  t.throws(() => list.bytesAt(3), /entry 3 is in the list \(4\.\.4\)/)
  t.throws(() => list.bytesAt(5), /entry 5 is in the list/)
  const read = new EntryList(3, 2)
  t.throws(() => read.pushRun(runOf([entryOf(5, 2)])), /follows the last index/)
  t.throws(() => read.pushRun(runOf([entryOf(4, 1)])), /terms do not decrease/)
  t.end()
})
