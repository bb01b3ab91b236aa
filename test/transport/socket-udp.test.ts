import dns from 'node:dns'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { RealClock } from '../../src/base/real-clock.js'
import { addressOf } from '../../src/transport/address.js'
import type { Socket } from '../../src/transport/socket.js'
import { FaultySocket } from '../../src/transport/socket-faults.js'
import { openUdpSocket, type SocketOpenError } from '../../src/transport/socket-udp.js'
import { socketContract } from '../contracts/socket.js'
import { open, until } from '../support/real-sockets.js'

const hasIPv6 = Object.values(networkInterfaces()).some(list => list?.some(({ address }) => address === '::1'))

socketContract(t, 'udp4', () => ({ open: () => open('127.0.0.1'), until }))
if (hasIPv6) socketContract(t, 'udp6', () => ({ open: () => open('::1'), until }))
else void t.test('udp6', { skip: 'no IPv6 loopback here' }, () => undefined)
socketContract(t, 'faulty without faults', () => ({
  open: async () => new FaultySocket(await open('127.0.0.1'), new RealClock(), { seed: 1 }),
  until,
}))

void t.test('asks for a large buffer and reads back what it got', async t => {
  const large = await open('127.0.0.1')
  const stock = await open('127.0.0.1', 0, 106_496)
  t.equal(stock.receiveBufferBytes, 212_992)
  t.ok(large.receiveBufferBytes >= 212_992)
  for (const socket of [large, stock]) await new Promise<void>(done => socket.close(done))
})

void t.test('an address in use is one clear value, not an event', async t => {
  const first = await open('127.0.0.1')
  const { error, socket } = await tryToOpen('127.0.0.1', first.address.port)
  t.equal(socket, null)
  t.equal(error?.code, 'EADDRINUSE')
  t.equal(error?.message, `cannot listen on ${first.address.key}: another process listens there (EADDRINUSE)`)
  await new Promise<void>(done => first.close(done))
  const again = await open('127.0.0.1', first.address.port)
  t.equal(again.address.key, first.address.key, 'free again')
  await new Promise<void>(done => again.close(done))
})

void t.test('addresses that cannot be listened on', async t => {
  const elsewhere = await tryToOpen('198.51.100.1', 0)
  t.equal(elsewhere.error?.code, 'EADDRNOTAVAIL')
  t.match(elsewhere.error?.message, /^cannot listen on 198\.51\.100\.1:0: this machine has no such address/)
  t.equal((await tryToOpen('localhost', 0)).error?.code, 'EINVAL')
})

void t.test('sends that the system refuses are counted by code', async t => {
  const socket = await open('127.0.0.1')
  socket.send(Uint8Array.of(1), addressOf('::1', 9))
  socket.send(Uint8Array.of(1), { host: '127.0.0.1', port: 0, key: '127.0.0.1:0' })
  await until(() => [...socket.sendErrors.values()].reduce((sum, count) => sum + count, 0) === 2)
  t.equal(socket.sendErrors.get('EINVAL') !== undefined, true)
  await new Promise<void>(done => socket.close(done))
})

void t.test('U13: no datagram waits for a name server: nothing is looked up on its way', async t => {
  const { lookup } = dns
  let lookups = 0
  const counting = (...all: Parameters<typeof lookup>): void => {
    lookups++
    lookup(...all)
  }
  Object.assign(dns, { lookup: counting })
  t.teardown(() => Object.assign(dns, { lookup }))
  const [socket, other] = [await open('127.0.0.1'), await open('127.0.0.1')]
  let received = 0
  other.onDatagram = () => received++
  for (let sent = 0; sent < 20; sent++) socket.send(Uint8Array.of(sent), other.address)
  await until(() => received === 20)
  t.equal(lookups, 0)
  for (const each of [socket, other]) await new Promise<void>(done => each.close(done))
})

function tryToOpen(host: string, port: number): Promise<{ error: SocketOpenError | null; socket: Socket | null }> {
  return new Promise(resolve => openUdpSocket({ host, port }, (error, socket) => resolve({ error, socket })))
}
