/** Three servers and a client on four hosts of an Ethernet that loses packets in both directions. */
import t from 'tap'
import { whyNoHosts } from '../../bench/loss/hosts.js'
import { makeHosts } from './namespaces.js'
import { sleep } from './program.js'
import { Cluster, Workload } from './rig.js'

const why = await whyNoHosts()

void t.test('a fifth of all packets is lost each way, and leaders are killed', { skip: why ?? false }, async t => {
  const hosts = await makeHosts(t, 4)
  const addresses = [1, 2, 3].map(host => `${hosts.addressOf(host)}:7401`)
  const cluster = await Cluster.start(t, { addresses, before: id => hosts.on(id === 0 ? 4 : id) })
  await cluster.leader()
  await hosts.lose(20)

  const workload = await Workload.start(cluster)
  for (let round = 0; round < 2; round++) {
    await sleep(1_500)
    const leader = await cluster.leader()
    await cluster.server(leader).kill()
    await cluster.leader()
    await cluster.startServer(leader)
  }
  const succeeded = await workload.judge()
  t.ok(succeeded > 0, 'clients were answered')
  t.ok((await hosts.losses()).dropped > 0, 'packets were lost')
})
