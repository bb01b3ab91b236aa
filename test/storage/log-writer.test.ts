import t from 'tap'
import type { StorageError } from '../../src/storage/storage-error.js'
import { entryOf, linesOf, Rig } from './rig.js'

function begin(rig: Rig) {
  const opened = rig.open()
  rig.saveHardState(opened.storage, { currentTerm: 5, votedFor: 1 })
  return opened.storage
}

const meta = { currentTerm: 5, commitIndex: 0 }

void t.test('what is appended while a write is in flight becomes one batch', t => {
  const rig = new Rig(1)
  const storage = begin(rig)
  const persisted: number[] = []
  storage.onPersisted = writeId => persisted.push(writeId)
  const before = rig.operations.filter(({ kind }) => kind === 'write').length
  for (let writeId = 1; writeId <= 5; writeId++) storage.append(writeId, [entryOf(writeId, 5)], meta)
  rig.until(() => persisted.at(-1) === 5)
  t.same(persisted, [1, 5], 'told once per batch, with the largest')
  t.equal(rig.operations.filter(({ kind, path }) => kind === 'write' && path.endsWith('.log')).length, 2)
  t.equal(storage.status.batches, 2)
  t.ok(rig.operations.length > before)
  rig.clock.runFor(9)
  t.equal(storage.status.batches, 2)
  rig.clock.runFor(20)
  t.equal(storage.status.batches, 3, 'sealed when nothing followed')
  rig.clock.runFor(1_000)
  t.equal(storage.status.batches, 3, 'once')
  t.end()
})

void t.test('entries of every size come back, over as many segments as they need', t => {
  const rig = new Rig(2, 131_072)
  const storage = begin(rig)
  const sizes = [0, 1, 3, 4, 35, 36, 37, 58_880, 100, 58_880, 58_880, 0, 20_000, 58_880, 64]
  const entries = sizes.map((bytes, i) => entryOf(i + 1, 5, bytes))
  entries.forEach((entry, i) => rig.append(storage, i + 1, [entry]))
  t.ok(storage.status.segment >= 3)
  rig.close(storage)
  const { recovered, notes } = rig.open()
  t.same(linesOf(recovered.entries), linesOf(entries))
  t.same(recovered.hardState, { currentTerm: 5, votedFor: 1 })
  t.same(notes, [])
  t.end()
})

void t.test('a write that is larger than a segment is split, and told of when its last entry is durable', t => {
  const rig = new Rig(3, 4_096)
  const storage = begin(rig)
  const persisted: number[] = []
  storage.onPersisted = writeId => {
    persisted.push(writeId)
    t.ok(storage.status.entriesWritten >= 40 * writeId)
  }
  for (let write = 0; write < 3; write++) {
    const entries = Array.from({ length: 40 }, (_, i) => entryOf(write * 40 + i + 1, 5, 200))
    storage.append(write + 1, entries, meta)
  }
  rig.until(() => persisted.at(-1) === 3)
  t.ok(storage.status.batches > 3)
  rig.close(storage)
  t.equal(rig.open().recovered.entries.length, 120)
  t.end()
})

void t.test('F14: an entry at an index already present replaces it and all that follow', t => {
  const rig = new Rig(4)
  const storage = begin(rig)
  rig.append(
    storage,
    1,
    [1, 2, 3, 4].map(index => entryOf(index, 4)),
  )
  rig.append(storage, 2, [entryOf(3, 5)])
  rig.crash()
  const again = rig.open()
  t.same(linesOf(again.recovered.entries), linesOf([entryOf(1, 4), entryOf(2, 4), entryOf(3, 5)]))
  rig.append(again.storage, 1, [entryOf(4, 5), entryOf(5, 5)])
  rig.append(again.storage, 2, [entryOf(1, 5)])
  rig.close(again.storage)
  t.same(linesOf(rig.open().recovered.entries), linesOf([entryOf(1, 5)]))
  t.end()
})

void t.test('F07: a failed write is told of once, and nothing is reported after it', t => {
  for (const kind of ['write', 'hard state', 'roll'] as const) {
    const rig = new Rig(5, 4_096)
    const storage = begin(rig)
    const persisted: number[] = []
    const fatal: StorageError[] = []
    storage.onPersisted = writeId => persisted.push(writeId)
    storage.onFatal = error => fatal.push(error)
    rig.append(storage, 1, [entryOf(1, 5)])
    storage.onPersisted = writeId => persisted.push(writeId)
    let failures = 0
    rig.disk.fault = operation => {
      const due = kind === 'roll' ? operation.kind === 'rename' : operation.kind === 'write'
      if (!due || (kind === 'hard state') !== operation.path.endsWith('hard-state')) return null
      return failures++ === 0 ? 'EIO' : null
    }
    const payloadBytes = kind === 'roll' ? 3_000 : 20
    if (kind === 'hard state') storage.saveHardState({ currentTerm: 6, votedFor: 1 }, () => t.fail('saved'))
    else for (let id = 2; id < 6; id++) storage.append(id, [entryOf(id, 5, payloadBytes)], meta)
    rig.clock.runFor(5_000)
    t.equal(fatal.length, 1, kind)
    t.match(fatal[0], { code: 'io', message: /EIO/ })
    t.ok(
      persisted.every(id => id < 5),
      'the write that failed is not persisted',
    )
    const told = persisted.length
    storage.append(9, [entryOf(9, 5)], meta)
    rig.clock.runFor(1_000)
    t.equal(persisted.length, told)
    rig.close(storage)
    rig.disk.fault = () => null
    const { recovered } = rig.open()
    t.ok(recovered.entries.length >= 1, `${kind}: the directory opens again`)
  }
  t.end()
})

