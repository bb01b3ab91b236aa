/** What every Socket does, whatever carries its datagrams: the real one, the fake one, and a faulty one without faults. */
import type { Test } from 'tap'
import { udpPayloadBytesMax } from '../../codec/limits.js'
import type { Address, Socket } from '../../src/transport/socket.js'

export interface SocketWorld {
  /** A new socket at an address of its own. */
  open(): Promise<Socket>
  /** Lets datagrams travel until the condition holds; rejects if it never does. */
  until(condition: () => boolean): Promise<void>
}

interface Received {
  readonly bytes: Uint8Array
  readonly from: Address
}

export function socketContract(t: Test, name: string, enter: (t: Test) => SocketWorld): void {
  const test = (what: string, run: (t: Test, world: SocketWorld, a: Socket, b: Socket) => Promise<void>) => {
    void t.test(`${name}: ${what}`, async t => {
      const world = enter(t)
      const [a, b] = [await world.open(), await world.open()]
      await run(t, world, a, b)
      for (const socket of [a, b]) await close(world, socket)
    })
  }

  test('a datagram arrives whole, from the address that sent it', async (t, world, a, b) => {
    const received = collect(b)
    a.send(bytesOf(1, 2, 3), b.address)
    await world.until(() => received.length === 1)
    t.same([...received[0]!.bytes], [1, 2, 3])
    t.same(received[0]!.from, a.address)
    t.equal(b.datagramsReceived, 1)
    t.equal(a.datagramsReceived, 0)
    t.not(a.address.key, b.address.key)
  })

  test('the sender may reuse its bytes at once', async (t, world, a, b) => {
    const received = collect(b)
    const bytes = new Uint8Array(1000)
    for (let i = 0; i < 20; i++) {
      bytes.fill(i)
      t.equal(a.send(bytes, b.address), true)
    }
    bytes.fill(255)
    await world.until(() => received.length === 20)
    t.same(
      received.map(({ bytes }) => bytes[999]),
      received.map((_, i) => i),
    )
  })

  test('the receiver may keep and change what it got', async (t, world, a, b) => {
    const received = collect(b)
    for (let i = 0; i < 10; i++) a.send(bytesOf(i, i), b.address)
    await world.until(() => received.length === 10)
    received[0]!.bytes.fill(99)
    t.same(
      received.slice(1).map(({ bytes }) => [...bytes]),
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map(i => [i, i]),
    )
    t.equal(received[0]!.bytes.byteLength, 2)
  })

  test('datagrams of no bytes and of the most that UDP has', async (t, world, a, b) => {
    const received = collect(b)
    a.send(bytesOf(), b.address)
    a.send(new Uint8Array(udpPayloadBytesMax).fill(7), b.address)
    await world.until(() => received.length === 2)
    t.same(
      received.map(({ bytes }) => bytes.length),
      [0, udpPayloadBytesMax],
    )
    t.ok(received[1]!.bytes.every(byte => byte === 7))
    t.equal(a.sendErrors.size, 0)
  })

  test('a datagram larger than UDP has is refused and counted, no more', async (t, world, a, b) => {
    const received = collect(b)
    a.send(new Uint8Array(udpPayloadBytesMax + 1), b.address)
    a.send(bytesOf(1), b.address)
    await world.until(() => received.length === 1 && a.sendErrors.size === 1)
    t.equal(a.sendErrors.get('EMSGSIZE'), 1)
    t.equal(received[0]!.bytes.length, 1)
  })

  test('nobody listens: nothing happens', async (t, world, a, b) => {
    const received = collect(b)
    const gone = await world.open()
    await close(world, gone)
    for (let i = 0; i < 3; i++) a.send(bytesOf(i), gone.address)
    a.send(bytesOf(9), b.address)
    await world.until(() => received.length === 1)
    t.equal(a.sendErrors.size, 0)
  })

  test('says how large its buffer is and that it is idle', (t, _world, a) => {
    t.ok(a.receiveBufferBytes >= 65_536)
    t.equal(a.sendQueueBytes, 0)
    t.equal(a.datagramsReceived, 0)
    return Promise.resolve()
  })

  test('a closed socket neither sends nor receives, and does not complain', async (t, world, a, b) => {
    const third = await world.open()
    const received = collect(b)
    const receivedByThird = collect(third)
    await close(world, third)
    third.send(bytesOf(1), b.address)
    a.send(bytesOf(2), third.address)
    a.send(bytesOf(3), b.address)
    await world.until(() => received.length === 1)
    t.same([...received[0]!.bytes], [3])
    t.equal(receivedByThird.length, 0)
    t.equal(third.sendQueueBytes, 0)
  })
}

async function close(world: SocketWorld, socket: Socket): Promise<void> {
  let isClosed = false
  socket.close(() => {
    isClosed = true
  })
  await world.until(() => isClosed)
}

function collect(socket: Socket): Received[] {
  const received: Received[] = []
  socket.onDatagram = (bytes, from) => received.push({ bytes, from })
  return received
}

function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes)
}
