import t from 'tap'
import { KeptRecords } from '../../src/kv/kept-records.js'
import { Records } from '../../src/kv/records.js'

const count = 5_000

function value(fill: number): Uint8Array {
  return new Uint8Array(40).fill(fill)
}

void t.test('what is kept is the record as it was, until it is dropped', t => {
  const records = new Records()
  const kept = new KeptRecords(records)
  const record = records.add(1, 1, 0, value(1))
  t.equal(kept.of(record), record)
  kept.keep(record)
  records.overwrite(record, 1, 2, 0, value(2))
  kept.keep(record)
  t.same(records.valueOf(kept.of(record)), value(1), 'the second time changes nothing')
  kept.drop(record)
  t.equal(kept.of(record), record)
  t.end()
})

void t.test('copies that are not needed any more go page by page, and their numbers are used again', t => {
  const records = new Records()
  const kept = new KeptRecords(records)
  for (let i = 0; i < count; i++) records.add(i, 1, 0, value(1))
  for (let record = 0; record < count; record++) kept.keep(record)
  let pages = 0
  while (kept.dropPage()) pages++
  t.equal(pages, Math.ceil(count / 2_048))
  t.equal(kept.of(7), 7)
  const numbers = Array.from({ length: count }, (_, i) => records.add(i, 2, 0, value(3)))
  t.ok(Math.max(...numbers) < 2 * count)
  t.equal(new Set(numbers).size, count)
  t.equal(kept.dropPage(), false)
  t.end()
})
