import t from 'tap'
import { envelopeBytes, readEnvelope } from '../../codec/envelope.js'
import { messageBytesMax } from '../../codec/limits.js'
import { messageBytes } from '../../codec/messages.js'
import { restWaitMs } from '../../src/transport/bursts.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'
import { outboxBytesMax } from '../../src/transport/outbox.js'
import type { WireMessage } from '../../src/transport/types.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import { bulkMessage, distinct, numbersOf, peerMessage, server, talk, twoServers, upTo } from '../support/transports.js'

function enter(options: Partial<FakeNetworkOptions> = {}) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, options)
  return { clock, network, ...twoServers(network) }
}

function payloadOf(message: WireMessage): Uint8Array {
  return message.type === 'AppendEntries' ? message.entries[0]!.payload : new Uint8Array(0)
}

/** Both have heard of each other's windows. */
function acquaint(world: ReturnType<typeof enter>): void {
  const { network, a, b } = world
  talk(world, 3, 1, () => 0)
  for (const station of [a, b]) {
    station.received.length = 0
    station.rooms = 0
  }
  network.sent.length = 0
}

void t.test('a hundred messages of one turn travel in one datagram, in order', t => {
  const { clock, network, a, b, toB } = enter()
  for (const number of upTo(100)) t.ok(a.transport.send(toB, peerMessage(1, number)))
  t.equal(network.sent.length, 0, 'nothing goes before the turn ends')
  a.transport.flush()
  a.transport.flush()
  t.equal(network.sent.length, 1)
  clock.runFor(1)
  t.equal(numbersOf(b.received).join(), upTo(100).join())
  t.equal(b.received[0]?.link, b.transport.peer(1))
  t.match(b.received[0]?.link, { serverId: 1, incarnation: 1_001, lastHeardAtMs: 1_000.05 })
  t.match(a.transport.status, { datagramsSent: 1, bytesSent: network.sent[0]?.bytes.length })
  t.match(b.transport.status, { datagramsReceived: 1, drops: {}, sendErrors: {} })
  t.end()
})

/** What the datagrams that were sent since `from` say of what follows them. */
function followedSince(world: ReturnType<typeof enter>, from: number): boolean[] {
  return world.network.sent.slice(from).map(({ bytes }) => {
    const envelope = readEnvelope(bytes)
    return typeof envelope === 'string' ? t.fail(envelope) : envelope.isFollowed
  })
}

void t.test('each datagram of a turn but the last says that another follows, and they are waited for', t => {
  const world = enter()
  acquaint(world)
  const { clock, a, b, toB } = world
  a.transport.send(toB, bulkMessage(1, 1, 100))
  a.transport.flush()
  t.same(followedSince(world, 0), [false])
  clock.runFor(3)
  const before = world.network.sent.length
  for (const number of [2, 3, 4]) a.transport.send(toB, bulkMessage(1, number, toB.datagramBytesMax - 200))
  a.transport.flush()
  t.same(followedSince(world, before), [true, true, false])
  t.equal(b.transport.restDueAtMs(clock.now()), -Infinity)
  const dues = new Set<number>()
  b.transport.onMessage = () => dues.add(b.transport.restDueAtMs(clock.now()) - clock.now())
  clock.runFor(0.5)
  t.ok(dues.has(restWaitMs), 'while a part has come')
  t.equal(b.transport.restDueAtMs(clock.now()), -Infinity, 'all has come')
  t.end()
})

void t.test('nobody waits for the rest of a burst that the window ends', t => {
  const world = enter()
  acquaint(world)
  const { a, toB } = world
  for (const number of upTo(400)) a.transport.send(toB, bulkMessage(1, number, 1_000))
  a.transport.flush()
  const first = followedSince(world, 0)
  t.ok(first.length > 1 && toB.availableBytes < 0, 'the window was too small for all')
  t.equal(first.at(-1), false)
  t.end()
})

