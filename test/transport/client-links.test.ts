import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { ClientLinks, clientLinksMax, clientWaitingBytesMax } from '../../src/transport/client-links.js'
import type { TransportLink } from '../../src/transport/link.js'

/** Of a link only what is asked for here. */
function linkWith(port: number, waitingBytes: number): TransportLink {
  const some = { address: addressOf('127.0.0.1', port), outbox: { bytes: waitingBytes } }
  return some as unknown as TransportLink
}

void t.test('regression_what_waits_for_all_clients_is_bounded: large answers to many would take all memory', t => {
  const clients = new ClientLinks(0)
  const each = 1024 * 1024
  const count = clientWaitingBytesMax / each
  for (let port = 1; port <= count - 1; port++) clients.add(linkWith(port, each))
  const one = linkWith(count, 0)
  clients.add(one)
  t.ok(clients.hasRoomFor(one, each), 'the last large one')
  t.notOk(clients.hasRoomFor(one, each + 1))
  const share = clientWaitingBytesMax / clientLinksMax
  clients.add(linkWith(count + 1, 10 * each))
  t.ok(clients.hasRoomFor(one, share), 'nobody is kept from a small answer by what others ask for')
  t.notOk(clients.hasRoomFor(one, share + 1))
  const { clientWaitingBytes, clientWaitingBytesMax: bound } = clients.status
  t.equal(clientWaitingBytes, (count + 9) * each)
  t.ok(clientWaitingBytes + share * clientLinksMax <= bound + 10 * each)
  t.end()
})
