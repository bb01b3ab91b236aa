import t from 'tap'
import type { Storage } from '../../src/storage/storage.js'
import { entryOf, linesOf, Rig } from './rig.js'

void t.test('a file whose length was only in memory is not taken for prepared', t => {
  let longer = 0
  for (let seed = 1; seed <= 60; seed++) {
    const rig = new Rig(seed, 2_048)
    const { storage } = rig.open()
    rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
    rig.until(() => rig.operations.some(({ kind, path }) => kind === 'write' && path.endsWith('prepared')))
    rig.kill()
    if ((rig.disk.contents('data/log/prepared')?.length ?? 0) > 0) longer++
    const again = rig.open().storage
    const entries = Array.from({ length: 5 }, (_, i) => entryOf(i + 1, 1, 300))
    for (const entry of entries) rig.append(again, entry.index, [entry])
    rig.crash()
    const { error, opened } = rig.tryOpen()
    if (opened === null) t.fail(`seed ${seed}: ${error?.message ?? ''}`)
    else t.same(linesOf(opened.recovered.entries), linesOf(entries))
  }
  t.ok(longer > 10)
  t.end()
})

void t.test('every segment has a salt of its own and names the entry before it', t => {
  const rig = new Rig(1, 4_096)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
  for (let index = 1; index <= 60; index++) rig.append(storage, index, [entryOf(index, 1, 300)])
  rig.close(storage)
  const segments = rig.inspect().inspection?.segments ?? []
  t.ok(segments.length > 3)
  t.equal(new Set(segments.map(({ header: { salt } }) => `${salt.low} ${salt.high}`)).size, segments.length)
  let entriesBefore = 0
  for (const { header, batches } of segments) {
    t.equal(header.previousIndex, entriesBefore)
    t.equal(header.firstBatchNumber, batches[0]?.number)
    t.equal(rig.fileOf(`data/log/${String(header.sequence).padStart(16, '0')}.log`).length, header.segmentBytes)
    entriesBefore += batches.reduce((sum, { entryCount }) => sum + entryCount, 0)
  }
  t.end()
})

/** Writes entries of 300 bytes, four at a time, until so many segments have begun, with a snapshot after every `each` of them. */
function writeSegments(rig: Rig, storage: Storage, from: number, segments: number, each = 1): number {
  let index = from
  let compacted = storage.status.segment
  const until = compacted + segments
  while (storage.status.segment < until) {
    const entries = Array.from({ length: 4 }, (_, i) => entryOf(index + i, 1, 300))
    rig.append(storage, index, entries, index - 1)
    index += 4
    if (storage.status.segment < compacted + each) continue
    compacted = storage.status.segment
    rig.newestSnapshot = { lastIncludedIndex: index - 1, lastIncludedTerm: 1 }
    storage.compactTo(index - 1)
    rig.clock.runFor(each * 15)
  }
  return index
}

void t.test('a log that is cut at its beginning writes no zeros any more', t => {
  // Segments that go one by one, and several at a time.
  for (const each of [1, 4]) {
    const rig = new Rig(3, 8_192)
    const { storage } = rig.open()
    rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
    const begun = writeSegments(rig, storage, 1, 12, each)
    const { bytesZeroed, bytesWritten, recycled } = storage.status
    const end = writeSegments(rig, storage, begun, 40, each)
    rig.clock.runFor(200)
    const { status } = storage
    t.equal(status.bytesZeroed, bytesZeroed, 'no zeros')
    t.equal(status.recycled - recycled, 40)
    t.ok(status.segments + status.spareSegments <= 2 * each + 4, 'and it takes no more room')
    const perEntry = (status.bytesWritten - bytesWritten) / (end - begun)
    t.ok(perEntry <= 1.15 * 328, `${perEntry} bytes for an entry of 328`)
    rig.close(storage)
    const { recovered, notes, storage: again } = rig.open()
    t.equal(recovered.baseIndex + recovered.entries.length, end - 1)
    t.same(notes, [])
    t.equal(again.status.spareSegments, status.spareSegments, 'spare segments are known after a start')
    writeSegments(rig, again, end, 8, each)
    t.ok(again.status.bytesZeroed <= 8_192, 'at most the last piece of what was prepared')
    rig.close(again)
  }
  t.end()
})

void t.test('of many segments that go at once some are kept, short ones never', t => {
  const rig = new Rig(4, 2_048)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
  const end = writeSegments(rig, storage, 1, 30, 100)
  rig.compact(storage, end - 1, 1)
  t.match(storage.status, { segments: 1, spareSegments: 16 })
  t.equal(rig.logNames().length, 1 + 16 + 1, 'and prepared')
  rig.close(storage)
  // Segments are longer now.
  const { storage: longer } = rig.open({ segmentBytes: 4_096 })
  writeSegments(rig, longer, end, 4, 100)
  t.equal(longer.status.spareSegments, 0)
  t.equal(rig.logNames().filter(name => name.endsWith('.spare')).length, 0, 'too short ones are removed')
  t.equal(longer.status.recycled, 0)
  rig.close(longer)
  const young = new Rig(5, 8 * 2 ** 20)
  const first = young.open().storage
  young.saveHardState(first, { currentTerm: 1, votedFor: 1 })
  for (let index = 1; first.status.segment < 3; index++) young.append(first, index, [entryOf(index, 1, 500_000)])
  young.compact(first, 1_000, 1)
  t.match(first.status, { segments: 1, spareSegments: 0 })
  t.notOk(
    young.operations.some(({ kind, path }) => kind === 'rename' && path.endsWith('.log')),
    'short segments are removed at once',
  )
  t.end()
})

