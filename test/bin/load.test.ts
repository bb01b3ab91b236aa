/** The commands that load a cluster: a history that can be checked, a benchmark that says what it cost. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseHistory } from '../../src/sim/linearizability/history.js'
import { raftgram, run } from '../process/program.js'
import { temporaryDirectory } from '../process/rig.js'
import { startDev } from './dev-cluster.js'

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
    t.match(await json('check', history), { status: 0, ok: true })
    t.match(await typed('workload', '--history', join(history, 'no', 'such')), { status: 2, stderr: /--history/ })
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
