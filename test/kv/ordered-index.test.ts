import t from 'tap'
import fc from 'fast-check'
import { Prng } from '../../src/base/prng.js'
import { OrderedIndex } from '../../src/kv/ordered-index.js'
import type { FrozenChunk } from '../../src/kv/ordered-index.js'

const name = (n: number) => `k${String(n).padStart(6, '0')}`

function keysFrom(index: OrderedIndex<number>, from: string, limit = Infinity): string[] {
  const keys: string[] = []
  index.visitFrom(from, key => keys.push(key) < limit)
  return keys
}

function keysOf(frozen: readonly FrozenChunk<number>[]): string[] {
  return frozen.flatMap(chunk => chunk.keys)
}

for (const [order, next] of [
  ['ascending', (i: number) => i],
  ['descending', (i: number) => 4_999 - i],
  ['scattered', (i: number) => (i * 1_777) % 5_000],
] as const) {
  void t.test(`5,000 keys come and go, ${order}`, t => {
    const index = new OrderedIndex<number>()
    for (let i = 0; i < 5_000; i++) index.add(name(next(i)), next(i))
    const all = Array.from({ length: 5_000 }, (_, i) => name(i))
    t.same(keysFrom(index, ''), all)
    t.same(keysFrom(index, name(4_321)), all.slice(4_321))
    t.same(keysFrom(index, name(700) + '\0', 3), all.slice(701, 704))
    index.visitFrom('', (key, record) => key === name(record) || t.fail('a record is that of its key'))
    for (let i = 0; i < 5_000; i++) if (next(i) % 1_000 !== 0) index.remove(name(next(i)))
    t.same(keysFrom(index, ''), [0, 1_000, 2_000, 3_000, 4_000].map(name))
    t.equal(index.freeze().length, 1, 'chunks that were emptied are joined')
    for (const n of [0, 1_000, 2_000, 3_000, 4_000]) index.remove(name(n))
    t.same(keysFrom(index, ''), [])
    index.add(name(1), 1)
    t.same(keysFrom(index, ''), [name(1)])
    t.end()
  })
}

void t.test('keys that come in order leave full chunks behind', t => {
  const index = new OrderedIndex<number>()
  for (let i = 0; i < 2_560; i++) index.add(name(i), i)
  t.equal(index.freeze().length, 10)
  t.end()
})

void t.test('a frozen index stays as it was, however often it is frozen and changed', t => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const prng = new Prng(seed)
      const index = new OrderedIndex<number>()
      const present = new Set<number>()
      const frozen: [readonly FrozenChunk<number>[], string[]][] = []
      for (let step = 0; step < 3_000; step++) {
        // Grows for the first half, shrinks in the second.
        const n = prng.below(2_000)
        if (present.has(n) && prng.below(10) < (step < 1_500 ? 2 : 9)) {
          present.delete(n)
          index.remove(name(n))
        } else if (!present.has(n) && step < 2_000) {
          present.add(n)
          index.add(name(n), n)
        }
        if (step % 400 === 399) frozen.push([index.freeze(), [...present].map(name).sort()])
      }
      t.same(keysFrom(index, ''), [...present].map(name).sort())
      for (const [chunks, keys] of frozen) t.same(keysOf(chunks), keys)
    }),
    { seed: 1, numRuns: 10 },
  )
  t.end()
})

void t.test('what is appended is as if it had been added, and must ascend', t => {
  const [appended, added] = [new OrderedIndex<number>(), new OrderedIndex<number>()]
  const frozen = appended.freeze()
  for (let i = 0; i < 1_000; i++) {
    appended.append(`k${10_000 + i}`, i)
    added.add(`k${10_000 + i}`, i)
  }
  const all = (index: OrderedIndex<number>) => {
    const found: [string, number][] = []
    index.visitFrom('', (key, record) => found.push([key, record]) > 0)
    return found
  }
  t.same(all(appended), all(added))
  t.equal(all(appended).length, 1_000)
  t.equal(frozen[0]!.keys.length, 0)
  t.throws(() => {
    appended.append('k10999', 1)
  }, /keys ascend/)
  t.end()
})
