import fc from 'fast-check'
import t from 'tap'
import { clusterIdTo } from '../../src/transport/addressee.js'
import type { ServerMessage } from '../../codec/client-types.js'
import { envelopeBytes, readEnvelope, writeEnvelope, type Envelope } from '../../codec/envelope.js'
import { encodeMessage, messageBytes } from '../../codec/messages.js'
import { clientLinksMax } from '../../src/transport/client-links.js'
import { addressOf } from '../../src/transport/address.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'
import type { WireMessage } from '../../src/transport/types.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import {
  client,
  clusterId,
  numbersOf,
  peerMessage,
  server,
  tokensOf,
  upTo,
  welcomedClient,
  welcomeMessage,
  type Station,
} from '../support/transports.js'

function enter(options: Partial<FakeNetworkOptions> = {}) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, options)
  return { clock, network, home: server(network, 1, 1) }
}

const status = (requestId: number): WireMessage => ({ type: 'StatusRequest', requestId })

const answer = (requestId: number): ServerMessage => ({
  type: 'Answer',
  to: 'status',
  requestId,
  sessionId: 0,
  code: 'ok',
  leaderId: 1,
  result: new Uint8Array(10),
})

/** The first request that the server gets, and its answer. */
function exchange(clock: FakeClock, home: Station, visitor: ReturnType<typeof welcomedClient>): void {
  visitor.transport.send(visitor.link, status(1))
  visitor.transport.flush()
  clock.runFor(1)
  home.transport.send(home.received[0]!.link, answer(1))
  home.transport.flush()
  clock.runFor(1)
}

/** A whole datagram, as anybody could make one. */
function forge(envelope: Partial<Envelope>, ...messages: WireMessage[]): Uint8Array {
  const totalBytes = messages.reduce((sum, message) => sum + messageBytes(message), envelopeBytes)
  const bytes = new Uint8Array(totalBytes)
  const view = new DataView(bytes.buffer)
  messages.reduce((at, message) => encodeMessage(message, bytes, view, at), envelopeBytes)
  const usual: Envelope = {
    kind: 'request',
    clusterId,
    sender: 0,
    incarnation: 0,
    bootNonce: 77,
    packetNumber: 1,
    ackedPacketNumber: 0,
    asksForAcknowledgement: 'soon',
    isFollowed: false,
    ackedBitsLow: 0,
    ackedBitsHigh: 0,
    receiveWindowBytes: 100_000,
  }
  writeEnvelope(bytes, view, { ...usual, ...envelope }, totalBytes)
  return bytes
}

void t.test('Hello and Welcome: cluster, token, server and window become known; then requests and answers', t => {
  const { clock, network, home } = enter()
  const visitor = client(network, 100)
  const link = visitor.transport.linkTo(home.socket.address)
  t.equal(visitor.transport.linkTo(addressOf('127.0.0.1', 1)), link, 'one link for an address')
  visitor.transport.send(link, { type: 'Hello', nonce: 42 })
  visitor.transport.flush()
  clock.runFor(1)
  t.same(home.hellos, [{ from: visitor.socket.address, nonce: 42 }])
  t.equal(home.transport.status.clientLinks, 0, 'a Hello leaves nothing behind')
  t.match(visitor.received[0]?.message, { type: 'Welcome', nonce: 42, token: tokensOf(1)(visitor.socket.address) })
  t.equal(visitor.options.clusterId, clusterId)
  t.match(link, { token: tokensOf(1)(visitor.socket.address), serverId: 1, incarnation: 1_001 })
  t.equal(link.windowBytes, 10 * chargedBytes(link.datagramBytesMax), 'RFC 9002 section 7.2: ten datagrams at first')

  for (const number of upTo(100)) visitor.transport.send(link, status(number))
  visitor.transport.flush()
  clock.runFor(1)
  t.equal(numbersOf(home.received).join(), upTo(100).join())
  t.equal(home.transport.status.clientLinks, 1)
  const back = home.received[0]!.link
  t.match(back, { address: visitor.socket.address, serverId: 0 })
  for (const number of upTo(100)) home.transport.send(back, answer(number))
  home.transport.flush()
  clock.runFor(1)
  t.equal(numbersOf(visitor.received.slice(1)).join(), upTo(100).join())
  t.equal(network.sent.length, 4, 'a hundred requests were two datagrams')
  clock.runFor(100)
  t.same(
    network.sent.slice(4).map(({ from, bytes }) => [from.port, bytes.length]),
    [[100, envelopeBytes]],
    'and a word that the answers came',
  )
  t.same([home.transport.status.drops, visitor.transport.status.drops], [{}, {}])
  t.end()
})

