import t from 'tap'
import { chunkBytesMax, chunkOffset, chunkPayloadBytesMax } from '../../codec/snapshot.js'
import type { SnapshotMeta } from '../../src/raft/types.js'
import { beginReceiving, removeStaleReceiving } from '../../src/storage/receiving-file.js'
import {
  windowChunks,
  type InstallOutcome,
  type PieceOutcome,
  type SnapshotReceiver,
} from '../../src/storage/snapshot-receiver.js'
import type { Snapshots } from '../../src/storage/snapshots.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { bodyOf, identity, paths, pieceBytes, SnapshotRig } from './snapshot-rig.js'

const path = 'data/snapshots/0000000000000050.snapshot'
const body = bodyOf(134 * pieceBytes + 1_000)
const small = bodyOf(6 * pieceBytes + 5)

/** What a leader would say of a snapshot with this body. */
function metaOf(of: Uint8Array, index = 50): SnapshotMeta {
  const rig = new SnapshotRig(99)
  return rig.take(rig.openSnapshots(), index, of)!.value!
}

const meta = metaOf(body)
const smallMeta = metaOf(small)

function pieceAt(of: Uint8Array, chunk: number): Uint8Array {
  return of.subarray(chunk * pieceBytes, (chunk + 1) * pieceBytes)
}

function write(
  rig: SnapshotRig,
  receiver: SnapshotReceiver,
  offset: number,
  bytes: Uint8Array,
): { error: StorageError | null; value: PieceOutcome | null } | null {
  return rig.wait<PieceOutcome>(got => receiver.write(offset, bytes, got))
}

function install(rig: SnapshotRig, receiver: SnapshotReceiver): ReturnType<typeof rig.wait<InstallOutcome>> {
  return rig.wait<InstallOutcome>(got => receiver.install(got))
}

function begin(rig: SnapshotRig, snapshots: Snapshots, of: SnapshotMeta): SnapshotReceiver {
  const { error, value } = rig.receive(snapshots, of)!
  if (value === null) throw error!
  return value
}

void t.test('pieces in any order become the snapshot that was taken elsewhere', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const receiver = begin(rig, snapshots, meta)
  t.equal(receiver.nextOffset, 0)
  t.equal(rig.send(receiver, body), 'sent')
  t.equal(receiver.nextOffset, body.length)
  t.equal(snapshots.newest, null, 'it is none before it is installed')
  t.same(snapshots.receiving, { heldBytes: body.length, totalBytes: body.length })
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  t.same(snapshots.newest, meta)
  t.equal(snapshots.receiving, null)
  t.ok(Buffer.from(rig.body(snapshots)).equals(body))
  const taken = new SnapshotRig(2)
  taken.take(taken.openSnapshots(), 50, body)
  t.ok(Buffer.from(rig.fileOf(path)).equals(taken.fileOf(path)), 'the files of both servers are alike')
  t.equal(rig.disk.contents(paths.receiving), null)
  t.end()
})

void t.test('pieces that wait for the disk share its next write', t => {
  const rig = new SnapshotRig(1)
  const receiver = begin(rig, rig.openSnapshots(), meta)
  const before = rig.operations.length
  let held = 0
  for (let chunk = 127; chunk >= 0; chunk--) {
    receiver.write(chunk * pieceBytes, pieceAt(body, chunk), (_error, outcome) => {
      if (outcome === 'held') held++
    })
  }
  rig.until(() => held === 128)
  const writes = rig.operations.slice(before).map(({ offset, bytes }) => [offset, bytes / chunkBytesMax])
  t.same(writes, [
    [chunkOffset(127), 1],
    [chunkOffset(0), 32],
    [chunkOffset(32), 32],
    [chunkOffset(64), 32],
    [chunkOffset(96), 28],
    [chunkOffset(124), 3],
  ])
  t.equal(receiver.nextOffset, 128 * pieceBytes)
  t.end()
})

void t.test('a write ends where the window in memory does, and what lies beyond it goes next', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const receiver = begin(rig, snapshots, meta)
  for (let chunk = 0; chunk < 126; chunk++) write(rig, receiver, chunk * pieceBytes, pieceAt(body, chunk))
  const before = rig.operations.length
  let held = 0
  for (const chunk of [133, 126, 127, 128, 129]) {
    receiver.write(chunk * pieceBytes, pieceAt(body, chunk), () => held++)
  }
  rig.until(() => held === 5)
  const writes = rig.operations.slice(before).map(({ offset, bytes }) => [offset, bytes / chunkBytesMax])
  t.same(writes, [
    [chunkOffset(133), 1],
    [chunkOffset(126), 2],
    [chunkOffset(128), 2],
  ])
  t.equal(receiver.nextOffset, 130 * pieceBytes)
  t.equal(rig.send(receiver, body), 'sent')
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  t.ok(Buffer.from(rig.body(snapshots)).equals(body))
  t.end()
})

