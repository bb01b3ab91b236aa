import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { nodeDisk } from '../../src/storage/disk-node.js'
import { completed, diskContract } from '../contracts/disk.js'

const directory = mkdtempSync(join(tmpdir(), 'raftgram-disk-'))
t.teardown(() => rmSync(directory, { recursive: true }))

void t.test('the real disk keeps the contract', t => diskContract(t, { disk: nodeDisk, directory }))

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
