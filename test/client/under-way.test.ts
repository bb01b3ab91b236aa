/** What is large takes its time on a slow line, and is not sent again while it does. */
import t from 'tap'
import type { Endpoint } from '../../src/client/endpoints.js'
import { Request } from '../../src/client/request.js'
import { isCarried, isPassedOn } from '../../src/client/under-way.js'
import { Outcomes, ScriptedCluster, bytes, warmedUp } from './scripted-cluster.js'

const large = new Uint8Array(2 ** 20)

/** 10 Mbit/s at every socket: a MiB takes nearly a second. */
const slowLine = { delayFromMs: 0.5, delayToMs: 0.5, bytesPerMs: 1_250, queueBytesMax: 1_000_000 }

void t.test('what is seen to be under way is waited for, and for no longer than a slow path takes', t => {
  const link = { isAtWork: false, lastFragmentAtMs: -Infinity }
  const endpoint = { link, roundTrip: { timeoutMs: 50 }, answeredSentAtMs: 900 } as unknown as Endpoint
  const sent = (payloadBytes: number) => {
    const request = new Request('read', 'leader', new Uint8Array(payloadBytes), 1e9, () => undefined)
    return Object.assign(request, { sentAtMs: 1_000 })
  }
  const [small, large] = [sent(200), sent(2 ** 20)]
  for (const request of [small, large]) t.notOk(isCarried(request, endpoint, 1_040), 'nothing explains it')
  t.same([isPassedOn(large, 1_255), isPassedOn(large, 1_257)], [true, false], '1 MiB at 4 KiB/ms')
  link.isAtWork = true
  for (const request of [small, large]) t.ok(isCarried(request, endpoint, 1_440), 'it is on its way')
  t.notOk(isCarried(small, endpoint, 1_600), 'not a small one for so long')
  link.isAtWork = false
  t.notOk(isCarried(large, endpoint, 1_490))
  t.same(
    [2_759, 2_761].map(ms => isPassedOn(large, ms)),
    [true, false],
    'on a line as slow, four times 440 ms',
  )
  t.notOk(isPassedOn(small, 1_490))
  link.lastFragmentAtMs = 1_480
  t.ok(isCarried(small, endpoint, 1_520), 'a large answer comes')
  t.notOk(isCarried(small, endpoint, 1_530), 'no more')
  Object.assign(endpoint, { answeredSentAtMs: 1_001 })
  t.notOk(isCarried(small, endpoint, 1_520), 'not its own: a later request was answered')
  large.isHeldBack = true
  t.notOk(isPassedOn(large, 1_490), 'it was answered: busy')
  t.end()
})

void t.test(
  'regression_a_large_write_went_again_while_its_leader_passed_it_on, and filled a slow line with copies',
  t => {
    const cluster = new ScriptedCluster(slowLine)
    const client = warmedUp(cluster)
    const leader = cluster.server(1)
    // To two others, on a line like ours.
    leader.script = (request, link) => {
      if (request.type !== 'Write') return false
      cluster.clock.at(cluster.clock.now() + 1_800, () => {
        cluster.execute(request)
        leader.answer(link, request, 'ok')
      })
      return true
    }
    const before = cluster.received('Write').length
    for (let i = 1; i <= 3; i++) {
      const outcomes = new Outcomes()
      client.write(large, cluster.clock.now() + 5_000, outcomes.done)
      cluster.clock.runFor(2_800)
      t.same(outcomes.count('ok'), 1, 'after a second there and two to the others')
      t.equal(cluster.received('Write').length - before, i, 'one copy')
    }
    t.end()
  },
)

void t.test('regression_a_read_went_again_while_its_large_answer_came', t => {
  const cluster = new ScriptedCluster(slowLine)
  const client = warmedUp(cluster)
  const leader = cluster.server(1)
  leader.script = (request, link) => {
    if (request.type !== 'Read') return false
    leader.answer(link, request, 'ok', { result: large })
    return true
  }
  for (let i = 1; i <= 3; i++) {
    const outcomes = new Outcomes()
    client.read(bytes('q'), { stale: false }, cluster.clock.now() + 5_000, outcomes.done)
    cluster.clock.runFor(1_000)
    t.equal(outcomes.count('ok'), 1)
    t.equal(cluster.received('Read').length, i, 'asked once')
  }
  t.end()
})

