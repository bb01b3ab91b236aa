// Runs the built tests and closes with one line, `N passed, N failed, N skipped`, counted from what they say themselves (TAP).
// Arguments name files: `node scripts/run-tests.mjs dist/test/raft/paper.test.js` runs one. There is a line for each file, and
// every failure in full.
// Each file is a process of its own, without tap's runner: that loads three hooks into each of them and into every server that
// it starts, which took two seconds of processor time a file, a quarter of the whole run.
// First those of one process run side by side, simulations before the rest because they take longest; then one by one those
// that keep every core busy by themselves. Clusters of real servers are among these: two at a time take each more than twice
// as long as one, because their clients go on for as long as they wait for what is late.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Parser } from 'tap-parser'

const busy = /^dist\/test\/(process\/|bin\/|bench\/|sim\/search\/presets|mutants\/mutants|sim\/swarm)/

const simulated = /^dist\/test\/(sim|scenarios)\//

/** A file that takes longer hangs: the longest take a minute, on a machine that is busy with something else five. */
const fileMsMax = 480_000

const count = { passed: 0, failed: 0, skipped: 0 }

/** Counts what a suite holds. A subtest is closed by a line of its own, which is not counted again. */
function watch(suite, file) {
  let heldByChild = 0
  suite.on('child', child => {
    child.on('assert', () => heldByChild++)
    watch(child, file)
  })
  suite.on('assert', assert => {
    const isSummary = heldByChild > 0
    heldByChild = 0
    if (isSummary) return
    if (assert.skip || assert.todo) count.skipped++
    else if (assert.ok) count.passed++
    else {
      count.failed++
      console.log(
        `\nfailed: ${[file, suite.fullname, assert.name].filter(name => name).join(' > ')}\n${JSON.stringify(assert.diag, null, 2)}\n`,
      )
    }
  })
}

/** Runs one file. What it says on stderr is kept, and shown if it fails. */
async function runFile(file) {
  const beganMs = performance.now()
  const run = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TAP_TIMEOUT: String(fileMsMax / 1_000) },
  })
  const parser = new Parser()
  watch(parser, file)
  const said = []
  run.stderr.on('data', bytes => said.push(bytes))
  const failedBefore = count.failed
  let hangs = false
  const timer = setTimeout(() => {
    hangs = true
    run.kill('SIGKILL')
  }, fileMsMax)
  const parsed = once(parser, 'complete')
  run.stdout.pipe(parser)
  const [status, signal] = await once(run, 'close')
  clearTimeout(timer)
  const [results] = await parsed
  const isOk = status === 0 && results.ok && results.count > 0
  if (!isOk) {
    // A file that crashed, hung or ran nothing has no assertion to be counted by.
    if (count.failed === failedBefore) count.failed++
    const why = hangs ? `hung for ${fileMsMax / 1_000} s` : `ended with ${signal ?? `status ${status}`}`
    console.log(`\nfailed: ${file} ${why}\n${Buffer.concat(said)}\n`)
  }
  console.log(`${isOk ? 'ok' : 'NOT OK'}  ${file}  ${Math.round(performance.now() - beganMs)} ms`)
}

/** Runs all of them, so many at a time. */
async function runFiles(files, jobs) {
  const waiting = [...files]
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file)
  }
  await Promise.all(Array.from({ length: jobs }, worker))
}

function allFiles() {
  return readdirSync('dist/test', { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => `dist/test/${name}`)
    .sort((a, b) => Number(simulated.test(b)) - Number(simulated.test(a)) || a.localeCompare(b))
}

const named = process.argv.slice(2)
const files = named.length > 0 ? named : allFiles()
await runFiles(
  files.filter(file => !busy.test(file)),
  availableParallelism() + 1,
)
await runFiles(
  files.filter(file => busy.test(file)),
  1,
)

const isOk = count.failed === 0 && count.passed > 0
if (!isOk && count.failed === 0) count.failed = 1
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = isOk ? 0 : 1
