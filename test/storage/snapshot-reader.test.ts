import t from 'tap'
import { chunkCount, chunkOffset, encodeSnapshotHeader, snapshotFileBytes } from '../../codec/snapshot.js'
import {
  openSnapshot,
  openVerified,
  readBody,
  SnapshotDamage,
  type SnapshotFile,
} from '../../src/storage/snapshot-reader.js'
import type { DiskFile } from '../../src/storage/disk.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { bodyOf, identity, paths, pieceBytes, positionOf, SnapshotRig } from './snapshot-rig.js'

const path = 'data/snapshots/0000000000000050.snapshot'

function rigWith(body: Uint8Array): SnapshotRig {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.take(snapshots, 50, body)
  rig.closeSnapshots(snapshots)
  return rig
}

/** The disk's errors are told as they are; here only those about the file matter. */
function open(rig: SnapshotRig, openIt = openVerified, index = 50): { error: StorageError | null; value: unknown } {
  const result = rig.wait<SnapshotFile>(got =>
    openIt(rig.disk, paths, identity, index, (error, file) => got(error as StorageError | null, file)),
  )!
  if (result.value !== null) rig.wait(got => result.value?.close(error => got(error as StorageError | null)))
  return result
}

void t.test('B11: every flipped bit of a small file is damage, and so is every other length', t => {
  const rig = rigWith(bodyOf(100))
  t.equal(open(rig).error, null)
  const { length } = rig.fileOf(path)
  for (let bit = 0; bit < length * 8; bit++) {
    rig.disk.flipBit(path, bit >>> 3, bit & 7)
    const { error } = open(rig)
    if (!(error instanceof SnapshotDamage)) t.fail(`bit ${bit}: ${String(error)}`)
    rig.disk.flipBit(path, bit >>> 3, bit & 7)
  }
  const whole = rig.fileOf(path)
  for (let cut = 0; cut < length; cut++) {
    rig.disk.overwrite(path, 0, whole.subarray(0, cut), true)
    if (!(open(rig, openSnapshot).error instanceof SnapshotDamage)) t.fail(`${cut} bytes`)
  }
  rig.disk.overwrite(path, 0, whole, true)
  t.equal(open(rig).error, null)
  rig.disk.overwrite(path, length, new Uint8Array(1))
  t.match(open(rig).error, { file: path, offset: length, what: /has 4205 bytes, not 4204/ })
  t.end()
})

void t.test('damage is told with file, offset and advice', t => {
  const body = bodyOf(6 * pieceBytes + 100)
  for (const chunk of [0, 1, 3, 4, 6]) {
    const rig = rigWith(body)
    rig.disk.flipBit(path, chunkOffset(chunk) + 50, 3)
    const { error } = open(rig)
    t.match(error, { code: 'corrupt', file: path, offset: chunkOffset(chunk) })
    t.match(
      error?.message,
      new RegExp(`${path} is damaged at byte ${chunkOffset(chunk)}: chunk ${chunk} is unreadable; `),
    )
    t.match(error?.message, /start this id neither with an older copy/)
  }
  const rig = rigWith(body)
  rig.disk.flipBit(path, 20, 3)
  t.match(open(rig).error?.message, /is damaged at byte 0: its header is unreadable/)
  t.end()
})

void t.test('chunks in each other’s places, and a hash that is not theirs, are damage', t => {
  const body = bodyOf(3 * pieceBytes)
  const rig = rigWith(body)
  const file = rig.fileOf(path)
  rig.disk.overwrite(path, chunkOffset(1), file.slice(chunkOffset(0), chunkOffset(1)))
  t.match(open(rig).error, { offset: chunkOffset(1) })
  rig.disk.overwrite(path, chunkOffset(1), file.slice(chunkOffset(1), chunkOffset(2)))
  t.equal(open(rig).error, null)
  const header = { ...positionOf(50), ...identity, totalBytes: body.length, hash: 5 }
  rig.disk.overwrite(path, 0, encodeSnapshotHeader(header))
  t.match(open(rig).error, { offset: 4096, what: 'its hash is wrong' })
  t.equal(open(rig, openSnapshot).error, null, 'which takes a look at the body')
  t.end()
})

void t.test('a file of somebody else, of another time or under another name is refused', t => {
  const rig = rigWith(bodyOf(10))
  const put = (fields: object): StorageError | null => {
    const header = { ...positionOf(50), ...identity, totalBytes: 10, hash: 0, ...fields }
    rig.disk.overwrite(path, 0, encodeSnapshotHeader(header))
    return open(rig, openSnapshot).error
  }
  t.equal(put({}), null)
  t.match(put({ clusterId: 78 }), { code: 'other-cluster' })
  t.match(put({ serverId: 2 }), { code: 'other-server', message: /server 2/ })
  t.match(put({ incarnation: 1 }), { code: 'corrupt', message: /another data directory/ })
  t.match(put({ lastIncludedIndex: 51 }), { code: 'corrupt', message: /snapshot of entry 51 by its header/ })
  t.match(put({ totalBytes: Number.MAX_SAFE_INTEGER }), { code: 'corrupt' }, 'nothing is made by a length that lies')
  t.match(open(rig, openSnapshot, 49).error, { code: 'ENOENT' })
  t.end()
})

