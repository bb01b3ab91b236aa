/** What somebody may write who is no party to a link, or lies about it: bounded in memory, and answered with no more than came. */
import t from 'tap'
import { clusterIdTo } from '../../src/transport/addressee.js'
import { envelopeBytes, writeEnvelope, type Envelope } from '../../codec/envelope.js'
import { encodeMessage, messageBytes, type TransportMessage } from '../../codec/messages.js'
import { fragmentsMax } from '../../codec/limits.js'
import { deafMsMax } from '../../src/transport/sender-boots.js'
import { linkReassemblyBytesMax, reassemblyMsMax, unfinishedMax } from '../../src/transport/reassembly.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeSocket } from '../support/fake-network.js'
import {
  bulkMessage,
  clusterId,
  insideOf,
  numbersOf,
  server,
  talk,
  tokensOf,
  twoServers,
  type Station,
} from '../support/transports.js'

/** Somebody at this socket who writes what he likes to a server: in the name of server 2, unless the envelope says otherwise. */
function speaker({ clock }: FakeNetwork, from: FakeSocket, to: Station, bootNonce: number) {
  let packetNumber = 1
  return (envelope: Partial<Envelope>, ...messages: TransportMessage[]) => {
    const totalBytes = messages.reduce((sum, message) => sum + messageBytes(message), envelopeBytes)
    const bytes = new Uint8Array(totalBytes)
    const view = new DataView(bytes.buffer)
    messages.reduce((at, message) => encodeMessage(message, bytes, view, at), envelopeBytes)
    const usual: Envelope = {
      ...{
        kind: 'peer',
        clusterId: envelope.kind === 'request' ? clusterId : clusterIdTo(1, clusterId),
        sender: 2,
        incarnation: 1,
        bootNonce,
        packetNumber: packetNumber++,
      },
      ...{ asksForAcknowledgement: 'soon', isFollowed: false, ackedPacketNumber: 0, ackedBitsLow: 0, ackedBitsHigh: 0 },
      receiveWindowBytes: 100_000,
    }
    writeEnvelope(bytes, view, { ...usual, ...envelope }, totalBytes)
    from.send(bytes, to.socket.address)
    clock.runFor(0.1)
  }
}

/** Server 1 with a peer 2 that does not exist, and somebody else who speaks in its name. */
function enter() {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock)
  const home = server(network, 1, 1)
  const attacker = network.open(2)
  const link = insideOf(home.transport.addPeer(2, attacker.address))
  const say = speaker(network, attacker, home, 77)
  const balance = () => {
    const sum = (port: number) =>
      network.sent.filter(({ from }) => from.port === port).reduce((bytes, sent) => bytes + sent.bytes.length, 0)
    return { brought: sum(2), answered: sum(1) }
  }
  return { clock, network, home, link, say, balance }
}

/** The envelope of a client that has proven the attacker's address. */
const asClient: Partial<Envelope> = {
  kind: 'request',
  sender: 0,
  incarnation: tokensOf(1)({ host: '127.0.0.1', port: 2, key: '' }),
}

const fragment = (messageId: number, count: number, index: number, length: number): TransportMessage => ({
  ...{ type: 'Fragment', messageId, count, index },
  bytes: new Uint8Array(length).fill(messageId % 256),
})

void t.test('an acknowledgement of what was never sent is dropped and counted, and changes nothing', t => {
  const { clock, home, link, say } = enter()
  for (let i = 1; i <= 5; i++) {
    home.transport.send(link, bulkMessage(1, i, 20))
    home.transport.flush()
  }
  const { lastNumber, inFlight } = link.sent
  t.equal(inFlight, 5)
  say(
    { ackedPacketNumber: lastNumber + 1, ackedBitsLow: 0xffff_ffff, ackedBitsHigh: 0xffff_ffff },
    bulkMessage(2, 1, 1),
  )
  t.same(home.transport.status.drops, { 'never-sent': 1 })
  t.equal(link.sent.inFlight, 5)
  t.equal(home.received.length, 0)
  t.equal(link.sent.highestAcked, 0)
  // Of another boot's range: a former process of this address was meant; what the datagram says is heard all the same.
  say({ ackedPacketNumber: lastNumber + 2 ** 33 }, bulkMessage(2, 2, 1))
  t.equal(link.sent.inFlight, 5)
  t.same(numbersOf(home.received), [2])
  say({ ackedPacketNumber: lastNumber, ackedBitsLow: 0b1111 })
  t.equal(link.sent.inFlight, 0, 'the truth is believed')
  clock.runFor(10)
  t.end()
})

