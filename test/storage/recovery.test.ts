import t from 'tap'
import type { Entry } from '../../src/raft/types.js'
import { batchBytes } from '../../codec/batch.js'
import { recordBytes } from '../../codec/entry.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { entryOf, firstSegment, linesOf, Rig } from './rig.js'

/** Writes of one, two and three entries, each a batch; returns where the batches begin, and where the last one ends. */
function writeBatches(rig: Rig, sealed: boolean): { offsets: number[]; entries: Entry[] } {
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  const offsets = [128]
  const entries: Entry[] = []
  for (const sizes of [[50], [40, 5], [0, 33, 60]]) {
    const write = sizes.map((bytes, i) => entryOf(entries.length + i + 1, 3, bytes, 0xa0 + i))
    rig.append(storage, offsets.length, write)
    entries.push(...write)
    offsets.push(offsets.at(-1)! + batchBytes(write.reduce((sum, entry) => sum + recordBytes(entry), 0)))
  }
  if (sealed) rig.close(storage)
  else rig.crash()
  return { offsets, entries }
}

function reopen(rig: Rig): { error: StorageError | null; lines: string[]; notes: readonly string[] } {
  const { error, opened } = rig.tryOpen()
  const lines = linesOf(opened?.recovered.entries ?? [])
  const notes = opened?.notes ?? []
  if (opened !== null) rig.close(opened.storage)
  return { error, lines, notes }
}

void t.test('F02: a cut at every byte of the last three batches: only the last, unsealed one may go', t => {
  // What stood there before a cut: zeros, or what an earlier life of the file left, which looks like a log as well.
  const earlier = new Rig(100)
  writeBatches(earlier, true)
  const recycled = earlier.fileOf(firstSegment)
  for (const [name, under] of [
    ['zeros', new Uint8Array(8_192)],
    ['recycled', recycled],
  ] as const) {
    const rig = new Rig(7)
    const { offsets, entries } = writeBatches(rig, false)
    const files = rig.snapshot()
    const whole = rig.fileOf(firstSegment)
    const lines = linesOf(entries)
    const [, second, last, end] = offsets as [number, number, number, number]
    for (let cut = 128; cut <= end; cut++) {
      rig.restore(files)
      rig.disk.overwrite(firstSegment, cut, under.subarray(cut))
      const { error, lines: found } = reopen(rig)
      if (error !== null) t.fail(`${name}: cut at ${cut}: ${error.message}`)
      // A cut inside the zeros behind a batch, or where the same bytes stand on both sides, takes nothing of it.
      const now = whole.slice()
      now.set(under.subarray(cut), cut)
      const isWhole = (from: number, to: number): boolean =>
        Buffer.compare(now.subarray(from, to), whole.subarray(from, to)) === 0
      const kept = isWhole(128, end) ? 6 : isWhole(128, last) ? 3 : isWhole(128, second) ? 1 : 0
      if (found.join() !== lines.slice(0, kept).join()) t.fail(`${name}: cut at ${cut} left ${found.join()}`)
    }
  }
  t.end()
})

void t.test('B11: a sealed log: a flipped bit anywhere is corruption, with file and offset', t => {
  const rig = new Rig(8)
  const { offsets } = writeBatches(rig, true)
  const files = rig.snapshot()
  const end = offsets.at(-1)!
  for (let at = 0; at < end; at++) {
    rig.restore(files)
    rig.disk.flipBit(firstSegment, at, at % 8)
    const { error } = reopen(rig)
    const batch = offsets.findLast(offset => offset <= at) ?? 0
    if (error?.code !== 'corrupt' || !error.message.startsWith(`${firstSegment} is damaged at byte ${batch}:`)) {
      t.fail(`bit ${at % 8} of byte ${at}: ${error?.message ?? 'opened'}`)
    }
  }
  rig.restore(files)
  t.equal(reopen(rig).error, null, 'and without one it opens')
  t.end()
})

void t.test('F02, F03: damage in the last, unsealed batch is a torn tail: cut, kept aside, and never seen again', t => {
  const rig = new Rig(9)
  const { offsets, entries } = writeBatches(rig, false)
  const files = rig.snapshot()
  const [, , last, end] = offsets as [number, number, number, number]
  const lines = linesOf(entries)
  for (let at = 128; at < end; at++) {
    rig.restore(files)
    rig.disk.flipBit(firstSegment, at, at % 8)
    const damaged = rig.fileOf(firstSegment)
    const { error, opened } = rig.tryOpen()
    if (at < last) {
      if (error?.code !== 'corrupt') t.fail(`byte ${at} belongs to a batch that the last one proves`)
      continue
    }
    if (opened === null) {
      t.fail(`byte ${at}: ${error?.message ?? ''}`)
      continue
    }
    const aside = rig.disk.contents(`data/torn-1-${last}`)
    if (aside === null || Buffer.compare(aside, damaged.subarray(last, last + aside.length)) !== 0) t.fail('kept aside')
    if (opened.notes.length !== 1) t.fail('noted')
    if (linesOf(opened.recovered.entries).join() !== lines.slice(0, 3).join()) t.fail(`cut at byte ${at}`)
    if (
      rig
        .fileOf(firstSegment)
        .subarray(last + 64)
        .some(byte => byte !== 0)
    )
      t.fail('zeros behind the seal')
    // A batch of the same number at the same place, shorter than the one that was cut.
    rig.append(opened.storage, 1, [entryOf(4, 3, 0)])
    rig.close(opened.storage)
    const again = reopen(rig)
    if (again.lines.length !== 4 || again.notes.length > 0) t.fail(`after byte ${at}: ${again.error?.message ?? ''}`)
  }
  t.end()
})

