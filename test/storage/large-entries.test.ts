/** Entries of the largest commands: over segments that are smaller at first, through crashes and damage inside of them. */
import t from 'tap'
import { batchBytes } from '../../codec/batch.js'
import { commandHeaderBytes, commandsOverheadBytes } from '../../codec/commands.js'
import { entryHeaderBytes } from '../../codec/entry.js'
import { commandBytesMax, valueBytesMax } from '../../codec/limits.js'
import { Prng } from '../../src/base/prng.js'
import type { Entry } from '../../src/raft/types.js'
import type { OpenedStorage } from '../../src/storage/open-storage.js'
import type { Storage } from '../../src/storage/storage.js'
import { firstSegment, Rig } from './rig.js'

const mebibyte = 2 ** 20
const largestPayload = commandsOverheadBytes + commandHeaderBytes + commandBytesMax
const secondSegment = firstSegment.replace('1.log', '2.log')

/** No two sectors are alike, and no two entries. */
function largeEntry(index: number, payloadBytes: number): Entry {
  const prng = new Prng(index)
  const pattern = Uint8Array.from({ length: 8_191 }, () => prng.below(256))
  const payload = new Uint8Array(Buffer.alloc(payloadBytes, pattern))
  return { index, term: 3, kind: 'commands', payload, record: null }
}

function isEqual(found: Iterable<Entry> & { readonly length: number }, expected: readonly Entry[]): boolean {
  return (
    found.length === expected.length &&
    [...found].every((entry, at) => {
      const { index, term, payload } = expected[at]!
      return entry.index === index && entry.term === term && Buffer.compare(entry.payload, payload) === 0
    })
  )
}

function begin(rig: Rig): Storage {
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  return storage
}

/** Opens, and says what is wrong with it unless these entries are there. */
function reopened(rig: Rig, expected: readonly Entry[]): OpenedStorage {
  const opened = rig.open()
  const { entries } = opened.recovered
  if (!isEqual(entries, expected)) throw new Error(`${entries.length} entries, not the ${expected.length} written`)
  return opened
}

void t.test('large entries come back, over segments that grow to hold them', t => {
  const rig = new Rig(1, 8 * mebibyte)
  const storage = begin(rig)
  const sizes = [10, valueBytesMax, 100, largestPayload, largestPayload, 0, mebibyte, mebibyte, mebibyte, 3, mebibyte]
  const entries = sizes.map((bytes, i) => largeEntry(i + 1, bytes))
  for (const entry of entries) rig.append(storage, entry.index, [entry])
  t.ok(storage.status.segment >= 3, `${storage.status.segment} segments`)
  rig.close(storage)
  const { inspection } = rig.inspect()
  t.same(inspection?.problems, [])
  const lengths = inspection?.segments.map(({ header }) => header.segmentBytes) ?? []
  t.equal(lengths[0], mebibyte, 'a young log begins small')
  t.ok(lengths[1]! > mebibyte, 'and its second segment takes what did not fit')
  const { storage: again, notes } = reopened(rig, entries)
  t.same(notes, [])
  const next = largeEntry(entries.length + 1, valueBytesMax)
  rig.append(again, 1, [next])
  rig.crash()
  rig.close(reopened(rig, [...entries, next]).storage)
  t.end()
})

void t.test('the largest entry needs no more than the first segment that is made for it', t => {
  const rig = new Rig(2, 64 * mebibyte)
  const storage = begin(rig)
  const entry = largeEntry(1, largestPayload)
  rig.append(storage, 1, [entry])
  t.equal(storage.status.segment, 2)
  rig.close(storage)
  const needed = 128 + batchBytes(entryHeaderBytes + largestPayload) + batchBytes(0)
  t.equal(rig.fileOf(secondSegment).length, Math.ceil(needed / mebibyte) * mebibyte)
  rig.close(reopened(rig, [entry]).storage)
  t.end()
})

void t.test('many large entries of one write go in batches, and are told of once', t => {
  const rig = new Rig(3, 64 * mebibyte)
  const storage = begin(rig)
  const entries = Array.from({ length: 10 }, (_, i) => largeEntry(i + 1, mebibyte))
  const persisted: number[] = []
  storage.onPersisted = writeId => {
    persisted.push(writeId)
    t.equal(storage.status.entriesWritten, 10)
  }
  storage.append(1, entries, { currentTerm: 3, commitIndex: 0 })
  rig.until(() => persisted.length > 0)
  t.same(persisted, [1])
  t.ok(storage.status.batches >= 3, `${storage.status.batches} batches`)
  rig.crash()
  rig.close(reopened(rig, entries).storage)
  t.end()
})

