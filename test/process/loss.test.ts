/** Servers whose datagrams are lost, doubled, late, out of order and damaged, by the options of `serve`. */
import t from 'tap'
import { sleep } from './program.js'
import { Cluster, Ledger, Workload } from './rig.js'

const faults = {
  loss: ['--fault-loss', '0.2', '--fault-duplicate', '0.1'],
  order: ['--fault-reorder', '0.1', '--fault-delay-ms', '1..10'],
  damage: ['--fault-corrupt', '0.02'],
}

void t.test('everything at once, and the leader is killed', async t => {
  const cluster = await Cluster.start(t, { serve: Object.values(faults).flat() })
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)
  for (let round = 0; round < 2; round++) {
    const leader = await cluster.leader()
    await sleep(1_500)
    await cluster.server(leader).kill()
    await cluster.leader()
    await cluster.startServer(leader)
  }
  t.ok((await workload.judge()) > 0, 'clients were answered')
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})
