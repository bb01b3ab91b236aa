import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import type { SnapshotHeader } from '../../codec/snapshot.js'
import { pathsOf } from '../../src/storage/files.js'
import { restoreDirectory } from '../../src/storage/restore-directory.js'
import { bodyOf, identity, paths, SnapshotRig } from './snapshot-rig.js'
import { entryOf, linesOf } from './rig.js'

const backup = 'backup.snapshot'
const body = bodyOf(150_000)

/** A disk with a backup on it, and nothing else. */
class RestoreRig extends SnapshotRig {
  constructor(seed: number) {
    super(seed)
    const snapshots = this.openSnapshots()
    this.take(snapshots, 900, body)
    this.closeSnapshots(snapshots)
    const file = this.fileOf(`${paths.snapshots}/0000000000000900.snapshot`)
    for (const path of this.disk.paths()) this.disk.erase(path)
    this.disk.overwrite(backup, 0, file, true)
    this.operations.length = 0
  }

  tryRestore(directory: string) {
    return this.wait<SnapshotHeader>(got => {
      restoreDirectory(
        this.disk,
        {
          backup,
          directory,
          serverId: 2,
          voters: [2, 5],
          clusterId: 99,
          clusterName: 'orchard again',
          foundingCluster: '2=h:1,5=h:2',
          segmentBytes: 8_192,
          prng: new Prng(5),
          clock: this.options.clock,
        },
        got,
      )
    })
  }
}

void t.test('a server starts with the backup as its history', t => {
  const rig = new RestoreRig(1)
  const restored = rig.tryRestore('new')
  t.match(restored, { error: null, value: { lastIncludedIndex: 900, clusterId: identity.clusterId } })
  const { storage, recovered, identity: own, notes } = rig.open({ directory: 'new', serverId: 2 })
  t.match(own, { serverId: 2, clusterId: 99, clusterName: 'orchard again', foundingCluster: '2=h:1,5=h:2' })
  t.not(own.incarnation, identity.incarnation)
  t.strictSame(
    { ...recovered, entries: [...recovered.entries] },
    {
      hardState: { currentTerm: 2, votedFor: 0 },
      snapshotIndex: 900,
      snapshotTerm: 2,
      baseIndex: 900,
      baseTerm: 2,
      entries: [],
    },
  )
  t.strictSame(notes, [], 'nothing had to be mended')
  t.strictSame(storage.snapshots.newest?.voters, [2, 5])
  t.strictSame(rig.body(storage.snapshots), body)
  t.ok(rig.saveHardState(storage, { currentTerm: 3, votedFor: 2 }))
  rig.append(storage, 1, [entryOf(901, 3)], 901)
  rig.close(storage)
  const again = rig.open({ directory: 'new', serverId: 2 })
  t.strictSame(linesOf(again.recovered.entries), linesOf([entryOf(901, 3)]))
  rig.close(again.storage)
  t.end()
})

void t.test('a directory that holds anything is refused and left as it is', t => {
  const rig = new RestoreRig(2)
  rig.tryRestore('new')
  const before = rig.fileOf('new/identity')
  t.match(rig.tryRestore('new')?.error, { code: 'no-directory', message: /new is not empty/ })
  t.strictSame(rig.fileOf('new/identity'), before)
  t.end()
})

void t.test('a damaged backup is refused before anything is written', t => {
  for (const offset of [0, 40, 600, 70_000, 140_000]) {
    const rig = new RestoreRig(3)
    const byte = rig.fileOf(backup)[offset]!
    rig.disk.overwrite(backup, offset, new Uint8Array([byte ^ 1]), true)
    const error = rig.tryRestore('new')?.error
    t.match(error, { code: 'corrupt', message: /^backup.snapshot is damaged at byte \d+: .*: use another copy$/ })
    t.strictSame(rig.disk.paths(), [backup])
  }
  const rig = new RestoreRig(4)
  const whole = rig.fileOf(backup)
  rig.disk.erase(backup)
  t.match(rig.tryRestore('new')?.error, {
    code: 'no-directory',
    message: 'cannot read backup.snapshot: it does not exist; name the file of a backup',
  })
  rig.disk.overwrite(backup, 0, whole.subarray(0, whole.length - 1), true)
  t.match(rig.tryRestore('new')?.error, { code: 'corrupt', message: /bytes, not/ })
  t.end()
})

void t.test('a crash between any two steps leaves the whole, or what no server takes for a history', t => {
  const seen = new Set<string>()
  for (let step = 0; ; step++) {
    const rig = new RestoreRig(100 + step)
    let steps = 0
    rig.crashNow = () => steps++ === step
    const ended = rig.tryRestore('new')
    if (ended !== null && !rig.crashed) break
    rig.crash()
    rig.crashNow = () => false
    const { error, opened } = rig.tryOpen({ directory: 'new', serverId: 2 })
    const isThere = rig.disk.contents(`${pathsOf('new').snapshots}/0000000000000900.snapshot`) !== null
    if (opened === null) {
      t.match(error, { code: 'corrupt', message: /identity is damaged at byte 0: it is missing/ })
      seen.add('refused')
    } else if (isThere) {
      t.equal(opened.recovered.snapshotIndex, 900)
      t.strictSame(rig.body(opened.storage.snapshots), body)
      seen.add('whole')
    } else {
      t.equal(opened.recovered.snapshotIndex, 0)
      seen.add('nothing yet')
    }
    if (opened !== null) rig.close(opened.storage)
  }
  seen.delete('whole')
  t.strictSame([...seen].sort(), ['nothing yet', 'refused'], 'both were met, and perhaps the whole')
  t.end()
})
