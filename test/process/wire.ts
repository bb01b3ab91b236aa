/**
 * A network between servers in the hands of a test. Servers listen on addresses of their own and know each other by those
 * of the wire, so each datagram between two of them comes by here, and can be kept, dropped in one direction, or sent
 * again as if by its first sender. Clients know the servers by the same addresses, and get a socket of the wire each.
 */
import type { Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Test } from 'tap'
import { loopback } from '../../bin/local-cluster.js'

/** A datagram as it came by. */
export interface Captured {
  /** Ids of servers; 0: a client. */
  readonly from: number
  readonly to: number
  readonly bytes: Uint8Array
}

const capturedMax = 10_000

export class Wire {
  /** HOST:PORT by which the servers know each other, server 1 first. */
  readonly addresses: readonly string[]
  /** The latest datagrams between servers and from clients to servers, oldest first. */
  readonly captured: Captured[] = []
  private readonly sockets: readonly Socket[]
  /** Where the servers listen. */
  private readonly ports: readonly number[]
  private readonly clients = new Map<string, Socket>()
  private readonly cuts = new Set<string>()

  private constructor(sockets: readonly Socket[], ports: readonly number[]) {
    this.sockets = sockets
    this.ports = ports
    this.addresses = sockets.map(socket => `${loopback}:${socket.address().port}`)
    for (const [at, socket] of sockets.entries()) {
      socket.on('message', (bytes, { port }) => this.carry(bytes, port, at + 1))
    }
  }

  /** A wire between servers that listen on these ports of loopback. */
  static async between(t: Test, ports: readonly number[]): Promise<Wire> {
    const wire = new Wire(await Promise.all(ports.map(() => bound())), ports)
    t.teardown(() => {
      for (const socket of [...wire.sockets, ...wire.clients.values()]) socket.close()
    })
    return wire
  }

  /** Datagrams of one server to another are lost from now on; not those of the opposite direction. */
  cut(from: number, to: number): void {
    this.cuts.add(`${from} ${to}`)
  }

  heal(): void {
    this.cuts.clear()
  }

  /** Sends to a server what looks as if another sent it. */
  forge(bytes: Uint8Array, from: number, to: number): void {
    this.sockets[from - 1]?.send(bytes, this.ports[to - 1], loopback)
  }

  private carry(bytes: Uint8Array, fromPort: number, to: number): void {
    const from = this.ports.indexOf(fromPort) + 1
    this.captured.push({ from, to, bytes: Uint8Array.from(bytes) })
    if (this.captured.length > capturedMax) this.captured.splice(0, capturedMax / 2)
    if (this.cuts.has(`${from} ${to}`)) return
    if (from > 0) this.forge(bytes, from, to)
    else this.socketOf(fromPort, to).send(bytes, this.ports[to - 1], loopback)
  }

  /** By its source address a server tells clients apart, so each has a socket; answers go the same way back. */
  private socketOf(clientPort: number, to: number): Socket {
    const name = `${clientPort} ${to}`
    const known = this.clients.get(name)
    if (known !== undefined) return known
    const socket = createSocket('udp4')
    socket.on('message', bytes => this.sockets[to - 1]?.send(bytes, clientPort, loopback))
    this.clients.set(name, socket)
    return socket
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 })
  socket.bind(0, loopback)
  await once(socket, 'listening')
  return socket
}
