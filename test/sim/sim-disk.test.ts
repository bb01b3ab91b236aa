import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { SimCluster } from '../../src/sim/cluster.js'
import { Kernel, Life } from '../../src/sim/kernel.js'
import { MachineDisk } from '../../src/sim/sim-disk.js'
import { Tally } from '../../src/sim/tally.js'
import type { DiskFile } from '../../src/storage/disk.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { diskContract } from '../contracts/disk.js'
import { calmPlan } from './rig.js'

function machine(some: { seed?: number; lies?: boolean } = {}) {
  const kernel = new Kernel()
  const tally = new Tally()
  const crashes: string[] = []
  const ended: string[] = []
  const disk = new MachineDisk({
    kernel,
    prng: new Prng(some.seed ?? 1),
    tally,
    fromMs: 1,
    toMs: 2,
    lies: some.lies ?? false,
    crash: point => {
      crashes.push(point)
      life.isOver = true
      disk.crash()
    },
    onEnd: ({ kind, path }, outcome) => ended.push(`${kind} ${path} ${outcome}`),
  })
  const life = new Life(1)
  disk.begin(life)
  /** Time goes on until it has called back; what it said, and how long it took. */
  const wait = <T>(start: (got: (error: Error | null, value?: T) => void) => void) => {
    const startMs = kernel.nowMs
    const said: { code: string; value: T | undefined; tookMs: number }[] = []
    start((error, value) => {
      const code = error === null ? 'ok' : String((error as { code?: unknown }).code)
      said.push({ code, value, tookMs: kernel.nowMs - startMs })
    })
    for (let i = 0; i < 10_000 && said.length === 0; i++) kernel.runUntil(kernel.nowMs + 0.125)
    return said[0]!
  }
  const create = (path: string): DiskFile => {
    wait(done => disk.disk.makeDirectory('data', done))
    return wait<DiskFile>(got => disk.disk.open(path, 'create', got)).value!
  }
  const write = (file: DiskFile, offset: number, bytes: number) =>
    wait(done => file.write(offset, new Uint8Array(bytes).fill(1), done))
  return { kernel, tally, crashes, ended, disk, life, wait, create, write }
}

void t.test('the disk of a machine keeps the contract', async t => {
  const { disk, kernel, wait } = machine()
  wait(done => disk.disk.makeDirectory('data', done))
  const turning = setInterval(() => kernel.runUntil(kernel.nowMs + 50), 0)
  await diskContract(t, { disk: disk.disk, directory: 'data' })
  clearInterval(turning)
})

void t.test('it has a pace, and may be slow or stall for a while', t => {
  const { disk, kernel, create, write } = machine()
  const file = create('data/a')
  const tookMs = (bytes = 1) => write(file, 0, bytes).tookMs
  const usual = Array.from({ length: 50 }, () => tookMs())
  t.ok(usual.every(ms => ms >= 1 && ms <= 2.25))
  const large = tookMs(10_000_000)
  t.ok(large >= 11 && large < 12.5, 'a megabyte takes a millisecond more')
  disk.slowness = 50
  const slow = tookMs()
  t.ok(slow >= 50 && slow <= 100.5, String(slow))
  disk.slowness = 1
  disk.logSlowness = 50
  t.ok(tookMs() < 2.25, 'only what is written to the log is slow')
  t.ok(write(create('data/b.log'), 0, 1).tookMs >= 50)
  disk.stalledUntilMs = kernel.nowMs + 500
  t.ok(Math.abs(tookMs() - 500) < 0.5)
  t.ok(tookMs() < 3)
  t.end()
})

