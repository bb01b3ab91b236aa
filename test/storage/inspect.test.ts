import t from 'tap'
import { entryOf, firstSegment, linesOf, Rig } from './rig.js'

function workedOn(seed: number): Rig {
  const rig = new Rig(seed, 4_096)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 2, votedFor: 3 })
  for (let index = 1; index <= 20; index++) rig.append(storage, index, [entryOf(index, 2, 300)], index - 1)
  rig.append(storage, 21, [entryOf(20, 2, 5), entryOf(21, 2, 6)], 19)
  rig.close(storage)
  return rig
}

void t.test('tells what a directory holds, and writes nothing', t => {
  const rig = workedOn(1)
  const files = rig.snapshot()
  const { error, inspection } = rig.inspect()
  t.equal(error, null)
  t.match(inspection, {
    identity: { serverId: 1 },
    hardState: { currentTerm: 2, votedFor: 3 },
    commitIndex: 19,
    problems: [],
  })
  t.same(
    inspection?.slots.map(slot => slot?.sequence),
    [2, 2],
  )
  t.equal(inspection?.entries.length, 21)
  t.same(linesOf(inspection?.entries.range(20, 21) ?? []), linesOf([entryOf(20, 2, 5), entryOf(21, 2, 6)]))
  const batches = inspection?.segments.flatMap(segment => segment.batches) ?? []
  t.same(
    batches.map(({ number }) => number),
    batches.map((_, i) => i + 1),
  )
  t.match(batches.at(-1), { seal: true, entryCount: 0, currentTerm: 2, commitIndex: 19, bytes: 64 })
  t.equal(inspection?.segments[1]?.header.sequence, 2)
  t.same(rig.snapshot(), files)
  t.end()
})

void t.test('tells every problem, and reads on', t => {
  const rig = workedOn(2)
  rig.disk.flipBit(firstSegment, 600, 1)
  rig.disk.flipBit('data/hard-state', 9, 1)
  const { inspection } = rig.inspect()
  t.match(inspection?.problems, [
    { path: 'data/hard-state', fatal: false },
    { path: firstSegment, fatal: true, offset: 576 },
  ])
  t.ok((inspection?.segments.length ?? 0) > 1)
  rig.disk.erase('data/identity')
  t.match(rig.inspect().inspection, { identity: null, problems: [{ path: 'data/identity', fatal: true }] })
  t.end()
})

void t.test('a torn tail is told of, and is not fatal', t => {
  const rig = new Rig(3)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 2, votedFor: 3 })
  rig.append(storage, 1, [entryOf(1, 2)])
  rig.crash()
  rig.disk.flipBit(firstSegment, 140, 1)
  t.match(rig.inspect().inspection?.problems, [{ path: firstSegment, offset: 128, fatal: false }])
  t.end()
})

void t.test('a directory in use is refused, and so is none', t => {
  const rig = new Rig(4)
  t.match(rig.inspect().error, { code: 'io' })
  const { storage } = rig.open()
  t.match(rig.inspect().error, { code: 'locked' })
  rig.close(storage)
  t.equal(rig.inspect().error, null)
  t.equal(rig.tryOpen().error, null, 'inspection keeps no lock')
  t.end()
})

void t.test('a log that begins later, and the files that become its next segments, are told', t => {
  const rig = new Rig(5, 2_048)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 2, votedFor: 3 })
  let index = 0
  while (storage.status.segment < 5) rig.append(storage, ++index, [entryOf(index, 2, 300)])
  rig.compact(storage, index, 2)
  rig.close(storage)
  const { inspection } = rig.inspect()
  t.same(inspection?.problems, [])
  t.ok((inspection?.baseIndex ?? 0) > 0)
  t.equal([...(inspection?.entries ?? [])][0]?.index, (inspection?.baseIndex ?? 0) + 1)
  const named = [...(inspection?.segments ?? []), ...(inspection?.ahead ?? [])].map(({ path }) => path)
  t.same(
    named.sort(),
    rig.logNames().map(name => `data/log/${name}`),
    'every file of the log',
  )
  t.equal(inspection?.ahead.filter(({ wasSegment }) => wasSegment).length, 4)
  t.end()
})
