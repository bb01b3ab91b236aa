import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { DiskFile } from '../../src/storage/disk.js'
import { nodeDisk } from '../../src/storage/disk-node.js'
import { completed, diskContract, done } from '../contracts/disk.js'

const directory = mkdtempSync(join(tmpdir(), 'raftgram-disk-'))
t.teardown(() => rmSync(directory, { recursive: true }))

void t.test('the real disk keeps the contract', t => diskContract(t, { disk: nodeDisk, directory }))

void t.test('F08: what a short write left out is written, and an error after it is told', async t => {
  const file = await completed<DiskFile>(got => nodeDisk.open(join(directory, 'short'), 'create', got))
  const write = fs.write.bind(fs) as (...all: unknown[]) => void
  t.teardown(() => Object.assign(fs, { write }))
  const lengths: number[] = []
  let failsAfter = Infinity
  const short = (fd: number, data: Uint8Array, from: number, length: number, offset: number, got: unknown) => {
    lengths.push(length)
    if (lengths.length > failsAfter) (got as (error: Error) => void)(new Error('ENOSPC'))
    else write(fd, data, from, Math.min(length, 3), offset, got)
  }
  Object.assign(fs, { write: short })
  const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])
  await done(next => file.write(2, bytes, next))
  t.same(lengths, [8, 5, 2])
  t.same([...(await completed<Uint8Array>(got => file.read(0, 20, got)))], [0, 0, ...bytes])
  failsAfter = 4
  await t.rejects(
    done(next => file.write(0, bytes, next)),
    /ENOSPC/,
  )
  await done(next => file.close(next))
})

/** Of each descriptor of this file that is open, whether it goes past the page cache. */
function descriptorsOf(path: string): boolean[] {
  const { O_DIRECT } = fs.constants as { O_DIRECT?: number }
  return fs.readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      if (fs.readlinkSync(`/proc/self/fd/${fd}`) !== fs.realpathSync(path)) return []
      const flags = /flags:\s*([0-7]+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
      return [(parseInt(flags, 8) & (O_DIRECT ?? 0)) !== 0]
    } catch {
      return []
    }
  })
}

const isLinux = process.platform === 'linux'

void t.test('pages go past the page cache, everything else through it', { skip: !isLinux }, async t => {
  const path = join(directory, 'direct')
  const file = await completed<DiskFile>(got => nodeDisk.open(path, 'create', got))
  const memory = nodeDisk.memory(3 * 4_096)
  await done(next => file.write(0, new Uint8Array(4_096), next))
  await done(next => file.write(4_096, memory.subarray(1, 4_097), next))
  await done(next => file.write(100, memory.subarray(0, 4_096), next))
  await done(next => file.write(0, memory.subarray(0, 4_095), next))
  t.same(descriptorsOf(path), [false])
  const both = [4_096, 8_192].map(offset => done(next => file.write(offset, memory.subarray(4_096, 8_192), next)))
  await Promise.all(both)
  const opened = descriptorsOf(path)
  if (opened.length === 1) t.comment('this file system has no O_DIRECT')
  else t.same(opened.sort(), [false, true], 'opened once, though two asked at once')
  await done(next => file.close(next))
  t.same(descriptorsOf(path), [])
})

void t.test('a disk that refuses pages gets them through the cache', async t => {
  const path = join(directory, 'refused')
  const file = await completed<DiskFile>(got => nodeDisk.open(path, 'create', got))
  const write = fs.write.bind(fs) as (...all: unknown[]) => void
  t.teardown(() => Object.assign(fs, { write }))
  const descriptors: number[] = []
  const refusing = (fd: number, ...rest: unknown[]) => {
    const isFirst = descriptors.push(fd) === 1
    const got = rest.at(-1) as (error: Error) => void
    if (isFirst && isLinux)
      setImmediate(() => got(Object.assign(new Error('EINVAL: invalid argument'), { code: 'EINVAL' })))
    else write(fd, ...rest)
  }
  Object.assign(fs, { write: refusing })
  const memory = nodeDisk.memory(4_096).fill(7)
  await done(next => file.write(0, memory, next))
  await done(next => file.write(4_096, memory, next))
  t.equal(new Set(descriptors.slice(1)).size, 1, 'the refused way is not tried again')
  t.ok(fs.readFileSync(path).equals(new Uint8Array(8_192).fill(7)))
  await done(next => file.close(next))
})

void t.test('a lock keeps out another process, and ends with kill -9', async t => {
  const path = join(directory, 'lock-of-two')
  const program = `
    import { nodeDisk } from ${JSON.stringify(new URL('../../src/storage/disk-node.js', import.meta.url).href)}
    nodeDisk.lock(${JSON.stringify(path)}, error => console.log(error === null ? 'held' : error.code))
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  t.teardown(() => child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  t.equal(said.toString().trim(), 'held')
  const lock = (): Promise<{ release(): void }> => completed(got => nodeDisk.lock(path, got))
  await t.rejects(lock(), { code: 'ELOCKED' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const held = await lock()
  held.release()
})

void t.test('regression_mkdir: where no directory can be made, that is said, and never waited for', async t => {
  const make = (path: string) =>
    new Promise<NodeJS.ErrnoException | null>(resolve => nodeDisk.makeDirectory(path, resolve))
  // Node's recursive mkdir does not come back from here.
  if (existsSync('/proc/self')) t.match(await make('/proc/nope/deeper'), { code: 'ENOENT' })
  writeFileSync(join(directory, 'a-file'), '')
  t.match(await make(join(directory, 'a-file')), { code: 'ENOTDIR' })
  t.match(await make(join(directory, 'a-file/below')), { code: 'ENOTDIR' })
  t.equal(await make(join(directory, 'one/two/three')), null)
  t.equal(await make(join(directory, 'one/two/three')), null, 'as it is')
})

void t.test(
  'regression_mkdir_race: servers that start together make the parent of their directories together',
  async t => {
    const make = (path: string) =>
      new Promise<NodeJS.ErrnoException | null>(resolve => nodeDisk.makeDirectory(path, resolve))
    for (let round = 0; round < 20; round++) {
      const parent = join(directory, `cluster-${round}`, 'data')
      const made = await Promise.all([1, 2, 3, 3].map(id => make(join(parent, String(id)))))
      t.strictSame(made, [null, null, null, null], 'whoever of them is first')
    }
  },
)
