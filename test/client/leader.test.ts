import t from 'tap'
import { minTimeoutMs } from '../../src/client/retransmission.js'
import { addressOf } from '../../src/transport/address.js'
import { Outcomes, ScriptedCluster, bytes, warmedUp } from './scripted-cluster.js'

void t.test('kill -9 of the leader: the next one is found within 50 ms of its election, whoever is pending', t => {
  for (const seed of [1, 2, 3, 4, 5]) {
    for (const winner of [2, 3]) {
      const cluster = new ScriptedCluster({ seed })
      const client = warmedUp(cluster)
      const outcomes = new Outcomes()
      cluster.server(1).kill()
      const startMs = cluster.clock.now()
      for (let i = 0; i < 200; i++) client.write(bytes(`w${i}`), startMs + 5_000, outcomes.done)
      cluster.clock.runFor(150)
      cluster.leaderId = 0
      cluster.clock.runFor(130)
      const refusals = cluster.received('Write').length
      t.ok(refusals < 40, `${refusals} requests while nobody led: probes, not everything`)
      cluster.leaderId = winner
      cluster.clock.runFor(65)
      t.equal(outcomes.count('ok'), 200, `seed ${seed}`)
      t.equal(cluster.executed.length, 205, 'each once')
    }
  }
  t.end()
})

void t.test('a leader that says so itself is followed at once, its hint too', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  cluster.leaderId = 2
  const outcomes = new Outcomes()
  for (let i = 0; i < 100; i++) client.write(bytes(`w${i}`), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(5)
  t.equal(outcomes.count('ok'), 100, 'a few round trips, no timeout')
  t.end()
})

void t.test('two servers that name each other do not make a storm, and a third is found', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  cluster.server(1).hint = 2
  cluster.server(2).hint = 1
  cluster.leaderId = 0
  const outcomes = new Outcomes()
  const before = cluster.received('Write').length
  for (let i = 0; i < 100; i++) client.write(bytes(`w${i}`), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(1_000)
  const asked = cluster.received('Write').length - before
  t.ok(asked < 100 + 80, `${asked} requests in a second without a leader`)
  cluster.leaderId = 3
  cluster.clock.runFor(200)
  t.equal(outcomes.count('ok'), 100)
  t.end()
})

void t.test('nobody knows a leader: the servers are asked in turn, until there is one', t => {
  const cluster = new ScriptedCluster()
  cluster.leaderId = 0
  const client = cluster.client()
  const outcomes = new Outcomes()
  client.write(bytes('x'), 10_000, outcomes.done)
  cluster.clock.runFor(2_000)
  const perServer = cluster.servers.map(server => server.receivedOf('OpenSession').length)
  t.ok(
    perServer.every(count => count > 5 && count < 40),
    `asked ${perServer.join(', ')} times in 2 s`,
  )
  cluster.leaderId = 3
  cluster.clock.runFor(160)
  t.same(outcomes.all, ['ok x'])
  t.end()
})

void t.test('a slow leader is probed, not buried under repeats, and all is answered when it is back', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  cluster.server(1).script = () => true
  const outcomes = new Outcomes()
  for (let i = 0; i < 2_000; i++) client.write(bytes(`w${i}`), cluster.clock.now() + 20_000, outcomes.done)
  cluster.clock.runFor(5_000)
  const copies = cluster.received('Write').length / 2_000
  t.ok(copies < 2, `${copies} copies of each in 5 s of silence`)
  cluster.server(1).script = () => false
  cluster.clock.runFor(2_000)
  t.equal(outcomes.count('ok'), 2_000)
  t.equal(cluster.executed.length, 2_005)
  t.end()
})

void t.test('a service slower than the first timeout is not repeated for ever: the timeout is learnt', t => {
  const cluster = new ScriptedCluster()
  cluster.serviceMs = 250
  const client = cluster.client()
  const outcomes = new Outcomes()
  for (let i = 0; i < 40; i++) {
    client.write(bytes('slow'), cluster.clock.now() + 5_000, outcomes.done)
    cluster.clock.runFor(300)
  }
  cluster.clock.runFor(1_000)
  t.equal(outcomes.count('ok'), 40)
  const copies = cluster.received('Write').filter(({ sequence }) => sequence > 30).length
  t.equal(copies, 10, 'the last ten were sent once each')
  t.end()
})

