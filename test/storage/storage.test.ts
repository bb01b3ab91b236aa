import t from 'tap'
import { directoryVersion } from '../../codec/identity.js'
import { viewOf } from '../../codec/cursor.js'
import { checksum } from '../../codec/checksum.js'
import { entryOf, Rig } from './rig.js'

void t.test('a first start makes everything, and says whose it is', t => {
  const rig = new Rig(1)
  const { recovered, identity, notes, storage } = rig.open()
  t.strictSame(
    { ...recovered, entries: [...recovered.entries] },
    {
      hardState: { currentTerm: 0, votedFor: 0 },
      snapshotIndex: 0,
      snapshotTerm: 0,
      baseIndex: 0,
      baseTerm: 0,
      entries: [],
    },
  )
  t.match(identity, { serverId: 1, clusterId: 77, clusterName: 'orchard', foundingCluster: '1=127.0.0.1:7001' })
  t.ok(identity.incarnation > 0)
  t.same(notes, [])
  rig.close(storage)
  const again = rig.open({ clusterId: 5, clusterName: 'other', foundingCluster: 'other' })
  t.same(again.identity, identity, 'afterwards the directory holds')
  t.same(again.notes, [])
  t.end()
})

void t.test('a first start prepares little, and segments grow with the log', t => {
  const rig = new Rig(2, 64 * 2 ** 20)
  rig.delayMs = ({ bytes }) => 0.1 + bytes / 1e6
  const { storage } = rig.open()
  t.ok(rig.clock.now() < 50, 'not the whole segment')
  rig.clock.runFor(1_000)
  t.equal(storage.status.preparedBytes, 2 ** 20, 'one piece ahead')
  rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
  for (let i = 1; i <= 100; i++) rig.append(storage, i, [entryOf(i, 1, 50_000)])
  t.ok(storage.status.segment <= 4, '1, 2, 4 MiB')
  const zeros = rig.operations
    .filter(({ path }) => path.endsWith('prepared'))
    .reduce((sum, { bytes }) => sum + bytes, 0)
  t.ok(zeros < 3 * storage.status.bytesWritten + 2 ** 21)
  rig.close(storage)
  t.equal(rig.open().recovered.entries.length, 100)
  t.end()
})

void t.test('a directory in use, of another server, of another version or damaged is refused', t => {
  const rig = new Rig(3)
  const { storage } = rig.open()
  const refused = (options: object, code: string, message: RegExp): void => {
    const { error, opened } = rig.tryOpen(options)
    t.match(error, { code, message })
    t.equal(opened, null)
  }
  refused({}, 'locked', /in use by another process/)
  rig.close(storage)
  const files = rig.snapshot()
  refused({ serverId: 2 }, 'other-server', /belongs to server 1, not to server 2: start with --id 1/)
  const bytes = files.get('data/identity')!.slice()
  viewOf(bytes).setUint32(8, directoryVersion + 1, true)
  viewOf(bytes).setUint32(4, checksum(bytes.subarray(8)), true)
  rig.disk.overwrite('data/identity', 0, bytes)
  refused({}, 'other-version', /format version 2, this program reads version 1/)
  for (let at = 0; at < bytes.length; at++) {
    rig.restore(files)
    rig.disk.flipBit('data/identity', at, at % 8)
    if (rig.tryOpen().error?.code !== 'corrupt') t.fail(`byte ${at} of the identity`)
  }
  rig.restore(files)
  rig.close(rig.open().storage)
  t.end()
})

void t.test('a missing identity beside a log or a vote is refused, beside leftovers of a first start it is not', t => {
  const rig = new Rig(4)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
  rig.append(storage, 1, [entryOf(1, 1)])
  rig.close(storage)
  rig.disk.erase('data/identity')
  t.match(rig.tryOpen().error, { code: 'corrupt', message: /identity is damaged.*missing, and data\/hard-state/ })
  rig.disk.erase('data/hard-state')
  t.match(rig.tryOpen().error, { code: 'corrupt', message: /missing, and data\/log\/0+1.log was in use/ })
  const fresh = new Rig(5)
  const first = fresh.open()
  fresh.close(first.storage)
  fresh.disk.erase('data/identity')
  const second = fresh.open()
  t.not(second.identity.incarnation, first.identity.incarnation, 'nobody has seen the first one')
  fresh.close(second.storage)
  t.end()
})

