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
  // A file and a subtest are closed by a line of their own; what they held was counted already.
  let heldByChild = 0
  suite.on('child', child => {
    child.on('assert', () => heldByChild++)
    watch(child)
  })
  suite.on('assert', assert => {
    const isSummary = heldByChild > 0
    heldByChild = 0
    if (isSummary) return
    if (assert.skip || assert.todo) count.skipped++
    else if (assert.ok) count.passed++
    else count.failed++
  })
}
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
