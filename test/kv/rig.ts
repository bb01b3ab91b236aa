/** What the tests of the store share: keys and values to try, and a store that is spoken to in values, not bytes. */
import fc from 'fast-check'
import { decodeAnswer, decodeResult, encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import { KvStore } from '../../src/kv/store.js'
import type { Expected, KvAnswer, KvCommand, KvResult, Value, ValueType } from '../../src/kv/types.js'

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function text(value: string): Value {
  return { type: 1, bytes: Buffer.from(value) }
}

export const arbitraryKey = fc.uint8Array({ minLength: 1, maxLength: 12 })
export const arbitraryType = fc.constantFrom<ValueType>(0, 1, 2)
export const arbitraryValue: fc.Arbitrary<Value> = fc.record({
  type: arbitraryType,
  bytes: fc.uint8Array({ maxLength: 20 }),
})

/** Keys that a store built on objects, on UTF-8 strings or on normalized text would confuse. */
export const awkwardKeys: readonly Uint8Array[] = [
  ...[
    'a',
    '\0',
    '\0\0',
    'a\0',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '0',
    '-1',
    ' ',
  ].map(key => Buffer.from(key)),
  Buffer.from('\u00e9'.normalize('NFC')),
  Buffer.from('\u00e9'.normalize('NFD')),
  Uint8Array.of(0xff),
  Uint8Array.of(0xfe),
  Uint8Array.of(0xc0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x81),
  Uint8Array.of(0xef, 0xbf, 0xbd),
  Uint8Array.of(0x80),
  new Uint8Array(1_024),
  new Uint8Array(1_023),
]

/** A store with a revision counter, as Sessions gives it one. */
export class StoreUser {
  readonly store: KvStore
  revision = 0

  constructor(store = new KvStore(), revision = 0) {
    this.store = store
    this.revision = revision
  }

  apply(command: KvCommand): KvResult {
    const result = this.store.apply(encodeCommand(command), { index: 1, revision: ++this.revision })
    return decodeResult(result)!
  }

  put(key: string, value: Value): KvResult {
    return this.apply({ op: 'put', key: Buffer.from(key), value })
  }

  delete(key: string): KvResult {
    return this.apply({ op: 'delete', key: Buffer.from(key) })
  }

  cas(key: string, expected: Expected, value: Value): KvResult {
    return this.apply({ op: 'cas', key: Buffer.from(key), expected, value })
  }

  get(key: Uint8Array): { readonly value: Value; readonly revision: number } | null {
    const answer = decodeAnswer(this.store.query(encodeQuery({ op: 'get', key })))
    if (answer?.op !== 'get') throw new Error('a get is answered')
    return answer.found
  }

  scan(prefix: Uint8Array, after = new Uint8Array(0), limit = 1_000, bytesMax = 50_000): KvAnswer & { op: 'scan' } {
    const answer = decodeAnswer(this.store.query(encodeQuery({ op: 'scan', prefix, after, limit, bytesMax })))
    if (answer?.op !== 'scan') throw new Error('a scan is answered')
    return answer
  }
}

/** A store restored from chunks. */
export function restored(chunks: Iterable<Uint8Array>): KvStore {
  const store = new KvStore()
  store.restore(chunks)
  return store
}

/** All bytes of a snapshot. */
export function snapshotHex(store: KvStore): string {
  return hex(Buffer.concat([...store.snapshot()]))
}
