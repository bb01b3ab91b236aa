/** Datagrams that come to another peer than they were sent to (Z09). */
import t from 'tap'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork } from '../support/fake-network.js'
import { numbersOf, peerMessage, server, type Station, upTo } from '../support/transports.js'

function say(from: Station, id: number, to: number, number: number): void {
  from.transport.send(from.transport.peer(to)!, peerMessage(id, number))
  from.transport.flush()
}

void t.test('regression_a_peer_that_got_a_datagram_for_another_was_not_heard_any_more', t => {
  const clock = new FakeClock(1_000)
  const network = new FakeNetwork(clock)
  const stations = [1, 2, 3].map(id => server(network, 7_000 + id, id))
  const [a, b, c] = stations as [Station, Station, Station]
  stations.forEach(({ transport }, i) => {
    for (const id of [1, 2, 3]) if (id !== i + 1) transport.addPeer(id, stations[id - 1]!.socket.address)
  })
  for (const number of upTo(300)) {
    say(a, 1, 3, number)
    clock.runFor(5)
    say(c, 3, 1, number)
    clock.runFor(5)
  }
  const last = network.sent.filter(({ from, to }) => from === a.socket.address && to === c.socket.address).at(-1)!
  say(a, 1, 2, 1)
  clock.runFor(5)
  network.carry(last.bytes, a.socket.address, b.socket.address)
  clock.runFor(5)
  a.received.length = 0
  b.received.length = 0
  for (const number of upTo(10)) {
    say(a, 1, 2, number)
    clock.runFor(5)
    say(b, 2, 1, number)
    clock.runFor(5)
  }
  t.same(numbersOf(b.received), upTo(10), 'what is for it is not taken for old')
  t.same(numbersOf(a.received), upTo(10), 'and what it says is heard')
  t.notOk('never-sent' in a.transport.status.drops)
  t.equal(b.transport.status.drops['other-cluster'], 1, 'it is dropped as one of another cluster')
  t.end()
})
