/** Loss is repaired, whatever else the network does: two peers on a network that loses, copies and reorders. */
import t from 'tap'
import { envelopeBytes } from '../../codec/envelope.js'
import { messageBytesMax } from '../../codec/limits.js'
import { messageBytes } from '../../codec/messages.js'
import { Prng } from '../../src/base/prng.js'
import { linkReassemblyBytesMax } from '../../src/transport/reassembly.js'
import type { WireMessage } from '../../src/transport/types.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import { bulkMessage, distinct, insideOf, numbersOf, peerMessage, server, upTo } from '../support/transports.js'

function enter(options: Partial<FakeNetworkOptions>, sizes: readonly number[] = [1_472]) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, { delayFromMs: 0.1, delayToMs: 0.2, ...options })
  const a = server(network, 1, 1, { datagramSizes: () => sizes })
  const b = server(network, 2, 2, { datagramSizes: () => sizes })
  const toB = insideOf(a.transport.addPeer(2, b.socket.address))
  const toA = insideOf(b.transport.addPeer(1, a.socket.address))
  return { clock, network, a, b, toB, toA }
}

/** A leader without work and a follower, for so long: heartbeats, which ask for no word, and their answers. */
function idle({ clock, a, b, toA, toB, network }: ReturnType<typeof enter>, forMs: number): void {
  const heartbeat = { ...bulkMessage(1, 1, 0), entries: [] } as WireMessage
  for (let ms = 0; ms < forMs; ms += 50) {
    a.transport.send(toB, heartbeat)
    a.transport.flush()
    clock.runFor(25)
    b.transport.send(toA, peerMessage(2, 1))
    b.transport.flush()
    clock.runFor(25)
    network.sent.length = 0
  }
}

void t.test('regression_loss_that_begins_or_ends_while_nothing_but_heartbeats_goes_is_seen', t => {
  const cluster = enter({ seed: 3 })
  const { network, toA, toB } = cluster
  const shares = () => [toA, toB].map(({ status }) => status.lossShare)
  idle(cluster, 5_000)
  t.same(shares(), [0, 0])
  network.options = { ...network.options, lossShare: 0.2 }
  idle(cluster, 15_000)
  for (const share of shares()) t.ok(share > 0.08 && share < 0.4, `${share} of 0.2, of few packets`)
  network.options = { ...network.options, lossShare: 0 }
  idle(cluster, 15_000)
  for (const share of shares()) t.ok(share < 0.02, `${share} of nothing`)
  for (const { status } of [toA, toB]) t.ok(status.late <= status.lost, `${status.late} late of ${status.lost} lost`)
  t.end()
})

void t.test('regression_what_overtakes_more_than_64_others_was_never_acknowledged, and went again', t => {
  const { clock, network, a, b, toB } = enter({ seed: 5, delayFromMs: 1, delayToMs: 3, bytesPerMs: 100_000 })
  let next = 1
  const burst = () => {
    for (let i = 0; i < 150 && toB.availableBytes > 0; i++) a.transport.send(toB, bulkMessage(1, next++, 1_000))
    a.transport.flush()
  }
  for (let ms = 0; ms < 1_000; ms++) {
    burst()
    clock.runFor(1)
  }
  clock.runFor(100)
  t.ok(next > 40_000, `${next} messages, more than 64 in a round trip`)
  t.equal(distinct(numbersOf(b.received)).length, next - 1)
  const { lost, repeatedMessages } = toB.status
  t.ok(repeatedMessages < next / 1_000, `${lost} taken for lost, ${repeatedMessages} sent again, and nothing was lost`)
  const sent = (port: number) => network.sent.filter(({ from }) => from.port === port).length
  t.ok(sent(2) < sent(1) * 1.2, `${sent(2)} acknowledgements of ${sent(1)} datagrams`)
  t.end()
})

