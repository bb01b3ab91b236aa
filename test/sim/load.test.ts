/** What the clients of a simulated cluster are told, as lines of the history. */
import t from 'tap'
import { SimCluster } from '../../src/sim/cluster.js'
import { operationOf } from '../../src/sim/load.js'
import type { SimPlan } from '../../src/sim/plan.js'
import { calmPlan } from './rig.js'

function begun(some: Partial<SimPlan['load']> = {}, servers = 1): SimCluster {
  const plan = calmPlan(2, { servers })
  const cluster = new SimCluster({
    ...plan,
    load: { ...plan.load, keys: 2, putShare: 0.4, casShare: 0.3, deleteShare: 0.1, ...some },
  })
  cluster.begin()
  return cluster
}

function cutOff({ network, plan }: SimCluster): void {
  for (let client = plan.servers + 1; client <= plan.servers + plan.load.clients; client++) {
    for (let id = 1; id <= plan.servers; id++) network.cut(client, id)
  }
}

/** Those of its client; the prober writes to the same history. */
function linesOf({ load }: SimCluster) {
  return load.history.filter(({ client }) => client === 'c1')
}

void t.test('a line for each ending', t => {
  const ok = operationOf(3, 'c1', { op: 'get', key: 'k' }, 5, 7, { status: 'ok', output: null })
  t.match(ok, { line: 3, client: 'c1', op: 'get', key: 'k', output: null, start: 5, end: 7, status: 'ok' })
  t.ok('value' in ok && ok.value === undefined)
  const put = operationOf(1, 'c1', { op: 'put', key: 'k', value: 'v' }, 5, 7, { status: 'fail' })
  t.match(put, { value: 'v', end: 7, status: 'fail' })
  const unknown = operationOf(1, 'c1', { op: 'put', key: 'k', value: 'v' }, 5, 7, { status: 'unknown' })
  t.equal(unknown.end, undefined, 'it may still happen')
  t.end()
})

void t.test('with nothing in the way all kinds are asked, answered in time, and each value is written once', t => {
  const cluster = runFor(begun(), 8_000)
  const { load } = cluster
  const lines = linesOf(cluster)
  t.ok(lines.length > 60)
  t.ok(lines.every(({ status, start, end }) => status === 'ok' && end! > start))
  const kinds = new Set(lines.map(({ op, output }) => `${op} ${typeof output === 'boolean' ? String(output) : ''}`))
  t.same([...kinds].sort(), ['cas false', 'cas true', 'delete false', 'delete true', 'get ', 'put '])
  const values = lines.flatMap(({ value }) => (value === undefined ? [] : [value]))
  t.equal(new Set(values).size, values.length)
  t.equal(load.answered, lines.length)
  t.equal(load.begun, lines.length + load.outstanding)
  t.end()
})

void t.test('values are as long as asked for', t => {
  const puts = linesOf(runFor(begun({ valueBytes: 300 }), 2_000)).filter(({ op }) => op === 'put')
  t.ok(puts.length > 3 && puts.every(({ value }) => (value as string).length === 300))
  t.end()
})

void t.test('a write that nobody answered has an unknown end, one that was never sent has failed', t => {
  const cluster = runFor(begun({ outstanding: 2, putShare: 1, casShare: 0, deleteShare: 0 }), 1_000)
  const before = linesOf(cluster).length
  cutOff(cluster)
  runFor(cluster, 20_000)
  const after = linesOf(cluster).slice(before)
  t.ok(after.length > 1)
  t.ok(after.every(({ status, end }) => (status === 'unknown') === (end === undefined)))
  t.ok(after.some(({ status }) => status === 'unknown'))
  const strangers = begun({ putShare: 1, casShare: 0, deleteShare: 0 })
  cutOff(strangers)
  const lines = linesOf(runFor(strangers, 20_000))
  t.ok(lines.length > 0 && lines.every(({ status }) => status === 'fail'), 'no session, nothing was sent')
  t.end()
})

void t.test('a read that nobody answered has an unknown end', t => {
  const cluster = runFor(begun({ putShare: 0, casShare: 0, deleteShare: 0 }), 1_000)
  cutOff(cluster)
  const lines = linesOf(runFor(cluster, 20_000))
  t.ok(lines.some(({ status }) => status === 'unknown'))
  t.ok(lines.every(({ op }) => op === 'get'))
  t.end()
})

void t.test('what a killed client had asked for has an unknown end, and another takes its place', t => {
  const cluster = runFor(begun({ outstanding: 2, pauseMs: 1, putShare: 1, casShare: 0, deleteShare: 0 }), 1_000)
  cutOff(cluster)
  runFor(cluster, 100)
  const { load } = cluster
  const before = linesOf(cluster).length
  const first = cluster.clients[0]
  t.equal(load.outstanding, 2)
  cluster.replaceClient(0)
  t.equal(load.outstanding, 0)
  t.same(
    linesOf(cluster)
      .slice(before)
      .map(({ status, end }) => [status, end]),
    [
      ['unknown', undefined],
      ['unknown', undefined],
    ],
  )
  t.not(cluster.clients[0], first)
  cluster.network.heal(2, 1)
  runFor(cluster, 2_000)
  t.ok(
    linesOf(cluster)
      .slice(before + 2)
      .filter(({ status }) => status === 'ok').length > 10,
    'the next one asks',
  )
  t.end()
})

void t.test('at the end nothing new is asked, and what has no answer is unknown', t => {
  const cluster = runFor(begun({ outstanding: 2, pauseMs: 1 }), 1_000)
  const { load } = cluster
  cutOff(cluster)
  runFor(cluster, 100)
  load.end()
  const { begun: asked, outstanding } = load
  t.equal(outstanding, 2)
  runFor(cluster, 1)
  load.close()
  t.equal(load.outstanding, 0)
  t.equal(linesOf(cluster).at(-1)!.status, 'unknown')
  runFor(cluster, 30_000)
  t.equal(load.begun, asked)
  t.end()
})

function runFor(cluster: SimCluster, ms: number): SimCluster {
  cluster.runUntil(cluster.kernel.nowMs + ms)
  return cluster
}
