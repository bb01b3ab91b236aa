import t from 'tap'
import { viewOf } from '../../codec/cursor.js'
import {
  chunkBytesMax,
  chunkCount,
  chunkOffset,
  chunkPayloadBytes,
  decodeSnapshotHeader,
  openChunk,
  snapshotFileBytes,
} from '../../codec/snapshot.js'
import { isNoSpace } from '../../src/storage/storage-error.js'
import { bodyOf, Chunks, identity, paths, pieceBytes, positionOf, SnapshotRig } from './snapshot-rig.js'

const path = 'data/snapshots/0000000000000050.snapshot'
/** Two pieces of eight chunks, and a bit. */
const largeBody = bodyOf(17 * pieceBytes + 5)

void t.test('a body becomes a file, however it was cut, and the file is the same each time', t => {
  for (const length of [0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 200_000, 8 * pieceBytes, largeBody.length]) {
    const body = largeBody.subarray(0, length)
    const files = [1, 2].map(seed => {
      const rig = new SnapshotRig(seed)
      const snapshots = rig.openSnapshots()
      const chunks = new Chunks(body, seed)
      const took = rig.wait(got => snapshots.take(positionOf(50), chunks, got))
      t.equal(took?.error, null)
      t.match(took?.value, { ...positionOf(50), totalBytes: length })
      t.equal(chunks.returned, 0, 'what was pulled to its end is not returned')
      t.equal(rig.disk.contents(paths.taking), null)
      return rig.fileOf(path)
    })
    const file = files[0]!
    t.ok(Buffer.from(file).equals(files[1]!))
    t.equal(file.length, snapshotFileBytes(length))
    t.match(decodeSnapshotHeader(file), { ...positionOf(50), clusterId: 77, serverId: 1, incarnation: 4_711 })
    const payloads = Array.from({ length: chunkCount(length) }, (_, number) =>
      openChunk(file, viewOf(file), chunkOffset(number), number, chunkPayloadBytes(length, number)),
    )
    t.ok(Buffer.concat(payloads.map(payload => payload!)).equals(body))
  }
  t.end()
})

void t.test('no piece is pulled before the one before it is durable', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const chunks = new Chunks(largeBody)
  const pulled: number[] = []
  const written: number[] = []
  rig.disk.fault = ({ kind, bytes }) => {
    if (kind === 'write') {
      written.push(bytes)
      pulled.push(chunks.pulled)
    }
    return null
  }
  t.equal(rig.wait(got => snapshots.take(positionOf(50), chunks, got))?.error, null)
  t.same(written, [8 * chunkBytesMax, 8 * chunkBytesMax, chunkBytesMax + 13, 4_096], 'the header is written last')
  for (const [piece, atCompletion] of pulled.slice(0, 2).entries()) {
    t.ok(atCompletion < (piece + 1) * 8 * pieceBytes + pieceBytes, 'at most a chunk more than the piece')
  }
  t.end()
})

void t.test('a full disk is an expected refusal: nothing stays, and a later try succeeds', t => {
  for (const kind of ['open', 'write', 'rename'] as const) {
    for (let nth = 0; nth < (kind === 'write' ? 4 : 1); nth++) {
      const rig = new SnapshotRig(1)
      const snapshots = rig.openSnapshots()
      let left = nth
      rig.disk.fault = operation => {
        if (operation.kind !== kind || operation.path !== paths.taking) return null
        return left-- === 0 ? 'ENOSPC' : null
      }
      const chunks = new Chunks(largeBody)
      const took = rig.wait(got => snapshots.take(positionOf(50), chunks, got))
      t.equal(took?.error?.code, 'no-space', `${kind} ${nth}`)
      t.ok(isNoSpace(took!.error!))
      t.equal(took?.value, null)
      t.equal(rig.disk.contents(paths.taking), null, 'the space is given back')
      const isWhole = chunks.pulled === largeBody.length
      t.equal(chunks.returned, isWhole ? 0 : 1, 'the walk is told')
      t.equal(snapshots.newest, null)
      t.notOk(snapshots.taking)
      t.equal(rig.take(snapshots, 51, bodyOf(10))?.error, null)
      rig.closeSnapshots(snapshots)
    }
  }
  t.end()
})

void t.test('any other error is final, as is even a full disk when the names are in doubt', t => {
  for (const [kind, code] of [
    ['open', 'EIO'],
    ['write', 'EIO'],
    ['close', 'EIO'],
    ['rename', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
  ] as const) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    rig.disk.fault = operation => (operation.kind === kind ? code : null)
    const chunks = new Chunks(largeBody)
    const took = rig.wait(got => snapshots.take(positionOf(50), chunks, got))
    t.equal(took?.error?.code, 'io', `${kind} ${code}`)
    t.equal(snapshots.newest, null)
  }
  t.end()
})

void t.test('a file that cannot be removed after a full disk is an error of the disk', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  let removals = 0
  rig.disk.fault = ({ kind }) => {
    if (kind === 'write') return 'ENOSPC'
    return kind === 'remove' && removals++ > 0 ? 'EIO' : null
  }
  t.equal(rig.take(snapshots, 50, largeBody)?.error?.code, 'io')
  t.end()
})

void t.test('abandoned at any moment it returns the walk, closes the file and says nothing more', t => {
  let at = 0
  for (; ; at++) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    const before = rig.operations.length
    const chunks = new Chunks(largeBody)
    let told = 0
    snapshots.take(positionOf(50), chunks, () => told++)
    rig.until(() => told > 0 || rig.operations.length > before + at)
    if (told > 0) break
    rig.closeSnapshots(snapshots)
    t.equal(told, 0)
    t.equal(chunks.returned, chunks.pulled === largeBody.length ? 0 : 1)
    const opened = rig.operations.filter(({ kind }) => kind === 'open').length
    const failed = rig.operations.filter(({ kind, path: of }) => kind === 'open' && of === paths.receiving).length
    t.equal(rig.operations.filter(({ kind }) => kind === 'close').length, opened - failed, `after ${at} operations`)
    const again = rig.openSnapshots()
    t.equal(rig.disk.contents(paths.taking), null, 'the next start removes what was left')
    if (again.newest !== null) t.ok(Buffer.from(rig.body(again)).equals(largeBody))
    rig.closeSnapshots(again)
  }
  t.ok(at > 8)
  t.end()
})

void t.test('a snapshot belongs to this directory', t => {
  const rig = new SnapshotRig(1)
  rig.take(rig.openSnapshots(), 50, bodyOf(10))
  t.match(decodeSnapshotHeader(rig.fileOf(path)), {
    clusterId: identity.clusterId,
    serverId: identity.serverId,
    incarnation: identity.incarnation,
  })
  t.end()
})
