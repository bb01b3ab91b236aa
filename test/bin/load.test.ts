/** The commands that load a cluster: a history that can be checked, a benchmark that says what it cost. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseHistory } from '../../src/sim/linearizability/history.js'
import { Program, raftgram, run, sleep } from '../process/program.js'
import { Cluster, temporaryDirectory } from '../process/rig.js'
import { startDev } from './dev-cluster.js'

void t.test('regression_a_history_that_cannot_be_written_is_refused_before_the_cluster_is_asked', async t => {
  const directory = await temporaryDirectory(t)
  const history = join(directory, 'history.jsonl')
  const nobody = ['--endpoints', '127.0.0.1:9', '--timeout-ms', '100', '--history']
  for (const file of [join(directory, 'no', 'such'), directory]) {
    const ended = await run(t, [...raftgram, 'workload', ...nobody, file])
    t.match(ended, { status: 2, stdout: '', stderr: /^raftgram: --history [^\n]* cannot be written: [^\n]*\n$/ })
  }
  t.equal((await run(t, [...raftgram, 'workload', ...nobody, history])).status, 3)
  t.notOk(existsSync(history), 'nothing is written where nobody answers')
})

void t.test('regression_a_bench_that_is_interrupted_while_it_prepares_ends_at_once', async t => {
  const directory = await temporaryDirectory(t)
  const bench = ['bench', 'put', '--json', '--servers', '1', '--keys', '1000000', '--data', directory]
  const program = new Program(t, [...raftgram, ...bench])
  while (!program.complaints.includes('writing 1000000 keys')) await sleep(20)
  program.signal('SIGTERM')
  const { status, stdout } = await program.ended
  t.equal(status, 3)
  t.match(JSON.parse(stdout), { ok: false, error: 'unavailable', message: /^interrupted/ })
  t.strictSame(readdirSync(directory), [], 'nothing is left')
})

void t.test('regression_a_bench_in_which_nothing_was_answered_ended_well', async t => {
  const cluster = await Cluster.start(t)
  const times = ['--warm-up-s', '3', '--duration-s', '0.3', '--keys', '10']
  const bench = cluster.command('bench', 'put', '--endpoints', cluster.endpoints, ...times, '--json')
  while (!bench.complaints.includes('writing 10 keys')) await sleep(20)
  // The keys are written, and the load has begun that is not measured.
  await sleep(1_000)
  for (const id of cluster.ids) cluster.server(id).signal('SIGSTOP')
  while (!bench.complaints.includes('waiting for what is outstanding')) await sleep(20)
  for (const id of cluster.ids) cluster.server(id).signal('SIGCONT')
  const { status, stdout, stderr } = await bench.ended
  t.equal(status, 3)
  t.match(
    stderr,
    /^raftgram: no request was answered in 0\.\d+ s \([^\n]*\): see raftgram status, or measure for longer$/m,
  )
  const said = JSON.parse(stdout) as object
  t.match(said, { ok: false, error: 'unavailable', opsPerSec: 0, operations: 0, what: 'put', concurrency: 64 })
})

void t.test('workload and bench', async t => {
  const { environment } = await startDev(t)
  const typed = (...words: string[]) => run(t, [...raftgram, ...words], environment)
  const json = async (...words: string[]) => {
    const { status, stdout } = await typed(...words, '--json')
    return { status, ...(JSON.parse(stdout) as object) }
  }

  await t.test('a workload writes a history that can be checked', async t => {
    const history = join(await temporaryDirectory(t), 'history.jsonl')
    const options = ['--clients', '4', '--keys', '2', '--duration-s', '0.5', '--seed', '7', '--rate', '400']
    const summary = await json('workload', '--history', history, ...options)
    t.match(summary, {
      status: 0,
      ok: true,
      operations: Number,
      succeeded: Number,
      p99Ms: Number,
      longestGapMs: Number,
      finalReads: 2,
      seed: 7,
    })
    const operations = parseHistory(readFileSync(history, 'utf8').split('\n'))
    t.ok(operations.length > 10)
    const lines = readFileSync(history, 'utf8').trim().split('\n')
    const values = lines.flatMap(line => {
      const { op, value } = JSON.parse(line) as { op: string; value?: string }
      return op === 'put' || op === 'cas' ? [value] : []
    })
    t.equal(new Set(values).size, values.length, 'every value is written once')
    t.equal(lines.filter(line => line.includes('"final"')).length, 2, 'every key is read in the end')
    const { operations: asked, finalReads } = summary as unknown as { operations: number; finalReads: number }
    t.match(
      await json('check', history),
      { status: 0, ok: true, operations: asked + finalReads },
      'as many as were told',
    )
  })

  await t.test('a benchmark says what it cost and under which conditions', async t => {
    const endpoints = environment.RAFTGRAM_ENDPOINTS
    const options = ['--endpoints', endpoints, '--duration-s', '0.3', '--warm-up-s', '0.1', '--keys', '50']
    t.match(await json('bench', 'mixed', ...options, '--clients', '2'), {
      status: 0,
      opsPerSec: Number,
      p50Ms: Number,
      p99Ms: Number,
      p999Ms: Number,
      maxMs: Number,
      errors: 0,
      clientCpuUsPerOp: Number,
      leaderRssMiB: Number,
      followerRssMiB: Number,
      concurrency: 64,
      clients: 2,
      valueBytes: 100,
      keys: 50,
      servers: 3,
      fsync: 'O_DSYNC',
      node: process.version,
    })
  })
})
