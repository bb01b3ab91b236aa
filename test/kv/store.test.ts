import t from 'tap'
import fc from 'fast-check'
import { messageBytesMax } from '../../codec/limits.js'
import { messageBytes } from '../../codec/messages.js'
import { decodeAnswer, decodeResult, encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import { answerBytesMax, keyBytesMax, valueBytesMax } from '../../src/kv/limits.js'
import { KvStore } from '../../src/kv/store.js'
import type { Expected, KvCommand, KvRecord, Value } from '../../src/kv/types.js'
import { arbitraryType, arbitraryValue, awkwardKeys, hex, restored, snapshotHex, StoreUser, text } from './rig.js'

/** Few keys, so that commands meet. */
const nearKey = fc.uint8Array({ minLength: 1, maxLength: 3, min: 0x7e, max: 0x81 })
const nearValue: fc.Arbitrary<Value> = fc.record({
  type: arbitraryType,
  bytes: fc.uint8Array({ maxLength: 2, max: 1 }),
})
const nearExpected: fc.Arbitrary<Expected> = fc.oneof(
  fc.constant({ by: 'absent' as const }),
  nearValue.map(value => ({ by: 'value' as const, value })),
  fc.nat(40).map(revision => ({ by: 'revision' as const, revision })),
)
const nearCommand: fc.Arbitrary<KvCommand> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), key: nearKey, value: nearValue }),
  fc.record({ op: fc.constant('delete' as const), key: nearKey }),
  fc.record({ op: fc.constant('cas' as const), key: nearKey, expected: nearExpected, value: nearValue }),
)

/** The store as anyone would write it first: a sorted array. */
class Model {
  records: KvRecord[] = []
  revision = 0

  find(key: Uint8Array): KvRecord | undefined {
    return this.records.find(record => hex(record.key) === hex(key))
  }

  apply(command: KvCommand): { status: string; revision: number } {
    this.revision++
    const { key } = command
    const record = this.find(key)
    if (command.op === 'delete' && record === undefined) return { status: 'not-found', revision: 0 }
    if (command.op === 'cas' && !Model.matches(record, command.expected)) {
      return { status: 'mismatch', revision: record?.revision ?? 0 }
    }
    this.records = this.records.filter(other => other !== record)
    if (command.op !== 'delete') this.records.push({ key, value: command.value, revision: this.revision })
    this.records.sort((a, b) => Buffer.compare(a.key, b.key))
    return { status: 'ok', revision: this.revision }
  }

  static matches(record: KvRecord | undefined, expected: Expected): boolean {
    if (expected.by === 'absent') return record === undefined
    if (expected.by === 'revision') return record !== undefined && record.revision === expected.revision
    const { value } = expected
    return record?.value.type === value.type && hex(record.value.bytes) === hex(value.bytes)
  }
}

void t.test('put, get, delete', t => {
  const user = new StoreUser()
  t.equal(user.get(Buffer.from('k')), null)
  t.same(user.put('k', text('one')), { status: 'ok', revision: 1 })
  t.same(user.get(Buffer.from('k')), { value: text('one'), revision: 1 })
  t.same(user.put('k', text('two')), { status: 'ok', revision: 2 })
  t.same(user.get(Buffer.from('k')), { value: text('two'), revision: 2 })
  t.same(user.delete('k'), { status: 'ok', revision: 3 }, 'the revision of the deletion')
  t.equal(user.get(Buffer.from('k')), null)
  t.same(user.delete('k'), { status: 'not-found', revision: 0 })
  t.equal(user.store.size, 0)
  t.equal(user.store.bytes, 0)
  t.end()
})

