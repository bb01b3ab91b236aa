// Runs the built tests with tap and closes with one line, `N passed, N failed, N skipped`, counted from what tap wrote.
// Arguments are handed to tap: `node scripts/run-tests.mjs dist/test/raft/paper.test.js` runs one file.
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Parser } from 'tap-parser'

const folder = mkdtempSync(join(tmpdir(), 'raftgram-tests-'))
const output = join(folder, 'results.tap')
const reporter = process.stdout.isTTY ? 'base' : 'terse'
const args = ['tap', '--output-file', output, '--reporter', reporter, ...process.argv.slice(2)]
const run = spawnSync('npx', args, { stdio: 'inherit' })

const count = { passed: 0, failed: 0, skipped: 0 }
const parser = new Parser()
const watch = suite => {
  suite.on('child', watch)
  suite.on('assert', assert => {
    if (assert.skip || assert.todo) count.skipped++
    else if (isSummaryOfChild(assert)) return
    else if (assert.ok) count.passed++
    else count.failed++
  })
}
// A file and a subtest are closed by a line of their own; what they held was counted already. A file that crashed or
// ran no test at all has nothing else to be counted by.
const isSummaryOfChild = assert => assert.ok && assert.time !== undefined && assert.time !== null
watch(parser)
await new Promise(resolve => {
  parser.on('complete', resolve)
  createReadStream(output).on('error', resolve).pipe(parser)
})
rmSync(folder, { recursive: true, force: true })

const ok = run.status === 0 && count.failed === 0 && count.passed > 0
if (!ok && count.failed === 0) count.failed = 1
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = ok ? 0 : 1