void t.test('the power goes when the identity has its name: everything else is there, or the name is not', t => {
  for (let seed = 1; seed <= 60; seed++) {
    const rig = new Rig(seed)
    let named = false
    rig.crashNow = ({ kind, path }) => {
      if (kind === 'sync' && named) return true
      named ||= kind === 'rename' && path === 'data/identity.tmp'
      return false
    }
    rig.tryOpen()
    if (!rig.crashed) t.fail('the crash came')
    rig.crashNow = () => false
    rig.crash()
    const { error } = rig.tryOpen()
    if (error !== null) t.fail(`seed ${seed}: ${error.message}`)
  }
  t.end()
})

void t.test('errors of the disk while opening are refusals that leave nothing open', t => {
  const reference = new Rig(6)
  reference.close(reference.open().storage)
  const count = reference.operations.length
  for (const code of ['EIO', 'ENOSPC']) {
    for (let failing = 0; failing < count; failing++) {
      const rig = new Rig(6)
      let left = failing
      rig.disk.fault = () => (left-- === 0 ? code : null)
      const { error, opened } = rig.tryOpen()
      if (opened !== null) {
        rig.close(opened.storage)
        continue
      }
      if (error?.code !== (code === 'EIO' ? 'io' : 'no-space')) t.fail(`${code} at ${failing}: ${error?.message ?? ''}`)
      rig.close(rig.open().storage)
    }
  }
  t.end()
})

void t.test('abandon ends like a crash, and lets go of the lock', t => {
  const rig = new Rig(7)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 1, votedFor: 1 })
  storage.onPersisted = () => t.fail('nothing is reported')
  storage.append(1, [entryOf(1, 1)], { currentTerm: 1, commitIndex: 0 })
  let abandoned = 0
  storage.close(() => abandoned++)
  storage.abandon(() => abandoned++)
  rig.until(() => abandoned === 2)
  const { recovered } = rig.open()
  t.ok(recovered.entries.length <= 1)
  t.end()
})

void t.test(
  'regression_zeros_were_written_on_after_a_failure: EIO of any work on the disk ends it, and nothing is tried again',
  t => {
    const meta = { currentTerm: 2, commitIndex: 0 }
    /** What a server does: saves its hard state, appends over several segments, seals. The work that was begun, in order. */
    const work = (failing: number) => {
      const rig = new Rig(9, 4_096)
      const { storage } = rig.open({ reserveBytes: 1 })
      const from = rig.operations.length
      const fatal: string[] = []
      let failedAt = -1
      let asked = -1
      storage.onFatal = error => {
        if (error.code !== 'io') t.fail(error.message)
        fatal.push(error.message)
        // What is asked for from now on would be asked of a disk that failed.
        asked = rig.operations.length
      }
      rig.disk.fault = operation => {
        if (operation !== rig.operations[from + failing] || failedAt >= 0) return null
        failedAt = rig.operations.length
        return 'EIO'
      }
      storage.saveHardState({ currentTerm: 2, votedFor: 1 }, () => {
        for (let id = 1; id <= 12; id++) storage.append(id, [entryOf(id, 2, 900)], meta)
      })
      rig.clock.runFor(2_000)
      return {
        fatal,
        operations: rig.operations.slice(from),
        after: asked < 0 ? [] : rig.operations.slice(asked),
        failedAt,
      }
    }
    const { operations } = work(Infinity)
    const kinds = new Set<string>()
    operations.forEach((operation, at) => {
      const { fatal, after, failedAt } = work(at)
      const what = `${operation.kind} ${operation.path}@${operation.offset}`
      kinds.add(`${operation.kind} ${operation.path.replace(/\d{16}/, 'N')}`)
      if (failedAt < 0) t.fail(`${what} was not begun`)
      if (fatal.length !== 1) t.fail(`${what}: told ${fatal.length} times`)
      const again = after.filter(({ kind, path, offset, bytes }) => {
        const isSame = kind === operation.kind && path === operation.path && offset === operation.offset
        // What was under way is ended: the other slot, the names of a segment. But nothing new is begun.
        return isSame || (kind === 'write' && (/\d\.log$/.test(path) || bytes >= 4_096))
      })
      if (again.length > 0) t.fail(`${what}: then ${again.map(({ kind, path }) => `${kind} ${path}`).join(', ')}`)
    })
    for (const kind of ['write data/hard-state', 'write data/log/N.log', 'write data/log/prepared', 'sync data/log']) {
      t.ok(kinds.has(kind), kind)
    }
    t.ok(kinds.has('rename data/log/prepared') && kinds.has('freeBytes data/log'), [...kinds].join(', '))
    t.end()
  },
)
