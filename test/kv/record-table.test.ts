import t from 'tap'
import fc from 'fast-check'
import { RecordTable } from '../../src/kv/record-table.js'

void t.test('finds what was added and nothing else, also among keys of one hash', t => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 200 }), steps => {
      const table = new RecordTable<number>()
      const model = new Map<string, number>()
      for (const [add, n] of steps) {
        const key = `k${n}`
        if (add && !model.has(key)) {
          table.add(key, n % 3, n)
          model.set(key, n)
        } else if (!add && model.delete(key)) {
          table.remove(key, n % 3)
        }
      }
      t.equal(table.size, model.size)
      for (let n = 0; n <= 30; n++) t.equal(table.get(`k${n}`, n % 3), model.get(`k${n}`))
    }),
    { seed: 1, numRuns: 100 },
  )
  t.end()
})

void t.test('Z08: 100,000 keys of one hash: further Maps behind the full one, all found, all removed', t => {
  const table = new RecordTable<number>()
  const count = 100_000
  for (let i = 0; i < count; i++) table.add(`k${i}`, 7, i)
  t.equal(table.size, count)
  let wrong = 0
  for (let i = 0; i < count; i += 97) if (table.get(`k${i}`, 7) !== i) wrong++
  t.equal(table.get('k-1', 7), undefined)
  t.equal(table.get('k1', 8), undefined, 'another place')
  for (let i = 0; i < count; i += 2) table.remove(`k${i}`, 7)
  for (let i = 0; i < count; i += 97) if (table.get(`k${i}`, 7) !== (i % 2 === 0 ? undefined : i)) wrong++
  for (let i = 0; i < count; i += 2) table.add(`k${i}`, 7, -i)
  for (let i = 0; i < count; i += 97) if (table.get(`k${i}`, 7) !== (i % 2 === 0 ? -i : i)) wrong++
  for (let i = 0; i < count; i++) table.remove(`k${i}`, 7)
  t.equal(wrong, 0)
  t.equal(table.size, 0)
  t.end()
})