void t.test('compare-and-set: by absence, by value (type and bytes), by revision', t => {
  const user = new StoreUser()
  const absent: Expected = { by: 'absent' }
  t.same(
    user.cas('k', { by: 'value', value: text('') }, text('x')),
    { status: 'mismatch', revision: 0 },
    'absent is not empty',
  )
  t.same(user.cas('k', { by: 'revision', revision: 0 }, text('x')), { status: 'mismatch', revision: 0 })
  t.same(user.cas('k', absent, text('a')), { status: 'ok', revision: 3 })
  t.same(user.cas('k', absent, text('b')), { status: 'mismatch', revision: 3 })
  t.same(user.cas('k', { by: 'value', value: text('b') }, text('c')), { status: 'mismatch', revision: 3 })
  const bytesOfA: Value = { type: 0, bytes: Buffer.from('a') }
  t.same(user.cas('k', { by: 'value', value: bytesOfA }, text('c')), { status: 'mismatch', revision: 3 }, 'other type')
  t.same(user.cas('k', { by: 'value', value: text('a') }, text('c')), { status: 'ok', revision: 7 })
  t.same(user.cas('k', { by: 'revision', revision: 3 }, text('d')), { status: 'mismatch', revision: 7 })
  t.same(user.cas('k', { by: 'revision', revision: 7 }, text('d')), { status: 'ok', revision: 9 })
  t.same(user.get(Buffer.from('k')), { value: text('d'), revision: 9 })
  t.end()
})

void t.test('large values are compared too, byte for byte', t => {
  const user = new StoreUser()
  const large: Value = { type: 0, bytes: new Uint8Array(20_000).fill(7) }
  const other: Value = { type: 0, bytes: large.bytes.map((byte, at) => (at === 19_999 ? 8 : byte)) }
  user.put('k', large)
  t.match(user.cas('k', { by: 'value', value: other }, text('x')), { status: 'mismatch' })
  t.match(user.cas('k', { by: 'value', value: large }, text('x')), { status: 'ok' })
  t.end()
})

void t.test('C11: what is no command or no query gets an answer that says so, and changes nothing', t => {
  const store = new KvStore()
  t.same(decodeResult(store.apply(Buffer.from('nonsense'), { index: 1, revision: 1 })), {
    status: 'invalid',
    revision: 0,
  })
  t.same(decodeAnswer(store.query(new Uint8Array(0))), { op: 'invalid' })
  t.equal(store.size, 0)
  t.equal(store.stateHash, 0)
  t.throws(() => store.apply(new Uint8Array(0), { index: 2, revision: 1 }), /the revision moves/)
  t.end()
})

void t.test('B08: nothing in the store refers to the bytes of a command', t => {
  for (const length of [0, 1, 300, 4_096, 4_097, 57_344, 1_048_576]) {
    const user = new StoreUser()
    const value: Value = { type: 0, bytes: new Uint8Array(length).fill(5) }
    const command = encodeCommand({ op: 'put', key: Buffer.from('key'), value })
    user.store.apply(command, { index: 1, revision: ++user.revision })
    command.fill(0xee)
    t.equal(hex(user.get(Buffer.from('key'))!.value.bytes), hex(value.bytes), `${length} bytes`)
  }
  t.end()
})

void t.test('B05: byte-exact keys: no two of the awkward ones collapse, and they stand in byte order', t => {
  const user = new StoreUser()
  for (const [i, key] of awkwardKeys.entries()) {
    t.equal(user.get(key), null)
    t.same(user.apply({ op: 'put', key, value: text(`${i}`) }), { status: 'ok', revision: i + 1 })
  }
  t.equal(user.store.size, awkwardKeys.length)
  for (const [i, key] of awkwardKeys.entries()) t.same(user.get(key), { value: text(`${i}`), revision: i + 1 })
  const sorted = [...awkwardKeys].sort((a, b) => Buffer.compare(a, b)).map(hex)
  t.same(
    user.scan(new Uint8Array(0)).records.map(record => hex(record.key)),
    sorted,
  )
  t.equal(snapshotHex(restored(user.store.snapshot())), snapshotHex(user.store))
  for (const key of awkwardKeys) t.match(user.apply({ op: 'delete', key }), { status: 'ok' })
  t.equal(user.store.size, 0)
  t.end()
})