void t.test(
  'F08: a full disk is found while the next segment is prepared: appends wait, and go on by themselves',
  t => {
    const rig = new Rig(6, 65_536)
    const storage = begin(rig)
    const space: boolean[] = []
    storage.onSpace = available => space.push(available)
    storage.onFatal = error => t.fail(error.message)
    rig.disk.fault = ({ path, kind }) => (path.endsWith('prepared') && kind === 'write' ? 'ENOSPC' : null)
    let persisted = 0
    storage.onPersisted = writeId => (persisted = writeId)
    for (let id = 1; id <= 40; id++) storage.append(id, [entryOf(id, 5, 4_000)], meta)
    rig.clock.runFor(5_000)
    t.same(space, [false])
    t.ok(persisted < 40)
    t.equal(storage.status.spaceAvailable, false)
    rig.disk.fault = () => null
    rig.until(() => persisted === 40)
    t.same(space, [false, true])
    rig.close(storage)
    t.equal(rig.open().recovered.entries.length, 40)
    t.end()
  },
)

void t.test('a server without space can be stopped', t => {
  const rig = new Rig(7, 65_536)
  const storage = begin(rig)
  rig.disk.fault = ({ path, kind }) => (path.endsWith('prepared') && kind === 'write' ? 'ENOSPC' : null)
  let persisted = 0
  storage.onPersisted = writeId => (persisted = writeId)
  for (let id = 1; id <= 40; id++) storage.append(id, [entryOf(id, 5, 4_000)], meta)
  rig.clock.runFor(500)
  rig.close(storage)
  t.ok(rig.open().recovered.entries.length >= persisted)
  t.end()
})

void t.test('regression_entries_that_were_replaced_while_the_disk_stood_still_kept_a_server_from_starting', t => {
  // A deposed leader's tail and what replaced it waited together, more than a batch holds: the batch with the tail named a
  // commitIndex that meant the new entries, and at the next start these seemed to replace what was committed.
  const rig = new Rig(7, 4_096)
  const storage = begin(rig)
  const entries = (from: number, to: number, term: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => entryOf(from + i, term, 200))
  storage.append(1, entries(1, 1, 4), meta)
  storage.append(2, entries(2, 40, 4), meta)
  storage.append(3, entries(3, 45, 5), { currentTerm: 5, commitIndex: 45 })
  const done: number[] = []
  storage.onPersisted = writeId => done.push(writeId)
  rig.until(() => done.at(-1) === 3)
  t.ok(storage.status.batches > 3)
  rig.close(storage)
  const { recovered, notes } = rig.open()
  t.same(linesOf(recovered.entries), linesOf([...entries(1, 2, 4), ...entries(3, 45, 5)]))
  t.same(notes, [])
  t.end()
})

void t.test('a reset drops what is queued, reports nothing that is outstanding, and goes before what follows', t => {
  const rig = new Rig(8)
  const storage = begin(rig)
  rig.append(storage, 1, [entryOf(1, 4), entryOf(2, 4)])
  const events: string[] = []
  storage.onPersisted = writeId => events.push(`write ${writeId}`)
  storage.append(2, [entryOf(3, 4)], meta)
  storage.append(3, [entryOf(4, 4), entryOf(5, 4)], meta)
  storage.reset({ currentTerm: 5, commitIndex: 90 }, 90, 5, () => {
    events.push('reset')
    storage.append(6, [entryOf(93, 5)], meta)
  })
  storage.append(4, [entryOf(91, 5)], meta)
  storage.append(5, [entryOf(92, 5)], meta)
  t.equal(storage.status.queuedEntries, 2)
  rig.until(() => events.at(-1) === 'write 6')
  t.same(events, ['reset', 'write 5', 'write 6'])
  rig.newestSnapshot = { lastIncludedIndex: 90, lastIncludedTerm: 5 }
  rig.crash()
  const { recovered, notes, storage: again } = rig.open()
  t.match(recovered, { snapshotIndex: 90, snapshotTerm: 5, baseIndex: 90, baseTerm: 5 })
  t.same(linesOf(recovered.entries), linesOf([entryOf(91, 5), entryOf(92, 5), entryOf(93, 5)]))
  t.same(notes, [])
  rig.close(again)
  const batches = rig.inspect().inspection?.segments.flatMap(segment => segment.batches) ?? []
  t.same(
    batches.flatMap(({ reset }) => reset ?? []),
    [{ index: 90, term: 5 }],
  )
  t.end()
})

