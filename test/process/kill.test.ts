/** kill -9 of servers under load: what was acknowledged stays, and every history can be explained. */
import t from 'tap'
import { sleep } from './program.js'
import { Cluster, Ledger, Workload } from './rig.js'

void t.test('the leader is killed again and again', async t => {
  const cluster = await Cluster.start(t)
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)
  for (let round = 0; round < 4; round++) {
    const leader = await cluster.leader()
    await sleep(500)
    await cluster.server(leader).kill()
    await cluster.leader()
    await cluster.startServer(leader)
  }
  t.ok((await workload.judge()) > 0, 'clients were answered')
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})

void t.test('all servers are killed at once', async t => {
  const cluster = await Cluster.start(t)
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)
  for (let round = 0; round < 3; round++) {
    await cluster.leader()
    await sleep(500)
    await cluster.killAll()
    await Promise.all(cluster.ids.map(id => cluster.startServer(id)))
  }
  await cluster.leader()
  t.ok((await workload.judge()) > 0, 'clients were answered')
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})
