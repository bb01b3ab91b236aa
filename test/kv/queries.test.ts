import t from 'tap'
import fc from 'fast-check'
import { decodeAnswer, decodeQuery, encodeAnswer, encodeQuery } from '../../src/kv/commands.js'
import type { KvAnswer, KvQuery } from '../../src/kv/types.js'
import { arbitraryKey, arbitraryValue, hex } from './rig.js'

const uint32 = fc.nat({ max: 0xffffffff })
const prefix = fc.uint8Array({ maxLength: 6 })
const revision = fc.maxSafeNat()

const arbitraryQuery: fc.Arbitrary<KvQuery> = fc.oneof(
  fc.record({ op: fc.constant('get' as const), key: arbitraryKey }),
  fc.record({
    op: fc.constant('scan' as const),
    prefix,
    after: prefix,
    limit: uint32.map(limit => Math.max(1, limit)),
    bytesMax: uint32,
  }),
)
const arbitraryAnswer: fc.Arbitrary<KvAnswer> = fc.oneof(
  fc.record({
    op: fc.constant('get' as const),
    found: fc.option(fc.record({ value: arbitraryValue, revision })),
  }),
  fc.record({
    op: fc.constant('scan' as const),
    revision,
    records: fc.array(fc.record({ key: arbitraryKey, value: arbitraryValue, revision }), { maxLength: 4 }),
    more: fc.boolean(),
  }),
  fc.constant({ op: 'invalid' as const }),
)

const bytes = (...numbers: number[]) => Uint8Array.from(numbers)

void t.test('the bytes are as drawn', t => {
  t.equal(hex(encodeQuery({ op: 'get', key: Buffer.from('k') })), hex(bytes(1, 0, 1, 0, 107)))
  const scan: KvQuery = { op: 'scan', prefix: bytes(5), after: bytes(5, 6), limit: 258, bytesMax: 3 }
  t.equal(hex(encodeQuery(scan)), hex(bytes(2, 0, 1, 0, 2, 0, 0, 0, 2, 1, 0, 0, 3, 0, 0, 0, 5, 5, 6)))
  t.equal(
    hex(encodeAnswer({ op: 'get', found: { value: { type: 2, bytes: bytes(9) }, revision: 7 } })),
    hex(bytes(1, 2, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9)),
  )
  const record = { key: bytes(8), value: { type: 1, bytes: bytes(9) }, revision: 6 } as const
  t.equal(
    hex(encodeAnswer({ op: 'scan', revision: 7, records: [record], more: true })),
    hex(
      bytes(2, 1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, ...[1, 0, 1, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 8, 9]),
    ),
  )
  t.equal(hex(encodeAnswer({ op: 'get', found: null })), '04')
  t.equal(hex(encodeAnswer({ op: 'invalid' })), '03')
  t.end()
})

void t.test('queries and answers come back; cut short or with a tail they are nothing', t => {
  fc.assert(
    fc.property(arbitraryQuery, arbitraryAnswer, (query, answer) => {
      const queryBytes = encodeQuery(query)
      const answerBytes = encodeAnswer(answer)
      t.same(decodeQuery(queryBytes), query)
      t.same(decodeAnswer(answerBytes), answer)
      for (let length = 0; length < queryBytes.length; length++) {
        t.equal(decodeQuery(queryBytes.subarray(0, length)), null)
      }
      for (let length = 0; length < answerBytes.length; length++) {
        t.equal(decodeAnswer(answerBytes.subarray(0, length)), null)
      }
      t.equal(decodeQuery(Buffer.concat([queryBytes, bytes(0)])), null)
      t.equal(decodeAnswer(Buffer.concat([answerBytes, bytes(0)])), null)
    }),
    { seed: 1, numRuns: 100 },
  )
  t.end()
})

void t.test('B01: arbitrary bytes never throw, and what means something has no other bytes', t => {
  const mutate = ([encoded, at, byte]: [Uint8Array, number, number]) => {
    encoded[at % encoded.length] = byte
    return encoded
  }
  const flaw = [fc.nat(40), fc.nat(255)] as const
  fc.assert(
    fc.property(
      fc.oneof(fc.tuple(arbitraryQuery.map(encodeQuery), ...flaw).map(mutate), fc.uint8Array({ maxLength: 30 })),
      fc.oneof(fc.tuple(arbitraryAnswer.map(encodeAnswer), ...flaw).map(mutate), fc.uint8Array({ maxLength: 60 })),
      (queryBytes, answerBytes) => {
        const query = decodeQuery(queryBytes)
        if (query !== null) t.equal(hex(encodeQuery(query)), hex(queryBytes))
        const answer = decodeAnswer(answerBytes)
        if (answer !== null) t.equal(hex(encodeAnswer(answer)), hex(answerBytes))
      },
    ),
    { seed: 2, numRuns: 1_000 },
  )
  t.end()
})

void t.test('limits', t => {
  t.throws(() => encodeQuery({ op: 'get', key: new Uint8Array(0) }), /a key has 1 to/)
  t.throws(() => encodeQuery({ op: 'get', key: new Uint8Array(1_025) }), /a key has 1 to/)
  const scan = { op: 'scan', prefix: bytes(), after: bytes(), limit: 1, bytesMax: 1 } as const
  t.throws(() => encodeQuery({ ...scan, limit: 0 }), /a record at least/)
  t.throws(() => encodeQuery({ ...scan, prefix: new Uint8Array(1_025) }), /a key has at most/)
  t.match(decodeQuery(encodeQuery({ ...scan, limit: Infinity })), { limit: 0xffffffff }, 'no limit is a large limit')
  const manyRecords = bytes(2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255)
  t.equal(decodeAnswer(manyRecords), null, 'a number of records that a stranger wrote')
  t.end()
})
