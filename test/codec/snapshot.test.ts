import fc from 'fast-check'
import t from 'tap'
import { viewOf } from '../../codec/cursor.js'
import {
  chunkBytesMax,
  chunkCount,
  chunkHeaderBytes,
  chunkOffset,
  chunkPayloadBytes,
  chunkPayloadBytesMax,
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  hashChunk,
  openChunk,
  pagedChunks,
  sealChunk,
  snapshotFileBytes,
  snapshotHeaderBytes,
  snapshotVotersMax,
  type SnapshotHeader,
} from '../../codec/snapshot.js'
import { anyId, anyRecord } from './checks.js'
import { hexOf, join, referenceChecksum, text, tooLargeIds, uint } from './bytes.js'

const anyHeader = anyRecord<SnapshotHeader>({
  clusterId: anyId(),
  serverId: fc.integer({ min: 1, max: 65_535 }),
  incarnation: anyId(),
  lastIncludedIndex: anyId(1),
  lastIncludedTerm: anyId(1),
  totalBytes: anyId(),
  hash: anyId(),
  voters: fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: snapshotVotersMax }),
})

/** A header put together field by field, with a right checksum. */
function headerWith(fields: {
  version?: number
  index?: number | bigint
  term?: number | bigint
  totalBytes?: number | bigint
  hash?: number | bigint
  clusterId?: number | bigint
  incarnation?: number | bigint
  voterCount?: number
  voters?: readonly number[]
  tail?: number
}): Uint8Array {
  const { voters = [1, 2, 3] } = fields
  const head = join(
    uint(fields.version ?? 4, 4),
    uint(4, 4),
    uint(fields.clusterId ?? 5, 8),
    uint(fields.incarnation ?? 6, 8),
    uint(fields.index ?? 7, 8),
    uint(fields.term ?? 8, 8),
    uint(fields.totalBytes ?? 9, 8),
    uint(fields.hash ?? 10, 8),
    uint(fields.voterCount ?? voters.length, 4),
    ...voters.map(voter => uint(voter, 4)),
  )
  const padding = new Uint8Array(snapshotHeaderBytes - 8 - head.length)
  if (fields.tail !== undefined) padding[padding.length - 1] = fields.tail
  const guarded = join(head, padding)
  return join(text('RGSN'), uint(referenceChecksum(guarded), 4), guarded)
}

/** Chunk `number` with this payload. */
function chunkOf(number: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(chunkHeaderBytes + payload.length)
  bytes.set(payload, chunkHeaderBytes)
  sealChunk(bytes, viewOf(bytes), 0, number, payload.length)
  return bytes
}

void t.test('a header has the bytes that are drawn', t => {
  const header = {
    clusterId: 5,
    serverId: 4,
    incarnation: 6,
    lastIncludedIndex: 7,
    lastIncludedTerm: 8,
    totalBytes: 9,
    hash: 10,
    voters: [1, 2, 3],
  }
  t.equal(hexOf(encodeSnapshotHeader(header)), hexOf(headerWith({})))
  t.same(decodeSnapshotHeader(headerWith({})), header)
  t.end()
})

void t.test('a header comes back, and no flipped bit passes', t => {
  fc.assert(
    fc.property(anyHeader, fc.nat(snapshotHeaderBytes - 1), fc.nat(7), (value, at, bit) => {
      const bytes = encodeSnapshotHeader(value)
      t.same(decodeSnapshotHeader(bytes), value)
      bytes[at]! ^= 1 << bit
      t.equal(decodeSnapshotHeader(bytes), null)
    }),
    { seed: 1, numRuns: 300 },
  )
  const bytes = headerWith({})
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >>> 3]! ^= 1 << (bit & 7)
    if (decodeSnapshotHeader(bytes) !== null) t.fail(`bit ${bit}`)
    bytes[bit >>> 3]! ^= 1 << (bit & 7)
  }
  for (let length = 0; length < bytes.length; length++) {
    if (decodeSnapshotHeader(bytes.subarray(0, length)) !== null) t.fail(`${length} bytes`)
  }
  t.equal(decodeSnapshotHeader(new Uint8Array(snapshotHeaderBytes)), null, 'zeros are none')
  t.end()
})

void t.test('a header that says what cannot be is none, whatever its checksum says', t => {
  for (const id of tooLargeIds) {
    for (const field of ['clusterId', 'incarnation', 'index', 'term', 'totalBytes', 'hash'] as const) {
      t.equal(decodeSnapshotHeader(headerWith({ [field]: id })), null, `${field} ${id}`)
    }
  }
  t.equal(decodeSnapshotHeader(headerWith({ index: 0 })), null)
  t.equal(decodeSnapshotHeader(headerWith({ term: 0 })), null)
  t.equal(decodeSnapshotHeader(headerWith({ voters: [0] })), null)
  t.equal(decodeSnapshotHeader(headerWith({ voters: [65_536] })), null)
  t.equal(decodeSnapshotHeader(headerWith({ voterCount: 4 })), null, 'a count beyond the voters')
  t.equal(decodeSnapshotHeader(headerWith({ voterCount: 2 ** 32 - 1 })), null, 'nothing is made by a count that lies')
  t.equal(decodeSnapshotHeader(headerWith({ tail: 1 })), null)
  t.throws(() => encodeSnapshotHeader({ ...headerOf(), voters: Array<number>(snapshotVotersMax + 1).fill(1) }))
  t.end()
})