void t.test(
  'a client says that another datagram follows, unless much is lost: nobody is to wait for one that is',
  t => {
    for (const lossShare of [0, 0.4]) {
      const { clock, network, home } = enter()
      const visitor = welcomedClient(network, 100, home)
      network.options = { ...network.options, lossShare }
      for (const number of upTo(60)) {
        visitor.transport.send(visitor.link, status(number))
        visitor.transport.flush()
        clock.runFor(20)
      }
      const before = network.sent.length
      const command = new Uint8Array(visitor.link.datagramBytesMax - 200)
      for (const sequence of upTo(3)) {
        visitor.transport.send(visitor.link, { type: 'Write', sessionId: 1, sequence, answeredUpTo: 0, command })
      }
      visitor.transport.flush()
      const followed = network.sent.slice(before).map(({ bytes }) => {
        const envelope = readEnvelope(bytes)
        return typeof envelope === 'string' ? t.fail(envelope) : envelope.isFollowed
      })
      t.ok(followed.length > 1)
      t.equal(followed.includes(true), lossShare === 0, followed.join())
    }
    t.end()
  },
)

void t.test('a wrong token is told so, with fewer bytes, and nothing of the request is looked at', t => {
  const { clock, network, home } = enter()
  const visitor = welcomedClient(network, 100, home)
  visitor.link.token++
  network.sent.length = 0
  visitor.transport.send(visitor.link, status(1))
  visitor.transport.flush()
  clock.runFor(1)
  t.equal(home.received.length, 0)
  t.same(home.transport.status.drops, { 'bad-token': 1 })
  t.same(
    visitor.received.map(({ message }) => message.type),
    ['Unwelcome'],
  )
  t.ok(network.sent[1]!.bytes.length <= network.sent[0]!.bytes.length)
  t.end()
})

void t.test('a server that restarted does not know its tokens any more; Hello mends it', t => {
  const { clock, network, home } = enter()
  const visitor = welcomedClient(network, 100, home)
  exchange(clock, home, visitor)
  home.transport.close(() => undefined)
  const again = server(network, 1, 1, {}, 2)
  visitor.received.length = 0
  visitor.transport.send(visitor.link, status(2))
  visitor.transport.flush()
  clock.runFor(1)
  t.equal(visitor.received[0]?.message.type, 'Unwelcome')
  visitor.transport.send(visitor.link, { type: 'Hello', nonce: 5 })
  visitor.transport.flush()
  clock.runFor(1)
  visitor.transport.send(visitor.link, status(3))
  visitor.transport.flush()
  clock.runFor(1)
  t.same(numbersOf(again.received), [3])
  again.transport.send(again.received[0]!.link, answer(3))
  again.transport.flush()
  clock.runFor(1)
  t.same(
    visitor.received.map(({ message }) => message.type),
    ['Unwelcome', 'Welcome', 'Answer'],
  )
  t.same(visitor.transport.status.drops, {})
  t.end()
})

void t.test('Z01: before it has shown a token nobody gets more bytes than it sent, whatever it sends', t => {
  const { clock, network, home } = enter()
  const attacker = network.open(666)
  let answers = 0
  const tryIt = (bytes: Uint8Array) => {
    network.sent.length = 0
    attacker.send(bytes, home.socket.address)
    home.transport.flush()
    clock.runFor(1)
    home.transport.flush()
    const answered = network.sent.slice(1)
    answers += answered.length
    return answered.reduce((sum, { bytes }) => sum + bytes.length, 0) <= bytes.length
  }
  const hello: WireMessage = { type: 'Hello', nonce: 1 }
  t.ok(tryIt(forge({ packetNumber: 0, clusterId: 0 }, hello)))
  t.equal(answers, 1, 'a Hello is answered')
  t.ok(tryIt(forge({ packetNumber: 0, clusterId: 0 })), 'an unpadded one is none')
  t.ok(tryIt(forge({}, status(1))))
  t.equal(answers, 2, 'a request is answered with Unwelcome')
  t.ok(tryIt(forge({})))
  t.equal(answers, 2, 'an empty one is not: the answer would be larger')
  const kinds = fc.constantFrom('request' as const, 'peer' as const, 'answer' as const)
  const ids = fc.constantFrom(0, 1, 2, clusterId, clusterIdTo(1, clusterId), 77, 2 ** 40)
  const envelopes = fc.tuple(kinds, ids, ids, ids, ids, ids)
  const messages = fc.array(fc.constantFrom(hello, status(1), answer(1), peerMessage(1, 1), welcomeMessage(1)))
  fc.assert(
    fc.property(
      envelopes,
      messages,
      fc.option(fc.nat()),
      ([kind, cluster, incarnation, bootNonce, packetNumber, acked], messages, flip) => {
        const bytes = forge(
          {
            ...{ kind, clusterId: cluster, incarnation, bootNonce, packetNumber, ackedPacketNumber: acked },
            sender: kind === 'request' ? 0 : 2,
          },
          ...messages,
        )
        if (flip !== null) bytes[flip % bytes.length]! ^= 1
        return tryIt(bytes)
      },
    ),
    { numRuns: 1_000, seed: 1 },
  )
  t.equal(home.transport.status.clientLinks, 0)
  t.equal(home.received.length, 0)
  t.ok(answers > 2)
  t.end()
})

