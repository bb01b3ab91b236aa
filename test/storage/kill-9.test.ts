import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { nodeDisk } from '../../src/storage/disk-node.js'
import { openStorage, type OpenedStorage } from '../../src/storage/open-storage.js'
import { processOptions } from './append-process.js'
import { entryOf } from './rig.js'

const directory = mkdtempSync(join(tmpdir(), 'raftgram-kill-'))
t.teardown(() => rmSync(directory, { recursive: true }))

/** Runs the process until it has said so many lines, kills it, and returns all it said. */
async function runAndKill(seed: number, lines: number): Promise<string[]> {
  const program = new URL('./append-process.js', import.meta.url).pathname
  const child = spawn(process.execPath, [program, directory, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
    if (said.split('\n').length > lines) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return said.split('\n').slice(0, -1)
}

function open(seed: number): Promise<OpenedStorage> {
  return new Promise((resolve, reject) => {
    openStorage(nodeDisk, processOptions(directory, seed), (error, opened) => {
      if (opened === null) reject(error ?? new Error('not opened'))
      else resolve(opened)
    })
  })
}

void t.test('kill -9 under load: everything that was said to be durable is there', async t => {
  for (let round = 1; round <= 4; round++) {
    const said = await runAndKill(round, 40 * round)
    const last = (what: string): number => Number(said.findLast(line => line.startsWith(what))?.split(' ')[1])
    const { recovered, storage } = await open(100 + round)
    t.equal(recovered.hardState.currentTerm, last('term'))
    t.ok(last('persisted') > 0)
    t.ok(recovered.entries.length >= last('persisted'), `${recovered.entries.length} of ${last('persisted')}`)
    const wrong = [...recovered.entries].findIndex(({ index, payload }, i) => {
      return index !== i + 1 || Buffer.compare(payload, entryOf(index, 1, index % 3_000).payload) !== 0
    })
    t.equal(wrong, -1, 'and as it was written')
    await new Promise<void>(resolve => storage.close(resolve))
  }
})

void t.test('a second process is refused while the first one runs', async t => {
  const { storage } = await open(200)
  await t.rejects(open(201), { code: 'locked' })
  await new Promise<void>(resolve => storage.close(resolve))
})
