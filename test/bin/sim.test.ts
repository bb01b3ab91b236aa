/** The command `sim`: what it refuses, what it prints, what it ends with. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { runCommandLine } from '../../bin/cli.js'
import { commandTable } from '../../bin/command-table.js'
import { outcomeStatus } from '../../bin/sim-report.js'
import { simCommand } from '../../bin/sim.js'
import { drawPlan } from '../../src/sim/draw-plan.js'
import { formatPlan, parsePlan } from '../../src/sim/plan-file.js'
import type { SimPlan } from '../../src/sim/plan.js'
import type { RunResult } from '../../src/sim/run.js'
import { runPlan } from '../../src/sim/run.js'
import { calmPlan, forgetfulPlan } from '../sim/rig.js'

const program = resolve(dirname(fileURLToPath(import.meta.url)), '../../bin/raftgram.js')

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function sim(...typed: string[]): Promise<Ended> {
  return new Promise(ended => {
    execFile(process.execPath, [program, 'sim', ...typed], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      ended({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

function jsonOf({ stdout }: Ended): Record<string, unknown>[] {
  const lines = stdout.trimEnd().split('\n')
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}

/** In this process: only for what is refused before anything runs. */
async function refusal(t: Test, typed: string[]): Promise<{ status: number; stderr: string }> {
  const written = t.capture(process.stderr, 'write', () => true)
  const status = await runCommandLine(['sim', ...typed], commandTable({ sim: () => Promise.resolve(simCommand) }))
  const stderr = written()
    .map(({ args }) => String(args[0]))
    .join('')
  written.restore()
  return { status, stderr }
}

void t.test('wrong usage is status 2 and one clear line, and nothing runs', async t => {
  const folder = t.testdir({
    'plan.json': formatPlan(drawPlan(1)),
    'broken.json': '{"seed":1',
    'other.json': '{}',
    folder: {},
  })
  const at = (name: string): string => join(folder, name)
  const cases: [typed: string[], says: RegExp][] = [
    [['--seed', '1', '--seeds', '1..2'], /--seed and --seeds exclude each other: choose one/],
    [['--seed', '1', '--plan', at('plan.json')], /--seed and --plan exclude each other/],
    [['--seed', '-1'], /--seed must be a whole number from 0, not '-1'/],
    [['--seed', '1.5'], /--seed must be a whole number/],
    [['--seeds', '5..1'], /--seeds must be FROM\.\.TO with FROM not above TO, as in 1\.\.1000, not '5\.\.1'/],
    [['--seeds', '5'], /--seeds must be FROM\.\.TO/],
    [['--seeds', '1..9007199254740993'], /--seeds must be FROM\.\.TO/],
    [['--plan', at('none.json')], /none\.json cannot be read: it does not exist: take one that a failure/],
    [['--plan', at('folder')], /folder cannot be read: it is a directory, not a file: take one/],
    [
      ['--plan', at('broken.json')],
      /broken\.json is no plan: it is not JSON: .*: take one that a failure of sim has written/,
    ],
    [['--plan', at('other.json')], /other\.json is no plan: the plan has no seed: take one/],
    [['--plan', at('plan.json'), '--servers', '3'], /--plan says all of a run: leave out --servers/],
    [['--plan', at('plan.json'), '--calm'], /leave out --calm/],
    [['--servers', '0'], /--servers must be a whole number from 1 to 9, not '0'/],
    [['--servers', '10'], /--servers must be a whole number from 1 to 9/],
    [['--duration-s', '0'], /--duration-s must be a number above 0/],
    [['--jobs', '0'], /--jobs must be a whole number from 1 to 256/],
    [['--failures-max', '0'], /--failures-max must be a whole number from 1/],
    [['--shrink-s', '-1'], /--shrink-s must be a number from 0/],
    [
      ['--seed', '1', '--trace', at('no/such/t.jsonl')],
      /--trace \S*t\.jsonl cannot be written: there is no directory \S*such: make it first, or/,
    ],
    [
      ['--seed', '1', '--trace', at('folder')],
      /--trace \S*folder cannot be written: it is a directory, not a file: choose another file/,
    ],
    [['--seed', '1', '--html', at('no/such/t.html')], /--html \S*t\.html cannot be written: there is no directory/],
    [['--seeds', '1..2', '--html', at('t.html')], /--trace and --html show one run: choose a --seed/],
    [['--seed', '1', '--reports', at('nowhere')], /--reports \S*nowhere is no folder: make it first/],
    [['--seed', '1', '--reports', at('plan.json')], /is no folder/],
    [['--seed', '1', '--reports', at('plan.json/x')], /is no folder: make it first/],
    [['--seed', '1', '--trace', at('plan.json/x')], /cannot be written: a part of the path is a file, not a directory/],
    [['3'], /sim takes no words, not '3'/],
    [['--sead', '3'], /unknown option --sead: did you mean --seed\?/],
  ]
  for (const [typed, says] of cases) {
    const { status, stderr } = await refusal(t, typed)
    t.equal(status, 2, typed.join(' '))
    t.match(stderr, says)
    t.match(stderr, /^raftgram: [^\n]+\n$/, 'one line')
  }
  t.same(readdirSync(folder).sort(), ['broken.json', 'folder', 'other.json', 'plan.json'])
})

