import t from 'tap'
import { envelopeBytes } from '../../codec/envelope.js'
import { datagramBytesLimit } from '../../codec/limits.js'
import { messageBytes } from '../../codec/messages.js'
import { outboxBytesMax } from '../../src/transport/outbox.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import { bulkMessage, numbersOf, peerMessage, server, twoServers, upTo } from '../support/transports.js'

function enter(options: Partial<FakeNetworkOptions> = {}) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, options)
  return { clock, network, ...twoServers(network) }
}

/** Both have heard of each other's windows. */
function acquaint({ clock, network, a, b, toA, toB }: ReturnType<typeof enter>): void {
  for (let round = 0; round < 3; round++) {
    a.transport.send(toB, peerMessage(1, 0))
    a.transport.flush()
    clock.runFor(1)
    b.transport.send(toA, peerMessage(2, 0))
    b.transport.flush()
    clock.runFor(1)
  }
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

void t.test('more than one datagram holds is split between messages; a larger message goes alone', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toB } = world
  for (const number of upTo(40)) a.transport.send(toB, bulkMessage(1, number, 2_000))
  a.transport.send(toB, bulkMessage(1, 40, 50_000))
  a.transport.send(toB, bulkMessage(1, 41, 10))
  a.transport.flush()
  clock.runFor(1)
  t.equal(numbersOf(b.received).join(), upTo(42).join())
  const sizes = network.sent.map(({ bytes }) => bytes.length)
  t.equal(sizes.length, 5)
  t.equal(sizes.filter(size => size <= toB.datagramBytesMax).length, 4)
  t.equal(Math.max(...sizes), envelopeBytes + messageBytes(bulkMessage(1, 40, 50_000)))
  t.end()
})

void t.test('U07: a message that no datagram holds is refused and counted', t => {
  const { a, toB, network } = enter()
  const largest = datagramBytesLimit - envelopeBytes - messageBytes(bulkMessage(1, 1, 0))
  t.ok(a.transport.send(toB, bulkMessage(1, 1, largest)))
  t.notOk(a.transport.send(toB, bulkMessage(1, 1, largest + 1)))
  t.notOk(a.transport.send(toB, bulkMessage(1, 1, 70_000)))
  a.transport.flush()
  t.equal(network.sent.length, 1)
  t.same(a.transport.status.drops, { 'message-too-large': 2 })
  t.end()
})

void t.test('a burst larger than a stock socket buffer never overruns it, however long nobody reads', t => {
  for (const pauseMs of [0, 20, 60, 150, 300, 700]) {
    const world = enter({ receiveBufferBytes: 212_992 })
    acquaint(world)
    const { clock, a, b, toB } = world
    b.socket.paused = true
    for (const number of upTo(400)) t.ok(a.transport.send(toB, bulkMessage(1, number, 2_000)))
    a.transport.flush()
    clock.runFor(pauseMs)
    b.socket.paused = false
    // Acknowledgements alone, since this receiver has nothing to say, open the window again and again.
    clock.runFor(300)
    t.equal(b.socket.overrun, 0, `${pauseMs} ms`)
    t.equal(numbersOf(b.received).join(), upTo(400).join(), `all arrived after a pause of ${pauseMs} ms`)
    t.same(a.transport.status.drops, {})
  }
  t.end()
})

void t.test(
  'what is in flight stays within the window; the owner sees the room shrink and is told when it is back',
  t => {
    const world = enter({ receiveBufferBytes: 300_000 })
    acquaint(world)
    const { clock, a, toB } = world
    t.equal(toB.windowBytes, 100_000)
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

void t.test('a window that nobody acknowledges opens by age, and the owner is told', t => {
  const world = enter({ receiveBufferBytes: 300_000 })
  acquaint(world)
  const { clock, network, a, b, toB } = world
  network.cut(a.socket.address, b.socket.address)
  let sent = 0
  while (toB.availableBytes > 0) a.transport.send(toB, bulkMessage(1, sent++, 3_000))
  a.transport.flush()
  t.ok(toB.availableBytes < 34_000)
  t.equal(a.rooms, 0)
  clock.runFor(60)
  t.equal(a.rooms, 1)
  t.ok(toB.availableBytes > 34_000)
  t.ok(toB.windowBytes >= 50_000 && toB.windowBytes < 56_000, `half of it: ${toB.windowBytes}`)
  t.end()
})

void t.test('a quarter of a window, or 64 datagrams, are acknowledged without company; acknowledgements are not', t => {
  const world = enter()
  acquaint(world)
  const { clock, network, a, b, toB } = world
  for (const number of upTo(63)) {
    a.transport.send(toB, peerMessage(1, number))
    a.transport.flush()
  }
  clock.runFor(1)
  t.equal(network.sent.length, 63, 'not worth a datagram yet')
  a.transport.send(toB, peerMessage(1, 63))
  a.transport.flush()
  clock.runFor(1)
  t.same(
    network.sent.slice(64).map(({ bytes }) => bytes.length),
    [envelopeBytes],
  )
  clock.runFor(10_000)
  t.equal(network.sent.length, 65, 'nobody acknowledges an acknowledgement')
  t.equal(b.received.length, 64)

  const window = toB.windowBytes
  for (let bytes = 0; bytes < window / 4; bytes += 30_000) a.transport.send(toB, bulkMessage(1, 0, 30_000))
  a.transport.flush()
  network.sent.length = 0
  clock.runFor(1)
  t.equal(network.sent.filter(({ from }) => from.port === 2).length, 1)
  t.equal(toB.availableBytes > window * 0.9, true)
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
  const { clock, a, b, toA, toB } = world
  t.equal(toB.roundTripMs, 0)
  for (let round = 0; round < 5; round++) {
    a.transport.send(toB, peerMessage(1, round))
    a.transport.flush()
    clock.runFor(10)
    b.transport.send(toA, peerMessage(2, round))
    b.transport.flush()
    clock.runFor(10)
  }
  t.ok(Math.abs(toB.roundTripMs - 20) < 0.01, `${toB.roundTripMs}`)
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
  clock.runFor(1)
  t.equal(numbersOf(b.received).join(), upTo(20).join())
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
