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