void t.test('fragments that can be none are refused with their datagram', t => {
  const { home, say, balance } = enter()
  say({}, fragment(1, 1, 0, 10))
  say({}, fragment(1, fragmentsMax + 1, 0, 10))
  say({}, fragment(1, 3, 3, 10))
  say({}, fragment(0, 3, 1, 10))
  say({}, fragment(1, 3, 1, 0))
  t.same(home.transport.status.drops, { malformed: 5 })
  t.equal(insideOf(home.transport.peer(2)!).reassembly.unfinished, 0)
  t.ok(balance().answered <= balance().brought)
  t.end()
})

void t.test('endless first fragments cost bounded memory, and are forgotten', t => {
  for (const length of [1, 1_000, 30_000]) {
    const { clock, home, link, say, balance } = enter()
    let most = 0
    for (let messageId = 1; messageId <= 3_000; messageId++) {
      say({}, fragment(messageId, fragmentsMax, messageId % fragmentsMax, length))
      most = Math.max(most, link.reassembly.bytes)
    }
    t.ok(most <= linkReassemblyBytesMax, `${most} bytes of pieces of ${length}`)
    t.ok(link.reassembly.unfinished <= unfinishedMax)
    const { answered, brought } = balance()
    t.ok(answered <= brought, `${answered} bytes for ${brought}`)
    t.equal(home.received.length, 0)
    clock.runFor(reassemblyMsMax)
    say({}, fragment(5_000, 2, 0, 10))
    t.equal(link.reassembly.unfinished, 1, 'the others are too old')
  }
  t.end()
})

void t.test('regression_what_was_begun_is_forgotten_by_time_alone: nothing else is ever heard of it', t => {
  const { clock, home, link, say } = enter()
  say({}, fragment(1, 2, 0, 30_000))
  t.ok(home.transport.status.reassemblyBytes > 30_000)
  clock.runFor(reassemblyMsMax + 10)
  t.equal(link.reassembly.unfinished, 0)
  t.equal(home.transport.status.reassemblyBytes, 0)
  t.end()
})

void t.test('regression_what_clients_begin_is_no_memory_of_peers, and is forgotten by time alone, too', t => {
  const { clock, home, link, say } = enter()
  say(asClient, fragment(1, 2, 0, 30_000))
  t.equal(home.transport.status.clientLinks, 1)
  t.ok(home.transport.status.reassemblyBytes > 30_000)
  t.equal(link.reassembly['budget'].bytes, 0)
  clock.runFor(reassemblyMsMax + 10)
  t.equal(home.transport.status.reassemblyBytes, 0)
  t.end()
})

void t.test('fragments that contradict each other, or make no message, hurt nobody', t => {
  const { home, link, say, balance } = enter()
  say({}, fragment(1, 2, 0, 20))
  say({}, fragment(1, 3, 1, 20))
  say({}, { ...fragment(1, 2, 0, 20), bytes: new Uint8Array(20) } as TransportMessage)
  say({}, fragment(1, 2, 1, 20))
  t.same(home.transport.status.drops, { 'contradictory-fragment': 2, malformed: 1 })
  t.equal(link.reassembly.bytes, 0)
  say({}, fragment(1, 2, 1, 20))
  t.equal(home.transport.status.drops['late-fragment'], 1)
  t.ok(balance().answered <= balance().brought)
  t.end()
})

void t.test('fragments without a token get no further than any request without one', t => {
  const { network, home, say, balance } = enter()
  say({ kind: 'request', sender: 0, incarnation: 5 }, fragment(1, 2, 0, 20))
  t.same(home.transport.status.drops, { 'bad-token': 1 })
  t.equal(home.transport.status.clientLinks, 0)
  say(asClient, fragment(1, 2, 0, 20))
  t.equal(home.transport.status.clientLinks, 1)
  t.ok(network.sent.length >= 2 && balance().answered <= balance().brought)
  t.end()
})

/** Two servers that talk, and a stranger at another address who has read their boot nonces in a Welcome. */
function enterAmid() {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock)
  const pair = { clock, ...twoServers(network) }
  const stranger = speaker(network, network.open(3), pair.a, pair.b.options.bootNonce)
  talk(pair, 3, 1)
  const words = (rounds: number, from: number) => {
    pair.a.received.length = pair.b.received.length = 0
    talk(pair, rounds, 1, round => from + round)
    return [numbersOf(pair.a.received), numbersOf(pair.b.received)]
  }
  return { ...pair, network, link: insideOf(pair.toB), stranger, words }
}

void t.test('regression_a_stranger_makes_no_link_deaf: a far packet number in the name of a peer', t => {
  const { a, link, stranger, words } = enterAmid()
  stranger({ packetNumber: 2 ** 52 }, bulkMessage(2, 7, 1))
  t.same(a.transport.status.drops, { 'other-address': 1 })
  t.same(link.status.drops, { 'other-address': 1 })
  t.same(words(3, 100), [
    [100, 101, 102],
    [100, 101, 102],
  ])
  t.end()
})

