/** A peer, or a path for large datagrams, that is gone while this side goes on to send. */
import t from 'tap'
import { envelopeBytes, readEnvelope } from '../../codec/envelope.js'
import { decodeMessages } from '../../codec/messages.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import { bulkMessage, peerMessage, server, talk } from '../support/transports.js'

function enter(sizes: readonly number[], options: Partial<FakeNetworkOptions> = {}) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, options)
  const a = server(network, 7_001, 1, { datagramSizes: () => sizes })
  const b = server(network, 7_002, 2, { datagramSizes: () => sizes })
  const toB = a.transport.addPeer(2, b.socket.address)
  const toA = b.transport.addPeer(1, a.socket.address)
  talk({ clock, a, b, toA, toB }, 10, 5)
  network.sent.length = 0
  return { clock, network, a, b, toA, toB }
}

void t.test('regression_a_peer_that_is_gone_was_not_given_up_while_news_for_it_went_on', t => {
  const { clock, network, a, b, toB } = enter([1_200, 8_972])
  network.cut(a.socket.address, b.socket.address)
  for (let number = 0; number < 80; number++) {
    a.transport.send(toB, peerMessage(1, 100 + number))
    a.transport.flush()
    clock.runFor(30)
  }
  const { inFlightBytes, windowBytes } = toB.status
  t.ok(inFlightBytes <= windowBytes, `after 2.4 s ${inFlightBytes} bytes are in flight`)
  t.ok(windowBytes < 3_000, `and the window is ${windowBytes}`)
  t.end()
})

void t.test('regression_what_waited_for_a_path_that_carries_less_now_went_as_it_was_beyond_the_window', t => {
  const { clock, network, a, b, toB } = enter([1_200, 8_972], { receiveBufferBytes: 80_000 })
  t.equal(toB.datagramBytesMax, 8_972)
  network.options = { ...network.options, datagramBytesMax: 1_472 }
  let number = 1_000
  const isFound = (): boolean => toB.status.blackHoles > 0
  for (let round = 0; round < 500 && !isFound(); round++) {
    for (let i = 0; i < 20; i++) a.transport.send(toB, bulkMessage(1, number++, 5_000))
    a.transport.send(toB, peerMessage(1, number++))
    a.transport.flush()
    for (let step = 0; step < 100 && !isFound(); step++) clock.runFor(0.1)
  }
  t.ok(isFound(), 'the path is found to carry less')
  network.sent.length = 0
  b.received.length = 0
  const { waitingBytes } = toB.status
  t.ok(waitingBytes > 20_000, `while large messages wait, ${waitingBytes} bytes`)
  clock.runFor(500)
  const large = network.sent.filter(({ bytes }) => bytes.length > 1_200 && !isPadding(bytes))
  t.equal(large.length, 0, 'none of them is sent as it was')
  t.ok(
    b.received.some(({ message }) => message.type === 'AppendEntries' && message.entries[0]!.payload.length === 5_000),
    'they go in fragments',
  )
  t.end()
})

function isPadding(bytes: Uint8Array): boolean {
  const envelope = readEnvelope(bytes)
  if (typeof envelope === 'string' || bytes.length <= envelopeBytes) return false
  return decodeMessages(envelope, bytes)?.[0]?.type === 'Padding'
}
