import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { ValueArena } from '../../src/kv/value-arena.js'

function valueOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at * 7 + seed)
}

void t.test('no two values share a byte, whatever comes and goes', t => {
  const arena = new ValueArena()
  const prng = new Prng(1)
  const taken: { address: number; value: Uint8Array }[] = []
  for (let step = 0; step < 6_000; step++) {
    if (taken.length > 0 && prng.below(5) < 2) {
      const at = prng.below(taken.length)
      const { address, value } = taken[at]!
      t.same(Buffer.from(arena.view(address, value.length)), Buffer.from(value))
      taken[at] = taken.at(-1)!
      taken.pop()
      arena.release(address)
    } else {
      const value = valueOf(prng.below(prng.below(3) === 0 ? 4_097 : 70), step)
      const address = arena.allocate(value.length)
      // As in a command: the value stands behind other bytes, anywhere.
      const from = prng.below(30)
      arena.put(address, Buffer.concat([new Uint8Array(from).fill(0xee), value]), from)
      taken.push({ address, value })
    }
  }
  t.ok(
    taken.every(({ address, value }) => Buffer.from(value).equals(arena.view(address, value.length))),
    `${taken.length} values`,
  )
  t.end()
})

void t.test('the hash is that of the bytes alone, wherever they stand and whatever stood there before', t => {
  const arena = new ValueArena()
  for (const length of [0, 1, 3, 4, 15, 16, 17, 255, 256, 4_096]) {
    const value = valueOf(length, 3)
    const one = arena.allocate(length)
    const other = arena.allocate(length)
    const hash = arena.put(one, Buffer.concat([Buffer.alloc(5, 0xee), value]), 5, 5 + length, 1)
    arena.put(other, new Uint8Array(length).fill(0xff), 0)
    t.equal(arena.put(other, value, 0, length, 1), hash, `${length} bytes`)
    const inChunk = Buffer.concat([Buffer.alloc(4_099, 0xee), value, Buffer.alloc(7, 0xdd)])
    t.equal(arena.put(other, inChunk, 4_099, 4_099 + length, 1), hash, `${length} bytes in a larger array`)
    if (length === 0) continue
    const changed = value.slice()
    changed[length - 1]! ^= 1
    t.not(arena.put(other, changed, 0, length, 1), hash)
  }
  t.end()
})

void t.test('a slot that was given back is used again; pages without values go to other sizes, most go back', t => {
  const arena = new ValueArena()
  const fill = (length: number, count: number) => Array.from({ length: count }, () => arena.allocate(length))
  const empty = (addresses: readonly number[]) => {
    for (const address of addresses) arena.release(address)
  }
  const first = fill(256, 25_600)
  t.equal(arena.bytes, 100 * 65_536, 'a value of 256 bytes takes 256')
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < first.length; at += 2) arena.release(first[at]!)
    for (let at = 0; at < first.length; at += 2) first[at] = arena.allocate(250)
  }
  t.equal(arena.bytes, 100 * 65_536)
  t.equal(new Set(first).size, first.length)
  empty(first)
  t.equal(arena.bytes, 64 * 65_536)
  const second = fill(4_096, 64 * 16)
  t.equal(arena.bytes, 64 * 65_536, 'pages of another size')
  const third = fill(8, 8_192 * 40)
  t.equal(arena.bytes, 104 * 65_536, 'numbers of pages that went back are used again')
  t.equal(new Set([...second, ...third]).size, second.length + third.length)
  empty(third)
  empty(second)
  t.equal(arena.bytes, 64 * 65_536)
  t.end()
})
