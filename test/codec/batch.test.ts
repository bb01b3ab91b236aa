import fc from 'fast-check'
import t from 'tap'
import {
  batchBytes,
  batchWasBegun,
  claimedBatchBytes,
  decodeBatch,
  encodeBatch,
  resetBytes,
} from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import { entryHeaderBytes } from '../../codec/entry.js'
import { commandBytesMax } from '../../codec/limits.js'
import type { Entry } from '../../src/raft/types.js'

const salt = { low: 0x1234_5678, high: 0x9abc_def0 }

const batches = fc.record({
  number: fc.maxSafeNat(),
  currentTerm: fc.maxSafeNat(),
  commitIndex: fc.maxSafeNat(),
  reset: fc.constant(null),
  entries: fc.array(
    fc.record({
      index: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      term: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      kind: fc.constantFrom('noop' as const, 'commands' as const),
      payload: fc.uint8Array({ maxLength: 200 }),
    }),
    { maxLength: 6 },
  ),
})

type Value = Parameters<typeof encodeBatch>[3]

function withRecords(value: { entries: Omit<Entry, 'record'>[] } & Omit<Value, 'entries'>): Value {
  return { ...value, entries: value.entries.map(entry => ({ ...entry, record: null })) }
}

/** Encodes into a buffer that held other things before. */
function encoded(value: Value): Uint8Array {
  const recordsBytes = value.entries.reduce((total, { payload }) => total + entryHeaderBytes + payload.length, 0)
  const target = new Uint8Array(batchBytes(recordsBytes) + 1_000).fill(0xee)
  return target.slice(0, encodeBatch(target, viewOf(target), salt, value))
}

void t.test('B11: a batch comes back whole, and with any flipped bit not at all', t => {
  fc.assert(
    fc.property(batches, fc.nat(), fc.nat(7), (plain, at, bit) => {
      const value = withRecords(plain)
      const bytes = encoded(value)
      t.equal(bytes.length % 64, 0)
      t.equal(claimedBatchBytes(bytes, 0, salt, viewOf(bytes)), bytes.length)
      const batch = decodeBatch(bytes)
      t.match(batch, { number: value.number, currentTerm: value.currentTerm, commitIndex: value.commitIndex })
      t.equal(batch?.seal, value.entries.length === 0)
      t.same(
        batch?.runs
          .flatMap(run => Array.from({ length: run.length }, (_, at) => run.at(at)))
          .map(({ index, term, kind, payload }) => ({ index, term, kind, payload: [...payload] })),
        value.entries.map(({ index, term, kind, payload }) => ({ index, term, kind, payload: [...payload] })),
      )
      bytes[at % bytes.length]! ^= 1 << bit
      t.equal(decodeBatch(bytes), null)
    }),
    { seed: 1, numRuns: 300 },
  )
  t.end()
})

void t.test('B11: a reset comes back, is no seal, and with any flipped bit not at all', t => {
  const reset = { index: 2 ** 53 - 2, term: 77 }
  const target = new Uint8Array(200).fill(0xee)
  const value = { number: 5, currentTerm: 80, commitIndex: 2 ** 53 - 2, entries: [], reset }
  const bytes = target.slice(0, encodeBatch(target, viewOf(target), salt, value))
  t.equal(bytes.length, batchBytes(resetBytes))
  t.strictSame(decodeBatch(bytes), {
    number: 5,
    currentTerm: 80,
    commitIndex: 2 ** 53 - 2,
    reset,
    entryCount: 0,
    seal: false,
    runs: [],
  })
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice()
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    if (decodeBatch(damaged) !== null) t.fail(`bit ${bit}`)
  }
  t.end()
})

void t.test('the largest and the smallest entry fit a batch', t => {
  for (const payloadBytes of [0, commandBytesMax]) {
    const entry: Entry = { index: 1, term: 1, kind: 'commands', payload: new Uint8Array(payloadBytes), record: null }
    const bytes = encoded({ number: 1, currentTerm: 1, commitIndex: 0, entries: [entry], reset: null })
    t.equal(bytes.length, batchBytes(28 + payloadBytes))
    t.equal(decodeBatch(bytes)?.runs[0]?.at(0).payload.length, payloadBytes)
  }
  t.end()
})

void t.test('F03: a batch belongs to one life of a segment', t => {
  const bytes = encoded({ number: 9, currentTerm: 1, commitIndex: 0, entries: [], reset: null })
  const view = viewOf(bytes)
  t.equal(claimedBatchBytes(bytes, 0, { ...salt, low: 1 }, view), 0)
  t.equal(claimedBatchBytes(bytes, 0, { ...salt, high: 1 }, view), 0)
  t.equal(claimedBatchBytes(bytes.subarray(0, 63), 0, salt, viewOf(bytes.subarray(0, 63))), 0)
  t.equal(batchWasBegun(bytes, 0, { ...salt, low: 1 }, view), true, 'half of the salt may be what was damaged')
  t.equal(batchWasBegun(bytes, 0, { low: 1, high: 1 }, view), false)
  t.equal(decodeBatch(new Uint8Array(64)), null, 'zeros are none')
  t.end()
})