void t.test('the power goes at every step in which a spare segment becomes one again', t => {
  const ends = new Set<string>()
  const bases = new Set<number>()
  for (let seed = 1; seed <= 4; seed++) {
    for (let at = 0, over = false; !over; at++) {
      const rig = new Rig(seed, 2_048)
      const { storage } = rig.open()
      rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
      const index = writeSegments(rig, storage, 1, 8, 4)
      t.ok(storage.status.spareSegments > 2)
      const sequence = storage.status.segment
      let left = at
      rig.crashNow = ({ path }) => path.startsWith('data/log') && left-- === 0
      let next = index
      let durable = index - 1
      storage.onPersisted = writeId => (durable = writeId)
      while (!rig.crashed && storage.status.segment === sequence) {
        storage.append(next, [entryOf(next, 1, 300)], { currentTerm: 1, commitIndex: durable })
        const due = next++
        rig.until(() => durable === due)
      }
      over = !rig.crashed
      rig.crashNow = () => false
      rig.crash()
      ends.add(rig.logNames().join(' '))
      const { error, opened } = rig.tryOpen()
      if (opened === null) {
        t.fail(`seed ${seed}, operation ${at}: ${error?.message ?? ''}`)
        continue
      }
      const { entries, baseIndex } = opened.recovered
      const last = baseIndex + entries.length
      bases.add(last)
      if (last < durable || last >= next) t.fail(`seed ${seed}, operation ${at}: ${last}, and ${durable} were durable`)
      const due = Array.from(entries, (_, i) => entryOf(baseIndex + i + 1, 1, 300))
      if (linesOf(entries).join() !== linesOf(due).join()) t.fail(`seed ${seed}, operation ${at}`)
      writeSegments(rig, opened.storage, last + 1, 3)
      rig.close(opened.storage)
      if (rig.tryOpen().error !== null) t.fail(`seed ${seed}, operation ${at}: and again`)
    }
  }
  t.ok(ends.size >= 2, 'with the old name and with the new one')
  t.ok(bases.size >= 2)
  t.end()
})

void t.test('F08: a disk with less than the reserve free counts as full, and not longer than that', t => {
  const rig = new Rig(6, 65_536)
  const reserveBytes = 100_000
  const { storage } = rig.open({ reserveBytes })
  rig.saveHardState(storage, { currentTerm: 5, votedFor: 1 })
  rig.clock.runFor(100)
  const space: boolean[] = []
  storage.onSpace = available => space.push(available)
  storage.onFatal = error => t.fail(error.message)
  let persisted = 0
  storage.onPersisted = writeId => (persisted = writeId)
  const usedBytes = rig.disk.paths().reduce((sum, path) => sum + rig.fileOf(path).length, 0)
  // One more segment fits beside the reserve, and no second one.
  rig.disk.capacityBytes = usedBytes + reserveBytes + 100_000
  for (let id = 1; id <= 60; id++) storage.append(id, [entryOf(id, 5, 4_000)], { currentTerm: 5, commitIndex: 0 })
  rig.clock.runFor(5_000)
  t.same(space, [false])
  t.ok(persisted > 10 && persisted < 60, `${persisted} are durable`)
  rig.disk.freeBytes('data', (_error, bytes) => t.ok(bytes >= reserveBytes, `${bytes} bytes are free`))
  rig.clock.runFor(10)
  rig.disk.capacityBytes = Infinity
  rig.until(() => persisted === 60)
  t.same(space, [false, true])
  rig.close(storage)
  t.end()
})

void t.test('a first start needs room beside the reserve', t => {
  const rig = new Rig(7, 65_536)
  rig.disk.capacityBytes = 100_000
  const { error } = rig.tryOpen({ reserveBytes: 90_000 })
  t.match(error, { code: 'no-space', message: /reserve of .* MiB is to stay so; .*--disk-reserve-mib/ })
  t.ok(rig.tryOpen({ reserveBytes: 0 }).opened)
  t.end()
})

void t.test('regression_a_full_disk_was_said_to_have_room_when_an_empty_file_could_be_made', t => {
  const rig = new Rig(6, 65_536)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 5, votedFor: 1 })
  rig.clock.runFor(100)
  const space: boolean[] = []
  storage.onSpace = available => space.push(available)
  let persisted = 0
  storage.onPersisted = writeId => (persisted = writeId)
  rig.disk.fault = ({ grows }) => (grows ? 'ENOSPC' : null)
  // What is prepared becomes the segment in use, and the file of the next can be made but not filled.
  for (let id = 1; id <= 40; id++) storage.append(id, [entryOf(id, 5, 4_000)], { currentTerm: 5, commitIndex: 0 })
  rig.clock.runFor(5_000)
  t.equal(storage.status.segment, 2)
  t.ok(persisted < 40)
  t.same(space, [false])
  t.end()
})
