import t from 'tap'
import { SimCluster } from '../../src/sim/cluster.js'
import { calmPlan } from './rig.js'

function proberLines(cluster: SimCluster) {
  return cluster.load.history.filter(({ client }) => client === 'c2')
}

void t.test('it asks any server, and only what a leader answers is a line of the history', t => {
  const cluster = new SimCluster(calmPlan(1))
  const asked = new Set<number>()
  cluster.network.recorders.add((from, to) => {
    if (from === 5) asked.add(to)
  })
  cluster.begin()
  cluster.runUntil(10_000)
  t.same([...asked].sort(), [1, 2, 3])
  const lines = proberLines(cluster)
  t.equal(lines.length, cluster.prober.answered)
  t.ok(lines.length > 10)
  t.ok(lines.every(({ op, status, start, end }) => op === 'get' && status === 'ok' && end! > start))
  cluster.prober.end()
  cluster.runUntil(12_000)
  t.equal(proberLines(cluster).length, lines.length, 'nothing after its end')
  t.end()
})

void t.test('a leader that is cut off from the others does not answer it', t => {
  const cluster = new SimCluster(calmPlan(1))
  cluster.begin()
  cluster.runUntil(2_000)
  const leader = cluster.leader!.id
  const others = [1, 2, 3].filter(id => id !== leader)
  for (const id of others) {
    cluster.network.cut(leader, id)
    cluster.network.cut(id, leader)
    cluster.network.cut(5, id)
  }
  cluster.runUntil(2_100)
  const { answered } = cluster.prober
  cluster.runUntil(6_000)
  t.equal(cluster.prober.answered, answered)
  t.end()
})