void t.test('where much is lost peers wait for the rest of a burst, but not where datagrams overtake each other', t => {
  for (const delayToMs of [0.05, 12]) {
    const world = enter({ delayToMs })
    acquaint(world)
    const { clock, network, a, toB } = world
    network.options = { ...network.options, lossShare: 0.4 }
    for (const number of upTo(60)) {
      for (let each = 0; each < 3; each++) a.transport.send(toB, bulkMessage(1, number, 1_000))
      a.transport.flush()
      clock.runFor(20)
    }
    const before = network.sent.length
    for (const number of upTo(6)) a.transport.send(toB, bulkMessage(1, number, toB.datagramBytesMax - 200))
    a.transport.flush()
    const lossy = followedSince(world, before)
    t.ok(lossy.length > 1)
    t.equal(lossy.includes(true), delayToMs === 0.05)
  }
  t.end()
})

void t.test('more than one datagram holds is split between messages; a larger message goes in fragments', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toB } = world
  for (const number of upTo(40)) a.transport.send(toB, bulkMessage(1, number, 2_000))
  a.transport.send(toB, bulkMessage(1, 40, 50_000))
  a.transport.send(toB, bulkMessage(1, 41, 10))
  a.transport.flush()
  clock.runFor(1)
  t.equal(distinct(numbersOf(b.received)).join(), upTo(42).join())
  t.equal(b.received.length, 42)
  t.ok(numbersOf(b.received).indexOf(41) > numbersOf(b.received).indexOf(39), 'in the order in which they were sent')
  const sizes = network.sent.filter(({ from }) => from.port === 1).map(({ bytes }) => bytes.length)
  t.equal(sizes.length, 5)
  t.ok(sizes.every(size => size <= toB.datagramBytesMax))
  t.end()
})

void t.test('U07: a message larger than any may be is refused and counted, the largest one arrives whole', t => {
  const { a, b, toB, clock } = enter()
  const largest = messageBytesMax - messageBytes(bulkMessage(1, 1, 0))
  const payload = payloadOf(bulkMessage(1, 1, largest))
  t.ok(a.transport.send(toB, bulkMessage(1, 1, largest)))
  t.notOk(a.transport.send(toB, bulkMessage(1, 1, largest + 1)))
  t.notOk(a.transport.send(toB, bulkMessage(1, 1, 2 * largest)))
  a.transport.flush()
  clock.runFor(1)
  t.same(
    b.received.map(({ message }) => payloadOf(message)).map(bytes => bytes.join() === payload.join()),
    [true],
  )
  t.same(a.transport.status.drops, { 'message-too-large': 2 })
  t.end()
})

void t.test(
  'regression_probes_overrun: a burst larger than a stock socket buffer never overruns it, however long nobody reads',
  t => {
    for (const pauseMs of [0, 20, 60, 150, 300, 700]) {
      const world = enter({ receiveBufferBytes: 212_992, chargedBytes })
      acquaint(world)
      const { clock, a, b, toB } = world
      b.socket.paused = true
      for (const number of upTo(400)) if (!a.transport.send(toB, bulkMessage(1, number, 2_000))) t.fail('refused')
      a.transport.flush()
      clock.runFor(pauseMs)
      b.socket.paused = false
      // Acknowledgements alone, since this receiver has nothing to say, open the window again and again.
      clock.runFor(1_000)
      t.equal(b.socket.overrun, 0, `${pauseMs} ms`)
      t.equal(distinct(numbersOf(b.received)).join(), upTo(400).join(), `all arrived after a pause of ${pauseMs} ms`)
      t.ok(b.received.length < 440, `${b.received.length - 400} of 400 came twice after ${pauseMs} ms`)
      t.same(a.transport.status.drops, {})
    }
    t.end()
  },
)

void t.test(
  'what is in flight stays within the window; the owner sees the room shrink and is told when it is back',
  t => {
    const world = enter({ receiveBufferBytes: 300_000 })
    acquaint(world)
    const { clock, a, toB } = world
    t.equal(toB.windowBytes, 100_000, 'what is advertised, where the path bears more')
    t.equal(toB.availableBytes, 100_000)
    let sent = 0
    while (toB.availableBytes > 0) a.transport.send(toB, bulkMessage(1, sent++, 3_000))
    t.ok(sent > 25 && sent <= 34, `${sent} messages of 3,000 bytes`)
    a.transport.flush()
    const { rooms } = a
    clock.runFor(0.07)
    t.ok(toB.availableBytes <= 34_000, 'not acknowledged yet')
    t.equal(a.rooms, rooms)
    clock.runFor(1)
    t.equal(a.rooms, rooms + 1, 'told once')
    t.ok(toB.availableBytes > 60_000)
    t.end()
  },
)

