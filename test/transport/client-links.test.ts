import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import {
  ClientLinks,
  clientLinksMax,
  clientShareBytes,
  sharedWaitingBytesMax,
} from '../../src/transport/client-links.js'
import type { TransportLink } from '../../src/transport/link.js'

/** Of a link only what is asked for here. */
function linkWith(port: number, waitingBytes: number): TransportLink {
  const some = { address: addressOf('127.0.0.1', port), outbox: { bytes: waitingBytes } }
  return some as unknown as TransportLink
}

void t.test('regression_what_waits_for_all_clients_is_bounded: large answers to many would take all memory', t => {
  const clients = new ClientLinks(0)
  const each = 1024 * 1024
  const count = sharedWaitingBytesMax / each
  for (let port = 1; port <= count - 1; port++) clients.add(linkWith(port, each))
  const one = linkWith(count, 0)
  clients.add(one)
  t.ok(clients.hasRoomFor(one, each), 'the last large one')
  t.notOk(clients.hasRoomFor(one, each + 1))
  clients.add(linkWith(count + 1, 10 * each))
  t.ok(clients.hasRoomFor(one, clientShareBytes), 'nobody is kept from a small answer by what others ask for')
  t.notOk(clients.hasRoomFor(one, clientShareBytes + 1))
  const { clientWaitingBytes, clientWaitingBytesMax } = clients.status
  t.equal(clientWaitingBytes, (count + 9) * each)
  t.ok(clientWaitingBytes + clientShareBytes * clientLinksMax <= clientWaitingBytesMax + 10 * each)
  t.end()
})
