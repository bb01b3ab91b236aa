/** Links that carry in one direction only. */
import t from 'tap'
import { freePorts, loopback } from '../../bin/local-cluster.js'
import { sleep } from './program.js'
import { Cluster, Ledger, Workload } from './rig.js'
import { Wire } from './wire.js'

void t.test('a leader that is not heard, or does not hear, is replaced', async t => {
  const ports = await freePorts(3)
  const wire = await Wire.between(t, ports)
  const listen = ports.map(port => `${loopback}:${port}`)
  const cluster = await Cluster.start(t, { addresses: wire.addresses, listen })
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)

  for (const way of ['is not heard', 'does not hear']) {
    const leader = await cluster.leader()
    for (const id of cluster.ids.filter(id => id !== leader)) {
      if (way === 'is not heard') wire.cut(leader, id)
      else wire.cut(id, leader)
    }
    await cluster.leaderOtherThan(leader)
    t.equal((await cluster.run('put', 'meanwhile', way)).status, 0, `a leader that ${way} stops nobody`)
    wire.heal()
  }

  const leader = await cluster.leader()
  wire.cut(
    leader,
    cluster.ids.find(id => id !== leader)!,
  )
  await sleep(1_000)
  t.equal((await cluster.run('put', 'meanwhile', 'deaf')).status, 0, 'a follower that does not hear stops nobody')
  wire.heal()

  t.same((await ledger.close()).lost, [], 'nothing that was acknowledged is lost')
  t.ok((await workload.judge()) > 0, 'clients were answered')
})
