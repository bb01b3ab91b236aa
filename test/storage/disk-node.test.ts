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