void t.test('pieces of the body are read wherever they begin and end', t => {
  const body = bodyOf(3 * pieceBytes + 777)
  const rig = rigWith(body)
  const snapshots = rig.openSnapshots()
  for (const [offset, length] of [
    [0, pieceBytes],
    [pieceBytes, pieceBytes],
    [3 * pieceBytes, pieceBytes],
    [0, body.length],
    [1, 1],
    [pieceBytes - 1, 2],
    [100, 2 * pieceBytes],
    [body.length - 1, 50],
    [body.length, 50],
    [77, 0],
  ] as const) {
    const read = rig.wait<Uint8Array>(got =>
      snapshots.read(offset, length, (error, bytes) => got(error as StorageError | null, bytes)),
    )
    t.equal(read?.error, null)
    t.ok(Buffer.from(read!.value!).equals(body.subarray(offset, offset + length)), `${length} bytes from ${offset}`)
  }
  t.throws(() => snapshots.read(body.length + 1, 1, () => undefined))
  t.end()
})

void t.test('the body is given on the way of its check, once, and read once', t => {
  const body = bodyOf(9 * pieceBytes + 1)
  const rig = rigWith(body)
  const before = rig.operations.length
  const chunks: Uint8Array[] = []
  const onChunk = (chunk: Uint8Array): void => void chunks.push(chunk.slice())
  const opened = rig.wait<SnapshotFile>(got =>
    openVerified(rig.disk, paths, identity, 50, (error, file) => got(error as StorageError | null, file), onChunk),
  )
  t.equal(opened?.error, null)
  t.ok(Buffer.concat(chunks).equals(body))
  const reads = rig.operations.slice(before).filter(({ kind }) => kind === 'read').length
  t.equal(reads, 1 + Math.ceil(chunkCount(body.length) / 8), 'the header, and the body')
  t.end()
})

void t.test('a damaged piece is never sent on, the others are', t => {
  const rig = rigWith(bodyOf(3 * pieceBytes))
  const snapshots = rig.openSnapshots()
  rig.disk.flipBit(path, chunkOffset(1) + 9, 0)
  const read = (offset: number): StorageError | null | undefined =>
    rig.wait(got => snapshots.read(offset, pieceBytes, error => got(error as StorageError | null)))?.error
  t.equal(read(0), null)
  t.match(read(pieceBytes), { code: 'corrupt', message: /damaged at byte 35840: .*not sent to others/ })
  t.match(read(10), { code: 'corrupt' })
  t.equal(read(2 * pieceBytes), null)
  t.end()
})

void t.test('a restore gets the body chunk by chunk, a few per read, up to the damage', t => {
  const body = bodyOf(9 * pieceBytes + 1)
  const rig = rigWith(body)
  const snapshots = rig.openSnapshots()
  const before = rig.operations.length
  t.ok(Buffer.from(rig.body(snapshots)).equals(body))
  const reads = rig.operations.slice(before).filter(({ kind }) => kind === 'read').length
  t.equal(reads, Math.ceil(chunkCount(body.length) / 8))
  rig.disk.flipBit(path, chunkOffset(5) + 100, 0)
  let given = 0
  const read = rig.wait(got => snapshots.readBody(() => given++, got))
  t.match(read?.error, { code: 'corrupt', message: /chunk 5 is unreadable/ })
  t.equal(given, 5)
  t.equal(snapshotFileBytes(body.length), rig.fileOf(path).length)
  t.end()
})

void t.test('nobody wants the rest of a body: it is not read', t => {
  const totalBytes = 50 * pieceBytes
  const rig = rigWith(bodyOf(totalBytes))
  let file: DiskFile | null = null
  rig.disk.open(path, 'read-only', (_error, opened) => (file = opened))
  rig.until(() => file !== null)
  let reads = 0
  const counted: DiskFile = {
    sizeBytes: file!.sizeBytes,
    write: () => t.fail('nothing is written'),
    read: (offset, length, got, target) => {
      reads++
      file!.read(offset, length, got, target)
    },
    close: done => file!.close(done),
  }
  let given = 0
  const result = rig.wait(got => {
    const ended = (error: Error | null): void => got(error as StorageError | null)
    readBody(
      path,
      counted,
      totalBytes,
      () => given++,
      ended,
      () => given >= 2,
    )
  })
  t.equal(result?.error, null)
  t.equal(given, 2)
  t.equal(reads, 2, 'one ahead, and no more')
  t.end()
})
