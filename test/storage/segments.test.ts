import t from 'tap'
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
