import t from 'tap'
import { envelopeBytes } from '../../../codec/envelope.js'
import { FakeClock } from '../../support/fake-clock.js'
import { FakeNetwork } from '../../support/fake-network.js'
import { bulkMessage, peerMessage, twoServers, upTo } from '../../support/transports.js'
import { checkWithinWindow } from '../../../src/sim/invariants/within-window.js'

/** Two servers, and what the rule says of each datagram that the first sends. */
function enter() {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock, { receiveBufferBytes: 30_000 })
  const { a, b, toB } = twoServers(network)
  const judge = (from = 0): number => {
    for (const { bytes, to } of network.sent.slice(from)) {
      if (to === b.socket.address) checkWithinWindow('s1', a.transport.links, bytes, to.key)
    }
    return network.sent.length
  }
  return { clock, network, a, b, toB, judge, link: [...a.transport.links][0]! }
}

void t.test('a transport that keeps its windows is not blamed, whatever waits', t => {
  const { clock, a, toB, judge } = enter()
  for (const number of upTo(100)) a.transport.send(toB, bulkMessage(1, number, 900))
  for (let round = 0, from = 0; round < 200; round++) {
    a.transport.flush()
    from = judge(from)
    clock.runFor(1)
  }
  t.equal(toB.status.waitingBytes, 0)
  t.end()
})

void t.test('what goes beyond the window is found, unless it is alone, a probe, or asks for nothing', t => {
  const { network, a, toB, judge, link } = enter()
  for (const number of upTo(2)) {
    a.transport.send(toB, peerMessage(1, number))
    a.transport.flush()
  }
  t.equal(link.sent.inFlight, 2)
  judge()
  link.sent.inFlightBytes += 1_000_000
  t.throws(() => judge(), {
    invariant: 'Within The Window',
    message: /^s1 sends \d+ bytes to .*: 100\d{4} are in flight/,
  })
  const [last] = network.sent.slice(-1)
  const say = (bytes: Uint8Array): void => checkWithinWindow('s1', a.transport.links, bytes, last!.to.key)
  say(last!.bytes.subarray(0, envelopeBytes + 4))
  say(network.sent[0]!.bytes)
  checkWithinWindow('s1', a.transport.links, last!.bytes, 'somebody else')
  link.sent.inFlight = 1
  judge()
  t.end()
})
