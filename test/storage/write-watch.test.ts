import t from 'tap'
import type { Disk, DiskFile, Done } from '../../src/storage/disk.js'
import { WriteWatch } from '../../src/storage/write-watch.js'
import { FakeClock } from '../support/fake-clock.js'
import { entryOf, Rig } from './rig.js'

void t.test('the oldest write under way, whatever it is, and no reading', t => {
  const clock = new FakeClock(100)
  const held: Done[] = []
  const hold = (done: Done): void => void held.push(done)
  const file: DiskFile = {
    sizeBytes: 7,
    write: (_offset, _data, done) => hold(done),
    read: () => undefined,
    close: () => undefined,
  }
  const disk = {
    memory: bytes => new Uint8Array(bytes),
    open: (_path, _mode, got) => got(null, file),
    rename: (_from, _to, done) => hold(done),
    remove: (_path, done) => hold(done),
    syncDirectory: (_directory, done) => hold(done),
    list: () => undefined,
    freeBytes: () => undefined,
    makeDirectory: () => undefined,
    lock: () => undefined,
  } satisfies Disk
  const watch = new WriteWatch(disk, clock)
  t.equal(watch.oldestWriteMs, Infinity)
  const opened: DiskFile[] = []
  watch.open('a', 'existing', (_error, found) => opened.push(found))
  const [watched] = opened
  t.equal(watched?.sizeBytes, 7)
  const outcomes: (Error | null)[] = []
  const done: Done = error => outcomes.push(error)
  watched?.read(0, 1, () => undefined)
  watch.list('d', () => undefined)
  watch.freeBytes('d', () => undefined)
  t.equal(watch.oldestWriteMs, Infinity)
  watched?.write(0, new Uint8Array(1), done)
  clock.runFor(5)
  watch.rename('a', 'b', done)
  clock.runFor(5)
  watch.remove('a', done)
  clock.runFor(5)
  watch.syncDirectory('d', done)
  const seen = [watch.oldestWriteMs]
  const failure = new Error('EIO')
  held[1]!(null)
  seen.push(watch.oldestWriteMs)
  held[0]!(failure)
  seen.push(watch.oldestWriteMs)
  held[2]!(null)
  seen.push(watch.oldestWriteMs)
  held[3]!(null)
  seen.push(watch.oldestWriteMs)
  t.same(seen, [100, 100, 110, 115, Infinity])
  t.same(outcomes, [null, failure, null, null], 'what came of it is handed on')
  t.end()
})

void t.test('of a storage: an append, and a hard state', t => {
  const rig = new Rig(1)
  const { storage } = rig.open()
  rig.clock.runFor(100)
  t.equal(storage.oldestWriteMs, Infinity, 'idle')
  rig.delayMs = () => 500
  storage.saveHardState({ currentTerm: 1, votedFor: 1 }, () => undefined)
  const sinceMs = rig.clock.now()
  rig.clock.runFor(400)
  t.equal(storage.oldestWriteMs, sinceMs)
  rig.clock.runFor(700)
  t.equal(storage.oldestWriteMs, Infinity)
  storage.append(1, [entryOf(1, 1)], { currentTerm: 1, commitIndex: 0 })
  t.equal(storage.oldestWriteMs, rig.clock.now())
  t.end()
})
