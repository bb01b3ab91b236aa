import t from 'tap'
import { chunkOffset } from '../../codec/snapshot.js'
import { openSnapshots, type Snapshots } from '../../src/storage/snapshots.js'
import { bodyOf, paths, SnapshotRig } from './snapshot-rig.js'

const oldPath = 'data/snapshots/0000000000000050.snapshot'
const newPath = 'data/snapshots/0000000000000060.snapshot'

/** A directory as a server leaves it, with two snapshots in it. */
function workedOn(): SnapshotRig {
  const rig = new SnapshotRig(1)
  const { storage, identity } = rig.open()
  rig.close(storage)
  const opened = rig.wait<Snapshots>(got => openSnapshots(rig.disk, paths, identity, got))
  const snapshots = opened!.value!
  rig.take(snapshots, 50, bodyOf(70_000))
  rig.take(snapshots, 60, bodyOf(140_000))
  rig.closeSnapshots(snapshots)
  return rig
}

void t.test('tells what snapshots a directory holds, and writes nothing', t => {
  const rig = workedOn()
  const files = rig.snapshot()
  const { error, inspection } = rig.inspect()
  t.equal(error, null)
  t.match(inspection, {
    snapshots: [
      { path: oldPath, meta: { lastIncludedIndex: 50, lastIncludedTerm: 2, voters: [1, 2, 3], totalBytes: 70_000 } },
      { path: newPath, meta: { lastIncludedIndex: 60, totalBytes: 140_000 } },
    ],
    problems: [],
  })
  t.same(rig.snapshot(), files)
  t.end()
})

void t.test('damage in the newest is fatal, in an older one it is told', t => {
  const rig = workedOn()
  rig.disk.flipBit(oldPath, chunkOffset(1) + 20, 1)
  const older = { path: oldPath, offset: chunkOffset(1), fatal: false, what: /chunk 1 is unreadable; a newer one/ }
  t.match(rig.inspect().inspection, { snapshots: [{ path: newPath }], problems: [older] })
  rig.disk.flipBit(newPath, chunkOffset(2) + 20, 1)
  const newest = { path: newPath, offset: chunkOffset(2), fatal: true, what: /is damaged at byte 67584: chunk 2/ }
  t.match(rig.inspect().inspection, { snapshots: [], problems: [older, newest] })
  t.end()
})

void t.test('what was being written or received is told, and is not fatal', t => {
  const rig = workedOn()
  rig.disk.overwrite(paths.taking, 0, new Uint8Array(5))
  rig.disk.overwrite(paths.receiving, 0, new Uint8Array(5))
  t.match(rig.inspect().inspection?.problems, [
    { path: paths.taking, fatal: false },
    { path: paths.receiving, fatal: false },
  ])
  t.end()
})

void t.test('a directory without snapshots/ holds none', t => {
  const rig = new SnapshotRig(1)
  rig.close(rig.open().storage)
  t.match(rig.inspect().inspection, { snapshots: [], problems: [] })
  rig.disk.fault = ({ kind, path }) => (kind === 'list' && path === paths.snapshots ? 'ENOENT' : null)
  t.match(rig.inspect().inspection, { snapshots: [], problems: [] })
  rig.disk.fault = ({ kind, path }) => (kind === 'list' && path === paths.snapshots ? 'EIO' : null)
  t.match(rig.inspect().error, { code: 'io' })
  t.end()
})
