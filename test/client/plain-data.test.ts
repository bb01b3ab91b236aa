import t from 'tap'
import { notPlainIn } from '../../src/client/plain-data.js'
import { decodeValue, encodeValue } from '../../src/client/values.js'

class Point {
  readonly x = 1
  move(): void {
    throw new Error('never called')
  }
}

class Written {
  readonly inside: unknown
  constructor(inside: unknown) {
    this.inside = inside
  }
  toJSON(): unknown {
    return this.inside
  }
}

void t.test('regression_what_msgpack_would_empty_without_a_word_is_refused', t => {
  const makers: [unknown, string][] = [
    [() => 1, 'a function'],
    [Symbol('s'), 'a symbol'],
    [Promise.resolve(1), 'a Promise'],
    [new WeakMap(), 'a WeakMap'],
    [new WeakSet(), 'a WeakSet'],
    [new WeakRef({}), 'a WeakRef'],
  ]
  for (const [bad, what] of makers) {
    const insides = [bad, { a: bad }, [[bad]], new Map([['k', bad]]), new Set([bad]), new Error('e', { cause: bad })]
    for (const value of [...insides, new Written(bad)]) {
      t.equal(notPlainIn(value), what)
      t.throws(() => encodeValue(value), { code: 'usage', message: new RegExp(`^a value cannot be or hold ${what}`) })
    }
  }
  t.end()
})

void t.test('regression_a_property_named_proto_would_come_back_under_another_name: B05', t => {
  const parsed: unknown = JSON.parse('{"a":[{"__proto__":{"admin":true}}]}')
  for (const value of [parsed, new Map([['__proto__', 1]])]) {
    t.throws(() => encodeValue(value), { code: 'usage', message: /a property named __proto__/ })
  }
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'prototype', '__proto']) {
    t.strictSame(decodeValue(encodeValue({ [name]: 1 })), { [name]: 1 })
  }
  t.end()
})

void t.test('plain data passes, also where a thing is there twice', t => {
  const twice = { a: 1 }
  const values = [
    null,
    1,
    [twice, twice],
    new Point(),
    new Date(5),
    new Written(1),
    new Uint8Array(9),
    { u: undefined },
  ]
  for (const value of values) t.equal(notPlainIn(value), null)
  t.end()
})

void t.test('cycles end, depth is bounded, and a getter that throws is a usage error', t => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  t.equal(notPlainIn(cyclic), null, 'msgpack itself refuses it')
  let deep: unknown = 0
  for (let i = 0; i < 10_000; i++) deep = [deep]
  t.equal(notPlainIn(deep), null)
  t.match(notPlainIn([deep]), /more than 10000 deep/)
  const throwing = {
    get a(): never {
      throw new Error('no')
    },
  }
  t.throws(() => encodeValue(throwing), { code: 'usage' })
  t.end()
})