const short = ['--duration-s', '3']

void t.test('regression_a_trace_that_fills_the_disk_was_told_without_its_name', async t => {
  const options = existsSync('/dev/full') ? ['--trace', '--html'] : []
  for (const option of options) {
    const { status, stderr } = await sim('--seed', '5', ...short, option, '/dev/full')
    t.match(
      { status, stderr },
      { status: 1, stderr: 'raftgram: cannot write all of /dev/full: no space left on device\n' },
    )
  }
})

void t.test('a seed that passes: status 0, one line, the same run in every process', async t => {
  const folder = t.testdir()
  const [plain, json, traced] = await Promise.all([
    sim('--seed', '5', ...short),
    sim('--seed', '5', ...short, '--json'),
    sim('--seed', '5', ...short, '--trace', join(folder, 't.jsonl'), '--html', join(folder, 't.html')),
  ])
  t.equal(plain.status, 0)
  t.match(plain.stdout, /^seed 5 passed: \d servers?, \d clients?, [\d.]+ s simulated, .* trace hash [0-9a-f]{16}\n$/)
  t.equal(plain.stderr, '')
  const hash = /trace hash (\S+)/.exec(plain.stdout)![1]!
  const [result] = jsonOf(json)
  t.match(result, { ok: true, seed: 5, outcome: 'passed', hash, invariant: '' })
  t.equal(jsonOf(json).length, 1)
  t.equal(traced.stdout, plain.stdout, 'a trace does not change the run')
  t.match(traced.stderr, /^wrote \S+t\.jsonl\nwrote \S+t\.html\n$/)
  const events = readFileSync(join(folder, 't.jsonl'), 'utf8').trimEnd().split('\n')
  t.match(JSON.parse(events[0]!), { kind: 'run', seed: 5 })
  t.match(JSON.parse(events.at(-1)!), { kind: 'end', outcome: 'passed' })
  t.match(readFileSync(join(folder, 't.html'), 'utf8'), /^<!doctype html>/i)
})

void t.test('many seeds: a table of what was exercised, and a summary', async t => {
  const [plain, json] = await Promise.all([
    sim('--seeds', '1..5', ...short, '--jobs', '2'),
    sim('--seeds', '1..5', ...short, '--json'),
  ])
  t.equal(plain.status, 0)
  t.match(plain.stdout, /\nfault +all crash /)
  t.match(plain.stdout, /\n5 of 5 seeds run, 0 failed: [\d.]+ cluster-hours, [\d,]+ events, [\d,]+ operations in /)
  t.equal(plain.stderr, '')
  const [summary] = jsonOf(json)
  t.match(summary, { ok: true, seeds: 5, failed: [] })
  t.equal((summary!['counts'] as Record<string, number>)['entries committed']! > 10, true)
})