void t.test('a window that nobody acknowledges opens for one datagram at a time, and the owner is told', t => {
  const world = enter({ receiveBufferBytes: 300_000 })
  acquaint(world)
  const { clock, network, a, b, toB } = world
  network.cut(a.socket.address, b.socket.address)
  let sent = 0
  while (toB.availableBytes > 0) a.transport.send(toB, bulkMessage(1, sent++, 3_000))
  a.transport.flush()
  t.ok(toB.availableBytes < 34_000)
  t.equal(a.rooms, 0)
  t.ok(toB.isAtWork)
  clock.runFor(60)
  t.notOk(toB.isAtWork, 'its owner is not to rely on it any more')
  clock.runFor(2_000)
  t.ok(a.rooms >= 1)
  t.ok(toB.availableBytes > 0 && toB.windowBytes < 5_000, `${toB.windowBytes}`)
  network.sent.length = 0
  for (let ms = 0; ms < 10_000; ms += 50) {
    if (toB.availableBytes > 0) a.transport.send(toB, bulkMessage(1, sent++, 1_000))
    a.transport.flush()
    clock.runFor(50)
  }
  t.ok(network.sent.length <= 42, `${network.sent.length} in ten seconds`)
  network.heal()
  b.received.length = 0
  clock.runFor(1_000)
  a.transport.send(toB, bulkMessage(1, 0, 1_000))
  a.transport.flush()
  clock.runFor(600)
  t.ok(b.received.length >= 1)
  t.equal(toB.windowBytes, 100_000, 'a word opens it again')
  t.end()
})

void t.test('a quarter of a window, 8 datagrams, or two milliseconds are acknowledged without company', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toB } = world
  for (const number of upTo(7)) {
    a.transport.send(toB, peerMessage(1, number + 1))
    a.transport.flush()
  }
  clock.runFor(1)
  t.equal(network.sent.length, 7, 'not worth a datagram yet')
  a.transport.send(toB, peerMessage(1, 8))
  a.transport.flush()
  clock.runFor(0.11)
  t.same(
    network.sent.slice(8).map(({ bytes }) => bytes.length),
    [envelopeBytes],
  )
  a.transport.send(toB, peerMessage(1, 9))
  a.transport.flush()
  clock.runFor(2)
  t.equal(network.sent.length, 10, 'one alone may wait for company')
  clock.runFor(0.1)
  t.same(
    network.sent.slice(10).map(({ bytes }) => bytes.length),
    [envelopeBytes],
    'but not for longer',
  )
  clock.runFor(10_000)
  t.equal(network.sent.length, 11, 'nobody acknowledges an acknowledgement')
  t.equal(b.received.length, 9)

  const little = enter({ receiveBufferBytes: 300_000 })
  acquaint(little)
  little.a.transport.send(little.toB, bulkMessage(1, 0, 30_000))
  little.a.transport.flush()
  little.network.sent.length = 0
  little.clock.runFor(0.11)
  t.equal(little.network.sent.length, 1, 'sooner than that when a quarter of the window has come')
  t.end()
})

void t.test('what is missing is acknowledged at once (RFC 9000 section 13.2.1), what does not ask is not', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toA, toB } = world
  network.cut(a.socket.address, b.socket.address)
  a.transport.send(toB, peerMessage(1, 1))
  a.transport.flush()
  network.heal()
  a.transport.send(toB, peerMessage(1, 2))
  a.transport.flush()
  clock.runFor(0.11)
  t.equal(network.sent.filter(({ from }) => from.port === 2).length, 1)
  clock.runFor(20)
  t.match(a.transport.peer(2)?.status, { lost: 1, repeatedMessages: 0 }, 'a reply that a newer one has replaced')
  network.sent.length = 0
  for (const round of upTo(3)) {
    b.transport.send(toA, { ...bulkMessage(2, 5, 0), entries: [] } as WireMessage)
    b.transport.flush()
    clock.runFor(50)
    t.equal(network.sent.length, round === 0 ? 2 : round + 2, 'a heartbeat without news is not worth a datagram')
  }
  t.end()
})