void t.test('a reset that is alone is sealed, and holds over a crash', t => {
  const rig = new Rig(9)
  const storage = begin(rig)
  rig.append(storage, 1, [entryOf(1, 4), entryOf(2, 4)])
  rig.reset(storage, 2, 5)
  rig.clock.runFor(50)
  rig.crash()
  const batches = rig.inspect().inspection?.segments.flatMap(segment => segment.batches) ?? []
  t.ok(batches.at(-1)?.seal)
  const { recovered } = rig.open()
  t.match(recovered, { baseIndex: 2, baseTerm: 5, entries: [] })
  t.end()
})

void t.test('a reset that does not fit the segment begins the next one, and close writes one that is due', t => {
  for (let payload = 0; payload <= 300; payload += 20) {
    const rig = new Rig(10, 2_048)
    const storage = begin(rig)
    let index = 0
    // Until less than a reset and a seal take is left in the segment, for some of the sizes.
    for (let used = 128; used + 384 + 64 <= 2_048; used += 384) rig.append(storage, ++index, [entryOf(index, 4, 292)])
    rig.append(storage, ++index, [entryOf(index, 4, payload)])
    let done = false
    storage.reset({ currentTerm: 5, commitIndex: 50 }, 50, 5, () => (done = true))
    rig.close(storage)
    t.ok(done)
    rig.newestSnapshot = { lastIncludedIndex: 50, lastIncludedTerm: 5 }
    const { recovered, notes } = rig.open()
    t.match(recovered, { baseIndex: 50, baseTerm: 5, entries: [] })
    t.same(notes, [])
  }
  t.end()
})

void t.test('a later reset takes the place of one that is not written yet', t => {
  const rig = new Rig(11)
  const storage = begin(rig)
  rig.append(storage, 1, [entryOf(1, 4)])
  const done: number[] = []
  storage.append(2, [entryOf(2, 4)], meta)
  for (const index of [20, 30]) storage.reset({ currentTerm: 5, commitIndex: index }, index, 5, () => done.push(index))
  rig.until(() => done.length === 2)
  t.same(done, [20, 30])
  rig.newestSnapshot = { lastIncludedIndex: 30, lastIncludedTerm: 5 }
  rig.close(storage)
  const batches = rig.inspect().inspection?.segments.flatMap(segment => segment.batches) ?? []
  t.same(
    batches.flatMap(({ reset }) => reset?.index ?? []),
    [30],
  )
  t.end()
})

void t.test(
  'S03: the power goes at every step of a reset: the log is empty after the snapshot, whatever was there',
  t => {
    const noted = new Set<number>()
    for (let seed = 1; seed <= 5; seed++) {
      for (let at = 0, over = false; !over; at++) {
        const rig = new Rig(seed, 2_048)
        const storage = begin(rig)
        for (let index = 1; index <= 8; index++) rig.append(storage, index, [entryOf(index, 4, 200)])
        rig.newestSnapshot = { lastIncludedIndex: 6, lastIncludedTerm: 5 }
        let left = at
        rig.crashNow = () => left-- === 0
        let done = false
        storage.append(9, [entryOf(9, 4)], meta)
        storage.reset({ currentTerm: 5, commitIndex: 6 }, 6, 5, () => (done = true))
        rig.until(() => done)
        over = !rig.crashed
        rig.crashNow = () => false
        rig.crash()
        const { error, opened } = rig.tryOpen()
        if (opened === null) {
          t.fail(`seed ${seed}, operation ${at}: ${error?.message ?? ''}`)
          continue
        }
        noted.add(opened.notes.filter(note => note.includes('begins anew')).length)
        const { baseIndex, baseTerm, entries } = opened.recovered
        if (baseIndex !== 6 || baseTerm !== 5 || entries.length > 0)
          t.fail(`seed ${seed}, operation ${at}: ${baseIndex}`)
        for (let index = 7; index <= 9; index++) rig.append(opened.storage, index, [entryOf(index, 5)])
        rig.crash()
        const again = rig.open()
        t.same(linesOf(again.recovered.entries), linesOf([7, 8, 9].map(index => entryOf(index, 5))))
        t.same(again.notes, [], 'finished for good')
      }
    }
    t.same([...noted].sort(), [0, 1], 'with and without the reset')
    t.end()
  },
)
