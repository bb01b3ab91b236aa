import t from 'tap'
import { messageBytesMax } from '../../codec/limits.js'
import { addressOf } from '../../src/transport/address.js'
import {
  ClientLinks,
  clientLinksMax,
  clientShareBytes,
  sharedWaitingBytesMax,
} from '../../src/transport/client-links.js'
import { outboxBytesMax } from '../../src/transport/outbox.js'
import type { TransportLink } from '../../src/transport/link.js'

/** Of a link only what is asked for here. */
function linkWith(port: number, waitingBytes: number): TransportLink {
  const some = { address: addressOf('127.0.0.1', port), outbox: { bytes: waitingBytes } }
  return some as unknown as TransportLink
}

/** Lets so much wait for one more client. */
function addWith(clients: ClientLinks, port: number, waitingBytes: number): TransportLink {
  const link = linkWith(port, waitingBytes)
  clients.add(link)
  clients.waiting.bytes += waitingBytes
  return link
}

void t.test('regression_what_waits_for_all_clients_is_bounded: large answers to many would take all memory', t => {
  const clients = new ClientLinks(0)
  const each = 1024 * 1024
  const count = sharedWaitingBytesMax / each
  for (let port = 1; port <= count - 1; port++) addWith(clients, port, each)
  const one = addWith(clients, count, 0)
  t.ok(clients.hasRoomFor(one, each), 'the last large one')
  t.notOk(clients.hasRoomFor(one, each + 1))
  addWith(clients, count + 1, 10 * each)
  t.ok(clients.hasRoomFor(one, clientShareBytes), 'nobody is kept from a small answer by what others ask for')
  t.notOk(clients.hasRoomFor(one, clientShareBytes + 1))
  const { clientWaitingBytes, clientWaitingBytesMax } = clients.status
  t.equal(clientWaitingBytes, (count + 9) * each)
  t.ok(clientWaitingBytes + clientShareBytes * clientLinksMax <= clientWaitingBytesMax + 10 * each)
  t.end()
})

void t.test('an answer of any size may wait for whom hardly anything does, and for others while there is room', t => {
  const clients = new ClientLinks(0)
  const idle = addWith(clients, 1, clientShareBytes / 2)
  const busy = addWith(clients, 2, outboxBytesMax - messageBytesMax)
  const full = addWith(clients, 3, outboxBytesMax - messageBytesMax + 1)
  t.same(
    [idle, busy, full].map(link => clients.hasRoomForAny(link)),
    [true, true, false],
  )
  clients.waiting.bytes = sharedWaitingBytesMax
  t.same(
    [idle, busy, full].map(link => clients.hasRoomForAny(link)),
    [true, false, false],
  )
  t.end()
})
