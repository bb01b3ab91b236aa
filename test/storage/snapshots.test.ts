import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { chunkOffset } from '../../codec/snapshot.js'
import type { SnapshotMeta } from '../../src/raft/types.js'
import { nodeDisk } from '../../src/storage/disk-node.js'
import { pathsOf } from '../../src/storage/files.js'
import type { HeldSnapshot } from '../../src/storage/held-snapshot.js'
import type { SnapshotReceiver } from '../../src/storage/snapshot-receiver.js'
import { openSnapshots, type Snapshots } from '../../src/storage/snapshots.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { completed, done } from '../contracts/disk.js'
import { bodyOf, Chunks, identity, paths, pieceBytes, positionOf, SnapshotRig } from './snapshot-rig.js'

const path50 = 'data/snapshots/0000000000000050.snapshot'
const path60 = 'data/snapshots/0000000000000060.snapshot'

function metaOf(body: Uint8Array, index: number): SnapshotMeta {
  const rig = new SnapshotRig(99)
  return rig.take(rig.openSnapshots(), index, body)!.value!
}

function readHeld(rig: SnapshotRig, held: HeldSnapshot): Uint8Array | null | undefined {
  return rig.wait<Uint8Array>(got =>
    held.read(0, 1e9, (error, bytes) => got(error as StorageError | null, Uint8Array.from(bytes))),
  )?.value
}

void t.test('at first there is none; the newest is found after a restart', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  t.equal(snapshots.newest, null)
  t.notOk(snapshots.taking)
  t.throws(() => snapshots.hold(), /there is a snapshot/)
  rig.take(snapshots, 50, bodyOf(1_000))
  const meta = rig.take(snapshots, 60, bodyOf(2_000))?.value
  t.same(snapshots.newest, meta)
  rig.crash()
  const again = rig.openSnapshots()
  t.same(again.newest, meta)
  t.same(rig.body(again), bodyOf(2_000))
  t.end()
})

void t.test('one is taken at a time, and only one that is newer', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.take(snapshots, 50, bodyOf(10))
  const take = (index: number): void => snapshots.take(positionOf(index), new Chunks(bodyOf(10)), () => undefined)
  t.throws(() => take(50), /newer than the newest/)
  take(51)
  t.ok(snapshots.taking)
  t.throws(() => take(52), /one snapshot is taken at a time/)
  t.end()
})

void t.test('regression_an_older_one_took_the_place_of_a_newer_one_that_became_durable_at_the_same_time', t => {
  let isMet = 0
  for (let seed = 1; seed <= 60; seed++) {
    const rig = new SnapshotRig(seed)
    const snapshots = rig.openSnapshots()
    const body = bodyOf(1_000)
    const meta = metaOf(body, 60)
    const receiver = rig.receive(snapshots, meta)!.value!
    rig.send(receiver, body)
    let [isTaken, isInstalled] = [false, false]
    snapshots.take(positionOf(50), new Chunks(bodyOf(10)), () => (isTaken = true))
    // So much later that both are opened under their names at about the same time.
    rig.clock.runFor(seed / 10)
    receiver.install(() => (isInstalled = true))
    rig.until(() => isTaken && isInstalled)
    if (snapshots.newest?.lastIncludedIndex !== 60)
      t.fail(`seed ${seed}: the newest is ${String(snapshots.newest?.lastIncludedIndex)}`)
    isMet++
  }
  t.equal(isMet, 60)
  t.end()
})

void t.test('damage in the newest is refused although an older one is whole', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.take(snapshots, 50, bodyOf(1_000))
  rig.take(snapshots, 60, bodyOf(200_000))
  rig.closeSnapshots(snapshots)
  rig.disk.flipBit(path50, 600, 1)
  rig.closeSnapshots(rig.openSnapshots())
  rig.disk.flipBit(path50, 600, 1)
  rig.disk.flipBit(path60, chunkOffset(2) + 100, 1)
  const closedBefore = rig.operations.filter(({ kind }) => kind === 'close').length
  const opened = rig.tryOpenSnapshots()
  t.match(opened, { value: null, error: { code: 'corrupt', file: path60, offset: chunkOffset(2) } })
  t.match(opened?.error?.message, /--repair/)
  t.equal(rig.operations.filter(({ kind }) => kind === 'close').length, closedBefore + 1, 'nothing stays open')
  t.end()
})

