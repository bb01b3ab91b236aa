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
function linkWith(port: number, waitingBytes: number, host = '127.0.0.1'): TransportLink {
  const some = { address: addressOf(host, port), outbox: { bytes: waitingBytes } }
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

void t.test('regression_one_host_on_many_ports_kept_all_others_out: links', t => {
  const clients = new ClientLinks(0)
  const busy = (host: string, port: number) => {
    const outbox = { isEmpty: false, clear: () => undefined }
    const [sent, reassembly] = [{ inFlight: 1, lastNumber: port }, { clear: () => undefined }]
    const some = { address: addressOf(host, port), lastHeardAtMs: port, lastMessageId: 0, outbox, sent, reassembly }
    const link = some as unknown as TransportLink
    if (!clients.makeRoom(link.address)) return null
    clients.add(link)
    return link
  }
  const hog = '10.0.0.1'
  const links = Array.from({ length: clientLinksMax }, (_, at) => busy(hog, at + 1))
  t.notOk(links.includes(null))
  t.equal(busy(hog, 9_999), null, 'a host makes no room for itself')
  for (let port = 1; port <= 100; port++) if (busy('10.0.0.2', port) === null) t.fail(`${port} was kept out`)
  t.ok(
    links.slice(0, 100).every(link => link!.isForgotten),
    'who was silent for longest',
  )
  t.notOk(links[100]!.isForgotten)
  t.equal(clients.size, clientLinksMax)
  t.equal(clients.usedNumber, 100)
  for (let port = 101; port <= clientLinksMax / 2; port++) busy('10.0.0.2', port)
  t.equal(busy('10.0.0.2', 9_999), null, 'of two with as many neither gives way')
  t.ok(busy('10.0.0.3', 1))
  t.end()
})

void t.test('regression_one_host_on_many_ports_kept_all_others_out: memory for answers', t => {
  const clients = new ClientLinks(0)
  const mib = 1024 * 1024
  const fill = (host: string) => {
    const link = linkWith(1, 0, host)
    clients.add(link)
    let taken = 0
    for (; clients.hasRoomFor(link, mib); taken++) clients.waitingOf(host).bytes += mib
    return taken
  }
  t.same(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(fill), [128, 64, 32], 'each gets half of what is free')
  clients.waitingOf('10.0.0.1').bytes = 0
  t.equal(fill('10.0.0.3'), 64, 'what is given back is free')
  t.equal(clients.waiting.bytes, (64 + 32 + 64) * mib)
  t.end()
})