void t.test('a piece once more is held; other bytes in its place are refused, written or on their way', t => {
  const rig = new SnapshotRig(1)
  const receiver = begin(rig, rig.openSnapshots(), smallMeta)
  t.equal(write(rig, receiver, 0, pieceAt(small, 0))?.value, 'held')
  const writes = rig.operations.filter(({ kind }) => kind === 'write').length
  t.equal(write(rig, receiver, 0, pieceAt(small, 0))?.value, 'held')
  t.equal(rig.operations.filter(({ kind }) => kind === 'write').length, writes, 'and is not written again')
  t.equal(write(rig, receiver, 0, pieceAt(small, 1))?.value, 'refused')
  const outcomes: PieceOutcome[] = []
  const push = (_error: StorageError | null, outcome: PieceOutcome): void => void outcomes.push(outcome)
  receiver.write(2 * pieceBytes, pieceAt(small, 2), push)
  receiver.write(2 * pieceBytes, pieceAt(small, 3), push)
  t.same(outcomes, ['refused'])
  receiver.write(2 * pieceBytes, pieceAt(small, 2), push)
  rig.until(() => outcomes.length === 3)
  t.same(outcomes, ['refused', 'held', 'held'])
  t.equal(receiver.nextOffset, pieceBytes)
  t.end()
})

void t.test('what is no piece of the body is refused, what lies behind the window is not taken', t => {
  const rig = new SnapshotRig(1)
  const receiver = begin(rig, rig.openSnapshots(), meta)
  const last = 134 * pieceBytes
  for (const [offset, bytes] of [
    [1, pieceAt(body, 0)],
    [-pieceBytes, pieceAt(body, 0)],
    [0.5, pieceAt(body, 0)],
    [0, body.subarray(0, 10)],
    [0, body.subarray(0, pieceBytes + 1)],
    [0, new Uint8Array(0)],
    [last, pieceAt(body, 0)],
    [last, body.subarray(last + 1)],
    [135 * pieceBytes, pieceAt(body, 0)],
    [2 ** 52, pieceAt(body, 0)],
  ] as const) {
    t.equal(write(rig, receiver, offset, bytes)?.value, 'refused', `${bytes.length} bytes at ${offset}`)
  }
  t.equal(write(rig, receiver, 128 * pieceBytes, pieceAt(body, 128))?.value, 'ahead')
  t.equal(write(rig, receiver, 127 * pieceBytes, pieceAt(body, 127))?.value, 'held')
  t.equal(write(rig, receiver, 0, pieceAt(body, 0))?.value, 'held')
  t.equal(write(rig, receiver, 128 * pieceBytes, pieceAt(body, 128))?.value, 'held', 'the window has moved')
  t.equal(receiver.nextOffset, pieceBytes)
  t.ok(windowChunks * chunkPayloadBytesMax < 4 * 2 ** 20)
  t.end()
})

void t.test('the bytes of a piece may be used again when it is held', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const receiver = begin(rig, snapshots, smallMeta)
  const lent = new Uint8Array(pieceBytes)
  for (let chunk = 0; chunk < 7; chunk++) {
    const piece = pieceAt(small, chunk)
    lent.set(piece)
    t.match(write(rig, receiver, chunk * pieceBytes, lent.subarray(0, piece.length)), { error: null, value: 'held' })
  }
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  t.end()
})

void t.test('a body whose hash is not that of the snapshot is gone, and comes anew', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const receiver = begin(rig, snapshots, smallMeta)
  const wrong = small.slice()
  wrong[100]! ^= 1
  t.equal(rig.send(receiver, wrong), 'sent')
  t.match(install(rig, receiver), { error: null, value: 'damaged' })
  t.ok(receiver.isOver)
  t.equal(write(rig, receiver, 0, pieceAt(small, 0))?.value, 'refused')
  t.equal(snapshots.newest, null)
  t.equal(rig.disk.contents(paths.receiving), null)
  const again = begin(rig, snapshots, smallMeta)
  t.equal(again.nextOffset, 0)
  t.equal(rig.send(again, small), 'sent')
  t.match(install(rig, again), { error: null, value: 'installed' })
  t.end()
})