void t.test('the store does what a sorted array does: results, gets, scans in pages, hash', t => {
  fc.assert(
    fc.property(
      fc.array(nearCommand, { maxLength: 60 }),
      fc.uint8Array({ maxLength: 2, min: 0x7e, max: 0x81 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 120 }),
      (commands, prefix, limit, bytesMax) => {
        const user = new StoreUser()
        const model = new Model()
        for (const command of commands) {
          t.same(user.apply(command), model.apply(command))
          t.same(user.get(command.key)?.revision, model.find(command.key)?.revision)
        }
        const wanted = model.records.filter(record => hex(record.key).startsWith(hex(prefix)))
        const found: KvRecord[] = []
        let after = new Uint8Array(0)
        for (;;) {
          const page = user.scan(prefix, after, limit, bytesMax)
          t.equal(page.revision, model.revision)
          t.ok(page.records.length <= limit)
          found.push(...page.records)
          t.equal(page.more, found.length < wanted.length, 'more is said when there is more, and only then')
          if (!page.more) break
          t.ok(page.records.length > 0)
          after = Uint8Array.from(found.at(-1)!.key)
        }
        t.same(found, wanted)
        t.equal(user.store.size, model.records.length)

        const rebuilt = new StoreUser()
        for (const { key, value, revision } of [...model.records].sort((a, b) => a.revision - b.revision)) {
          rebuilt.revision = revision - 1
          rebuilt.apply({ op: 'put', key, value })
        }
        t.equal(rebuilt.store.stateHash, user.store.stateHash, 'equal contents, equal hash, whatever came before')
      },
    ),
    { seed: 1, numRuns: 150 },
  )
  t.end()
})

void t.test('a page of a scan: prefix, after, limit, bytes', t => {
  const user = new StoreUser()
  for (const key of ['a', 'b', 'b1', 'b2', 'b3', 'c']) user.put(key, { type: 0, bytes: new Uint8Array(100) })
  const keys = (...args: Parameters<StoreUser['scan']>) => {
    const { records, more } = user.scan(...args)
    return `${records.map(record => Buffer.from(record.key).toString()).join(' ')}${more ? ' ...' : ''}`
  }
  const none = new Uint8Array(0)
  const b = Buffer.from('b')
  t.equal(keys(none), 'a b b1 b2 b3 c')
  t.equal(keys(b), 'b b1 b2 b3')
  t.equal(keys(b, Buffer.from('b1')), 'b2 b3')
  t.equal(keys(b, Buffer.from('b11')), 'b2 b3', 'a key that is not there')
  t.equal(keys(b, Buffer.from('a')), 'b b1 b2 b3', 'after something below the prefix')
  t.equal(keys(b, Buffer.from('A')), 'b b1 b2 b3', 'after something below, with other keys between')
  t.equal(keys(b, Buffer.from('c')), '', 'after all of the prefix')
  t.equal(keys(b, none, 2), 'b b1 ...')
  t.equal(keys(b, none, 4), 'b b1 b2 b3', 'exactly as many as there are: no more')
  t.equal(keys(b, none, 9, 0), 'b ...', 'at least one record')
  // The header takes 16 bytes, the records 117 and 118.
  t.equal(keys(b, none, 9, 250), 'b ...')
  t.equal(keys(b, none, 9, 251), 'b b1 ...')
  t.equal(keys(Buffer.from('x')), '')
  t.end()
})

void t.test('an answer fits a message, whatever a scan asks for', t => {
  const all = 0xffffffff
  const none = new Uint8Array(0)
  const user = new StoreUser()
  for (let i = 0; i < 300; i++) user.put(`k${100 + i}`, { type: 0, bytes: new Uint8Array(4_000) })
  const page = user.scan(none, none, all, all)
  t.ok(page.more)
  // The header takes 16 bytes, each record 20 beside its value.
  t.equal(page.records.length, Math.floor((answerBytesMax - 16) / 4_020))
  t.equal(page.records.length, 261)

  const longest = Buffer.alloc(keyBytesMax, 'k')
  user.apply({ op: 'put', key: longest, value: { type: 0, bytes: new Uint8Array(valueBytesMax) } })
  const query = { op: 'scan', prefix: Buffer.from('kk'), after: none, limit: all, bytesMax: all } as const
  const result = user.store.query(encodeQuery(query))
  t.ok(result.length <= answerBytesMax, 'the longest key and value are a page')
  const message = { type: 'Answer', to: 'read', requestId: 1, sessionId: 0, code: 'ok', leaderId: 0, result } as const
  t.ok(messageBytes(message) <= messageBytesMax)
  t.end()
})