void t.test('regression_what_was_only_overtaken_was_taken_for_lost: words that ask for none', t => {
  const { clock, network, a, b, toA, toB } = enter({ seed: 7, delayFromMs: 0.3, delayToMs: 2, bytesPerMs: 125_000 })
  // The window grows first.
  a.transport.onRoom = () => undefined
  let next = 1
  for (let ms = 0; ms < 1_000; ms++) {
    while (toB.availableBytes > 0) a.transport.send(toB, bulkMessage(1, next++, 1_000))
    a.transport.flush()
    clock.runFor(1)
    network.sent.length = 0
  }
  clock.runFor(200)
  const before = toA.status.lost
  let lossyRounds = 0
  for (let round = 0; round < 40; round++) {
    // Nearly each datagram of a burst is answered by an empty one; the next word of the other side names 65 of them.
    a.transport.send(toB, bulkMessage(1, next++, 200_000))
    a.transport.flush()
    clock.runFor(50)
    b.transport.send(toA, bulkMessage(2, round, 100))
    b.transport.flush()
    clock.runFor(50)
    if (toA.loss.isLossy) lossyRounds++
    network.sent.length = 0
  }
  t.ok(lossyRounds < 10, `lossy in ${lossyRounds} of 40 rounds`)
  t.ok(toA.status.lost - before < 100, `${toA.status.lost - before} taken for lost`)
  t.end()
})

void t.test('regression_a_full_socket_was_filled_with_acknowledgements, the same in each turn', t => {
  // What comes in the first turns is not looked at: with a larger window the rest would be most of it.
  const path = { delayFromMs: 1, delayToMs: 3, bytesPerMs: 100_000, receiveBufferBytes: 2_400_000 }
  const { clock, network, a, b, toA, toB } = enter({ seed: 5, ...path })
  let next = 1
  const burst = (count: number) => {
    for (let i = 0; i < count && toB.availableBytes > 0; i++) a.transport.send(toB, bulkMessage(1, next++, 1_000))
    a.transport.flush()
    clock.runFor(1)
  }
  for (let ms = 0; ms < 500; ms++) burst(150)
  b.transport.send(toA, peerMessage(2, 1))
  b.socket.sendQueueBytes = 10_000_000
  const before = toA.status.received
  for (let ms = 0; ms < 3; ms++) burst(150)
  network.sent.length = 0
  clock.runFor(300)
  const sent = network.sent.filter(({ from }) => from.port === 2).length
  const came = toA.status.received - before
  t.ok(sent < 0.45 * came, `${sent} acknowledgements of ${came} datagrams`)
  t.ok(toA.outbox.bytes > 0, 'what else there is to say waits')
  t.end()
})

const largest = messageBytesMax - messageBytes(bulkMessage(1, 1, 0))

void t.test('at any loss the largest messages arrive whole, for little more than loss must cost', t => {
  for (const lossShare of [0, 0.05, 0.2, 0.3]) {
    const { clock, network, a, b, toB } = enter({ seed: 11, lossShare, duplicateShare: 0.05, delayToMs: 1 })
    const count = 5
    const wrong: number[] = []
    b.transport.onMessage = (link, message) => {
      b.received.push({ link, message })
      const entry = message.type === 'AppendEntries' ? message.entries[0]! : null
      const isRight = entry?.payload.length === largest && entry.payload.every(byte => byte === entry.index - 1)
      if (!isRight) wrong.push(b.received.length)
    }
    for (const number of upTo(count)) {
      t.ok(a.transport.send(toB, bulkMessage(1, number + 1, largest)))
      a.transport.flush()
      clock.runFor(100)
    }
    clock.runFor(2_000)
    t.same(wrong, [])
    t.equal(distinct(numbersOf(b.received)).length, count, `all at ${lossShare}`)
    t.equal(b.received.length, count, 'a message in fragments is whole once')
    const each = 1_472 - envelopeBytes - 16
    const least = (count * Math.ceil(messageBytesMax / each)) / (1 - lossShare)
    const sent = network.sent.filter(({ from }) => from.port === 1).length
    t.ok(sent < least * 1.2, `${sent} datagrams at ${lossShare}, ${Math.round(least)} with perfect knowledge`)
    t.equal(toB.sent.inFlight, 0)
    t.equal(toB.outbox.bytes, 0)
    t.ok(toB.sent.watched <= sent, 'and of those only the bare numbers')
    t.equal(b.transport.peer(1)?.status.reassemblyBytes, 0)
  }
  t.end()
})

