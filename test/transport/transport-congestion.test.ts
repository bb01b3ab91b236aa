/** RFC 8085 section 3.1: what a link does to the queues of its path, and to others that share them. */
import t from 'tap'
import type { WireMessage } from '../../src/transport/types.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import { bulkMessage, insideOf, server, upTo } from '../support/transports.js'

const heartbeatMs = 50

/** 1 Mbit/s. */
const bytesPerMs = 125

/**
 * A server sends to others as much as their links take, all through one bottleneck, and heartbeats; the first seconds are
 * not counted. Rates are payload of entries per ms.
 */
function transfer(
  options: Partial<FakeNetworkOptions>,
  seconds: number,
  links = 1,
  startGapMs = 0,
  everyMs: (network: FakeNetwork, ms: number) => void = () => undefined,
) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, { seed: 3, delayFromMs: 0.2, delayToMs: 0.3, ...options })
  const datagramSizes = () => [1_200, 1_472]
  const a = server(network, 1, 1, { datagramSizes })
  const beganAtMs = clock.now()
  const warmMs = (seconds * 1_000) / 3
  const isWarm = () => clock.now() - beganAtMs > warmMs
  const heartbeats: number[] = []
  const others = upTo(links).map(i => {
    const station = server(network, 2 + i, 2 + i, { datagramSizes })
    station.transport.addPeer(1, a.socket.address)
    const other = {
      link: insideOf(a.transport.addPeer(2 + i, station.socket.address)),
      next: 1,
      bytes: 0,
      sentBefore: 0,
    }
    station.transport.onMessage = (_link, message) => {
      if (message.type !== 'AppendEntries' || !isWarm()) return
      const [entry] = message.entries
      if (entry !== undefined) other.bytes += entry.payload.length
      // The time at which it was sent stands for the commit index.
      else heartbeats.push(clock.now() - beganAtMs - message.leaderCommit)
    }
    return other
  })
  const fill = (ms: number) => {
    for (const [i, other] of others.entries()) {
      if (ms < i * startGapMs) continue
      while (other.link.availableBytes > 0) a.transport.send(other.link, bulkMessage(1, other.next++, 1_000))
    }
    a.transport.flush()
  }
  let nowMs = 0
  a.transport.onRoom = () => {
    fill(nowMs)
  }
  const queues: number[] = []
  const beat = (index: number) => ({ ...bulkMessage(1, index, 0), entries: [], leaderCommit: nowMs }) as WireMessage
  let dropsBefore = 0
  for (; nowMs < seconds * 1_000; nowMs++) {
    if (nowMs % heartbeatMs === 0) {
      for (const { link, next } of others) a.transport.send(link, beat(next))
    }
    fill(nowMs)
    everyMs(network, nowMs)
    clock.runFor(1)
    network.sent.length = 0
    if (nowMs === Math.floor(warmMs)) {
      dropsBefore = network.queueDrops
      for (const other of others) other.sentBefore = other.link.status.sent
    }
    if (isWarm()) queues.push(network.queueMs(a.socket.address))
  }
  const forMs = seconds * 1_000 - warmMs
  const sent = others.reduce((sum, { link, sentBefore }) => sum + link.status.sent - sentBefore, 0)
  return {
    heartbeats,
    expectedHeartbeats: Math.floor(forMs / heartbeatMs) * links,
    rates: others.map(({ bytes }) => bytes / forMs),
    queueMsMax: Math.max(...queues),
    queueDropShare: (network.queueDrops - dropsBefore) / sent,
  }
}

void t.test('a deep queue stays nearly empty, heartbeats pass, and the line is full', t => {
  for (const [name, factor] of [
    ['1 Mbit/s', 1],
    ['10 Mbit/s', 10],
  ] as const) {
    const { heartbeats, expectedHeartbeats, rates, queueMsMax } = transfer({ bytesPerMs: bytesPerMs * factor }, 9)
    t.ok(queueMsMax < 50, `${queueMsMax} ms of queue at ${name}`)
    t.ok(rates[0]! > bytesPerMs * factor * 0.75, `${rates[0]! * 1_000} bytes per second at ${name}`)
    t.ok(heartbeats.length >= expectedHeartbeats - 2, `${heartbeats.length} heartbeats`)
    t.ok(Math.max(...heartbeats) < 60, `a heartbeat took ${Math.max(...heartbeats)} ms`)
  }
  t.end()
})

void t.test(
  'regression_shallow_queue: a queue that is too short to be seen by its delay is not overflown for long',
  t => {
    for (const [name, factor, queueBytesMax] of [
      ['1 Mbit/s', 1, 8_000],
      ['10 Mbit/s', 10, 16_000],
      ['20 Mbit/s', 20, 32_000],
    ] as const) {
      const { rates, queueDropShare } = transfer({ bytesPerMs: bytesPerMs * factor, queueBytesMax }, 9)
      t.ok(queueDropShare < 0.05, `${queueDropShare * 100} % dropped at ${name}`)
      t.ok(rates[0]! > bytesPerMs * factor * 0.75, `${rates[0]! * 1_000} bytes per second at ${name}`)
    }
    t.end()
  },
)

void t.test('loss at random does not make the window collapse', t => {
  for (const lossShare of [0.2, 0.3]) {
    const line = bytesPerMs * 20
    const { rates } = transfer({ bytesPerMs: line, lossShare }, 6)
    t.ok(rates[0]! > line * 0.7 * (1 - lossShare), `${rates[0]! * 1_000} bytes per second at ${lossShare}`)
  }
  t.end()
})