void t.test('an error of the disk while opening is told as such, whenever it comes', t => {
  let points = 0
  for (; ; points++) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    rig.take(snapshots, 50, bodyOf(1_000))
    rig.receive(snapshots, metaOf(bodyOf(2_000), 60))
    rig.closeSnapshots(snapshots)
    let left = points
    const failures: string[] = []
    rig.disk.fault = ({ kind }) => {
      if (left-- !== 0) return null
      failures.push(kind)
      return 'EIO'
    }
    const before = rig.operations.length
    const opened = rig.tryOpenSnapshots()
    if (failures.length === 0) {
      t.equal(opened?.error, null)
      break
    }
    t.match(opened, { value: null, error: { code: 'io' } }, `at ${points}`)
    const kinds = rig.operations.slice(before).map(({ kind }) => kind)
    const opens = kinds.filter(kind => kind === 'open').length - failures.filter(kind => kind === 'open').length
    t.equal(kinds.filter(kind => kind === 'close').length, opens, 'nothing stays open')
  }
  t.ok(points > 8)
  t.end()
})

void t.test('older ones go when they are told to, with what was received of one that is not newer', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.take(snapshots, 50, bodyOf(10))
  rig.receive(snapshots, metaOf(bodyOf(2_000), 58))
  rig.take(snapshots, 55, bodyOf(10))
  t.equal(rig.wait(got => snapshots.removeOlder(got))?.error, null)
  t.same(rig.disk.paths().sort(), [paths.receiving, 'data/snapshots/0000000000000055.snapshot'].sort())
  rig.take(snapshots, 60, bodyOf(20))
  t.equal(rig.wait(got => snapshots.removeOlder(got))?.error, null)
  t.same(rig.disk.paths(), [path60])
  t.equal(snapshots.receiving, null)
  rig.closeSnapshots(snapshots)
  t.end()
})

void t.test('a start removes what was received of a snapshot that is not newer, and keeps the rest', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.receive(snapshots, metaOf(bodyOf(2_000), 58))
  rig.crash()
  const again = rig.openSnapshots()
  t.not(rig.disk.contents(paths.receiving), null)
  rig.take(again, 60, bodyOf(10))
  rig.crash()
  rig.openSnapshots()
  t.equal(rig.disk.contents(paths.receiving), null)
  t.end()
})

void t.test('a held snapshot is readable after a newer one came and its name is gone', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.take(snapshots, 50, bodyOf(1_000))
  const held = snapshots.hold()
  rig.take(snapshots, 60, bodyOf(2_000))
  rig.wait(got => snapshots.removeOlder(got))
  t.equal(rig.disk.contents(path50), null)
  t.equal(held.meta.lastIncludedIndex, 50)
  t.same(readHeld(rig, held), bodyOf(1_000))
  const closed = (): number => rig.operations.filter(({ kind }) => kind === 'close').length
  const before = closed()
  held.release()
  held.release()
  t.equal(closed(), before + 1)
  t.throws(() => held.read(0, 1, () => undefined), /is held/)
  const newest = snapshots.hold()
  t.same(readHeld(rig, newest), bodyOf(2_000))
  newest.release()
  t.equal(closed(), before + 1, 'the newest stays open')
  rig.closeSnapshots(snapshots)
  t.equal(closed(), before + 2)
  t.end()
})

void t.test('a snapshot that was overtaken while it was taken is not the newest', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  const meta = metaOf(bodyOf(100), 60)
  const receiver = rig.receive(snapshots, meta)!.value!
  rig.send(receiver, bodyOf(100))
  let took = false
  let installed = false
  snapshots.take(positionOf(50), new Chunks(bodyOf(40 * pieceBytes)), error => (took = error === null))
  receiver.install(error => (installed = error === null))
  rig.until(() => installed)
  t.notOk(took)
  rig.until(() => took)
  t.same(snapshots.newest, meta)
  rig.wait(got => snapshots.removeOlder(got))
  t.same(rig.disk.paths(), [path60])
  t.end()
})

void t.test('regression_what_begins_to_come_while_older_ones_are_removed_is_not_removed_with_them', t => {
  const received = bodyOf(3 * pieceBytes)
  const meta = metaOf(received, 60)
  const open = 'open data/snapshots/receiving'
  // The look at what there is to be removed takes longer and longer.
  for (let slowMs = 0; slowMs < 2; slowMs += 0.05) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    rig.take(snapshots, 50, bodyOf(100))
    const opened = (): number => rig.operations.filter(({ kind, path }) => `${kind} ${path}` === open).length
    const before = opened()
    rig.delayMs = ({ kind, path }) => {
      if (`${kind} ${path}` === open && opened() === before + 1) return slowMs
      return kind === 'write' ? 1 : 0.1
    }
    const removed: (StorageError | null)[] = []
    // Two compactions may be close to each other.
    for (let i = 0; i < 2; i++) snapshots.removeOlder(error => removed.push(error))
    rig.until(() => opened() > before)
    const receiver = rig.receive(snapshots, meta)!.value!
    t.equal(rig.send(receiver, received), 'sent')
    rig.until(() => removed.length === 2)
    t.match(
      rig.wait<string>(got => receiver.install(got)),
      { error: null, value: 'installed' },
      `${slowMs.toFixed(2)} ms`,
    )
    t.same(snapshots.newest, meta)
  }
  t.end()
})