void t.test('Z01: a Welcome that is larger than the Hello is not sent, nor is one for nobody', t => {
  const { clock, network, home } = enter()
  const visitor = client(network, 100)
  home.transport.onHello = from => {
    home.transport.welcome(from, { ...answer(1), result: new Uint8Array(2_000) } as ServerMessage)
    home.transport.welcome(addressOf('127.0.0.1', 666), welcomeMessage(1))
  }
  visitor.transport.send(visitor.transport.linkTo(home.socket.address), { type: 'Hello', nonce: 1 })
  visitor.transport.flush()
  clock.runFor(1)
  home.transport.welcome(visitor.socket.address, welcomeMessage(1))
  t.equal(network.sent.length, 1)
  t.same(home.transport.status.drops, { 'message-too-large': 3 })
  t.end()
})

void t.test('M16, Z09: every kind of garbage has its counter and gets no answer but that it came', t => {
  const { clock, network, home } = enter()
  home.transport.addPeer(2, addressOf('127.0.0.1', 2))
  const attacker = network.open(666)
  const peer = { kind: 'peer' as const, clusterId: clusterIdTo(1, clusterId), sender: 2, incarnation: 1 }
  const token = tokensOf(1)(attacker.address)
  const otherVersion = forge(peer, peerMessage(2, 1))
  otherVersion[4] = 9
  const flipped = forge(peer, peerMessage(2, 1))
  flipped[60]! ^= 16
  const cases: [string, Uint8Array][] = [
    ['too-short', new Uint8Array(0)],
    ['too-short', new Uint8Array(envelopeBytes - 1)],
    ['bad-magic', new Uint8Array(1_000)],
    ['other-version', otherVersion],
    ['bad-checksum', flipped],
    ['other-cluster', forge({ ...peer, clusterId: 5 }, peerMessage(2, 1))],
    ['other-cluster', forge({ clusterId: 5 }, status(1))],
    ['other-cluster', forge({ clusterId: 5, packetNumber: 0 }, { type: 'Hello', nonce: 1 })],
    ['other-cluster', forge({ clusterId: 0, incarnation: token }, status(1))],
    ['unknown-sender', forge({ ...peer, sender: 3 }, peerMessage(3, 1))],
    ['unknown-sender', forge({ ...peer, sender: 1 }, peerMessage(1, 1))],
    ['wrong-kind', forge({ kind: 'answer', sender: 2 }, answer(1))],
    ['malformed', forge({ packetNumber: 0 }, status(1))],
    ['malformed', forge({ packetNumber: 0 })],
    ['malformed', forge({ ...peer, packetNumber: 5 }, status(1))],
    ['malformed', forge({ incarnation: token }, peerMessage(2, 1))],
    ['replayed', forge({ ...peer, packetNumber: 5 }, peerMessage(2, 1))],
    ['replayed', forge({ ...peer, packetNumber: 0 }, peerMessage(2, 1))],
  ]
  const expected: Record<string, number> = {}
  for (const [reason, bytes] of cases) {
    attacker.send(bytes, home.socket.address)
    clock.runFor(1)
    home.transport.flush()
    expected[reason] = (expected[reason] ?? 0) + 1
    t.same(home.transport.status.drops, expected, reason)
  }
  // What came on a link with a right envelope has come, and will not be said again.
  const answers = network.sent.filter(({ from }) => from.port === 1)
  t.same(
    answers.map(({ to, bytes }) => [to.port, bytes.length]),
    [
      [2, envelopeBytes],
      [666, envelopeBytes],
    ],
  )
  t.equal(home.received.length + home.hellos.length, 0)
  t.end()
})

