import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { decodeRecord, entryHeaderBytes, recordBytes, recordOf } from '../../codec/entry.js'
import { type Entry, entryOverheadBytes } from '../../src/raft/types.js'
import { awkwardIds, hex, hexOf, join, recordWith, tooLargeIds } from './bytes.js'
import { anyBytes, anyId, anyRecord, shownEntry } from './checks.js'

const anyEntry: fc.Arbitrary<Entry> = anyRecord({
  index: anyId(1),
  term: anyId(1),
  kind: fc.constantFrom('noop', 'commands'),
  payload: anyBytes(60),
  record: fc.constant(null),
})

void t.test('a record has the bytes that the drawing says', t => {
  const payload = hex('c0ffee')
  const entry: Entry = { index: 2 ** 32 + 5, term: 7, kind: 'commands', payload, record: null }
  const golden = `1f000000 f54d3703 02 000000 0500000001000000 0700000000000000 c0ffee`
  t.equal(hexOf(recordOf(entry)), hexOf(hex(golden)))
  t.equal(hexOf(recordOf(entry)), hexOf(recordWith({ index: 2 ** 32 + 5, term: 7, payload })), 'checksum by bits')
  t.equal(hexOf(recordOf({ ...entry, kind: 'noop', record: null })).slice(16, 18), '01', 'a noop is kind 1')
  t.equal(entryHeaderBytes, entryOverheadBytes)
  t.end()
})

void t.test('a record is made once and kept', t => {
  const entry: Entry = { index: 1, term: 1, kind: 'noop', payload: hex(''), record: null }
  const record = recordOf(entry)
  t.equal(entry.record, record)
  t.equal(recordOf(entry), record)
  t.equal(recordBytes(entry), record.length)
  t.end()
})

void t.test('round trip at any offset; record and payload are parts of what was read', t => {
  fc.assert(
    fc.property(anyEntry, anyBytes(9), anyBytes(9), (entry, before, after) => {
      const bytes = join(before, recordOf(entry), after)
      const decoded = decodeRecord(bytes, before.length)
      if (decoded?.payload.buffer !== bytes.buffer || decoded.record.buffer !== bytes.buffer) return false
      assert.deepStrictEqual(shownEntry(decoded), entry)
      return true
    }),
    { seed: 2 },
  )
  t.end()
})

void t.test('payloads of any length, also none and the largest', t => {
  for (const length of [0, 1, 59_000, 2 ** 20]) {
    const entry: Entry = { index: 1, term: 1, kind: 'commands', payload: new Uint8Array(length).fill(9), record: null }
    t.equal(decodeRecord(recordOf(entry), 0)?.payload.length, length)
  }
  t.end()
})

void t.test('every truncation and every flipped bit is refused', t => {
  fc.assert(
    fc.property(anyEntry, entry => {
      const record = recordOf(entry)
      for (let length = 0; length < record.length; length++) {
        if (decodeRecord(record.subarray(0, length), 0) !== null) return false
      }
      for (let bit = 0; bit < record.length * 8; bit++) {
        // Followed by zeros, so that a length made larger still lies within the bytes.
        const flipped = join(record, new Uint8Array(600))
        flipped[bit >>> 3]! ^= 1 << (bit & 7)
        if (decodeRecord(flipped, 0) !== null) return false
      }
      return true
    }),
    { seed: 3, numRuns: 20 },
  )
  t.end()
})

void t.test('B11: no two flipped bits of a record pass, wherever they are', t => {
  for (const kind of ['noop', 'commands'] as const) {
    const entry: Entry = { index: 9, term: 4, kind, payload: hex('c0ffee'), record: null }
    const bytes = join(recordOf(entry), new Uint8Array(300))
    const flip = (bit: number) => (bytes[bit >>> 3]! ^= 1 << (bit & 7))
    const bits = recordOf(entry).length * 8
    for (let one = 0; one < bits; one++) {
      flip(one)
      for (let other = one + 1; other < bits; other++) {
        flip(other)
        if (decodeRecord(bytes, 0) !== null) t.fail(`${kind}: bits ${one} and ${other}`)
        flip(other)
      }
      flip(one)
    }
    t.not(decodeRecord(bytes, 0), null)
  }
  t.end()
})

void t.test('F03: zeros never parse, wherever one looks', t => {
  const zeros = new Uint8Array(200)
  for (let offset = 0; offset <= zeros.length; offset++) t.equal(decodeRecord(zeros, offset), null)
  t.equal(decodeRecord(recordWith({ length: 0, index: 1, term: 1 }), 0), null, 'nor an empty length')
  t.end()
})

void t.test('a right checksum does not make a record of everything', t => {
  const accepted = recordWith({ index: 1, term: 1 })
  t.not(decodeRecord(accepted, 0), null, 'the builder builds what is accepted')
  const refused = {
    'length below the header': recordWith({ length: 27, index: 1, term: 1 }),
    'length beyond the bytes': recordWith({ length: 29, index: 1, term: 1 }),
    'one byte more than there is, sealed for those there are': join(hex('1d'), accepted.subarray(1)),
    'the largest length': recordWith({ length: 2 ** 32 - 1, index: 1, term: 1 }),
    'kind 0': recordWith({ kind: 0, index: 1, term: 1 }),
    'kind 3': recordWith({ kind: 3, index: 1, term: 1 }),
    padding: recordWith({ padding: 1, index: 1, term: 1 }),
    'index 0': recordWith({ index: 0, term: 1 }),
    'term 0': recordWith({ index: 1, term: 0 }),
    'a wrong checksum': recordWith({ checksum: 1, index: 1, term: 1 }),
  }
  for (const [what, record] of Object.entries(refused)) t.equal(decodeRecord(record, 0), null, what)
  for (const id of tooLargeIds) {
    t.equal(decodeRecord(recordWith({ index: id, term: 1 }), 0), null, `index ${id.toString()}`)
    t.equal(decodeRecord(recordWith({ index: 1, term: id }), 0), null, `term ${id.toString()}`)
  }
  for (const id of awkwardIds.slice(1)) {
    t.match(decodeRecord(recordWith({ index: id, term: id }), 0), { index: id, term: id }, `${id} is one`)
  }
  t.end()
})

void t.test('an entry before the first is not written', t => {
  const entry: Entry = { index: 0, term: 1, kind: 'noop', payload: hex(''), record: null }
  t.throws(() => recordOf(entry), { name: 'InvariantError' })
  t.end()
})

void t.test('B11: random bytes are never taken for a record, and never throw', t => {
  fc.assert(
    fc.property(anyBytes(200), fc.nat(210), (bytes, offset) => decodeRecord(bytes, offset) === null),
    { seed: 4, numRuns: 2000 },
  )
  t.end()
})