function headerOf(): SnapshotHeader {
  return decodeSnapshotHeader(headerWith({})) as SnapshotHeader
}

void t.test('another version is told apart from damage', t => {
  t.equal(decodeSnapshotHeader(headerWith({ version: 5 })), 'other-version')
  t.equal(decodeSnapshotHeader(headerWith({ version: 3 })), null, 'not with a header of this version')
  t.end()
})

void t.test('regression_a_snapshot_of_the_version_before_is_not_called_damaged', t => {
  const guarded = new Uint8Array(504)
  guarded[0] = 3
  const header = join(text('RGSN'), uint(referenceChecksum(guarded), 4), guarded)
  for (const bytes of [header, join(header, new Uint8Array(40)), join(header, new Uint8Array(40_000).fill(7))]) {
    t.equal(decodeSnapshotHeader(bytes), 'other-version', `a file of ${bytes.length} bytes`)
  }
  header[100]! ^= 1
  t.equal(decodeSnapshotHeader(header), null, 'unless it is damaged')
  t.end()
})

void t.test('a chunk has the bytes that are drawn', t => {
  const payload = text('what the body holds')
  const guarded = join(uint(payload.length, 4), payload)
  const expected = join(uint(referenceChecksum(join(uint(3, 4), guarded)), 4), guarded)
  t.equal(hexOf(chunkOf(3, payload)), hexOf(expected))
  t.same(openChunk(expected, viewOf(expected), 0, 3, payload.length), payload)
  t.end()
})

void t.test('no flipped bit, no other place, no other length and no truncation of a chunk passes', t => {
  const payload = text('fifty bytes of a body that is cut here and there..')
  const bytes = join(text('before'), chunkOf(9, payload), text('after'))
  const open = (number = 9, payloadBytes = payload.length, at = 6): Uint8Array | null =>
    openChunk(bytes, viewOf(bytes), at, number, payloadBytes)
  t.same(open(), payload)
  t.equal(open(8), null)
  t.equal(open(9 + 2 ** 31), null)
  for (let length = 0; length < 70; length++) if (length !== payload.length && open(9, length) !== null) t.fail()
  for (let bit = 6 * 8; bit < (bytes.length - 5) * 8; bit++) {
    bytes[bit >>> 3]! ^= 1 << (bit & 7)
    if (open() !== null) t.fail(`bit ${bit}`)
    bytes[bit >>> 3]! ^= 1 << (bit & 7)
  }
  const chunk = chunkOf(9, payload)
  for (let length = chunkHeaderBytes; length < chunk.length; length++) {
    const cut = chunk.slice(0, length)
    if (openChunk(cut, viewOf(cut), 0, 9, payload.length) !== null) t.fail(`${length} bytes`)
    viewOf(cut).setUint32(4, length - chunkHeaderBytes, true)
    if (openChunk(cut, viewOf(cut), 0, 9, length - chunkHeaderBytes) !== null) t.fail(`${length} bytes that say so`)
  }
  viewOf(chunk).setUint32(4, 2 ** 32 - 1, true)
  t.equal(openChunk(chunk, viewOf(chunk), 0, 9, payload.length), null)
  t.end()
})

void t.test('places and lengths follow from the length of the body', t => {
  t.equal(chunkBytesMax, 31_744)
  for (const [totalBytes, chunks, fileBytes] of [
    [0, 0, 4_096],
    [1, 1, 4_096 + 8 + 1],
    [31_736, 1, 4_096 + 31_744],
    [31_737, 2, 4_096 + 31_744 + 9],
    [3 * 31_736, 3, 4_096 + 3 * 31_744],
  ] as const) {
    t.equal(chunkCount(totalBytes), chunks)
    t.equal(snapshotFileBytes(totalBytes), fileBytes)
    if (chunks === 0) continue
    const last = chunks - 1
    t.equal(chunkOffset(last) + chunkHeaderBytes + chunkPayloadBytes(totalBytes, last), fileBytes)
    for (let number = 0; number < last; number++) {
      t.equal(chunkPayloadBytes(totalBytes, number), chunkPayloadBytesMax)
      t.equal(chunkOffset(number), 4_096 + number * 31_744)
    }
  }
  for (const number of [0, pagedChunks, 7 * pagedChunks]) t.equal(chunkOffset(number) % 4_096, 0, 'a page begins here')
  t.end()
})

void t.test('the hash of a body depends on the order of its chunks and on each bit', t => {
  const [a, b] = [text('one chunk'), text('another!!')]
  const both = hashChunk(b, hashChunk(a, 0))
  t.not(hashChunk(a, hashChunk(b, 0)), both)
  t.ok(Number.isSafeInteger(both) && both >= 0)
  a[0]! ^= 1
  t.not(hashChunk(b, hashChunk(a, 0)), both)
  t.end()
})