void t.test('acknowledgements are not acknowledged, even where a single datagram fills the window', t => {
  const world = enter({ receiveBufferBytes: 8_000 })
  acquaint(world)
  const { clock, network, a, toB } = world
  a.transport.send(toB, peerMessage(1, 1))
  a.transport.flush()
  clock.runFor(100)
  t.same(
    network.sent.map(({ from, bytes }) => [from.port, bytes.length > envelopeBytes]),
    [
      [1, true],
      [2, false],
    ],
  )
  t.end()
})

void t.test('room on several links in one turn is told once', t => {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  const a = server(network, 1, 1)
  const links = upTo(4).map(i => {
    const other = server(network, 10 + i, 10 + i)
    other.transport.addPeer(1, a.socket.address)
    return a.transport.addPeer(10 + i, other.socket.address)
  })
  for (const link of links) a.transport.send(link, bulkMessage(1, 1, 20_000))
  a.transport.flush()
  clock.runFor(1)
  t.equal(a.rooms, 1)
  t.end()
})

void t.test('round trips are measured by what is acknowledged first', t => {
  const world = enter({ delayFromMs: 10, delayToMs: 10 })
  const { toB } = world
  t.equal(toB.status.roundTripMs, 0)
  talk(world, 5, 10)
  t.ok(Math.abs(toB.status.roundTripMs - 20) < 0.01, `${toB.status.roundTripMs}`)
  t.end()
})

void t.test('Z03: copies and recordings are dropped, whatever their order', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toB } = world
  network.options = { ...network.options, delayFromMs: 0, delayToMs: 20 }
  for (const number of upTo(200)) {
    a.transport.send(toB, peerMessage(1, number))
    a.transport.flush()
  }
  clock.runFor(100)
  t.equal(
    numbersOf(b.received)
      .sort((x, y) => x - y)
      .join(),
    upTo(200).join(),
    'overtaking is no reason to drop',
  )
  for (const { from, to, bytes } of network.sent.slice(0, 200)) network.carry(bytes, from, to)
  clock.runFor(100)
  t.equal(b.received.length, 200)
  t.same(b.transport.status.drops, { replayed: 200 })
  t.same(b.transport.peer(1)!.status.drops, { replayed: 200 }, 'on the account of the link that they came by')
  t.end()
})

void t.test('Z03: a peer that restarts is heard at once, and what its former process said late is not', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toA, toB } = world
  a.transport.send(toB, peerMessage(1, 7))
  a.transport.flush()
  const late = network.sent.at(-1)!
  clock.runFor(1)
  a.transport.close(() => undefined)
  clock.runFor(1)

  const again = server(network, 1, 1)
  const again2 = again.transport.addPeer(2, b.socket.address)
  b.received.length = 0
  again.transport.send(again2, peerMessage(1, 8))
  again.transport.flush()
  clock.runFor(1)
  t.same(numbersOf(b.received), [8])
  b.transport.send(toA, peerMessage(2, 9))
  b.transport.flush()
  clock.runFor(1)
  t.same(numbersOf(again.received), [9])
  again.transport.send(again2, peerMessage(1, 10))
  again.transport.flush()
  clock.runFor(1)
  t.same(numbersOf(b.received), [8, 10])
  const before = b.transport.status.drops['replayed'] ?? 0
  network.carry(late.bytes, late.from, late.to)
  clock.runFor(1)
  t.equal(b.transport.status.drops['replayed'], before + 1)
  t.end()
})