void t.test('a client listens to servers that it has asked, of its cluster, and to nothing else', t => {
  const { clock, network, home } = enter()
  const visitor = welcomedClient(network, 100, home)
  visitor.transport.send(visitor.link, status(1))
  visitor.transport.flush()
  clock.runFor(1)
  const lastNumber = (visitor.link as unknown as { sent: { lastNumber: number } }).sent.lastNumber
  const stranger = network.open(666)
  const expected: Record<string, number> = {}
  const tryIt = (reason: string, envelope: Partial<Envelope>, message: WireMessage, from = home.socket) => {
    const all = { kind: 'answer' as const, sender: 1, ackedPacketNumber: lastNumber, ...envelope }
    from.send(forge(all, message), visitor.socket.address)
    clock.runFor(1)
    expected[reason] = (expected[reason] ?? 0) + 1
    t.same(visitor.transport.status.drops, expected, reason)
  }
  tryIt('unknown-sender', {}, answer(1), stranger)
  tryIt('other-cluster', { clusterId: 5 }, answer(1))
  tryIt('other-cluster', { clusterId: 5, packetNumber: 0 }, welcomeMessage(100))
  tryIt('other-cluster', { clusterId: 5, packetNumber: 0 }, { type: 'Unwelcome' })
  tryIt('bad-token', { packetNumber: 0 }, welcomeMessage(99))
  tryIt('replayed', { packetNumber: 0, ackedPacketNumber: 0 }, { type: 'Unwelcome' })
  tryIt('replayed', { ackedPacketNumber: lastNumber + 1 }, answer(1))
  tryIt('replayed', { ackedPacketNumber: 3 }, answer(1))
  tryIt('malformed', { packetNumber: 0 }, answer(1))
  tryIt('wrong-kind', { kind: 'peer' }, peerMessage(1, 1))
  tryIt('wrong-kind', { kind: 'request', sender: 0 }, status(1))
  t.equal(visitor.received.length, 0)
  t.equal(visitor.options.clusterId, clusterId)
  t.end()
})

void t.test('a new process behind an old port does not get the answers of its predecessor', t => {
  const { clock, network, home } = enter()
  const first = welcomedClient(network, 100, home)
  first.transport.send(first.link, status(1))
  first.transport.flush()
  clock.runFor(1)
  const toFirst = home.received[0]!.link
  first.transport.close(() => undefined)
  const second = welcomedClient(network, 100, home)
  second.transport.send(second.link, status(1))
  second.transport.flush()
  clock.runFor(1)
  const toSecond = home.received[1]!.link
  t.not(toFirst, toSecond)
  home.transport.send(toFirst, answer(666))
  home.transport.flush()
  home.transport.send(toSecond, answer(1))
  home.transport.flush()
  clock.runFor(1)
  t.same(numbersOf(second.received), [1])
  clock.runFor(1_000)
  t.same(Object.keys(second.transport.status.drops), ['replayed'], 'nor anything that was said to it')
  t.end()
})

void t.test('a client that moves to another address is asked to say Hello there, and then heard', t => {
  const { clock, network, home } = enter()
  const before = welcomedClient(network, 100, home, { bootNonce: 5 })
  const after = client(network, 200, { bootNonce: 5, clusterId })
  const link = after.transport.linkTo(home.socket.address)
  link.token = before.link.token
  after.transport.send(link, status(1))
  after.transport.flush()
  clock.runFor(1)
  t.equal(after.received[0]?.message.type, 'Unwelcome')
  after.transport.send(link, { type: 'Hello', nonce: 1 })
  after.transport.flush()
  clock.runFor(1)
  after.transport.send(link, status(1))
  after.transport.flush()
  clock.runFor(1)
  t.match(home.received[0], { message: status(1), link: { address: after.socket.address } })
  t.end()
})