void t.test('small messages one at a time: each arrives, and soon', t => {
  for (const lossShare of [0.05, 0.2, 0.3]) {
    const { clock, a, b, toB } = enter({ seed: 7, lossShare })
    const sentAt = new Map<number, number>()
    const delays: number[] = []
    b.transport.onMessage = (link, message) => {
      const [number] = numbersOf([{ link, message }])
      if (sentAt.has(number!)) delays.push(clock.now() - sentAt.get(number!)!)
      sentAt.delete(number!)
    }
    const count = 1_000
    for (const number of upTo(count)) {
      sentAt.set(number, clock.now())
      a.transport.send(toB, bulkMessage(1, number, 100))
      a.transport.flush()
      clock.runFor(20)
    }
    clock.runFor(1_000)
    t.ok(sentAt.size <= count * 0.005, `${sentAt.size} of ${count} never came at ${lossShare}`)
    delays.sort((x, y) => x - y)
    const p99 = delays[Math.floor(delays.length * 0.99)]!
    t.ok(p99 < (lossShare < 0.1 ? 12 : 60), `${p99} ms at ${lossShare}`)
    t.ok(toB.status.doubled > count / 2, 'what is lonely goes twice')
  }
  t.end()
})

void t.test(
  'RFC 9002 section 6.2: probes back off up to 100 ms, give up after a second, and then little is sent',
  t => {
    const { clock, network, a, b, toB } = enter({})
    for (const number of upTo(5)) {
      a.transport.send(toB, peerMessage(1, number))
      a.transport.flush()
      clock.runFor(10)
    }
    network.cut(a.socket.address, b.socket.address)
    for (const number of upTo(40)) a.transport.send(toB, bulkMessage(1, number + 1, 1_300))
    const whole = bulkMessage(1, 99, 10_000)
    a.transport.send(toB, whole)
    network.sent.length = 0
    a.transport.flush()
    t.equal(network.sent.length, 9, 'the first window, less what is kept for the urgent')
    const times: number[] = []
    let count = network.sent.length
    for (let tenths = 0; tenths < 30_000; tenths++) {
      clock.runFor(0.1)
      if (network.sent.length > count) times.push(tenths / 10)
      count = network.sent.length
    }
    t.ok(toB.status.probes === 10 && times.length >= 9, `${toB.status.probes} probes`)
    const gaps = times.slice(1, 9).map((at, i) => at - times[i]!)
    for (const [i, gap] of gaps.slice(1).entries()) {
      const doubledMs = gaps[i]! * 2
      if (doubledMs < 100) t.ok(gap > doubledMs * 0.75 && gap < doubledMs * 1.25, `${gaps.join()} ms`)
      else t.ok(gap > 95 && gap < 205, `${gaps.join()} ms`)
    }
    t.notOk(toB.isAtWork)
    t.equal(toB.outbox.bytes, 0, 'dropped')
    t.equal(toB.sent.inFlight, 0)
    t.ok(network.sent.length < 50, `${network.sent.length} datagrams in three seconds`)
    network.sent.length = 0
    clock.runFor(60_000)
    t.equal(network.sent.length, 0, 'then silence')
    network.heal()
    b.received.length = 0
    a.transport.send(toB, bulkMessage(1, 7, 100))
    a.transport.flush()
    clock.runFor(5)
    t.same(numbersOf(b.received), [7])
    t.ok(toB.windowBytes > 5_000, 'a word opens the window')
    t.end()
  },
)

void t.test('fragments are abandoned as a whole: of what was given up nothing is sent any more', t => {
  const { clock, network, a, b, toB } = enter({})
  network.cut(a.socket.address, b.socket.address)
  a.transport.send(toB, bulkMessage(1, 1, 50_000))
  a.transport.flush()
  const { parted } = toB.outbox.first!
  t.notOk(parted?.isAbandoned)
  clock.runFor(3_000)
  t.ok(parted?.isAbandoned)
  network.heal()
  network.sent.length = 0
  a.transport.send(toB, bulkMessage(1, 2, 100))
  a.transport.flush()
  clock.runFor(1_000)
  t.same(numbersOf(b.received), [2])
  // On a path that has lost so much, what is lonely goes twice.
  t.ok(network.sent.filter(({ from }) => from.port === 1).length <= 2)
  t.end()
})

