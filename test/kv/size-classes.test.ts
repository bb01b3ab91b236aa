import t from 'tap'
import { arenaValueBytesMax } from '../../src/kv/limits.js'
import { sizeClassOf, slotBytesOf } from '../../src/kv/size-classes.js'

void t.test('a slot holds its value, wastes an eighth at most above 64 bytes, and classes ascend', t => {
  let wrong = 0
  for (let length = 0; length <= arenaValueBytesMax; length++) {
    const slot = slotBytesOf[sizeClassOf(length)]!
    if (slot < length || slot % 8 > 0 || slot - length >= Math.max(9, slot / 8)) wrong++
    if (length > 0 && sizeClassOf(length) < sizeClassOf(length - 1)) wrong++
  }
  t.equal(wrong, 0)
  t.equal(slotBytesOf[sizeClassOf(256)], 256)
  t.equal(sizeClassOf(arenaValueBytesMax), slotBytesOf.length - 1)
  t.ok(slotBytesOf.every((bytes, at) => at === 0 || bytes > slotBytesOf[at - 1]!))
  t.end()
})