void t.test('a late refusal of one that is not asked any more does not unseat the leader', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const old = cluster.server(1)
  // A read learns who leads now; then the former leader refuses the write, late, and names somebody else.
  old.script = (request, link) => {
    if (request.type !== 'Write') return false
    for (const lateMs of [3.5, 6.5]) {
      cluster.clock.at(cluster.clock.now() + lateMs, () => old.answer(link, request, 'not-leader', { leaderId: 3 }))
    }
    return true
  }
  cluster.leaderId = 2
  const next = cluster.server(2)
  next.script = (request, link) => {
    if (request.type !== 'Write') return false
    cluster.clock.at(cluster.clock.now() + 20, () => next.serve(request, link))
    return true
  }
  const outcomes = new Outcomes()
  client.write(bytes('w'), cluster.clock.now() + 5_000, outcomes.done)
  for (let i = 0; i < 20; i++) {
    cluster.clock.runFor(1)
    client.read(bytes(`r${i}`), { stale: false }, cluster.clock.now() + 5_000, outcomes.done)
  }
  cluster.clock.runFor(100)
  t.equal(outcomes.count('ok'), 21)
  t.equal(old.received.length, 1 + 5 + 2, 'only the write and the first read went to the former leader')
  t.equal(cluster.server(3).received.length, 0)
  t.end()
})

void t.test('requests that fall due one after the other are one silence: a short pause asks nobody else', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  cluster.server(1).script = () => true
  const outcomes = new Outcomes()
  // Eight thirds of the first timeout: the second silence, after twice the timeout more, would end at nine.
  for (let i = 0; i < 8; i++) {
    client.write(bytes(`w${i}`), cluster.clock.now() + 5_000, outcomes.done)
    cluster.clock.runFor(minTimeoutMs / 3)
  }
  t.equal(cluster.server(2).receivedOf('Write').length + cluster.server(3).receivedOf('Write').length, 0)
  cluster.server(1).script = () => false
  cluster.clock.runFor(200)
  t.equal(outcomes.count('ok'), 8)
  t.end()
})

void t.test('regression_a_leader_that_others_name_was_asked_once_a_second_only: the way to it had been closed', t => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const cluster = new ScriptedCluster({ seed, delayFromMs: 0.1, delayToMs: 0.5 })
    const client = warmedUp(cluster)
    const outcomes = new Outcomes()
    const [here, leader] = [addressOf('127.0.0.1', 9_000), cluster.server(1).address]
    cluster.network.cut(here, leader)
    cluster.network.cut(leader, here)
    const startMs = cluster.clock.now()
    for (let i = 0; i < 2; i++) client.write(bytes(`w${i}`), startMs + 10_000, outcomes.done)
    cluster.clock.runFor(1_500)
    cluster.network.heal()
    cluster.clock.runFor(400)
    t.equal(outcomes.count('ok'), 2, `seed ${seed}`)
    t.ok(cluster.server(1).received.length < 40, 'and not by a storm')
  }
  t.end()
})

void t.test(
  'regression_after_a_cut_a_client_waited_for_up_to_a_second_more: it is a quarter of the cut, or half a second',
  t => {
    const here = addressOf('127.0.0.1', 9_000)
    for (const cutMs of [300, 500, 800, 1_500, 3_000]) {
      for (const seed of [1, 2, 3]) {
        for (const isLeaderOnly of [true, false]) {
          const cluster = new ScriptedCluster({ seed, delayFromMs: 0.1, delayToMs: 0.5 })
          const client = warmedUp(cluster)
          const outcomes = new Outcomes()
          for (const { address } of isLeaderOnly ? [cluster.server(1)] : cluster.servers) {
            cluster.network.cut(here, address)
            cluster.network.cut(address, here)
          }
          const deadlineMs = cluster.clock.now() + 20_000
          for (let i = 0; i < 64; i++) client.write(bytes(`w${i}`), deadlineMs, outcomes.done)
          cluster.clock.runFor(cutMs)
          cluster.network.heal()
          cluster.clock.runFor(Math.min(Math.max(120, cutMs / 4 + 50), 500))
          t.equal(outcomes.count('ok'), 64, `${cutMs} ms, seed ${seed}, ${isLeaderOnly ? 'the leader' : 'all'} cut off`)
          t.equal(cluster.executed.length, 5 + 64, 'each once')
        }
      }
    }
    t.end()
  },
)