void t.test('regression_words_that_were_lost_were_taken_for_lost_data_where_many_come_in_a_turn', t => {
  const { clock, network, a, b, toB } = enter({ bytesPerMs: 125_000, queueBytesMax: 2_000_000 })
  const prng = new Prng(1, 7)
  const send = b.socket.send.bind(b.socket)
  b.socket.send = (bytes, to) => prng.fraction() < 0.2 || send(bytes, to)
  const fill = () => {
    while (toB.outbox.bytes < 400_000) a.transport.send(toB, bulkMessage(1, 1, 1_300))
    a.transport.flush()
  }
  a.transport.onRoom = fill
  let repeatedBefore = 0
  for (let ms = 0; ms < 2_000; ms++) {
    fill()
    // Its turns take a ms.
    b.socket.paused = true
    clock.runFor(0.98)
    b.socket.paused = false
    clock.runFor(0.02)
    network.sent.length = 0
    if (ms === 1_000) {
      b.received.length = 0
      repeatedBefore = toB.counters.repeatedMessages
    }
  }
  const repeated = toB.counters.repeatedMessages - repeatedBefore
  t.ok(repeated < 0.015 * b.received.length, `${repeated} of ${b.received.length} repeated`)
  t.ok(b.received.length > 0.8 * 90_000, `${b.received.length} of the 90,000 that the line carries in a second`)
  t.end()
})

void t.test('what is urgent passes a window that bulk has filled', t => {
  const { clock, network, a, b, toB } = enter({ bytesPerMs: 1_250, delayFromMs: 5, delayToMs: 5 })
  for (const number of upTo(300)) a.transport.send(toB, bulkMessage(1, number + 1, 1_300))
  a.transport.flush()
  t.ok(toB.outbox.bytes > 100_000)
  network.sent.length = 0
  a.transport.send(toB, peerMessage(1, 777))
  a.transport.flush()
  t.equal(network.sent.length, 1, 'at once')
  t.ok(network.sent[0]!.bytes.length < 200)
  clock.runFor(30)
  t.ok(numbersOf(b.received).includes(777))
  t.end()
})

void t.test('all is lost for a day: memory stays flat, and traffic small', t => {
  const { clock, network, a, b, toB, toA } = enter({ delayFromMs: 0.1, delayToMs: 0.1 })
  a.transport.send(toB, peerMessage(1, 1))
  a.transport.flush()
  clock.runFor(10)
  network.cut(a.socket.address, b.socket.address)
  network.cut(b.socket.address, a.socket.address)
  let perHour: number[] = []
  let most = 0
  for (let hour = 0; hour < 24; hour++) {
    network.sent.length = 0
    for (let ms = 0; ms < 3_600_000; ms += 250) {
      // As a leader does: heartbeats, and entries again and again.
      a.transport.send(toB, { ...bulkMessage(1, 5, 0), entries: [] } as WireMessage)
      if (ms % 1_000 === 0 && toB.availableBytes > 0) a.transport.send(toB, bulkMessage(1, 5, 20_000))
      a.transport.flush()
      clock.runFor(250)
      most = Math.max(most, toB.sent.watched + toB.outbox.bytes / 100 + toB.sent.inFlight)
    }
    perHour = [...perHour, network.sent.length]
  }
  t.ok(most < 1_000, `${most}`)
  t.ok(
    perHour.every(count => count < 14_400 + 2 * 7_300),
    perHour.join(),
  )
  t.ok(toB.sent.watched < 30 && toB.reassembly.bytes + toA.reassembly.bytes === 0)
  network.heal()
  b.received.length = 0
  a.transport.send(toB, bulkMessage(1, 8, 20_000))
  a.transport.flush()
  clock.runFor(1_100)
  a.transport.send(toB, bulkMessage(1, 9, 20_000))
  a.transport.flush()
  clock.runFor(1_000)
  t.ok(numbersOf(b.received).includes(9), 'and it comes back')
  t.ok(toA.reassembly.bytes < linkReassemblyBytesMax)
  t.end()
})
