/** Servers that stand still and go on, as a debugger, a suspended machine or a long collection of garbage makes them. */
import t from 'tap'
import { sleep } from './program.js'
import { Cluster, Ledger, Workload } from './rig.js'

const pauseMs = 2_000

void t.test('a leader stands still: another one leads, and both agree when it goes on', async t => {
  const cluster = await Cluster.start(t)
  const leader = await cluster.leader()
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)
  await sleep(1_000)
  cluster.server(leader).signal('SIGSTOP')
  await sleep(pauseMs)
  await cluster.leaderOtherThan(leader)
  cluster.server(leader).signal('SIGCONT')
  await sleep(500)
  t.ok((await workload.judge()) > 0, 'clients were answered')
  t.same((await ledger.close()).lost, [], 'nothing that was acknowledged is lost')
})

void t.test('a follower stands still: nobody minds, and it catches up', async t => {
  const cluster = await Cluster.start(t)
  const leader = await cluster.leader()
  const follower = cluster.ids.find(id => id !== leader)!
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)
  await sleep(1_000)
  cluster.server(follower).signal('SIGSTOP')
  await sleep(pauseMs)
  cluster.server(follower).signal('SIGCONT')
  // From now on every write needs the one that stood still.
  const other = cluster.ids.find(id => id !== leader && id !== follower)!
  await cluster.server(other).kill()
  await cluster.leader()
  t.equal((await cluster.run('put', 'afterwards', 'written')).status, 0)
  t.ok((await workload.judge()) > 0, 'clients were answered')
  t.same((await ledger.close()).lost, [], 'nothing that was acknowledged is lost')
})
