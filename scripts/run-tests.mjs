// Runs the built tests and closes with one line, `N passed, N failed, N skipped`, counted from what they say themselves (TAP).
// Arguments name files: `node scripts/run-tests.mjs dist/test/raft/paper.test.js` runs one. There is a line for each file, and
// every failure in full.
// Each file is a process of its own, without tap's runner: that loads three hooks into each of them and into every server that
// it starts, which took two seconds of processor time a file, a quarter of the whole run.
// Kinds of tests share the processors:
// - clusters of real servers run one by one: two at a time take each more than twice as long as one, because their clients go
//   on for as long as they wait for what is late; before them the rest, few at a time;
// - beside both, at the lowest priority, simulations and the lint use what is left idle: their time is simulated, or none;
// - at the end, one by one, those that keep every processor busy by themselves.
// Given files run one by one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { availableParallelism, constants, setPriority } from 'node:os'
import { Parser } from 'tap-parser'

const real = /^dist\/test\/(process|bin|bench)\//

const busy = /^dist\/test\/(mutants\/mutants|sim\/swarm|sim\/search\/presets)/

const simulated = /^dist\/test\/(sim(?!\/timeline\/browser)|scenarios)\//

/** A file that takes longer hangs: the longest take a minute or two, on a machine that is busy with something else five. */
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
async function runFile(file, priority) {
  const beganMs = performance.now()
  const run = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TAP_TIMEOUT: String(fileMsMax / 1_000) },
  })
  setPriority(run.pid, priority)
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
async function runFiles(files, jobs, priority = constants.priority.PRIORITY_NORMAL) {
  const waiting = [...files]
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file, priority)
  }
  await Promise.all(Array.from({ length: jobs }, worker))
}

/** Reads the sources only, so it takes its turn beside the simulations. */
async function lint() {
  const beganMs = performance.now()
  const run = spawn('npm', ['run', '--silent', 'lint'], { stdio: ['ignore', 'pipe', 'pipe'] })
  setPriority(run.pid, constants.priority.PRIORITY_LOW)
  const said = []
  for (const stream of [run.stdout, run.stderr]) stream.on('data', bytes => said.push(bytes))
  const [status] = await once(run, 'close')
  if (status === 0) count.passed++
  else {
    count.failed++
    console.log(`\nfailed: npm run lint\n${Buffer.concat(said)}\n`)
  }
  console.log(`${status === 0 ? 'ok' : 'NOT OK'}  npm run lint  ${Math.round(performance.now() - beganMs)} ms`)
}

async function runAll() {
  const jobs = availableParallelism()
  const left = new Set(
    readdirSync('dist/test', { recursive: true })
      .filter(name => name.endsWith('.test.js'))
      .map(name => `dist/test/${name}`)
      .sort(),
  )
  const take = kind => {
    const files = [...left].filter(file => kind.test(file))
    for (const file of files) left.delete(file)
    return files
  }
  const [allBusy, allReal, allSimulated] = [take(busy), take(real), take(simulated)]
  const beside = Promise.all([lint(), runFiles(allSimulated, jobs, constants.priority.PRIORITY_LOW)])
  await runFiles([...left], jobs)
  await runFiles(allReal, 1)
  await beside
  await runFiles(allBusy, 1)
}

const named = process.argv.slice(2)
await (named.length > 0 ? runFiles(named, 1) : runAll())

const isOk = count.failed === 0 && count.passed > 0
if (!isOk && count.failed === 0) count.failed = 1
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = isOk ? 0 : 1