void t.test('regression_a_silent_peer_is_heard_nowhere_else: two followers say nothing to each other for hours', t => {
  const { a, clock, stranger, words } = enterAmid()
  clock.runFor(3_600_000)
  stranger({}, bulkMessage(2, 7, 1))
  t.same(a.transport.status.drops, { 'other-address': 1 })
  t.same(words(1, 100), [[100], [100]])
  t.end()
})

void t.test('who speaks in the name of a peer that was never heard is forgotten when it speaks', t => {
  const { network, home, link, say } = enter()
  const stranger = speaker(network, network.open(3), home, 77)
  stranger({ packetNumber: 2 ** 52 }, fragment(1, 2, 0, 20))
  t.same(
    [home.transport.status.drops, link.reassembly.unfinished],
    [{}, 1],
    'it may be the peer behind another address',
  )
  home.transport.askForWord(link)
  home.transport.flush()
  say({ packetNumber: 5, ackedPacketNumber: link.sent.lastNumber }, bulkMessage(2, 7, 1))
  t.same(home.transport.status.drops, {})
  t.same([numbersOf(home.received), link.reassembly.unfinished], [[7], 0])
  t.end()
})

void t.test('regression_a_recording_from_a_forged_address_does_not_cut_off_a_peer_behind_a_translator', t => {
  const { network, home, link, say } = enter()
  const translated = speaker(network, network.open(3), home, 77)
  const recorded = { packetNumber: 5 }
  translated(recorded, bulkMessage(2, 7, 1))
  say(recorded, bulkMessage(2, 7, 1))
  say({ packetNumber: 6 }, bulkMessage(2, 8, 1))
  t.same(home.transport.status.drops, { replayed: 1 })
  translated({ packetNumber: 7 }, bulkMessage(2, 9, 1))
  t.same(numbersOf(home.received), [7, 8, 9])
  t.notOk(link.status.drops['other-address'])
  t.end()
})

void t.test('who asks a peer for a word knows where it is heard, before anybody else has one', t => {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock)
  const { a, b, toB } = twoServers(network)
  a.transport.askForWord(toB)
  a.transport.flush()
  clock.runFor(10)
  speaker(network, network.open(3), a, b.options.bootNonce)({ packetNumber: 2 ** 52 }, bulkMessage(2, 7, 1))
  t.same(a.transport.status.drops, { 'other-address': 1 })
  t.end()
})

void t.test('regression_a_question_for_a_word_that_is_lost_is_put_again', t => {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock)
  const { a, toB } = twoServers(network)
  network.cut(a.socket.address, toB.address)
  a.transport.askForWord(toB)
  a.transport.flush()
  clock.runFor(10)
  network.heal()
  clock.runFor(1_000)
  t.equal(insideOf(toB).source.heard(toB.address, false), 'yes', 'it is known that it is heard there')
  t.end()
})

void t.test('a peer that speaks first is asked for a word, so that it is known where it is heard', t => {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock)
  const { a, b, toA, toB } = twoServers(network)
  b.transport.askForWord(toA)
  b.transport.flush()
  clock.runFor(10)
  t.equal(insideOf(toB).source.heard(toB.address, false), 'yes')
  t.ok(network.sent.length <= 5, 'and that is that')
  t.equal(a.received.length, 0)
  t.end()
})

void t.test(
  'regression_a_far_packet_number_from_the_own_address_of_a_peer_makes_the_link_deaf_for_a_moment_only',
  t => {
    const { a, b, clock, network, words } = enterAmid()
    speaker(network, b.socket, a, b.options.bootNonce)({ packetNumber: 2 ** 52 }, bulkMessage(2, 7, 1))
    t.same(words(1, 100)[0], [], 'every true number looks too old')
    clock.runFor(deafMsMax)
    words(1, 200)
    t.same(words(3, 300), [
      [300, 301, 302],
      [300, 301, 302],
    ])
    t.end()
  },
)

void t.test('regression_made_up_boots_clear_nothing_that_the_living_one_has_begun, and begin nothing', t => {
  const { a, b, link, network } = enterAmid()
  const own = speaker(network, b.socket, a, b.options.bootNonce)
  const packetNumber = link.boots.highestReceived + 1
  own({ packetNumber }, fragment(packetNumber, 2, 0, 20))
  t.equal(link.reassembly.unfinished, 1)
  for (let bootNonce = 50; bootNonce < 60; bootNonce++) own({ bootNonce }, fragment(bootNonce, 2, 0, 20))
  t.equal(link.reassembly.unfinished, 1)
  t.same(a.transport.status.drops, { 'unproven-boot': 10 })
  a.received.length = 0
  own({ packetNumber: packetNumber + 1 }, fragment(packetNumber, 2, 1, 20))
  t.equal(link.reassembly.unfinished, 0, 'the message is complete, though it makes no sense')
  t.end()
})
