import t from 'tap'
import type { Entry } from '../../src/raft/types.js'
import type { Storage } from '../../src/storage/storage.js'
import { entryOf, linesOf, Rig } from './rig.js'

/** Appends one batch after another until segment `until` is in use. */
function fill(rig: Rig, storage: Storage, entries: Entry[], until: number): void {
  while (storage.status.segment < until) {
    entries.push(entryOf(entries.length + 1, 1, 300, entries.length))
    rig.append(storage, entries.length, entries.slice(-1))
  }
}

function begin(seed: number, segmentBytes = 2_048): { rig: Rig; storage: Storage; entries: Entry[] } {
  const rig = new Rig(seed, segmentBytes)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 3, votedFor: 1 })
  return { rig, storage, entries: [] }
}

const nameOf = (sequence: number, end = 'log'): string => `${String(sequence).padStart(16, '0')}.${end}`

void t.test('covered segments go oldest first, one by one with a pause, and never the one in use', t => {
  const { rig, storage, entries } = begin(1)
  fill(rig, storage, entries, 6)
  const headers = rig
    .logNames()
    .filter(name => name.endsWith('.log'))
    .map((_, i) => i + 1)
  t.same(headers, [1, 2, 3, 4, 5, 6])
  const previousOf = (sequence: number): number => {
    const bytes = rig.fileOf(`data/log/${nameOf(sequence)}`)
    return new DataView(bytes.buffer).getUint32(56, true)
  }
  rig.operations.length = 0
  rig.compact(storage, previousOf(4) - 1, 1)
  t.same(
    rig.logNames().filter(name => name.endsWith('.log')),
    [3, 4, 5, 6].map(n => nameOf(n)),
    'the third is needed',
  )
  const changes = rig.operations.filter(({ kind }) => kind === 'rename' || kind === 'remove' || kind === 'sync')
  t.same(
    changes.map(({ kind, path }) => `${kind} ${path}`),
    [`rename data/log/${nameOf(1)}`, 'sync data/log', `rename data/log/${nameOf(2)}`, 'sync data/log'],
  )
  rig.compact(storage, previousOf(4), 1)
  t.same(
    rig.logNames().filter(name => name.endsWith('.log')),
    [4, 5, 6].map(n => nameOf(n)),
  )
  rig.compact(storage, 2, 1)
  t.equal(storage.status.segments, 3, 'an earlier place changes nothing')
  const started = rig.clock.now()
  let removed = 0
  rig.crashNow = ({ kind }) => {
    if (kind === 'rename') removed++
    return false
  }
  storage.compactTo(entries.length)
  rig.until(() => removed === 2)
  t.ok(rig.clock.now() - started >= 10, 'appends have their turn between two')
  rig.clock.runFor(500)
  t.same(
    rig.logNames().filter(name => name.endsWith('.log')),
    [nameOf(6)],
    'the one in use stays',
  )
  rig.newestSnapshot = { lastIncludedIndex: entries.length, lastIncludedTerm: 1 }
  fill(rig, storage, entries, 7)
  rig.clock.runFor(100)
  t.equal(storage.status.segments, 2, 'a new segment alone gives up nothing')
  rig.close(storage)
  const { recovered } = rig.open()
  t.same(linesOf(recovered.entries), linesOf(entries.slice(recovered.baseIndex)))
  t.ok(recovered.baseIndex > 0 && recovered.baseIndex <= rig.newestSnapshot.lastIncludedIndex)
  t.end()
})

void t.test('the log begins after the entry that the oldest segment names, and without a snapshot it is refused', t => {
  const { rig, storage, entries } = begin(2)
  fill(rig, storage, entries, 5)
  rig.compact(storage, entries.length - 1, 1)
  rig.close(storage)
  const { opened } = rig.tryOpen()
  t.match(opened?.recovered, { baseTerm: 1, snapshotIndex: entries.length - 1, snapshotTerm: 1 })
  const baseIndex = opened?.recovered.baseIndex ?? 0
  t.ok(baseIndex > 4)
  t.same(linesOf(opened?.recovered.entries ?? []), linesOf(entries.slice(baseIndex)))
  if (opened !== null) rig.close(opened.storage)
  for (const lastIncludedIndex of [0, baseIndex - 1]) {
    rig.newestSnapshot = lastIncludedIndex === 0 ? null : { lastIncludedIndex, lastIncludedTerm: 1 }
    const error = rig.tryOpen().error
    t.match(error, { code: 'corrupt', message: `begins after entry ${baseIndex} of term 1, and ` })
    t.match(error?.message, lastIncludedIndex === 0 ? /there is no snapshot/ : /the newest snapshot ends with entry/)
    t.match(error?.message, /0+4\.log and others are missing/)
    t.match(rig.inspect().inspection?.problems, [{ fatal: true, what: error?.message }], 'verify says the same')
  }
  rig.newestSnapshot = { lastIncludedIndex: baseIndex, lastIncludedTerm: 1 }
  t.equal(rig.tryOpen().error, null, 'a snapshot that just reaches it will do')
  t.end()
})

