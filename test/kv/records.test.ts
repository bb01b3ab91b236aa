import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { Records } from '../../src/kv/records.js'
import type { ValueType } from '../../src/kv/types.js'

interface Model {
  readonly revision: number
  readonly type: ValueType
  readonly value: Uint8Array
}

void t.test('records are what was stored last, through all sizes, copies and numbers that are used again', t => {
  const records = new Records()
  const prng = new Prng(2)
  const model = new Map<number, Model>()
  const sizes = [0, 8, 9, 64, 65, 256, 300, 4_096, 4_097, 20_001]
  const check = (record: number) => {
    const { revision, type, value } = model.get(record)!
    const bytes = records.valueOf(record)
    t.ok(Buffer.from(value).equals(bytes) && records.lengthOf(record) === value.length, `${value.length} bytes`)
    t.same([records.revisionOf(record), records.typeOf(record)], [revision, type])
    t.ok(records.equalsValue(record, { type, bytes: value }))
    const fresh = new Records()
    t.equal(
      records.hashOf(record),
      fresh.hashOf(fresh.add(77, revision, type, value)),
      'the hash is that of the contents',
    )
  }
  for (let revision = 2 ** 40; revision < 2 ** 40 + 3_000; revision++) {
    const known = [...model.keys()]
    const record = known[prng.below(Math.max(1, known.length))]
    const length = sizes[prng.below(sizes.length)]!
    const next = { revision, type: prng.below(3) as ValueType, value: new Uint8Array(length).fill(prng.below(256)) }
    const kind = known.length > 40 ? 1 : prng.below(4)
    if (record === undefined || kind === 0) {
      const added = records.add(77, revision, next.type, next.value)
      t.notOk(model.has(added))
      model.set(added, next)
    } else if (kind === 1) {
      check(record)
      records.remove(record)
      model.delete(record)
    } else if (kind === 2) {
      const copy = records.copy(record)
      t.notOk(model.has(copy))
      model.set(copy, model.get(record)!)
    } else {
      records.overwrite(record, 77, revision, next.type, next.value)
      model.set(record, next)
    }
  }
  for (const record of model.keys()) check(record)
  t.ok(model.size > 5)
  t.end()
})
