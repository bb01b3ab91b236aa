import t from 'tap'
import fc from 'fast-check'
import * as formatLimits from '../../codec/limits.js'
import { decodeCommand, decodeResult, encodeCommand, encodeResult } from '../../src/kv/commands.js'
import { commandBytesMax, keyBytesMax, valueBytesMax } from '../../src/kv/limits.js'
import type { Expected, KvCommand, KvResult } from '../../src/kv/types.js'
import { arbitraryKey, arbitraryValue, hex } from './rig.js'

const revision = fc.maxSafeNat()
const arbitraryExpected: fc.Arbitrary<Expected> = fc.oneof(
  fc.constant({ by: 'absent' as const }),
  arbitraryValue.map(value => ({ by: 'value' as const, value })),
  revision.map(revision => ({ by: 'revision' as const, revision })),
)
const arbitraryCommand: fc.Arbitrary<KvCommand> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), key: arbitraryKey, value: arbitraryValue }),
  fc.record({ op: fc.constant('delete' as const), key: arbitraryKey }),
  fc.record({ op: fc.constant('cas' as const), key: arbitraryKey, expected: arbitraryExpected, value: arbitraryValue }),
)

const bytes = (...numbers: number[]) => Uint8Array.from(numbers)
const key = Buffer.from('k')
const value = { type: 1, bytes: Buffer.from('vw') } as const

void t.test('the limits are those of the formats', t => {
  t.equal(keyBytesMax, formatLimits.keyBytesMax)
  t.equal(valueBytesMax, formatLimits.valueBytesMax)
  t.equal(commandBytesMax, formatLimits.commandBytesMax)
  t.end()
})

void t.test('the bytes are as drawn', t => {
  const drawn: [KvCommand, Uint8Array][] = [
    [{ op: 'put', key, value }, bytes(1, 1, 1, 0, 2, 0, 0, 0, 107, 118, 119)],
    [{ op: 'delete', key }, bytes(2, 0, 1, 0, 107)],
    [{ op: 'cas', key, expected: { by: 'absent' }, value }, bytes(3, 1, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 107, 118, 119)],
    [
      { op: 'cas', key, expected: { by: 'value', value: { type: 2, bytes: bytes(7) } }, value },
      bytes(3, 1, 1, 0, 2, 0, 0, 0, 1, 2, 0, 0, 1, 0, 0, 0, 107, 118, 119, 7),
    ],
    [
      { op: 'cas', key, expected: { by: 'revision', revision: 2 ** 32 + 5 }, value },
      bytes(3, 1, 1, 0, 2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 107, 118, 119),
    ],
  ]
  for (const [command, expected] of drawn) t.equal(hex(encodeCommand(command)), hex(expected), command.op)
  t.equal(hex(encodeResult({ status: 'mismatch', revision: 2 ** 32 + 5 })), hex(bytes(2, 5, 0, 0, 0, 1, 0, 0, 0)))
  t.end()
})

void t.test('every command comes back, whatever stands around it', t => {
  fc.assert(
    fc.property(arbitraryCommand, command => {
      const encoded = encodeCommand(command)
      t.same(decodeCommand(encoded), command)
      const framed = Buffer.concat([bytes(9, 9, 9), encoded, bytes(9)])
      t.same(decodeCommand(framed.subarray(3, -1)), command)
    }),
    { seed: 2, numRuns: 200 },
  )
  t.end()
})

void t.test('what is cut short or has a tail is no command', t => {
  fc.assert(
    fc.property(arbitraryCommand, command => {
      const encoded = encodeCommand(command)
      for (let length = 0; length < encoded.length; length++) t.equal(decodeCommand(encoded.subarray(0, length)), null)
      t.equal(decodeCommand(Buffer.concat([encoded, bytes(0)])), null)
    }),
    { seed: 3, numRuns: 50 },
  )
  t.end()
})

void t.test('B01: arbitrary bytes never throw, and what is a command has no other bytes', t => {
  const mutated = fc.tuple(arbitraryCommand, fc.nat(), fc.nat(255)).map(([command, at, byte]) => {
    const encoded = encodeCommand(command)
    encoded[at % Math.min(24, encoded.length)] = byte
    return encoded
  })
  let commands = 0
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), candidate => {
      const command = decodeCommand(candidate)
      if (command === null) return
      commands++
      t.equal(hex(encodeCommand(command)), hex(candidate))
    }),
    { seed: 4, numRuns: 2_000 },
  )
  t.ok(commands > 100, `${commands} of the candidates were commands`)
  t.end()
})

void t.test('B05: the limit is taken, one more is refused', t => {
  const longKey = new Uint8Array(keyBytesMax)
  const longValue = { type: 0, bytes: new Uint8Array(valueBytesMax) } as const
  const longest = encodeCommand({ op: 'put', key: longKey, value: longValue })
  t.ok(decodeCommand(longest))
  t.ok(decodeCommand(encodeCommand({ op: 'put', key, value: { type: 0, bytes: new Uint8Array(0) } })))

  const tooLarge = { type: 0, bytes: new Uint8Array(valueBytesMax + 1) } as const
  t.throws(() => encodeCommand({ op: 'put', key, value: tooLarge }), /a value has at most/)
  t.throws(() => encodeCommand({ op: 'delete', key: new Uint8Array(0) }), /a key has 1 to/)
  t.throws(() => encodeCommand({ op: 'delete', key: new Uint8Array(keyBytesMax + 1) }), /a key has 1 to/)
  const both = { by: 'value', value: longValue } as const
  const largest = encodeCommand({ op: 'cas', key: longKey, expected: both, value: longValue })
  t.match(decodeCommand(largest), { op: 'cas', expected: { by: 'value' } }, 'both values of a compare-and-set')
  t.equal(decodeCommand(new Uint8Array(commandBytesMax + 1)), null)
  t.throws(() => encodeCommand({ op: 'cas', key, expected: { by: 'value', value: tooLarge }, value }), /a value has/)

  t.equal(decodeCommand(Buffer.concat([bytes(2, 0, 0, 0)])), null, 'an empty key')
  t.equal(decodeCommand(Buffer.concat([bytes(2, 0, 1, 4), new Uint8Array(1_025)])), null, 'a key of 1,025 bytes')
  const header = bytes(1, 0, 1, 0, 1, 0, 16, 0, 107)
  t.equal(decodeCommand(Buffer.concat([header, new Uint8Array(valueBytesMax + 1)])), null, 'a value one too large')
  t.equal(decodeCommand(bytes(1, 0, 1, 0, 255, 255, 255, 255, 107)), null, 'a length of 4 GiB')
  t.equal(decodeCommand(bytes(1, 3, 1, 0, 0, 0, 0, 0, 107)), null, 'an unknown type')
  t.end()
})

void t.test('results', t => {
  for (const status of ['ok', 'not-found', 'mismatch', 'invalid'] as const) {
    const result: KvResult = { status, revision: 2 ** 53 - 1 }
    t.same(decodeResult(encodeResult(result)), result)
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 10 }), candidate => {
      const result = decodeResult(candidate)
      if (result !== null) t.equal(hex(encodeResult(result)), hex(candidate))
    }),
    { seed: 5 },
  )
  t.equal(decodeResult(bytes(4, 0, 0, 0, 0, 0, 0, 0, 0)), null, 'an unknown status')
  t.equal(decodeResult(bytes(0, 0, 0, 0, 0, 0, 0, 32, 0)), null, 'a revision of 2^53')
  t.end()
})