void t.test('the hash of the body is that of the pieces in order, in whatever order they came', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const receiver = begin(rig, snapshots, smallMeta)
  for (const chunk of [6, 2, 0, 5, 1, 4, 3]) {
    t.match(write(rig, receiver, chunk * pieceBytes, pieceAt(small, chunk)), { error: null, value: 'held' })
  }
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  t.end()
})

void t.test('what the disk damages of a piece that it held is found when the body is read', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const receiver = begin(rig, snapshots, smallMeta)
  t.equal(rig.send(receiver, small), 'sent')
  rig.disk.flipBit(paths.receiving, chunkOffset(2) + 60, 1)
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  const read = rig.wait(got => snapshots.readBody(() => undefined, got))
  t.match(read?.error?.message, /is damaged at byte \d+: chunk 2 is unreadable/)
  t.end()
})

void t.test('the same snapshot goes on after a restart, less one window; another begins anew', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const first = begin(rig, snapshots, meta)
  for (let chunk = 0; chunk < 133; chunk++) write(rig, first, chunk * pieceBytes, pieceAt(body, chunk))
  t.equal(rig.receive(snapshots, meta)?.value, first, 'another leader goes on with it')
  rig.closeSnapshots(snapshots)
  const restarted = rig.openSnapshots()
  t.equal(begin(rig, restarted, meta).nextOffset, (133 - windowChunks) * pieceBytes)
  rig.closeSnapshots(restarted)
  rig.disk.flipBit(paths.receiving, chunkOffset(130) + 70, 1)
  const damaged = rig.openSnapshots()
  const receiver = begin(rig, damaged, meta)
  t.equal(receiver.nextOffset, (130 - windowChunks) * pieceBytes, 'up to the chunk that is damaged')
  t.equal(write(rig, receiver, 0, pieceAt(body, 1))?.value, 'refused', 'what was held before the restart counts')
  t.equal(write(rig, receiver, 0, pieceAt(body, 0))?.value, 'held')
  t.equal(rig.send(receiver, body), 'sent')
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  for (const other of [
    { ...meta, lastIncludedIndex: 51 },
    { ...meta, lastIncludedIndex: 51, lastIncludedTerm: 3 },
    { ...meta, lastIncludedIndex: 51, hash: 5 },
    { ...meta, lastIncludedIndex: 51, hash: 5, totalBytes: body.length - 1 },
  ]) {
    const fresh = begin(rig, damaged, other)
    t.equal(fresh.nextOffset, 0)
    t.not(fresh, receiver)
    for (let chunk = 0; chunk < 130; chunk++) write(rig, fresh, chunk * pieceBytes, pieceAt(body, chunk))
    t.equal(fresh.nextOffset, 130 * pieceBytes)
  }
  t.end()
})

void t.test('a file of another directory, or longer than it may be, is not gone on with', t => {
  for (const spoil of ['header', 'length', 'another directory'] as const) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    const first = begin(rig, snapshots, meta)
    for (let chunk = 0; chunk < 133; chunk++) write(rig, first, chunk * pieceBytes, pieceAt(body, chunk))
    rig.closeSnapshots(snapshots)
    if (spoil === 'header') rig.disk.flipBit(paths.receiving, 33, 1)
    if (spoil === 'length') rig.disk.overwrite(paths.receiving, chunkOffset(160), new Uint8Array(1))
    const owner = spoil === 'another directory' ? { ...identity, incarnation: 1 } : identity
    const options = { disk: rig.disk, paths, identity: owner, meta, onInstalled: (): void => undefined }
    t.equal(rig.wait<SnapshotReceiver>(got => beginReceiving(options, got))?.value?.nextOffset, 0, spoil)
  }
  t.end()
})

void t.test('a full disk passes: the piece is not held, and comes again', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.disk.fault = ({ kind }) => (kind === 'write' ? 'ENOSPC' : null)
  t.equal(rig.receive(snapshots, smallMeta)?.error?.code, 'no-space')
  t.equal(rig.disk.contents(paths.receiving), null)
  rig.disk.fault = () => null
  const receiver = begin(rig, snapshots, smallMeta)
  t.equal(write(rig, receiver, 0, pieceAt(small, 0))?.value, 'held')
  rig.disk.fault = ({ kind }) => (kind === 'write' ? 'ENOSPC' : null)
  t.equal(rig.send(receiver, small) instanceof Error, true)
  t.equal(receiver.nextOffset, pieceBytes)
  rig.disk.fault = () => null
  t.equal(rig.send(receiver, small), 'sent')
  rig.disk.fault = ({ kind }) => (kind === 'rename' ? 'ENOSPC' : null)
  t.equal(install(rig, receiver)?.error?.code, 'no-space')
  t.notOk(receiver.isOver)
  rig.disk.fault = () => null
  t.match(install(rig, receiver), { error: null, value: 'installed' })
  t.end()
})