void t.test('close ends everything at any moment, and nothing is called back after it', t => {
  const received = bodyOf(100)
  const meta = metaOf(received, 60)
  for (let at = 0, ended = false; !ended; at++) {
    const rig = new SnapshotRig(1)
    const snapshots = rig.openSnapshots()
    rig.take(snapshots, 40, bodyOf(200_000))
    const before = rig.operations.length
    const told: string[] = []
    const tell = (what: string) => (): void => void told.push(what)
    snapshots.take(positionOf(50), new Chunks(bodyOf(200_000)), tell('take'))
    snapshots.receive(meta, (_error, receiver) => {
      told.push('receive')
      receiver?.write(0, received, () => {
        told.push('write')
        receiver.install(tell('install'))
      })
    })
    snapshots.readBody(() => undefined, tell('readBody'))
    snapshots.removeOlder(tell('removeOlder'))
    snapshots.hold()
    ended = false
    rig.until(() => {
      ended = told.length === 6
      return ended || rig.operations.length >= before + 4 + at
    })
    const count = told.length
    rig.closeSnapshots(snapshots)
    t.equal(told.length, count, `after ${at} operations: ${told.slice(count).join()}`)
    const again = rig.openSnapshots()
    t.ok([40, 50, 60].includes(again.newest?.lastIncludedIndex ?? 0))
    rig.closeSnapshots(again)
  }
  t.end()
})

void t.test('the same on a real disk', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'raftgram-snapshots-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const real = pathsOf(directory)
  const open = (): Promise<Snapshots> =>
    completed<Snapshots>(got => openSnapshots(nodeDisk, real, identity, got as Parameters<typeof openSnapshots>[3]))
  const body = bodyOf(40 * pieceBytes + 123)
  const snapshots = await open()
  const meta = await completed<SnapshotMeta>(got =>
    snapshots.take(positionOf(50), new Chunks(body), (error, took) => got(error, took!)),
  )
  const follower = pathsOf(join(directory, 'follower'))
  const others = await completed<Snapshots>(got =>
    openSnapshots(nodeDisk, follower, { ...identity, serverId: 2 }, (error, opened) => got(error, opened!)),
  )
  const receiver = await completed<SnapshotReceiver>(got => others.receive(meta, (error, begun) => got(error, begun!)))
  for (let offset = 0; offset < body.length; offset += pieceBytes) {
    const piece = await completed<Uint8Array>(got => snapshots.read(offset, pieceBytes, got))
    t.equal(await completed<string>(got => receiver.write(offset, piece, got)), 'held')
  }
  t.equal(await completed<string>(got => receiver.install(got)), 'installed')
  t.same(others.newest, meta)
  const chunks: Uint8Array[] = []
  await done(next => others.readBody(chunk => chunks.push(chunk.slice()), next))
  t.ok(Buffer.concat(chunks).equals(body))
  await done(next => snapshots.close(next))
  await done(next => others.close(next))
  t.same(readdirSync(follower.snapshots), ['0000000000000050.snapshot'])
  const again = await open()
  t.same(again.newest, meta)
  await done(next => again.close(next))
})

void t.test('a snapshot beside a missing identity is no leftover of a first start', t => {
  const rig = new SnapshotRig(1)
  rig.close(rig.open().storage)
  t.same(rig.disk.contents(path50), null)
  rig.take(rig.openSnapshots(), 50, bodyOf(10))
  rig.crash()
  rig.disk.erase('data/identity')
  rig.disk.erase('data/hard-state')
  rig.disk.erase('data/log/0000000000000001.log')
  t.match(rig.tryOpen().error, {
    code: 'corrupt',
    message: /identity is damaged.*0000000000000050.snapshot was in use/,
  })
  t.end()
})

void t.test('a body that is read while all is closed is told of no more', t => {
  const rig = new SnapshotRig(1)
  const snapshots = rig.openSnapshots()
  rig.take(snapshots, 40, bodyOf(2_000_000))
  let given = 0
  snapshots.readBody(
    () => given++,
    () => t.fail('it is told of no end after the close'),
  )
  rig.until(() => given > 0)
  const before = given
  rig.closeSnapshots(snapshots)
  t.equal(given, before)
  t.end()
})