void t.test('F03: what an earlier life of a segment wrote is never taken for a batch', t => {
  const earlier = new Rig(200)
  writeBatches(earlier, true)
  const rig = new Rig(10)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  rig.close(storage)
  const old = earlier.fileOf(firstSegment)
  rig.disk.overwrite('data/log/prepared', 0, Buffer.concat([old, new Uint8Array(8_192)]), true)
  const again = rig.open().storage
  const entries = Array.from({ length: 40 }, (_, i) => entryOf(i + 1, 3, 300))
  let count = 0
  while (again.status.segment === 1) rig.append(again, ++count, [entries[count - 1]!])
  const second = rig.fileOf('data/log/0000000000000002.log')
  t.equal(Buffer.compare(second.subarray(1_024, 2_048), old.subarray(1_024, 2_048)), 0, 'the old bytes are there')
  rig.crash()
  const { error, lines } = reopen(rig)
  t.equal(error, null)
  t.same(lines, linesOf(entries.slice(0, count)))
  t.end()
})

void t.test('F02: a cut at every byte of the last three batches of a segment that was used before', t => {
  const rig = new Rig(21, 2_048)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  const entries: Entry[] = []
  const append = (): void => {
    entries.push(entryOf(entries.length + 1, 3, 40 + (entries.length % 5) * 30, entries.length))
    rig.append(storage, entries.length, entries.slice(-1), entries.length - 1)
  }
  while (storage.status.segment < 6) append()
  rig.compact(storage, entries.length, 3)
  const before = storage.status.segment
  const fills = new Set(rig.logNames().filter(name => name.endsWith('.spare')))
  t.ok(fills.size > 2)
  while (storage.status.segment < before + 2) append()
  // Three batches in the newest segment, whose file was another one's.
  for (let i = 0; i < 2; i++) append()
  t.ok(storage.status.recycled >= 1)
  rig.crash()
  const { inspection } = rig.inspect()
  const { path, batches, header } = inspection!.segments.at(-1)!
  t.equal(batches.length, 3)
  const files = rig.snapshot()
  const whole = rig.fileOf(path)
  const last = batches.at(-1)!
  const { previousIndex } = header
  const lines = linesOf(entries)
  const under = whole.slice()
  // What stood there before: a log of other batches, under another salt.
  const old = [...files].find(([name]) => name.endsWith('.spare'))![1]
  under.set(old)
  t.ok(Buffer.from(old).indexOf('RGBT') >= 0, 'which holds batches')
  for (const [name, rest] of [
    ['zeros', new Uint8Array(whole.length)],
    ['recycled', under],
  ] as const) {
    for (let cut = 128; cut <= last.offset + last.bytes; cut++) {
      rig.restore(files)
      rig.disk.overwrite(path, cut, rest.subarray(cut))
      const now = rig.fileOf(path)
      const kept = batches.findIndex(
        ({ offset, bytes }) => Buffer.compare(now.subarray(0, offset + bytes), whole.subarray(0, offset + bytes)) !== 0,
      )
      const { error, opened } = rig.tryOpen()
      if (opened === null) {
        t.fail(`${name}: cut at ${cut}: ${error?.message ?? ''}`)
        continue
      }
      const found = linesOf(opened.recovered.entries)
      const { baseIndex } = opened.recovered
      const due = lines.slice(baseIndex, kept < 0 ? undefined : previousIndex + kept)
      if (found.join() !== due.join()) t.fail(`${name}: cut at ${cut} left ${found.join()}`)
      rig.close(opened.storage)
    }
  }
  rig.restore(files)
  rig.disk.overwrite(path, 0, whole.subarray(0, whole.length - 64), true)
  t.match(rig.tryOpen().error, { code: 'corrupt', message: /it ends here, and was made 2048 bytes long/ })
  t.end()
})

/** A log of several segments and its files. */
function severalSegments(seed: number): { rig: Rig; files: Map<string, Uint8Array>; paths: string[] } {
  const rig = new Rig(seed, 4_096)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  for (let index = 1; index <= 40; index++) rig.append(storage, index, [entryOf(index, 3, 300)])
  rig.close(storage)
  const files = rig.snapshot()
  return { rig, files, paths: [...files.keys()].filter(path => path.endsWith('.log')).sort() }
}