void t.test('clients are bounded: the longest silent go, and are known again by their next request', t => {
  const { clock, network, home } = enter()
  const first = welcomedClient(network, 60_000, home)
  const ask = (visitor: Station & { link: typeof first.link }, number: number) => {
    visitor.transport.send(visitor.link, status(number))
    visitor.transport.flush()
    clock.runFor(1)
    const { link } = home.received.at(-1)!
    home.transport.send(link, answer(number))
    home.transport.flush()
    clock.runFor(1)
    return link
  }
  const toFirst = ask(first, 1)
  clock.runFor(1_000)
  const raw = network.open(59_000)
  const come = (port: number, bootNonce: number) => {
    const address = addressOf('127.0.0.1', port)
    const bytes = forge({ incarnation: tokensOf(1)(address), bootNonce }, status(port))
    network.carry(bytes, address, home.socket.address)
    clock.runFor(0.1)
  }
  for (let boot = 1; boot <= 10; boot++) come(raw.address.port, boot)
  t.equal(home.transport.status.clientLinks, 5, 'no more than four boots of one address')
  for (let port = 2; port <= clientLinksMax; port++) come(port, 1)
  t.ok(home.transport.status.clientLinks <= clientLinksMax)
  t.ok(home.transport.status.clientLinks > clientLinksMax * 0.8)
  t.notOk(home.transport.send(toFirst, answer(2)), 'its link is forgotten')
  t.equal(home.transport.status.drops['too-many-clients'], 1)
  t.not(ask(first, 3), toFirst)
  t.same(numbersOf(first.received), [1, 3], 'packet numbers of the new link are not those of the old')
  t.same(first.transport.status.drops, {})
  t.end()
})

void t.test('regression_a_link_that_was_forgotten_still_spoke, and its client was shut out for good', t => {
  const { clock, network, home } = enter()
  const address = addressOf('127.0.0.1', 50)
  const come = (bootNonce: number, packetNumber: number) => {
    home.socket.arrive(forge({ incarnation: tokensOf(1)(address), bootNonce, packetNumber }, status(1)), address)
  }
  for (let boot = 1; boot <= 4; boot++) come(boot, 1)
  clock.runFor(10)
  network.sent.length = 0
  // So many are to be acknowledged in their turn. In that turn the link has to go.
  for (let number = 2; number <= 10; number++) come(1, number)
  for (let boot = 2; boot <= 4; boot++) come(boot, 2)
  come(5, 1)
  t.equal(home.transport.status.clientLinks, 4)
  clock.runFor(10)
  const answered = network.sent.map(({ bytes }) => readEnvelope(bytes) as Envelope)
  // Its word would be acknowledged to the next link, which never said it.
  t.same(answered.map(({ ackedPacketNumber }) => ackedPacketNumber).sort(), [1, 2, 2, 2], 'of those that stayed')
  t.end()
})

void t.test('clients who wait for something are not sent away', t => {
  const { clock, network, home } = enter()
  for (let port = 2; port <= clientLinksMax + 2; port++) {
    const address = addressOf('127.0.0.1', port)
    network.carry(forge({ incarnation: tokensOf(1)(address) }, status(port)), address, home.socket.address)
    clock.runFor(0.06)
    home.transport.send(home.received.at(-1)!.link, answer(port))
  }
  t.equal(home.transport.status.clientLinks, clientLinksMax)
  t.equal(home.transport.status.drops['too-many-clients'], 1)
  t.end()
})

void t.test('shares shrink as clients come', t => {
  const { clock, network, home } = enter()
  const visitors = upTo(10).map(i => welcomedClient(network, 100 + i, home))
  for (const visitor of visitors) {
    visitor.transport.send(visitor.link, status(1))
    visitor.transport.flush()
    clock.runFor(1)
  }
  for (const { link } of home.received) home.transport.send(link, answer(1))
  home.transport.flush()
  clock.runFor(1)
  for (const { link } of visitors) t.equal(link.windowBytes, Math.floor(8_388_608 / 3 / 10))
  t.end()
})

void t.test('regression_made_up_boots_at_one_address_took_the_window_from_all_others', t => {
  /** The window of a client that comes after so many boots. */
  const windowAfter = (boots: number) => {
    const { clock, network, home } = enter()
    const from = addressOf('127.0.0.1', 200)
    for (let boot = 1; boot <= boots; boot++) {
      home.socket.arrive(forge({ incarnation: tokensOf(1)(from), bootNonce: 1_000 + boot, packetNumber: boot }), from)
      clock.runFor(1)
    }
    const visitor = welcomedClient(network, 100, home)
    exchange(clock, home, visitor)
    return visitor.link.windowBytes
  }
  t.equal(windowAfter(500), windowAfter(0))
  t.end()
})
