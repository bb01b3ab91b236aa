import t from 'tap'
import { Links } from '../../src/transport/links.js'
import { OwnNumbers } from '../../src/transport/own-numbers.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork } from '../support/fake-network.js'

function enter() {
  const network = new FakeNetwork(new FakeClock(0))
  const numbers = new OwnNumbers(5, 0)
  const options = { clusterId: 1, sender: 1, incarnation: 1, bootNonce: 5, datagramSizes: () => [1_200] }
  return { links: new Links(options, numbers), numbers, at: (port: number) => network.open(port).address }
}

void t.test('a server has its peers by id, each added once, and never itself', t => {
  const { links, at } = enter()
  const second = links.addPeer(2, at(2))
  t.equal(links.peers.get(2), second)
  t.throws(() => links.addPeer(2, at(3)), /added once/)
  t.throws(() => links.addPeer(1, at(4)), /another server/)
  t.end()
})

void t.test('a way to a server is made when it is first asked for, and found from then on', t => {
  const { links, at } = enter()
  const address = at(2)
  t.equal(links.server(address), undefined)
  const link = links.to(address)
  t.equal(links.to(address), link)
  t.equal(links.server(address), link)
  t.end()
})

void t.test('all of them are walked, and number their packets from where this boot does', t => {
  const { links, numbers, at } = enter()
  const made = [links.addPeer(2, at(2)), links.to(at(3)), links.addClient(at(4), 77, 9)!]
  t.same(
    [...links].map(({ kind }) => kind),
    ['peer', 'server', 'client'],
  )
  for (const link of made) t.equal(link.sent.lastNumber, numbers.first - 1)
  t.match(links.clients.find(made[2]!.address, 77), { token: 9 })
  t.end()
})

void t.test('peers and all others have memory of their own for unfinished messages', t => {
  const { links, at } = enter()
  const piece = (messageId: number) => ({
    type: 'Fragment' as const,
    messageId,
    count: 2,
    index: 0,
    bytes: new Uint8Array(100),
  })
  const [peer, client] = [links.addPeer(2, at(2)), links.addClient(at(3), 77, 9)!]
  peer.reassembly.take(piece(1), 0)
  const ofPeersBytes = links.reassemblyBytes
  client.reassembly.take(piece(1), 0)
  t.equal(links.reassemblyBytes, 2 * ofPeersBytes)
  peer.reassembly.clear()
  t.equal(links.reassemblyBytes, client.reassembly.bytes)
  t.end()
})
