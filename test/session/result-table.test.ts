import t from 'tap'
import fc from 'fast-check'
import { ResultTable } from '../../src/session/result-table.js'

/** Numbers that meet at one place of the table, and some that lie far away. */
const sequence = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 20 }).map(n => n * 64),
  fc.constantFrom(2 ** 32, 2 ** 32 + 1, 2 ** 52 + 1, 2 ** 31),
)
const result = fc.oneof(fc.uint8Array({ maxLength: 14 }), fc.uint8Array({ minLength: 1_000, maxLength: 1_000 }))
const step = fc.tuple(fc.boolean(), sequence, fc.maxSafeNat(), result)

void t.test('finds what was added and nothing else, whatever was removed between', t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), steps => {
      const table = new ResultTable()
      const model = new Map<number, { checksum: number; result: Uint8Array }>()
      for (const [add, sequence, checksum, result] of steps) {
        const place = table.find(sequence)
        t.equal(place >= 0, model.has(sequence))
        if (place >= 0 && !add) {
          table.remove(place)
          model.delete(sequence)
        } else if (place < 0 && add) {
          t.equal(table.add(sequence, checksum, result), table.find(sequence))
          model.set(sequence, { checksum, result })
        }
        t.equal(table.size, model.size)
      }
      t.same(
        [...table.sequences()],
        [...model.keys()].sort((a, b) => a - b),
      )
      for (const [sequence, { checksum, result }] of model) {
        const place = table.find(sequence)
        t.equal(table.checksumAt(place), checksum)
        t.equal(table.lengthAt(place), result.length)
        t.same(Buffer.from(table.resultAt(place)), Buffer.from(result))
        const other = new ResultTable()
        t.equal(other.hashAt(other.add(sequence, checksum, result), 3), table.hashAt(place, 3))
      }
    }),
    { seed: 1, numRuns: 150 },
  )
  t.end()
})

void t.test('the hash depends on every part', t => {
  const hashes = new Set<number>()
  for (const [sequence, checksum, text] of [
    [1, 1, 'a'],
    [2, 1, 'a'],
    [1 + 2 ** 32, 1, 'a'],
    [1, 2, 'a'],
    [1, 1 + 2 ** 32, 'a'],
    [1, 1, 'b'],
    [1, 1, 'a\0'],
    [1, 1, 'long enough to stand beside'],
    [1, 1, 'long enough to stand besidf'],
  ] as const) {
    const table = new ResultTable()
    hashes.add(table.hashAt(table.add(sequence, checksum, Buffer.from(text)), 0))
  }
  t.equal(hashes.size, 9)
  t.end()
})