void t.test('segments that are missing, short, swapped or of somebody else are refused', t => {
  const { rig, files, paths } = severalSegments(11)
  t.ok(paths.length >= 4)
  const other = severalSegments(12)
  const [first, second, third] = paths as [string, string, string]
  const refused = (what: string, damage: () => void, path: string, code = 'corrupt'): void => {
    rig.restore(files)
    damage()
    const { error } = reopen(rig)
    t.match(error, { code, message: path }, what)
    t.equal(error?.message.includes('\n'), false)
  }
  const contents = (path: string): Uint8Array => files.get(path)!
  refused('the first is missing', () => rig.disk.erase(first), first)
  refused('one of the middle is missing', () => rig.disk.erase(second), second)
  refused('all are missing', () => paths.forEach(path => rig.disk.erase(path)), first)
  refused('short', () => rig.disk.overwrite(second, 0, contents(second).subarray(0, 4_000), true), second)
  refused('the last is short', () => rig.disk.overwrite(paths.at(-1)!, 0, new Uint8Array(0), true), paths.at(-1)!)
  refused('one stands in the place of another', () => rig.disk.overwrite(third, 0, contents(second)), third)
  refused('of another directory', () => rig.disk.overwrite(second, 0, other.files.get(second)!), second)
  refused(
    'the end of a segment that another follows',
    () => rig.disk.overwrite(second, 3_000, new Uint8Array(1_096)),
    second,
  )
  const otherCluster = new Rig(13, 4_096)
  otherCluster.close(otherCluster.open({ clusterId: 78 }).storage)
  refused('of another cluster', () => rig.disk.overwrite(first, 0, otherCluster.fileOf(first)), first, 'other-cluster')
  const otherServer = new Rig(13, 4_096)
  otherServer.close(otherServer.open({ serverId: 2 }).storage)
  refused('of another server', () => rig.disk.overwrite(first, 0, otherServer.fileOf(first)), first, 'other-server')
  rig.restore(files)
  t.equal(reopen(rig).error, null)
  t.end()
})

void t.test('F17: a batch in the place of another is corruption, whole as it is', t => {
  const rig = new Rig(16)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  for (let index = 1; index <= 3; index++) rig.append(storage, index, [entryOf(index, 3, 30)])
  rig.crash()
  const files = rig.snapshot()
  const whole = rig.fileOf(firstSegment)
  const copied = (from: number, to: number): void => {
    rig.restore(files)
    rig.disk.overwrite(firstSegment, 128 + to * 128, whole.subarray(128 + from * 128, 256 + from * 128))
  }
  copied(0, 2)
  t.match(reopen(rig).error, { code: 'corrupt', message: /byte 384: batch 1 stands where batch 3 is due/ })
  copied(2, 1)
  t.match(reopen(rig).error, { code: 'corrupt', message: /byte 256: batch 3 stands where batch 2 is due/ })
  copied(2, 3)
  t.match(reopen(rig).error, { code: 'corrupt', message: /byte 512: batch 3 stands where batch 4 is due/ })
  t.end()
})

void t.test('a log from a later term than the hard state is refused', t => {
  const rig = new Rig(14)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  const old = rig.fileOf('data/hard-state')
  rig.saveHardState(storage, { currentTerm: 4, votedFor: 2 })
  rig.append(storage, 1, [entryOf(1, 4)])
  rig.close(storage)
  rig.disk.overwrite('data/hard-state', 0, old)
  t.match(reopen(rig).error, { code: 'corrupt', message: /term 3.*term 4/ })
  t.end()
})

void t.test('C13: a log that ends before what it knows to be committed opens, and is filled up again', t => {
  // As a leader leaves it whose majority was done before its own disk.
  const rig = new Rig(17)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  rig.append(storage, 1, [entryOf(1, 3), entryOf(2, 3)], 9)
  rig.crash()
  const { opened, error } = rig.tryOpen()
  t.equal(error, null)
  if (opened === null) return t.end()
  t.same(linesOf(opened.recovered.entries), linesOf([entryOf(1, 3), entryOf(2, 3)]))
  for (let index = 3; index <= 9; index++) rig.append(opened.storage, index, [entryOf(index, 3)], index)
  rig.close(opened.storage)
  t.equal(reopen(rig).lines.length, 9)
  return t.end()
})

void t.test('C13: a log in which a committed entry was replaced is refused', t => {
  const rig = new Rig(18)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 4, votedFor: 1 })
  rig.append(storage, 1, [entryOf(1, 3), entryOf(2, 3)], 2)
  rig.append(storage, 2, [entryOf(2, 4)], 2)
  rig.close(storage)
  t.match(reopen(rig).error, { code: 'corrupt', message: /replaces a committed one/ })
  t.end()
})

void t.test('a start that changes nothing leaves the log as it was', t => {
  const rig = new Rig(15)
  writeBatches(rig, false)
  reopen(rig)
  const once = rig.fileOf(firstSegment)
  for (let i = 0; i < 5; i++) reopen(rig)
  t.equal(Buffer.compare(rig.fileOf(firstSegment), once), 0)
  t.end()
})