void t.test('any other error is final', t => {
  for (const [kind, code] of [
    ['read', 'EIO'],
    ['rename', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
    ['close', 'EIO'],
  ] as const) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    const receiver = begin(rig, snapshots, smallMeta)
    t.equal(rig.send(receiver, small), 'sent')
    rig.disk.fault = operation => (operation.kind === kind ? code : null)
    t.equal(install(rig, receiver)?.error?.code, 'io', `${kind} ${code}`)
    t.ok(receiver.isOver)
  }
  const rig = new SnapshotRig(1)
  const receiver = begin(rig, rig.openSnapshots(), smallMeta)
  rig.disk.fault = ({ kind }) => (kind === 'write' ? 'EIO' : null)
  t.equal(write(rig, receiver, 0, pieceAt(small, 0))?.error?.code, 'io')
  t.ok(receiver.isOver)
  rig.disk.fault = () => null
  t.equal(write(rig, receiver, 0, pieceAt(small, 0))?.value, 'refused', 'nothing is tried again')
  t.end()
})

void t.test('only what is all there can be installed', t => {
  const rig = new SnapshotRig(1)
  const receiver = begin(rig, rig.openSnapshots(), smallMeta)
  t.throws(() => receiver.install(() => undefined), /all of it is there/)
  rig.send(receiver, small)
  let told = 0
  receiver.install(() => told++)
  t.throws(() => receiver.install(() => undefined), /once/)
  rig.until(() => told > 0)
  t.end()
})

void t.test('what can be read after a kill, and is not durable, comes again', t => {
  let atRisk = 0
  for (let seed = 1; seed <= 40; seed++) {
    const rig = new SnapshotRig(seed)
    let receiver = begin(rig, rig.openSnapshots(), smallMeta)
    for (let life = 0; life < 3; life++) {
      let chunk = receiver.nextOffset / pieceBytes
      for (; chunk < 7; chunk++) receiver.write(chunk * pieceBytes, pieceAt(small, chunk), () => undefined)
      rig.clock.runFor(rig.prng.between(0, 3))
      rig.kill()
      const seen = rig.disk.contents(paths.receiving)
      const durable = rig.disk.durableContents(paths.receiving)
      if (seen !== null && !Buffer.from(seen).equals(durable ?? new Uint8Array(0))) atRisk++
      receiver = begin(rig, rig.openSnapshots(), smallMeta)
    }
    t.equal(rig.send(receiver, small), 'sent')
    t.match(install(rig, receiver), { error: null, value: 'installed' })
    rig.crash()
    const opened = rig.tryOpenSnapshots()
    t.equal(opened?.error, null, `seed ${seed}`)
    t.same(opened?.value?.newest, smallMeta)
  }
  t.ok(atRisk > 20, `${atRisk} times something was not durable`)
  t.end()
})

void t.test('what was received of a snapshot that is not newer goes', t => {
  for (const [newestIndex, stays] of [
    [49, true],
    [50, false],
    [51, false],
  ] as const) {
    const rig = new SnapshotRig(1)
    begin(rig, rig.openSnapshots(), smallMeta)
    const removed = rig.wait(got =>
      removeStaleReceiving(rig.disk, paths, newestIndex, error => got(error as StorageError | null)),
    )
    t.equal(removed?.error, null)
    t.equal(rig.disk.contents(paths.receiving) !== null, stays)
  }
  t.end()
})

void t.test('abandoned while it writes or installs, it ends after that and says nothing more', t => {
  for (const during of ['write', 'install', 'nothing'] as const) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    const receiver = begin(rig, snapshots, smallMeta)
    let told = 0
    if (during === 'write') receiver.write(0, pieceAt(small, 0), () => told++)
    if (during === 'install') {
      rig.send(receiver, small)
      receiver.install(() => told++)
    }
    rig.closeSnapshots(snapshots)
    t.equal(told, 0)
    const again = rig.openSnapshots()
    if (during === 'install') t.same(again.newest, smallMeta)
    else t.equal(again.newest, null)
  }
  t.end()
})
