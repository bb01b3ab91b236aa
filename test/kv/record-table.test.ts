import t from 'tap'
import fc from 'fast-check'
import { RecordTable } from '../../src/kv/record-table.js'

/** Three places; in each, keys of one hash, of neighbouring slots, and of slots that fall together in small tables. */
function hashOf(n: number): number {
  return (n % 3) + (n % 5) * 2 ** 21 + (n % 2) * 2 ** 27
}

void t.test('finds what was added and nothing else, also among keys of one hash', t => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(90)), { maxLength: 400 }), steps => {
      const table = new RecordTable()
      const model = new Map<string, number>()
      for (const [add, n] of steps) {
        const key = `k${n}`
        if (add && !model.has(key)) {
          table.add(key, hashOf(n), n)
          model.set(key, n)
        } else if (!add && model.delete(key)) {
          table.remove(key, hashOf(n))
        }
      }
      t.equal(table.size, model.size)
      const wrong = [...Array(91).keys()].filter(n => table.get(`k${n}`, hashOf(n)) !== model.get(`k${n}`))
      t.same(wrong, [])
    }),
    { seed: 1, numRuns: 100 },
  )
  t.end()
})

void t.test('Z08: 100,000 keys of one hash: further Maps behind the full one, all found, all removed', t => {
  const table = new RecordTable()
  const count = 100_000
  for (let i = 0; i < count; i++) table.add(`k${i}`, 7, i)
  t.equal(table.size, count)
  let wrong = 0
  for (let i = 0; i < count; i += 97) if (table.get(`k${i}`, 7) !== i) wrong++
  t.equal(table.get('k-1', 7), undefined)
  t.equal(table.get('k1', 8), undefined, 'another place')
  for (let i = 0; i < count; i += 2) table.remove(`k${i}`, 7)
  for (let i = 0; i < count; i += 97) if (table.get(`k${i}`, 7) !== (i % 2 === 0 ? undefined : i)) wrong++
  for (let i = 0; i < count; i += 2) table.add(`k${i}`, 7, count + i)
  for (let i = 0; i < count; i += 97) if (table.get(`k${i}`, 7) !== (i % 2 === 0 ? count + i : i)) wrong++
  for (let i = 0; i < count; i++) table.remove(`k${i}`, 7)
  t.equal(wrong, 0)
  t.equal(table.size, 0)
  t.end()
})

void t.test('a place that is full has Maps behind it, however its keys are spread', t => {
  const table = new RecordTable()
  const count = 20_000
  const hash = (i: number) => 5 + Math.imul(i, 0x9e3779b1) * 2 ** 21
  const positive = (i: number) => (hash(i) < 0 ? hash(i) + 2 ** 53 : hash(i))
  for (let i = 0; i < count; i++) table.add(`k${i}`, positive(i), i)
  for (let i = 1; i < count; i += 2) table.remove(`k${i}`, positive(i))
  let wrong = 0
  for (let i = 0; i < count; i++) if (table.get(`k${i}`, positive(i)) !== (i % 2 === 0 ? i : undefined)) wrong++
  t.equal(wrong, 0)
  t.equal(table.size, count / 2)
  t.end()
})
