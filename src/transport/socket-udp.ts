/**
 * The real Socket: one unconnected UDP socket of node:dgram. What is known of dgram and decided here:
 * - A connected socket saves a little and loses datagrams around each restart of the other side (ECONNREFUSED).
 * - dgram looks even IP literals up and sends on a later tick. With a lookup that answers at once `send` reaches the
 *   kernel before it returns, so the sender may reuse its buffer; bind then says 'listening' at once, too, so listeners
 *   come first.
 * - An error of a send without a callback is silent; one callback, shared by all sends, counts them by code. No error
 *   still means nothing about delivery (K21).
 * - Where the kernel does not take a datagram, libuv queues it without bound and keeps referring to its bytes. The
 *   queue's growth is what `send` returns, its length what the sender holds back by.
 * - The address is never shared (reuseAddr): a second process would silently take all the traffic.
 * - The kernel cuts the buffers that are asked for down to its limit (net.core.rmem_max) without a word.
 */
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram'
import { isIP } from 'node:net'
import { udpPayloadBytesMax } from '../../codec/limits.js'
import { addressFromKernel, addressOf, type HostPort } from './address.js'
import type { Address, Socket } from './socket.js'

/** Asked for in each direction where nothing else is said: eight megabytes in the kernel's accounting, enough for 249 datagrams of 32 KiB. */
const bufferBytesUsual = 4 * 1024 * 1024

/** How often what is asked for is halved before the system's default is left as it is. */
const halvingsMax = 4

/** Why a socket could not be opened. `code` is the system's, e.g. EADDRINUSE, EACCES, EADDRNOTAVAIL. */
export class SocketOpenError extends Error {
  override readonly name = 'SocketOpenError'
  readonly code: string

  constructor(code: string, where: string) {
    super(`cannot listen on ${where}: ${reasons.get(code) ?? 'the system refused it'} (${code})`)
    this.code = code
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another process listens there'],
  ['EACCES', 'not permitted, ports below 1024 need a privilege'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EAFNOSUPPORT', 'this machine does not speak this version of IP'],
  ['EINVAL', 'the host is not an IP address'],
])

/**
 * Opens a UDP socket at an IP literal and a port (0: the system chooses one). `got` is called once, and may be called
 * before this returns. `bufferBytes` is what is asked for in each direction.
 */
export function openUdpSocket(
  listen: HostPort,
  got: (error: SocketOpenError | null, socket: Socket | null) => void,
  bufferBytes = bufferBytesUsual,
): void {
  const where = listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`
  const family = isIP(listen.host)
  if (family === 0) {
    got(new SocketOpenError('EINVAL', where), null)
    return
  }
  const datagrams = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // Both kinds in one socket would show IPv4 senders under other names than they are configured by.
    ipv6Only: family === 6,
    lookup: (host, _options, found) => found(null, host, family),
  })
  const failed = (error: NodeJS.ErrnoException) => {
    datagrams.removeAllListeners()
    datagrams.close()
    got(new SocketOpenError(error.code ?? error.message, where), null)
  }
  datagrams.once('error', failed)
  datagrams.once('listening', () => {
    datagrams.off('error', failed)
    enlarge(bufferBytes, bytes => datagrams.setRecvBufferSize(bytes))
    enlarge(bufferBytes, bytes => datagrams.setSendBufferSize(bytes))
    got(null, new UdpSocket(datagrams))
  })
  datagrams.bind({ address: listen.host, port: listen.port, exclusive: true })
}

class UdpSocket implements Socket {
  readonly address: Address
  readonly receiveBufferBytes: number
  datagramsReceived = 0
  readonly sendErrors = new Map<string, number>()
  onDatagram: (bytes: Uint8Array, from: Address) => void = () => undefined
  onError: (error: Error) => void = () => undefined
  private readonly datagrams: DatagramSocket
  private isOpen = true
  private readonly sent: (error: NodeJS.ErrnoException | null) => void

  /** Of a socket that is bound. */
  constructor(datagrams: DatagramSocket) {
    this.datagrams = datagrams
    const { address, port } = datagrams.address()
    this.address = addressOf(address, port)
    this.receiveBufferBytes = datagrams.getRecvBufferSize()
    this.sent = error => {
      if (error !== null) this.countError(error.code ?? error.message)
    }
    datagrams.on('message', (bytes, from) => this.received(bytes, from))
    datagrams.on('error', error => this.onError(error))
  }

  get sendQueueBytes(): number {
    return this.isOpen ? this.datagrams.getSendQueueSize() : 0
  }

  send(bytes: Uint8Array, to: Address): boolean {
    const refused = this.refusal(bytes, to)
    if (refused !== null) {
      this.countError(refused)
      return true
    }
    const queuedBefore = this.datagrams.getSendQueueCount()
    this.datagrams.send(bytes, to.port, to.host, this.sent)
    return this.datagrams.getSendQueueCount() <= queuedBefore
  }

  close(done: () => void): void {
    if (!this.isOpen) {
      done()
      return
    }
    this.isOpen = false
    this.datagrams.close(done)
  }

  private received(bytes: Uint8Array, { address, port }: RemoteInfo): void {
    // Port 0 can only be forged; an answer to it would be refused with an exception.
    if (port === 0) return
    this.datagramsReceived++
    this.onDatagram(bytes, addressFromKernel(address, port))
  }

  /** What Node would throw for, and what IPv6 would take although no IPv4 socket does. */
  private refusal(bytes: Uint8Array, to: Address): string | null {
    if (!this.isOpen) return 'EBADF'
    if (to.port === 0) return 'EINVAL'
    return bytes.length > udpPayloadBytesMax ? 'EMSGSIZE' : null
  }

  private countError(code: string): void {
    this.sendErrors.set(code, (this.sendErrors.get(code) ?? 0) + 1)
  }
}

/** Linux cuts what is asked for down to its limit, the BSDs refuse it: then half as much is asked for. */
function enlarge(wantedBytes: number, ask: (bytes: number) => void): void {
  for (let halvings = 0; halvings <= halvingsMax; halvings++) {
    try {
      ask(Math.floor(wantedBytes / 2 ** halvings))
      return
    } catch {
      // Refused as too large.
    }
  }
}
