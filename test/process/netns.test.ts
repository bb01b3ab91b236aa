/** Three servers and a client on four hosts of an Ethernet that loses packets in both directions. */
import t from 'tap'
import { whyNoHosts } from '../../bench/loss/hosts.js'
import { makeHosts } from './namespaces.js'
import { valueBytesMax } from '../../codec/limits.js'
import { raftgram, run, sleep } from './program.js'
import { Cluster, patienceMs, Workload } from './rig.js'

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

void t.test(
  'a tenth is lost each way: a value of 1 MiB travels in datagrams of an Ethernet',
  { skip: why ?? false },
  async t => {
    const hosts = await makeHosts(t, 4)
    const addresses = [1, 2, 3].map(host => `${hosts.addressOf(host)}:7401`)
    const cluster = await Cluster.start(t, { addresses, before: id => hosts.on(id === 0 ? 4 : id) })
    await cluster.leader()
    await hosts.lose(10)
    const environment = { RAFTGRAM_ENDPOINTS: cluster.endpoints, RAFTGRAM_TIMEOUT_MS: String(patienceMs) }
    const shell = (script: string) => run(t, [...hosts.on(4), 'sh', '-c', script], environment)
    const commandLine = raftgram.join(' ')
    const random = `head -c ${valueBytesMax} /dev/urandom | tee ${t.testdirName}/put`
    t.testdir()
    for (let round = 0; round < 3; round++) {
      const beganMs = performance.now()
      t.match(await shell(`${random} | ${commandLine} put large -`), { status: 0 })
      t.comment(`put after ${Math.round(performance.now() - beganMs)} ms, the start of the command included`)
      t.match(await shell(`${commandLine} get large | cmp - ${t.testdirName}/put`), { status: 0, stdout: '' })
    }
    t.ok((await hosts.losses()).dropped > 100, 'packets were lost')
    // All tries may be lost, or late on a busy machine: then there is another a second later.
    const untilMs = performance.now() + patienceMs
    let isFound = false
    while (!isFound && performance.now() < untilMs) {
      // The question may be lost, too.
      const reports = (await cluster.reports()).filter(({ role }) => role !== 'unreachable')
      // Those between leader and followers: followers have nothing to say to each other for which it mattered.
      const used = reports.flatMap(({ id, leaderId, peers }) =>
        peers.filter(peer => leaderId !== 0 && (id === leaderId || peer.id === leaderId)),
      )
      isFound = used.length === 4 && used.every(({ link }) => link.datagramBytesMax === 1_472)
      await sleep(200)
    }
    t.ok(isFound, 'the size was found out')
  },
)
