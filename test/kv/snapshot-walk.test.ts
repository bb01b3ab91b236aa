import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { hex, restored, snapshotHex, StoreUser, text } from './rig.js'

/** A user whose store takes several chunks. */
function filled(keys = 2_000, valueBytes = 200): StoreUser {
  const user = new StoreUser()
  for (let i = 0; i < keys; i++) user.put(`k${i}`, { type: 0, bytes: new Uint8Array(valueBytes).fill(i) })
  return user
}

void t.test('chunks are of at most 64 KiB, none empty, whatever the sizes of the records', t => {
  const user = new StoreUser()
  for (const [i, length] of [57_344, 0, 57_344, 30_000, 30_000, 5_000, 1, 57_344].entries()) {
    const key = Buffer.from(`${i}`.padEnd(1_024, 'x'))
    user.apply({ op: 'put', key, value: { type: 0, bytes: new Uint8Array(length) } })
  }
  const sizes = [...user.store.snapshot()].map(chunk => chunk.length)
  t.ok(Math.max(...sizes) <= 65_536 && Math.min(...sizes) > 0, sizes.join(' '))
  t.equal(restored(user.store.snapshot()).stateHash, user.store.stateHash)
  t.end()
})

void t.test('a record that is larger than a chunk is one by itself', t => {
  const user = new StoreUser()
  const sizes = [1_048_576, 65_536 - 16 - 1, 65_536 - 16, 10, 65_536 - 20 - 16, 1_048_576, 1_048_576, 5]
  for (const [i, length] of sizes.entries()) {
    user.put(`${i}`, { type: 0, bytes: Uint8Array.from({ length }, (_, at) => at * (i + 3)) })
  }
  const chunks = [...user.store.snapshot()]
  const small = (length: number) => 16 + 1 + length
  t.strictSame(
    chunks.map(chunk => chunk.length),
    [
      20,
      small(1_048_576),
      65_536,
      small(65_520),
      small(10),
      small(65_500),
      small(1_048_576),
      small(1_048_576),
      small(5),
    ],
    'a header that stands alone, a chunk that is filled to its last byte, and never more than one record above that',
  )
  t.equal(restored(chunks).stateHash, user.store.stateHash)
  t.equal(restored(chunks).size, sizes.length)
  t.end()
})

void t.test('a walk shows the store as of the moment when it was made, whatever is done meanwhile', t => {
  for (let seed = 1; seed <= 8; seed++) {
    const prng = new Prng(seed)
    const user = filled(1_500)
    const walks: { hash: number; bytes: string; chunks: Uint8Array[]; walk: Iterator<Uint8Array> }[] = []
    for (let step = 0; step < 3_000; step++) {
      const key = `k${prng.below(2_000)}`
      const kind = prng.below(4)
      if (kind === 0) user.delete(key)
      else user.put(key, { type: 1, bytes: new Uint8Array(prng.below(300)).fill(step) })
      if (step % 700 === 0) {
        const walk = user.store.snapshot()
        walks.push({ hash: user.store.stateHash, bytes: snapshotHex(user.store), chunks: [], walk })
      }
      for (const { chunks, walk } of walks) {
        if (prng.below(100) > 0) continue
        const next = walk.next()
        if (next.done !== true) chunks.push(next.value)
      }
    }
    for (const { hash, bytes, chunks, walk } of walks) {
      for (let next = walk.next(); next.done !== true; next = walk.next()) chunks.push(next.value)
      t.equal(hex(Buffer.concat(chunks)), bytes)
      t.equal(restored(chunks).stateHash, hash)
    }
    t.equal(restored(user.store.snapshot()).stateHash, user.store.stateHash)
  }
  t.end()
})

void t.test(
  'a record overwritten, deleted and put again during the walk is in it as it was, and new keys are not',
  t => {
    const user = filled()
    const before = snapshotHex(user.store)
    const walk = user.store.snapshot()
    const chunks = [walk.next().value!]
    for (const key of ['k0', 'k1999', 'k999']) {
      user.put(key, text('once'))
      user.put(key, text('twice'))
      user.delete(key)
      user.put(key, text('again'))
    }
    user.put('k1999x', text('new'))
    user.put('a', text('new'))
    for (const chunk of walk) chunks.push(chunk)
    t.equal(hex(Buffer.concat(chunks)), before)
    t.end()
  },
)

void t.test('a restore in the middle of a walk does not touch it', t => {
  const user = filled()
  const before = snapshotHex(user.store)
  const walk = user.store.snapshot()
  const chunks = [walk.next().value!]
  user.store.restore(new StoreUser().store.snapshot())
  user.put('k5', text('x'))
  for (const chunk of walk) chunks.push(chunk)
  t.equal(hex(Buffer.concat(chunks)), before)
  t.end()
})

void t.test('a walk that is left ends, and may be ended twice', t => {
  const user = filled()
  const walk = user.store.snapshot()
  for (const chunk of walk) {
    t.ok(chunk.length > 0)
    break
  }
  t.same(walk.next(), { done: true, value: undefined })
  t.same(walk.return?.(), { done: true, value: undefined })
  user.put('k1', text('x'))
  t.equal(restored(user.store.snapshot()).stateHash, user.store.stateHash)
  t.end()
})

void t.test('an empty store has a snapshot too', t => {
  const { store } = new StoreUser()
  t.equal([...store.snapshot()].length, 1)
  t.equal(restored(store.snapshot()).size, 0)
  t.end()
})

void t.test('equal contents give equal snapshots, whatever the histories', t => {
  const [one, other] = [new StoreUser(), new StoreUser()]
  const sizes = [0, 5, 100, 256, 4_096, 4_097, 70_000]
  const contents = Array.from({ length: 300 }, (_, i) => ({
    key: `k${i}`,
    value: { type: 2 as const, bytes: new Uint8Array(sizes[i % sizes.length]!).fill(i) },
  }))
  for (const { key, value } of contents) one.put(key, value)
  const prng = new Prng(5)
  for (let step = 0; step < 3_000; step++) {
    const key = `k${prng.below(400)}`
    if (prng.below(3) === 0) other.delete(key)
    else other.put(key, { type: 0, bytes: new Uint8Array(sizes[prng.below(sizes.length)]!).fill(step) })
  }
  for (let i = 300; i < 400; i++) other.delete(`k${i}`)
  // Restored once, so that numbers and pages differ; and then the same commands at the same revisions.
  const { store } = other
  store.restore(store.snapshot())
  const [upper, target] = [new StoreUser(one.store, 10_000), new StoreUser(store, 10_000)]
  for (const { key, value } of contents) t.same(upper.put(key, value), target.put(key, value))
  t.equal(snapshotHex(store), snapshotHex(one.store))
  t.equal(store.stateHash, one.store.stateHash)
  t.equal(store.bytes, one.store.bytes)
  t.end()
})

void t.test('a key that is new during the walk and takes the number of a removed one does not show', t => {
  const user = filled(600)
  const before = snapshotHex(user.store)
  const walk = user.store.snapshot()
  for (let i = 0; i < 600; i += 3) user.delete(`k${i}`)
  for (let i = 0; i < 600; i++) user.put(`n${i}`, text(`new ${i}`))
  for (let i = 0; i < 600; i += 5) user.put(`n${i}`, text('again'))
  t.equal(hex(Buffer.concat([...walk])), before)
  t.equal(restored(user.store.snapshot()).stateHash, user.store.stateHash)
  t.end()
})