void t.test('a dead peer costs bounded memory, and comes back to what is new', t => {
  const world = enter({ receiveBufferBytes: 212_992 })
  acquaint(world)
  const { clock, network, a, b, toB } = world
  network.cut(a.socket.address, b.socket.address)
  let accepted = 0
  for (let i = 0; i < 1_000; i++) if (a.transport.send(toB, bulkMessage(1, 0, 50_000))) accepted++
  t.ok(accepted * 50_000 <= outboxBytesMax, `${accepted} of 1,000 were taken`)
  t.equal(a.transport.status.drops['outbox-full'], 1_000 - accepted)
  for (let second = 0; second < 60; second++) {
    a.transport.send(toB, peerMessage(1, second))
    a.transport.flush()
    clock.runFor(1_000)
  }
  const waiting = (toB as unknown as { outbox: { bytes: number } }).outbox.bytes
  t.equal(waiting, 0, 'what waited too long is gone')
  t.ok((a.transport.status.drops['outdated'] ?? 0) > 0)
  t.same(toB.status.drops, a.transport.status.drops, 'both kinds are told of this link')
  const sentMeanwhile = network.sent.length
  t.ok(sentMeanwhile < 400, `${sentMeanwhile} datagrams went to nobody`)
  network.heal()
  b.received.length = 0
  a.transport.send(toB, peerMessage(1, 99))
  a.transport.flush()
  clock.runFor(1)
  t.same(numbersOf(b.received), [99])
  t.end()
})

void t.test('while the kernel takes nothing, nothing is sent; then it goes on by itself', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toB } = world
  a.socket.sendQueueBytes = 1_000_000
  a.transport.send(toB, peerMessage(1, 0))
  a.transport.flush()
  clock.runFor(50)
  t.equal(network.sent.length, 0)
  a.socket.sendQueueBytes = 0
  clock.runFor(2)
  t.same(numbersOf(b.received), [0])
  t.end()
})

void t.test('bytes that a busy kernel still refers to are left alone', t => {
  const world = enter()
  acquaint(world)
  const { clock, a, b, toB } = world
  a.socket.lendsBytes = true
  for (const number of upTo(20)) {
    a.transport.send(toB, bulkMessage(1, number, 20_000))
    a.transport.flush()
  }
  clock.runFor(10)
  t.equal(distinct(numbersOf(b.received)).join(), upTo(20).join())
  for (const received of b.received) {
    const payload = payloadOf(bulkMessage(1, numbersOf([received])[0]!, 20_000))
    if (Buffer.compare(payloadOf(received.message), payload) !== 0) t.fail('other bytes')
  }
  t.same(b.transport.status.drops, {})
  t.end()
})

void t.test('under loss, copies and reordering everything that arrives arrives once', t => {
  const world = enter({ seed: 5, lossShare: 0.2, duplicateShare: 0.2, delayFromMs: 0, delayToMs: 5 })
  const { clock, a, b, toB, toA } = world
  for (let number = 0; number < 2_000; number++) {
    a.transport.send(toB, peerMessage(1, number))
    a.transport.flush()
    if (number % 5 === 0) b.transport.send(toA, peerMessage(2, number))
    b.transport.flush()
    clock.runFor(1)
  }
  clock.runFor(100)
  const numbers = numbersOf(b.received)
  t.equal(new Set(numbers).size, numbers.length)
  t.ok(Math.abs(numbers.length - 1_600) < 100, `${numbers.length} of 2,000 at 20 % loss`)
  t.end()
})

void t.test('after close nothing is sent or heard', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toA, toB } = world
  a.transport.send(toB, peerMessage(1, 1))
  let closed = 0
  a.transport.close(() => closed++)
  a.transport.flush()
  b.transport.send(toA, peerMessage(2, 1))
  b.transport.flush()
  clock.runFor(5_000)
  t.equal(closed, 1)
  t.equal(a.received.length, 0)
  t.equal(network.sent.filter(({ from }) => from.port === 1).length, 0)
  t.end()
})

void t.test('closed by one message of a datagram, it does not hand out the others', t => {
  const { clock, a, b, toB } = enter()
  for (const number of upTo(5)) a.transport.send(toB, peerMessage(1, number))
  a.transport.flush()
  let heard = 0
  b.transport.onMessage = () => {
    if (++heard === 2) b.transport.close(() => undefined)
  }
  clock.runFor(1)
  t.equal(heard, 2)
  t.end()
})
