import t from 'tap'
import type { Operation } from '../../bench/history.js'
import { WorkloadSummary } from '../../bench/workload-summary.js'

const get: Omit<Operation, 'start' | 'status'> = { client: 0, op: 'get', key: 'k' }
const ms = 1_000_000

void t.test('counts, rate and the longest time without a success', t => {
  const summary = new WorkloadSummary(0)
  summary.add({ ...get, start: 0, end: 10 * ms, status: 'ok' })
  summary.add({ ...get, start: 10 * ms, end: 30 * ms, status: 'fail' })
  summary.add({ ...get, start: 30 * ms, status: 'unknown' })
  summary.add({ ...get, start: 300 * ms, end: 410 * ms, status: 'ok' })
  const result = summary.conclude(1_000 * ms)
  t.match(result, { operations: 4, succeeded: 2, unknown: 1, failed: 1, opsPerSec: 2 })
  t.equal(result.longestGapMs, 590, 'the end of the run ends a gap, too')
  t.ok(Math.abs(result.maxMs - 110) < 1)
  t.end()
})

void t.test('without any success there is no latency, and the whole run is a gap', t => {
  const summary = new WorkloadSummary(5 * ms)
  summary.add({ ...get, start: 5 * ms, end: 6 * ms, status: 'fail' })
  t.match(summary.conclude(105 * ms), { succeeded: 0, opsPerSec: 0, p50Ms: 0, maxMs: 0, longestGapMs: 100 })
  t.end()
})
