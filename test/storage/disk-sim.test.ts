import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import type { DiskFile } from '../../src/storage/disk.js'
import { SimDisk } from '../../src/storage/disk-sim.js'
import { completed, diskContract, done } from '../contracts/disk.js'

const file = 'data/file'

function newDisk(seed: number): SimDisk {
  return new SimDisk({ prng: new Prng(seed), schedule: callback => setImmediate(callback) })
}

/** A disk with a file of 2 KiB of ones, durable with its name. */
async function diskWithFile(seed: number): Promise<SimDisk> {
  const disk = newDisk(seed)
  await done(next => disk.makeDirectory('data', next))
  disk.overwrite(file, 0, new Uint8Array(2_048).fill(1))
  return disk
}

/** Which of the four sectors hold `value`. */
function sectorsOf(disk: SimDisk, value: number): string {
  const bytes = disk.contents(file) ?? new Uint8Array(0)
  const sectors = [0, 1, 2, 3].map(i => bytes.subarray(i * 512, (i + 1) * 512))
  return sectors.map(sector => (sector.every(byte => byte === value) ? 'x' : '.')).join('')
}

void t.test('the simulated disk keeps the contract', async t => {
  const disk = newDisk(1)
  await done(next => disk.makeDirectory('data', next))
  await diskContract(t, { disk, directory: 'data' })
})

void t.test('a crash keeps what completed, and any sectors of what was in flight', async t => {
  const outcomes = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const disk = await diskWithFile(seed)
    const opened = await completed<DiskFile>(got => disk.open(file, 'existing', got))
    await done(next => opened.write(0, new Uint8Array(2_048).fill(2), next))
    opened.write(0, new Uint8Array(2_048).fill(3), () => t.fail('a completion of an earlier life'))
    disk.crash()
    const [old, torn] = [sectorsOf(disk, 2), sectorsOf(disk, 3)]
    outcomes.add(torn)
    if ([0, 1, 2, 3].some(i => old[i] === torn[i])) t.fail('each sector is old or new')
  }
  t.equal(outcomes.size, 16, 'every subset of the sectors occurs')
})

void t.test('after kill -9 the next process may read what a power cut then takes away', async t => {
  let seenThenLost = 0
  for (let seed = 0; seed < 50; seed++) {
    const disk = await diskWithFile(seed)
    const opened = await completed<DiskFile>(got => disk.open(file, 'existing', got))
    opened.write(0, new Uint8Array(2_048).fill(2), () => undefined)
    disk.kill()
    const seen = sectorsOf(disk, 2)
    disk.crash()
    if (seen !== sectorsOf(disk, 2)) seenThenLost++
  }
  t.ok(seenThenLost > 10)
})

void t.test('names are durable after the sync of their directory only, and any subset is lost before', async t => {
  const outcomes = new Set<string>()
  for (let seed = 0; seed < 60; seed++) {
    const disk = await diskWithFile(seed)
    await completed(got => disk.open('data/new', 'create', got))
    await done(next => disk.rename(file, 'data/renamed', next))
    disk.crash()
    outcomes.add((await completed<string[]>(got => disk.list('data', got))).join(' '))
  }
  t.same([...outcomes].sort(), ['file', 'file new', 'new renamed', 'renamed'])
  const disk = await diskWithFile(1)
  await done(next => disk.rename(file, 'data/renamed', next))
  await done(next => disk.syncDirectory('data', next))
  disk.crash()
  t.same(await completed<string[]>(got => disk.list('data', got)), ['renamed'])
})

void t.test('faults: a code for an operation, and a bit', async t => {
  const disk = await diskWithFile(1)
  const opened = await completed<DiskFile>(got => disk.open(file, 'existing', got))
  disk.fault = ({ kind, bytes }) => (kind === 'write' && bytes === 7 ? 'EIO' : null)
  await t.rejects(
    done(next => opened.write(0, new Uint8Array(7), next)),
    { code: 'EIO' },
  )
  await done(next => opened.write(0, new Uint8Array(8), next))
  disk.flipBit(file, 100, 3)
  t.equal(disk.contents(file)?.[100], 1 ^ 8)
})

void t.test(
  'regression_full_disk_grew_files: a write that is refused for want of room makes no file longer',
  async t => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = await diskWithFile(seed)
      const opened = await completed<DiskFile>(got => disk.open(file, 'existing', got))
      disk.fault = ({ grows }) => (grows ? 'ENOSPC' : null)
      const write = done(next => opened.write(1_024, new Uint8Array(4_096).fill(2), next))
      await t.rejects(write, { code: 'ENOSPC' })
      t.equal(disk.contents(file)?.length, 2_048)
      await done(next => opened.write(0, new Uint8Array(2_048).fill(3), next))
      await t.rejects(
        done(next => opened.write(2_048, Uint8Array.of(1), next)),
        { code: 'ENOSPC' },
      )
    }
  },
)

void t.test('a capacity: what is free, and no write that makes files longer than that', async t => {
  const disk = await diskWithFile(3)
  const opened = await completed<DiskFile>(got => disk.open(file, 'existing', got))
  const free = (): Promise<number> => completed(got => disk.freeBytes('data', got))
  t.equal(await free(), Infinity)
  disk.capacityBytes = 4_000
  t.equal(await free(), 4_000 - 2_048)
  await done(next => opened.write(2_000, new Uint8Array(1_000), next))
  t.equal(await free(), 1_000)
  await t.rejects(
    done(next => opened.write(3_000, new Uint8Array(1_001), next)),
    { code: 'ENOSPC' },
  )
  t.equal(await free(), 1_000, 'it is no longer than before')
  await done(next => opened.write(0, new Uint8Array(3_000), next))
  disk.capacityBytes = 0
  t.equal(await free(), 0)
})
