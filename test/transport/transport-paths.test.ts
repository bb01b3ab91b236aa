/** RFC 8899 on networks that drop large datagrams: what the path carries is found out, and when it carries less. */
import t from 'tap'
import type { WireMessage } from '../../src/transport/types.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork, type FakeNetworkOptions } from '../support/fake-network.js'
import { bulkMessage, distinct, insideOf, numbersOf, peerMessage, server, upTo } from '../support/transports.js'

const sizes = [1_200, 1_472, 8_972]

function enter(mtuBytes: number, options: Partial<FakeNetworkOptions> = {}) {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, {
    ...{ delayFromMs: 0.1, delayToMs: 0.2, datagramBytesMax: mtuBytes - 28 },
    ...options,
  })
  const a = server(network, 1, 1, { datagramSizes: () => sizes })
  const b = server(network, 2, 2, { datagramSizes: () => sizes })
  const toB = insideOf(a.transport.addPeer(2, b.socket.address))
  b.transport.addPeer(1, a.socket.address)
  /** A leader's talk for a while: heartbeats, and now and then entries. */
  const talk = (forMs: number, entryBytes = 0, from = 1) => {
    for (let ms = 0; ms < forMs; ms += 10) {
      if (ms % 50 === 0) a.transport.send(toB, { ...bulkMessage(1, from + ms, 0), entries: [] } as WireMessage)
      if (entryBytes > 0) a.transport.send(toB, bulkMessage(1, from + ms, entryBytes))
      else if (ms % 50 === 0) a.transport.send(toB, peerMessage(1, from + ms))
      a.transport.flush()
      b.transport.flush()
      clock.runFor(10)
    }
  }
  return { clock, network, a, b, toB, talk }
}

void t.test('MTUs of 1,280, 1,500 and 9,000 bytes are found out, also under loss', t => {
  for (const [mtuBytes, expected] of [
    [1_280, 1_200],
    [1_500, 1_472],
    [9_000, 8_972],
  ] as const) {
    for (const lossShare of [0, 0.1]) {
      const { b, toB, talk, network } = enter(mtuBytes, { lossShare, seed: 4 })
      talk(1_000)
      t.equal(toB.datagramBytesMax, expected, `${mtuBytes} at ${lossShare}`)
      talk(1_000, 5_000, 5_000)
      talk(200)
      t.equal(distinct(numbersOf(b.received)).filter(number => number >= 5_000).length, 100, 'all arrive')
      const tooLarge = network.sent.filter(({ from, bytes }) => from.port === 1 && bytes.length > mtuBytes - 28).length
      t.ok(tooLarge <= 8, `${tooLarge} were sent in vain`)
      t.equal(toB.status.blackHoles, 0)
    }
  }
  t.end()
})

void t.test('regression_probe_lost_in_silence: a size that was tried and lost is tried again', t => {
  const { clock, network, a, toB } = enter(9_000)
  a.transport.send(toB, peerMessage(1, 1))
  a.transport.flush()
  // Only the padded datagram is lost, and nothing follows it.
  network.options = { ...network.options, datagramBytesMax: 1_200 }
  clock.runFor(100)
  network.options = { ...network.options, datagramBytesMax: 8_972 }
  for (const number of upTo(5)) {
    a.transport.send(toB, peerMessage(1, number + 2))
    a.transport.flush()
    clock.runFor(20)
  }
  t.equal(toB.datagramBytesMax, 8_972)
  t.end()
})

void t.test('a black hole that opens later is noticed, and messages are cut anew', t => {
  for (const entryBytes of [900, 3_000, 30_000]) {
    const { b, toB, talk, network } = enter(9_000)
    talk(500)
    t.equal(toB.datagramBytesMax, 8_972)
    network.options = { ...network.options, datagramBytesMax: 1_472 }
    b.received.length = 0
    talk(2_000, entryBytes, 5_000)
    // Entries that fit a small datagram never find out, and need not.
    if (entryBytes > 1_200) t.ok(toB.datagramBytesMax <= 1_472, `${toB.datagramBytesMax} with entries of ${entryBytes}`)
    b.received.length = 0
    talk(500, entryBytes, 10_000)
    talk(100)
    t.equal(distinct(numbersOf(b.received)).filter(number => number >= 10_000).length, 50, 'all arrive again')
  }
  t.end()
})

void t.test('loss at random is no black hole', t => {
  for (const lossShare of [0.1, 0.3]) {
    const { toB, talk } = enter(9_000, { lossShare, seed: 9 })
    talk(1_000)
    talk(20_000, 9_000)
    t.equal(toB.status.blackHoles, 0, `${lossShare}`)
    t.equal(toB.datagramBytesMax, 8_972)
  }
  t.end()
})