void t.test('full: no file grows, what is there can be written and read; failing: no write, no sync, no read', t => {
  const { disk, tally, create, write, wait } = machine()
  const file = create('data/a')
  write(file, 0, 100)
  disk.isFull = true
  t.equal(write(file, 50, 100).code, 'ENOSPC')
  t.equal(write(file, 0, 100).code, 'ok')
  disk.isFull = false
  t.equal(write(file, 50, 100).code, 'ok')
  disk.isFailing = true
  t.equal(write(file, 0, 1).code, 'EIO')
  t.equal(wait(done => disk.disk.syncDirectory('data', done)).code, 'EIO')
  t.equal(wait(got => file.read(0, 1, got)).code, 'EIO')
  t.match(tally.all, { 'disk: EIO': 3, 'disk: ENOSPC': 1 })
  t.end()
})

void t.test('a disk that lies forgets in a crash what it called durable, an honest one does not', t => {
  const forgotten = (lies: boolean): number => {
    let count = 0
    for (let seed = 0; seed < 40; seed++) {
      const { disk, create, write, wait } = machine({ seed, lies })
      const file = create('data/a')
      wait(done => disk.disk.syncDirectory('data', done))
      write(file, 0, 512)
      disk.crash()
      if (disk.disk.contents('data/a')?.[0] !== 1) count++
    }
    return count
  }
  t.equal(forgotten(false), 0)
  t.ok(forgotten(true) > 10)
  t.end()
})

void t.test('the power goes at a named point: while it is done, or when it has just been done', t => {
  const during = machine()
  let isDone = false
  const file = during.create('data/hard-state')
  during.disk.armed = { point: 'during hard state, slot 1', skip: 1 }
  during.write(file, 0, 48)
  during.write(file, 4_096, 48)
  t.same(during.crashes, [], 'once it is spared')
  file.write(4_096, new Uint8Array(48), () => (isDone = true))
  during.kernel.runUntil(during.kernel.nowMs + 9)
  t.same(during.crashes, ['during hard state, slot 1'])
  t.notOk(isDone)
  t.equal(during.disk.armed, null)
  t.equal(during.tally.of('crash: during hard state, slot 1'), 1)

  const after = machine()
  const other = after.create('data/hard-state')
  after.disk.armed = { point: 'after hard state, slot 0', skip: 0 }
  other.write(0, new Uint8Array(48), () => (isDone = true))
  after.kernel.runUntil(after.kernel.nowMs + 9)
  t.ok(isDone)
  t.same(after.crashes, ['after hard state, slot 0'])
  t.end()
})

void t.test('the hard state is what a crash is sure to leave, not what a killed process left to be seen', t => {
  let differed = 0
  for (let seed = 1; seed < 25; seed++) {
    const cluster = new SimCluster(calmPlan(seed, { servers: 1 }))
    cluster.begin()
    cluster.runUntil(1_000)
    const { disk } = cluster.server(1)
    const before = disk.hardState!
    t.ok(before.currentTerm >= 1)
    const slot = disk.disk.contents('data/hard-state')!.slice(0, 48)
    slot.fill(0, 4, 8)
    cluster.server(1).kill()
    let opened: DiskFile | null = null
    disk.begin(new Life(1))
    disk.disk.open('data/hard-state', 'existing', (_error, file) => (opened = file))
    cluster.runUntil(1_010)
    ;(opened as DiskFile | null)!.write(0, slot, () => undefined)
    ;(opened as DiskFile | null)!.write(4_096, slot, () => undefined)
    disk.disk.kill()
    if (Buffer.compare(disk.disk.contents('data/hard-state')!.subarray(0, 48), slot) === 0) differed++
    if (JSON.stringify(disk.hardState) !== JSON.stringify(before)) t.fail('what is not durable counts')
  }
  t.ok(differed > 2, `${differed} times a killed write was seen`)
  t.end()
})

