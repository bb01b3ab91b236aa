/** What is large takes its time on a slow line, and is not sent again while it does. */
import t from 'tap'
import type { ClientCore } from '../../src/client/client-core.js'
import type { Endpoint } from '../../src/client/endpoints.js'
import { Request } from '../../src/client/request.js'
import { underWayUntilMs } from '../../src/client/under-way.js'
import { Outcomes, ScriptedCluster, bytes } from './scripted-cluster.js'

const large = new Uint8Array(2 ** 20)

/** 10 Mbit/s at every socket: a MiB takes nearly a second. */
const slowLine = { delayFromMs: 0.5, delayToMs: 0.5, bytesPerMs: 1_250, queueBytesMax: 1_000_000 }

function warmedUp(cluster: ScriptedCluster): ClientCore {
  const client = cluster.client()
  const outcomes = new Outcomes()
  for (let i = 0; i < 5; i++) {
    client.write(bytes('warm-up'), cluster.clock.now() + 10_000, outcomes.done)
    cluster.clock.runFor(100)
  }
  if (outcomes.count('ok') !== 5) throw new Error('the warm-up writes were not answered')
  return client
}

void t.test('what is seen to be under way is waited for, and for no longer than a slow path takes', t => {
  const link = { isAtWork: false, lastFragmentAtMs: -Infinity }
  const endpoint = { link, roundTrip: { timeoutMs: 50 } } as unknown as Endpoint
  const sent = (payloadBytes: number, answerBytes = 0) => {
    const request = new Request('read', 'leader', new Uint8Array(payloadBytes), 1e9, () => undefined)
    return Object.assign(request, { sentAtMs: 1_000, answerBytes })
  }
  const [small, large, scan] = [sent(200), sent(2 ** 20), sent(200, 2 ** 20)]
  t.equal(underWayUntilMs(small, endpoint, 1_040), -Infinity, 'nothing explains it')
  t.equal(Math.floor(underWayUntilMs(large, endpoint, 1_040)), 1_256, '1 MiB at 4 KiB/ms')
  t.equal(Math.floor(underWayUntilMs(scan, endpoint, 1_040)), 1_256, 'or an answer that may have as much')
  link.isAtWork = true
  for (const request of [small, large]) t.equal(underWayUntilMs(request, endpoint, 1_440), 1_490, 'it is on its way')
  t.equal(underWayUntilMs(small, endpoint, 1_600), -Infinity, 'not a small one for so long')
  link.isAtWork = false
  t.equal(underWayUntilMs(large, endpoint, 1_490), 1_000 + 4 * 440, 'it is passed on, on a line as slow')
  t.equal(underWayUntilMs(small, endpoint, 1_490), -Infinity)
  link.lastFragmentAtMs = 1_480
  t.equal(underWayUntilMs(small, endpoint, 1_520), 1_570, 'a large answer comes')
  t.equal(underWayUntilMs(small, endpoint, 1_530), -Infinity, 'no more')
  large.isHeldBack = true
  t.equal(underWayUntilMs(large, endpoint, 1_490), -Infinity, 'it was answered: busy')
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