void t.test('the hash moves with every change and comes back when the change is undone', t => {
  const user = new StoreUser()
  user.put('a', text('1'))
  user.put('b', text('2'))
  const before = user.store.stateHash
  t.ok(Number.isSafeInteger(before) && before > 0)
  const hashes = new Set([before])
  for (const change of [
    () => user.put('c', text('3')),
    () => user.put('c', text('4')),
    () => user.put('c', text('4')),
    () => user.put('c', { type: 0, bytes: Buffer.from('4') }),
    () => user.cas('c', { by: 'absent' }, text('x')),
  ]) {
    change()
    hashes.add(user.store.stateHash)
  }
  t.equal(hashes.size, 5, 'value, revision and type count; a refused command does not')
  user.delete('c')
  t.equal(user.store.stateHash, before)

  const single = ([0, 1, 2] as const).map(type => {
    const other = new StoreUser()
    other.put('k', { type, bytes: Buffer.from('v') })
    return other.store.stateHash
  })
  t.equal(new Set(single).size, 3, 'the type counts by itself')
  t.end()
})

void t.test('C12: equal commands give equal stores, and a restored one goes on as the original does', t => {
  fc.assert(
    fc.property(fc.array(nearCommand, { maxLength: 40 }), fc.array(nearCommand, { maxLength: 20 }), (first, second) => {
      const one = new StoreUser()
      const two = new StoreUser()
      for (const command of first) t.same(one.apply(command), two.apply(command))
      t.equal(one.store.stateHash, two.store.stateHash)
      t.equal(snapshotHex(one.store), snapshotHex(two.store))

      const three = new StoreUser(restored(one.store.snapshot()), one.revision)
      t.equal(three.store.stateHash, one.store.stateHash)
      t.equal(three.store.size, one.store.size)
      t.equal(three.store.bytes, one.store.bytes)
      t.equal(three.scan(new Uint8Array(0)).revision, one.scan(new Uint8Array(0)).revision)
      for (const command of second) t.same(three.apply(command), one.apply(command))
      t.equal(three.store.stateHash, one.store.stateHash)
      t.equal(snapshotHex(three.store), snapshotHex(one.store))
    }),
    { seed: 3, numRuns: 60 },
  )
  t.end()
})

void t.test('S19: restore keeps nothing of what was there before', t => {
  const old = new StoreUser()
  for (let i = 0; i < 1_000; i++) old.put(`old${i}`, text('x'))
  const fresh = new StoreUser()
  fresh.put('new', text('y'))
  old.store.restore(fresh.store.snapshot())
  t.equal(snapshotHex(old.store), snapshotHex(fresh.store))
  t.equal(old.store.stateHash, fresh.store.stateHash)
  t.equal(old.get(Buffer.from('old1')), null)
  old.store.restore(new KvStore().snapshot())
  t.equal(old.store.size, 0)
  t.equal(old.store.stateHash, 0)
  t.end()
})

void t.test('restore refuses what is no snapshot', t => {
  const user = new StoreUser()
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 8 }), arbitraryValue), { minLength: 1 }),
      puts => {
        for (const [key, value] of puts) user.apply({ op: 'put', key, value })
      },
    ),
    { seed: 4, numRuns: 5 },
  )
  const bytes = Buffer.concat([...user.store.snapshot()])
  t.throws(() => restored([]), /as many records/)
  t.throws(() => restored([bytes.subarray(0, 10)]), /begins with its header/)
  t.throws(() => restored([Buffer.concat([Uint8Array.of(9), bytes.subarray(1)])]), /begins with its header/)
  t.throws(() => restored([bytes.subarray(0, -1)]), /whole records/)
  t.throws(() => restored([bytes.subarray(0, 20)]), /as many records/)
  t.end()
})