void t.test('bits that rot lie in what is proven, and a start notices or has all that it promised', t => {
  const counts = { refused: 0, started: 0, hardState: 0 }
  for (let seed = 1; seed <= 40; seed++) {
    const cluster = new SimCluster(calmPlan(seed, { servers: 1, segmentBytes: 4_096 }))
    cluster.begin()
    cluster.runUntil(1_500)
    const server = cluster.server(1)
    const { commitIndex } = server.node!.raft.server
    const pathsBefore = server.disk.disk.paths().sort()
    const hardStateBefore = server.disk.disk.contents('data/hard-state')!
    if (!server.disk.rot(new Prng(seed))) t.fail('there is a log')
    server.isDamaged = true
    server.kill()
    const isHardState = Buffer.compare(server.disk.disk.contents('data/hard-state')!, hardStateBefore) !== 0
    server.start()
    // Throws where an invariant is broken: what was promised is asked for at the start.
    cluster.runUntil(1_700)
    if (server.node === null) {
      counts.refused++
      t.equal((server.failure as StorageError).code, 'corrupt')
      t.notOk(isHardState, 'one slot of the hard state can be mended')
      t.same(server.disk.disk.paths().sort(), pathsBefore, 'it is never taken for a torn tail')
    } else {
      counts.started++
      if (isHardState) counts.hardState++
      t.ok(server.node.raft.server.log.lastIndex >= commitIndex)
      t.notOk(server.isDamaged)
    }
  }
  t.ok(counts.refused > 20, JSON.stringify(counts))
  t.ok(counts.hardState > 4, JSON.stringify(counts))
  t.comment(JSON.stringify(counts))
  t.end()
})

void t.test('S16: a bit of the newest snapshot flips, and the server refuses to start', t => {
  let flipped = 0
  for (let seed = 1; seed <= 40; seed++) {
    const plan = calmPlan(seed % 4, { servers: 1, segmentBytes: 4_096, snapshotEveryBytes: 600 })
    const cluster = new SimCluster({ ...plan, load: { ...plan.load, pauseMs: 10 } })
    cluster.begin()
    cluster.runUntil(1_500)
    const server = cluster.server(1)
    const { disk } = server.disk
    const path = disk
      .paths()
      .filter(name => name.endsWith('.snapshot'))
      .sort()
      .at(-1)
    const before = disk.contents(path!)!
    if (!server.disk.rot(new Prng(seed))) t.fail('there is a log')
    if (Buffer.compare(disk.contents(path!)!, before) === 0) continue
    flipped++
    server.isDamaged = true
    server.kill()
    server.start()
    cluster.runUntil(1_700)
    t.match(server.failure, { code: 'corrupt', message: /snapshots/ })
  }
  t.ok(flipped > 4, `${flipped} snapshots`)
  t.end()
})

void t.test('the end of a stall ends what it held up', t => {
  const { disk, kernel, create } = machine()
  const file = create('data/f')
  disk.stalledUntilMs = kernel.nowMs + 1_000
  const done: number[] = []
  const beganMs = kernel.nowMs
  for (const offset of [0, 1]) file.write(offset, Uint8Array.of(1), () => done.push(offset))
  kernel.runUntil(beganMs + 100)
  t.same(done, [])
  disk.mend()
  kernel.runUntil(beganMs + 101)
  t.same(done, [0, 1])
  kernel.runUntil(beganMs + 2_000)
  t.same(done, [0, 1], 'once')
  t.end()
})

void t.test('regression_a_write_of_a_slow_disk_does_not_outlast_its_mending', t => {
  const { disk, kernel, create } = machine()
  const file = create('data/f')
  disk.slowness = 1_000
  const done: number[] = []
  for (const offset of [0, 1]) file.write(offset, Uint8Array.of(1), () => done.push(offset))
  disk.slowness = 1
  kernel.runUntil(kernel.nowMs + 500)
  t.same(done, [], 'what is under way when it becomes quicker goes on as it began')
  disk.mend()
  kernel.runUntil(kernel.nowMs + 1)
  t.same(done, [0, 1])
  kernel.runUntil(kernel.nowMs + 5_000)
  t.same(done, [0, 1], 'once')
  t.end()
})

void t.test('an unused disk has nothing to rot', t => {
  const { disk } = machine()
  for (let seed = 0; seed < 10; seed++) if (new Prng(seed).below(4) !== 0) t.notOk(disk.rot(new Prng(seed)))
  t.end()
})