void t.test(
  'regression_copies_of_a_large_write_went_round_in_search_of_a_leader: who leads is asked with little',
  t => {
    const cluster = new ScriptedCluster(slowLine)
    const client = warmedUp(cluster)
    cluster.server(1).kill()
    cluster.leaderId = 0
    const outcomes = new Outcomes()
    client.write(large, cluster.clock.now() + 20_000, outcomes.done)
    cluster.clock.runFor(4_000)
    t.equal(cluster.server(2).receivedOf('Write').length + cluster.server(3).receivedOf('Write').length, 0)
    cluster.leaderId = 3
    cluster.clock.runFor(1_300)
    t.equal(outcomes.count('ok') + cluster.executed.length - 5, 1, 'it went to the next leader, once that was there')
    t.equal(cluster.server(2).receivedOf('Write').length, 0)
    cluster.clock.runFor(1_000)
    t.same(outcomes.count('ok'), 1)
    t.equal(cluster.server(3).receivedOf('Write').length, 1)
    t.end()
  },
)

void t.test('regression_nobody_was_asked_while_a_leader_passed_a_large_write_on: it may be dead by then', t => {
  for (const restartMs of [Infinity, 50, 300]) {
    const cluster = new ScriptedCluster(slowLine)
    const client = warmedUp(cluster)
    const outcomes = new Outcomes()
    const leader = cluster.server(1)
    leader.script = request => request.type === 'Write'
    client.write(large, cluster.clock.now() + 5_000, outcomes.done)
    cluster.clock.runFor(1_000)
    t.equal(leader.receivedOf('Write').length, 6, 'it has all of it')
    leader.kill()
    leader.script = () => false
    cluster.leaderId = 2
    if (restartMs < Infinity) cluster.clock.at(cluster.clock.now() + restartMs, () => leader.start())
    cluster.clock.runFor(400)
    t.equal(cluster.server(2).receivedOf('Write').length + cluster.server(3).receivedOf('Write').length, 0)
    // The echo of it takes a second, too.
    cluster.clock.runFor(2_200)
    t.equal(outcomes.count('ok'), 1, `started again after ${restartMs} ms`)
  }
  t.end()
})

void t.test('regression_a_small_read_whose_answer_was_dropped_starved_behind_large_answers', t => {
  const cluster = new ScriptedCluster({
    delayFromMs: 0.5,
    delayToMs: 0.5,
    bytesPerMs: 12_500,
    queueBytesMax: 1_000_000,
  })
  const client = warmedUp(cluster)
  const leader = cluster.server(1)
  let dropped = 0
  leader.script = (request, link) => {
    if (request.type !== 'Read') return false
    if (request.query.length > 1) leader.answer(link, request, 'ok', { result: large })
    else if (dropped++ > 0) leader.answer(link, request, 'ok')
    return true
  }
  const [outcomes, others] = [new Outcomes(), new Outcomes()]
  const ask = () => client.read(bytes('large'), { stale: false }, cluster.clock.now() + 5_000, others.done)
  for (let loop = 0; loop < 3; loop++) ask()
  client.read(bytes('s'), { stale: false }, cluster.clock.now() + 5_000, outcomes.done)
  for (let ms = 0, answered = 0; ms < 1_000; ms++) {
    cluster.clock.runFor(1)
    for (; answered < others.all.length; answered++) ask()
  }
  t.ok(others.all.length > 8, 'large answers come all the time')
  t.equal(outcomes.count('ok'), 1)
  t.end()
})

void t.test('small requests do not wait for what a large one may take', t => {
  const cluster = new ScriptedCluster({ delayFromMs: 0.1, delayToMs: 0.2 })
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  let answers = 0
  const leader = cluster.server(1)
  // The first two are lost behind the transport.
  leader.script = request => request.type === 'Write' && answers++ < 2
  client.write(bytes('x'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(200)
  t.equal(outcomes.count('ok'), 1)
  t.end()
})
