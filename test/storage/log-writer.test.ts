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