void t.test('a segment whose tail was replaced goes when what is in force is covered', t => {
  const { rig, storage, entries } = begin(3)
  fill(rig, storage, entries, 3)
  const last = entries.length
  // Entries 3 and later are replaced by a few that fit the segment: those before it are named with the old last entry.
  rig.append(storage, 1_000, [entryOf(3, 2, 10)], 2)
  let next = 4
  while (storage.status.segment < 4) rig.append(storage, 1_000 + next, [entryOf(next++, 2, 300)], 2)
  t.ok(next <= last, 'the new log is shorter than the old one was')
  rig.compact(storage, next - 2, 2)
  t.same(
    rig.logNames().filter(name => name.endsWith('.log')),
    [nameOf(4)],
  )
  rig.close(storage)
  t.end()
})

void t.test(
  'a crash at every step of removal: the log begins with one of the segments, and holds all that it held',
  t => {
    for (let seed = 1; seed <= 3; seed++) {
      const bases = new Set<number>()
      const spares = new Set<number>()
      for (let at = 0, over = false; !over; at++) {
        for (const during of [true, false]) {
          const { rig, storage, entries } = begin(seed)
          fill(rig, storage, entries, 3)
          // The tail is replaced, so that the entry which the third segment names is not in force at the end.
          entries.length = 6
          rig.append(storage, 500, [replace(entries, 7)], 6)
          while (storage.status.segment < 6) rig.append(storage, 500 + entries.length, [replace(entries, 0)], 6)
          let left = at
          rig.crashNow = ({ kind, path }) => path.startsWith('data/log') && kind !== 'write' && left-- === 0
          if (!during) {
            // The power goes when the next operation of any kind is done.
            let done = false
            const armed = rig.crashNow
            rig.crashNow = operation => {
              if (done) return true
              done = armed(operation)
              return false
            }
          }
          rig.compact(storage, entries.length - 1, 2)
          over = !rig.crashed
          rig.crashNow = () => false
          rig.crash()
          const { error, opened } = rig.tryOpen()
          if (opened === null) {
            t.fail(`seed ${seed}, operation ${at}: ${error?.message ?? ''}`)
            continue
          }
          const { baseIndex, entries: found } = opened.recovered
          bases.add(baseIndex)
          spares.add(opened.storage.status.spareSegments)
          if (linesOf(found).join() !== linesOf(entries.slice(baseIndex)).join())
            t.fail(`seed ${seed}, operation ${at}`)
          // What is left to do is done after the start.
          rig.compact(opened.storage, entries.length - 1, 2)
          if (opened.storage.status.segments !== 1) t.fail('the rest goes later')
          rig.close(opened.storage)
        }
      }
      t.ok(bases.size >= 4, `the log began after ${[...bases].join(', ')}`)
      t.ok(spares.size >= 3)
    }
    t.end()
  },
)

/** Adds the next entry, of term 2. */
function replace(entries: Entry[], fill: number): Entry {
  const entry = entryOf(entries.length + 1, 2, 300, fill)
  entries.push(entry)
  return entry
}

void t.test('a change of names that fails is fatal, and close waits for the one in flight', t => {
  for (const failing of ['rename', 'sync', ''] as const) {
    const { rig, storage, entries } = begin(4)
    fill(rig, storage, entries, 4)
    let fatal = 0
    storage.onFatal = () => fatal++
    rig.disk.fault = ({ kind }) => (kind === failing ? 'EIO' : null)
    storage.compactTo(entries.length)
    if (failing === '') rig.close(storage)
    else rig.clock.runFor(100)
    t.equal(fatal, failing === '' ? 0 : 1, failing)
    if (failing !== '') rig.close(storage)
    rig.disk.fault = () => null
    rig.newestSnapshot = { lastIncludedIndex: entries.length, lastIncludedTerm: 1 }
    rig.crash()
    t.equal(rig.tryOpen().error, null)
  }
  t.end()
})
