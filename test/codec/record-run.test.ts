import t from 'tap'
import { decodeBatch, encodeBatch } from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import { recordBytes } from '../../codec/entry.js'
import type { Entry } from '../../src/raft/types.js'

function entryOf(index: number, term: number, kind: Entry['kind'] = 'commands'): Entry {
  const payload = kind === 'admit' ? Uint8Array.of(2, 0, 7, 0, 0, 0, 0, 0, 0, 0) : new Uint8Array(index).fill(index)
  return { index, term, kind, payload, record: null }
}

function plain({ index, term, kind, payload }: Entry): unknown {
  return { index, term, kind, payload: [...payload] }
}

void t.test('a batch is cut where the term changes and where an index does not follow', t => {
  const written = [
    ...[entryOf(5, 2), entryOf(6, 2, 'admit'), entryOf(7, 2, 'noop')],
    ...[entryOf(8, 3), entryOf(9, 3)],
    ...[entryOf(7, 3), entryOf(8, 3)],
  ]
  const target = new Uint8Array(1_024)
  const value = { number: 1, currentTerm: 3, commitIndex: 4, entries: written, reset: null }
  const bytes = target.slice(0, encodeBatch(target, viewOf(target), { low: 1, high: 2 }, value))
  const runs = decodeBatch(bytes)?.runs ?? []
  t.strictSame(
    runs.map(({ firstIndex, term, length, namesServers }) => [firstIndex, term, length, namesServers]),
    [
      [5, 2, 3, true],
      [8, 3, 2, false],
      [7, 3, 2, false],
    ],
  )
  const found = runs.flatMap(run => Array.from({ length: run.length }, (_, position) => run.at(position)))
  t.strictSame(found.map(plain), written.map(plain))
  t.strictSame(
    found.map(({ record }) => record?.length),
    written.map(recordBytes),
  )
  const [first] = runs
  const part = first!.slice(1, 3)
  t.strictSame([part.firstIndex, part.term, part.length, part.namesServers], [6, 2, 2, true])
  t.strictSame([plain(part.at(0)), plain(part.at(1))], written.slice(1, 3).map(plain))
  t.equal(part.bytesAt(0), recordBytes(written[1]!))
  t.strictSame(first!.slice(2, 9).length, 1, 'no more than there are')
  t.throws(() => first!.slice(3, 5), /an entry at least/)
  t.end()
})