/** The first seed whose run with lying disks fails. */
function lyingFailure(): RunResult {
  for (let seed = 1; seed < 200; seed++) {
    const result = runPlan(drawPlan(seed, { lyingDisks: true, durationMs: 10_000 }))
    if (result.outcome !== 'passed') return result
  }
  throw new Error('disks lie and nobody notices')
}

void t.test('a failure: its status, a report, a smaller plan that fails again', async t => {
  const folder = t.testdir()
  const { plan, outcome, invariant } = lyingFailure()
  const { seed } = plan
  const status = outcomeStatus[outcome]
  const lying = ['--duration-s', '10', '--lying-disks']
  const failed = await sim('--seed', String(seed), ...lying, '--reports', folder, '--shrink-s', '3')
  t.equal(failed.status, status)
  t.ok(failed.stdout.startsWith(`seed ${seed} failed: ${invariant} (${outcome})\n`))
  for (const line of [/^commit {4}\S+/m, /^run {7}\d servers?/m, /^at {8}[\d.]+ ms/m, /^smaller {3}\d server/m]) {
    t.match(failed.stdout, line)
  }
  t.match(failed.stdout, `replay    npx raftgram sim --seed ${seed} --duration-s 10 --lying-disks\n`)
  t.match(failed.stdout, /the last events of the smaller run:\n(.*\n){5}/)
  const file = join(folder, `sim-failure-${seed}.json`)
  t.match(failed.stdout, `replay    npx raftgram sim --plan ${file}\n`)
  t.same(parsePlan(readFileSync(file, 'utf8')).lyingDisks, true)
  t.match(failed.stderr, /looking for a smaller run/)

  const [again, many] = await Promise.all([
    sim('--plan', file, '--shrink-s', '0', '--json'),
    sim('--seeds', `${seed}..${seed}`, ...lying, '--shrink-s', '0', '--json', '--reports', folder),
  ])
  t.equal(again.status, status)
  t.match(jsonOf(again)[0], { ok: false, error: outcome, invariant, replay: `npx raftgram sim --plan ${file}` })
  t.equal(many.status, status)
  t.match(jsonOf(many), [
    { ok: false, error: outcome, invariant, smaller: null },
    { ok: false, seeds: 1, failed: [{ seed, invariant }] },
  ])
})

void t.test('a broken safety property is status 1, no progress 4, a program that throws 5', async t => {
  t.same(outcomeStatus, { passed: 0, safety: 1, liveness: 4, crash: 5 })
  const folder = t.testdir()
  const write = (name: string, plan: SimPlan): string => {
    writeFileSync(join(folder, name), formatPlan(plan))
    return join(folder, name)
  }
  const calm = calmPlan(1, { healedMs: 1_000 })
  // Links keep their bandwidth when all else is mended, and these have next to none.
  const mute = { ...calm, links: { ...calm.links, bytesPerMs: 0.001, queueBytes: 1 } }
  const none = await sim('--plan', write('mute.json', mute), '--shrink-s', '0', '--json')
  t.equal(none.status, 4)
  t.match(jsonOf(none)[0], { error: 'liveness', invariant: 'Progress' })
  const broken = await sim('--plan', write('lying.json', forgetfulPlan().plan), '--shrink-s', '0', '--json')
  t.equal(broken.status, 1)
  t.match(jsonOf(broken)[0], { error: 'safety', invariant: 'Leader Completeness' })
})

void t.test('a signal ends a long simulation soon, with status 3, and nothing is left', async t => {
  const folder = t.testdir()
  const child = spawn(process.execPath, [
    program,
    'sim',
    '--seeds',
    '1..9007199254740991',
    '--jobs',
    '2',
    '--reports',
    folder,
  ])
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const started = Date.now()
  // Until it has come to listen to signals, also on a machine with other work to do.
  await new Promise(resolve => setTimeout(resolve, 4_000))
  child.kill('SIGINT')
  const [status] = (await once(child, 'exit')) as [number]
  t.equal(status, 3)
  t.equal(stderr, 'raftgram: interrupted: the simulation did not come to its end\n')
  t.ok(Date.now() - started < 24_000, 'it does not run on')
  t.notOk(existsSync(`/proc/${child.pid}`))
  t.same(readdirSync(folder), [])
})