/** Two entries that are durable, and the power goes while a large one is being written behind them. */
function tornInside(seed: number): { rig: Rig; entries: Entry[]; large: Entry } {
  const rig = new Rig(seed, 8 * mebibyte)
  const storage = begin(rig)
  const entries = [largeEntry(1, valueBytesMax), largeEntry(2, 50)]
  for (const entry of entries) rig.append(storage, entry.index, [entry])
  const large = largeEntry(3, valueBytesMax)
  rig.crashNow = ({ kind, bytes, path }) => kind === 'write' && bytes > valueBytesMax && path.endsWith('.log')
  storage.append(3, [large], { currentTerm: 3, commitIndex: 0 })
  rig.until(() => false)
  rig.crashNow = () => false
  return { rig, entries, large }
}

for (const fate of ['crash', 'kill'] as const) {
  void t.test(`F02: a ${fate} inside a large entry leaves the log before it, or all of it, and the log goes on`, t => {
    const ends = { torn: 0, whole: 0, gone: 0 }
    for (let seed = 10; seed < 22; seed++) {
      const { rig, entries, large } = tornInside(seed)
      rig[fate]()
      const { storage, recovered, notes } = rig.open()
      const kept = recovered.entries.length === 3 ? [...entries, large] : entries
      if (!isEqual(recovered.entries, kept)) t.fail(`seed ${seed}: ${recovered.entries.length} entries`)
      ends[kept.includes(large) ? 'whole' : notes.length > 0 ? 'torn' : 'gone']++
      // A shorter one at the same place: what is left of the large one must never be seen again.
      const shorter = largeEntry(kept.length + 1, 1_000)
      const next = largeEntry(kept.length + 2, valueBytesMax)
      rig.append(storage, 1, [shorter])
      rig.append(storage, 2, [next])
      rig.crash()
      rig.close(reopened(rig, [...kept, shorter, next]).storage)
    }
    t.ok(ends.torn > 0 && ends.whole > 0, JSON.stringify(ends))
    t.end()
  })
}

void t.test('F02: a large entry that ends anywhere is a torn tail while nothing follows', t => {
  const rig = new Rig(4, 8 * mebibyte)
  const storage = begin(rig)
  const entries = [largeEntry(1, 50), largeEntry(2, valueBytesMax)]
  for (const entry of entries) rig.append(storage, entry.index, [entry])
  rig.crash()
  const files = rig.snapshot()
  const end = 128 + batchBytes(entryHeaderBytes + valueBytesMax)
  for (const cut of [144, 192, 200, 512, 4_096, mebibyte / 2, mebibyte, end - 64, end - 37]) {
    rig.restore(files)
    rig.disk.overwrite(secondSegment, cut, new Uint8Array(end - cut))
    const opened = reopened(rig, entries.slice(0, 1))
    t.equal(opened.notes.length, 1, `cut at ${cut}`)
    rig.append(opened.storage, 2, [entries[1]!])
    rig.close(opened.storage)
    rig.close(reopened(rig, entries).storage)
  }
  rig.restore(files)
  rig.close(reopened(rig, entries).storage)
  t.end()
})

void t.test('B11: damage inside a large entry that something follows is corruption, with file and offset', t => {
  const rig = new Rig(5, 8 * mebibyte)
  const storage = begin(rig)
  const entries = [largeEntry(1, 50), largeEntry(2, valueBytesMax), largeEntry(3, 10)]
  for (const entry of entries) rig.append(storage, entry.index, [entry])
  rig.close(storage)
  const files = rig.snapshot()
  for (const at of [128, 300, mebibyte / 2, mebibyte + 100]) {
    rig.restore(files)
    rig.disk.flipBit(secondSegment, at, 3)
    t.match(rig.tryOpen().error, { code: 'corrupt', message: `${secondSegment} is damaged at byte 128:` }, `byte ${at}`)
  }
  t.end()
})