void t.test('two links through one bottleneck share it, whoever came first', t => {
  for (const queueBytesMax of [Infinity, 30_000]) {
    const { rates, queueMsMax } = transfer({ bytesPerMs: bytesPerMs * 10, queueBytesMax }, 24, 2, 4_000)
    const [first, second] = rates as [number, number]
    const both = `${first} and ${second} bytes per ms, queue ${queueBytesMax}`
    t.ok(first < second * 3 && second < first * 3, both)
    t.ok(first + second > bytesPerMs * 10 * 0.75)
    t.ok(queueMsMax < 70, `${queueMsMax}`)
  }
  t.end()
})

void t.test('regression_links_in_a_deep_queue_never_became_equal, for as long as they sent', t => {
  for (const factor of [10, 100]) {
    const line = bytesPerMs * factor
    const { rates, queueMsMax, heartbeats } = transfer({ bytesPerMs: line }, 18, 2, 500)
    t.ok(Math.min(...rates) * 4 > Math.max(...rates), `${rates.join(' and ')} bytes per ms of ${line}`)
    t.ok(rates[0]! + rates[1]! > line * 0.75)
    t.ok(Math.max(queueMsMax, ...heartbeats) < 60, `${queueMsMax} ms, a heartbeat ${Math.max(...heartbeats)} ms`)
  }
  t.end()
})

void t.test('regression_loss_at_random_that_begins_at_once_is_not_taken_for_a_queue’s_until_it_is_forgotten', t => {
  for (const lossShare of [0.2, 0.3]) {
    const line = bytesPerMs * 20
    const { rates } = transfer({ bytesPerMs: line }, 12, 1, 0, (network, ms) => {
      if (ms === 3_000) network.options = { ...network.options, lossShare }
    })
    t.ok(rates[0]! > line * 0.6 * (1 - lossShare), `${rates[0]! * 1_000} bytes per second at ${lossShare}`)
  }
  t.end()
})

void t.test('regression_links_that_share_a_short_queue_took_its_overflow_for_the_path’s_own_loss', t => {
  // Each sent yet more to make up for it: half of all that four of them sent was lost, for as long as they sent.
  const line = { bytesPerMs: bytesPerMs * 10, queueBytesMax: 30_000 }
  const { rates, queueDropShare } = transfer(line, 12, 4)
  t.ok(queueDropShare < 0.2, `${queueDropShare * 100} % dropped`)
  t.ok(Math.min(...rates) * 4 > Math.max(...rates), rates.join(' '))
  t.end()
})

void t.test('regression_the_window_stayed_at_ten_datagrams_on_a_path_without_jitter', t => {
  for (const delayMs of [0.25, 0.5, 1]) {
    const clock = new FakeClock(1_000)
    const network = new FakeNetwork(clock, { delayFromMs: delayMs, delayToMs: delayMs, bytesPerMs: 125_000 })
    const options = { datagramSizes: () => [1_200, 1_472] }
    const [a, b] = [server(network, 1, 1, options), server(network, 2, 2, options)]
    const toB = a.transport.addPeer(2, b.socket.address)
    b.transport.addPeer(1, a.socket.address)
    let received = 0
    b.transport.onMessage = () => received++
    const fill = (): void => {
      while (toB.status.waitingBytes < 200_000) a.transport.send(toB, bulkMessage(1, 1, 1_000))
      a.transport.flush()
    }
    a.transport.onRoom = fill
    for (let ms = 0; ms < 500; ms++) {
      fill()
      clock.runFor(1)
      network.sent.length = 0
    }
    t.ok(received / 500 > 12.5, `${received / 500} KB per ms of 125, a round trip of ${2 * delayMs} ms`)
  }
  t.end()
})

void t.test('regression_where_datagrams_overtake_each_other_the_window_stayed_at_a_few', t => {
  // 5.9, 2.5 and 1.2 MB/s of 12.5, and with loss 2.4, 1.0 and 0.3: a round ended with the quickest of its datagrams.
  const line = bytesPerMs * 100
  for (const lossShare of [0, 0.15]) {
    for (const delayToMs of [5, 10, 20]) {
      const { rates } = transfer(
        { bytesPerMs: line, queueBytesMax: 1_000_000, delayFromMs: 0, delayToMs, lossShare },
        2,
      )
      t.ok(
        rates[0]! > line * 0.6 * (1 - lossShare),
        `${rates[0]!} bytes per ms, up to ${delayToMs} ms, ${lossShare} lost`,
      )
    }
  }
  t.end()
})

void t.test('regression_jitter_was_taken_for_a_queue, and held a window at the least where packets are lost', t => {
  const [slow, fast] = [bytesPerMs * 10, bytesPerMs * 100]
  // 0.08 of 1.25 MB/s, and 0.03 of 12.5.
  for (const [line, delayFromMs, delayToMs, lossShare] of [
    [slow, 0, 20, 0.2],
    [fast, 20, 80, 0.05],
  ] as const) {
    const { rates } = transfer({ bytesPerMs: line, delayFromMs, delayToMs, lossShare }, 4)
    t.ok(rates[0]! > line * 0.3, `${rates[0]!} bytes per ms of ${line}`)
  }
  t.end()
})
