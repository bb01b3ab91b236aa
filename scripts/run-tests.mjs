// Runs the built tests with tap and closes with one line, `N passed, N failed, N skipped`, counted from what tap wrote.
// Arguments are handed to tap: `node scripts/run-tests.mjs dist/test/raft/paper.test.js` runs one file.
// On a terminal tap shows what it does by itself; elsewhere there is a line for each file, and every failure in full.
// Without arguments all files run: first side by side those of one process, then one by one those that keep every core busy by
// themselves. Clusters of real servers are among these: two at a time take each more than twice as long as one, because
// their clients go on for as long as they wait for what is late.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Parser } from 'tap-parser'

const busy = /^dist\/test\/(process\/|bin\/|bench\/|sim\/search\/presets|mutants\/mutants|sim\/swarm)/

const count = { passed: 0, failed: 0, skipped: 0 }

/** Counts what a suite holds. A file and a subtest are closed by a line of their own, which is not counted again. */
function watch(suite, isQuiet) {
  let heldByChild = 0
  suite.on('child', child => {
    child.on('assert', () => heldByChild++)
    watch(child, isQuiet)
  })
  suite.on('assert', assert => {
    const isSummary = heldByChild > 0
    heldByChild = 0
    if (!isQuiet && suite.level === 0) {
      console.log(`${assert.ok ? 'ok' : 'NOT OK'}  ${assert.name}  ${Math.round(assert.time ?? 0)} ms`)
    }
    if (isSummary) return
    if (assert.skip || assert.todo) count.skipped++
    else if (assert.ok) count.passed++
    else {
      count.failed++
      if (!isQuiet)
        console.log(`\nfailed: ${suite.fullname} > ${assert.name}\n${JSON.stringify(assert.diag, null, 2)}\n`)
    }
  })
}

async function runTap(options, stdout) {
  const run = spawn('npx', ['tap', ...options], { stdio: ['inherit', stdout, 'inherit'] })
  const parser = new Parser()
  watch(parser, stdout === 'inherit')
  const parsed = once(parser, 'complete')
  if (run.stdout !== null) run.stdout.pipe(parser)
  const [status] = await once(run, 'exit')
  return { status, parser, parsed }
}

/** Runs tap once over these files and counts what it says; whether all went well. */
async function runFiles(files, ...options) {
  if (!process.stdout.isTTY) {
    const run = await runTap(['--reporter', 'tap', ...options, ...files], 'pipe')
    await run.parsed
    return run.status === 0
  }
  const folder = mkdtempSync(join(tmpdir(), 'raftgram-tests-'))
  const output = join(folder, 'results.tap')
  const run = await runTap(['--output-file', output, '--reporter', 'base', ...options, ...files], 'inherit')
  createReadStream(output).pipe(run.parser)
  await run.parsed
  rmSync(folder, { recursive: true, force: true })
  return run.status === 0
}

function allFiles() {
  return readdirSync('dist/test', { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => `dist/test/${name}`)
}

const named = process.argv.slice(2)
let hasPassed
if (named.length > 0) hasPassed = await runFiles(named)
else {
  const files = allFiles()
  const others = await runFiles(files.filter(file => !busy.test(file)))
  const busyOnes = await runFiles(
    files.filter(file => busy.test(file)),
    '--jobs=1',
  )
  hasPassed = others && busyOnes
}

const isOk = hasPassed && count.failed === 0 && count.passed > 0
// A file that crashed or ran nothing has no assertion to be counted by.
if (!isOk && count.failed === 0) count.failed = 1
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = isOk ? 0 : 1
