import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  commandBytes,
  commandHeaderBytes,
  commandsEntry,
  commandsOverheadBytes,
  decodeCommands,
} from '../../codec/commands.js'
import { recordBytes, recordOf } from '../../codec/entry.js'
import { commandBytesMax } from '../../codec/limits.js'
import type { Entry } from '../../src/raft/types.js'
import type { SessionCommand } from '../../src/session/types.js'
import { awkwardIds, hex, hexOf, join, tooLargeIds, uint } from './bytes.js'
import { anyBytes, anyId, anyRecord, encodeCommands, shownEntry } from './checks.js'

const anyCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  fc.constant({ kind: 'open' } as const),
  anyRecord({
    kind: fc.constant('execute' as const),
    sessionId: anyId(),
    sequence: anyId(),
    answeredUpTo: anyId(),
    command: anyBytes(40),
  }),
)
const anyBatch = fc.array(anyCommand, { maxLength: 6 })

void t.test('a batch has the bytes that the drawing says', t => {
  const batch: SessionCommand[] = [
    { kind: 'open' },
    { kind: 'execute', sessionId: 7, sequence: 2 ** 32, answeredUpTo: 1, command: hex('c0ffee') },
  ]
  const golden = `01 020000  01 000000  02 1b0000 0700000000000000 0000000001000000 0100000000000000 c0ffee`
  t.equal(hexOf(encodeCommands(batch)), hexOf(hex(golden)))
  t.strictSame(decodeCommands(hex(golden)), batch)
  t.end()
})

void t.test('B02: round trip, with one form in bytes, of the size that was said', t => {
  fc.assert(
    fc.property(anyBatch, batch => {
      const payload = encodeCommands(batch)
      const decoded = decodeCommands(payload)
      if (decoded === null) return false
      assert.deepStrictEqual(decoded, batch)
      const total = batch.reduce((sum, command) => sum + commandBytes(command), commandsOverheadBytes)
      return payload.length === total && hexOf(encodeCommands(decoded)) === hexOf(payload)
    }),
    { seed: 9, numRuns: 300 },
  )
  t.end()
})

void t.test('the entry of a batch is that of its payload, made in one go', t => {
  fc.assert(
    fc.property(anyBatch, anyId(1), anyId(1), (batch, index, term) => {
      const payload = encodeCommands(batch)
      const entry = commandsEntry(batch, index, term)
      const plain: Entry = { index, term, kind: 'commands', payload, record: null }
      const record = recordOf(plain)
      assert.deepStrictEqual(shownEntry(entry), plain)
      return recordOf(entry).length === record.length && entry.recordBytes === recordBytes(plain)
    }),
    { seed: 10, numRuns: 300 },
  )
  const entries = [1, 2, 3].map(index => commandsEntry([{ kind: 'open' }], index, 5))
  t.strictSame(
    entries.map(({ index }) => index),
    [1, 2, 3],
  )
  for (const entry of entries) t.strictSame(decodeCommands(entry.payload), [{ kind: 'open' }], 'none is written over')
  t.end()
})

void t.test('a truncated batch is no batch, and a changed one another', t => {
  fc.assert(
    fc.property(anyBatch, batch => {
      const payload = encodeCommands(batch)
      for (let length = 0; length < payload.length; length++) {
        if (decodeCommands(payload.subarray(0, length)) !== null) return false
      }
      for (let bit = 0; bit < payload.length * 8; bit++) {
        const flipped = payload.slice()
        flipped[bit >>> 3]! ^= 1 << (bit & 7)
        const decoded = decodeCommands(flipped)
        if (decoded !== null && hexOf(encodeCommands(decoded)) !== hexOf(flipped)) return false
      }
      return true
    }),
    { seed: 10, numRuns: 30 },
  )
  t.end()
})

void t.test('only whole batches are accepted', t => {
  const refused = {
    'nothing at all': '',
    'another form': '02 000000',
    'form 0': '00 000000',
    'fewer commands than counted': '01 020000 01 000000',
    'more commands than counted': '01 000000 01 000000',
    'a count of everything': '01 ffffff',
    'kind 0': '01 010000 00 000000',
    'kind 3': '01 010000 03 000000',
    'an open with something in it': '01 010000 01 010000 00',
    'an execute that ends early': `01 010000 02 170000 ${'00'.repeat(23)}`,
    'a length beyond the end': `01 010000 02 190000 ${'00'.repeat(24)}`,
    'a length of everything': `01 010000 02 ffffff ${'00'.repeat(24)}`,
    'half a head': '01 010000 01 0000',
    'a byte left over': '01 010000 01 000000 00',
  }
  for (const [what, payload] of Object.entries(refused)) t.equal(decodeCommands(hex(payload)), null, what)
  t.strictSame(decodeCommands(hex('01 000000')), [], 'a batch of none')
  t.end()
})

void t.test('B04: ids are exact up to 2^53-1 and refused above', t => {
  const execute = (...ids: (number | bigint)[]) =>
    decodeCommands(join(hex('01 010000 02 180000'), ...ids.map(id => uint(id, 8))))
  for (const id of awkwardIds) {
    t.match(execute(id, id, id), [{ sessionId: id, sequence: id, answeredUpTo: id }], `${id}`)
  }
  for (const id of tooLargeIds) {
    t.equal(execute(id, 1, 1), null, `sessionId ${id.toString()}`)
    t.equal(execute(1, id, 1), null, `sequence ${id.toString()}`)
    t.equal(execute(1, 1, id), null, `answeredUpTo ${id.toString()}`)
  }
  t.end()
})

void t.test('the bytes of commands are parts of the payload; the largest command has room', t => {
  const command = new Uint8Array(commandBytesMax).fill(7)
  const largest: SessionCommand = { kind: 'execute', sessionId: 1, sequence: 1, answeredUpTo: 0, command }
  t.equal(commandBytes(largest), commandHeaderBytes + commandBytesMax)
  const payload = encodeCommands([largest])
  const decoded = decodeCommands(payload)?.[0]
  t.strictSame(decoded, largest)
  if (decoded?.kind === 'execute') t.equal(decoded.command.buffer, payload.buffer)
  t.end()
})

void t.test('B01: random bytes never throw', t => {
  fc.assert(
    fc.property(anyBytes(80), fc.boolean(), (bytes, isMarked) => {
      const payload = isMarked
        ? join(
            hex('01 010000'),
            bytes.map(byte => byte & 3),
          )
        : bytes
      const decoded = decodeCommands(payload)
      return decoded === null || hexOf(encodeCommands(decoded)) === hexOf(payload)
    }),
    { seed: 11, numRuns: 3000 },
  )
  t.end()
})
