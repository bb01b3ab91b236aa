/**
 * Sockets joined by memory instead of a network: what is sent arrives on a FakeClock after a delay drawn from a seed, or
 * is lost, or arrives twice. A socket that is `paused` reads nothing, and its receive buffer overflows as a kernel's does.
 * All that a socket sends may pass one bottleneck, with a queue in front of it.
 */
import { Prng } from '../../src/base/prng.js'
import type { Address, Socket } from '../../src/transport/socket.js'
import type { FakeClock } from './fake-clock.js'

export interface FakeNetworkOptions {
  readonly seed: number
  /** Of datagrams that never arrive, 0..1. */
  readonly lossShare: number
  /** Of datagrams that arrive twice. */
  readonly duplicateShare: number
  /** Each datagram takes a time of [from, to) ms: where these differ, datagrams overtake each other. */
  readonly delayFromMs: number
  readonly delayToMs: number
  readonly receiveBufferBytes: number
  /** Payload of the largest datagram that is carried; larger ones vanish. */
  readonly datagramBytesMax: number
  /** What leaves a socket in a ms, headers included, and what waits for that at most before datagrams are lost. */
  readonly bytesPerMs: number
  readonly queueBytesMax: number
  /** What a datagram takes of a receive buffer. */
  readonly chargedBytes: (payloadBytes: number) => number
}

const defaults: FakeNetworkOptions = {
  seed: 1,
  lossShare: 0,
  duplicateShare: 0,
  delayFromMs: 0.05,
  delayToMs: 0.05,
  receiveBufferBytes: 8_388_608,
  datagramBytesMax: Infinity,
  bytesPerMs: Infinity,
  queueBytesMax: Infinity,
  chargedBytes: payloadBytes => payloadBytes + 768,
}

/** IPv4 and UDP headers. */
const headerBytes = 28

/** libuv reads so many datagrams of a socket, then looks after everything else. */
const datagramsPerTurn = 32

export class FakeNetwork {
  /** May be replaced at any time, e.g. to lose everything from now on. */
  options: FakeNetworkOptions
  /** Every datagram sent, before loss. For counting; cut it when it grows. */
  readonly sent: { readonly from: Address; readonly to: Address; readonly bytes: Uint8Array }[] = []
  readonly clock: FakeClock
  private readonly prng: Prng
  private readonly sockets = new Map<string, FakeSocket>()
  private readonly cuts = new Set<string>()
  /** When the last datagram in the queue of a socket will have left. */
  private readonly busyUntilMs = new Map<string, number>()
  /** Datagrams that found a queue full. */
  queueDrops = 0

  constructor(clock: FakeClock, options: Partial<FakeNetworkOptions> = {}) {
    this.clock = clock
    this.options = { ...defaults, ...options }
    this.prng = new Prng(this.options.seed, 0xfa4e)
  }

  /** A socket at HOST:PORT; throws if there is one already. */
  open(port: number, host = '127.0.0.1'): FakeSocket {
    const address: Address = { host, port, key: `${host}:${port}` }
    if (this.sockets.has(address.key)) throw new Error(`address in use: ${address.key}`)
    const socket = new FakeSocket(this, address)
    this.sockets.set(address.key, socket)
    return socket
  }

  /** Loses all that goes from one address to the other, in this direction only. */
  cut(from: Address, to: Address): void {
    this.cuts.add(`${from.key}>${to.key}`)
  }

  heal(): void {
    this.cuts.clear()
  }

  /** For FakeSocket. `bytes` are read when they arrive if the sender still lends them, as a busy kernel does. */
  carry(bytes: Uint8Array, from: Address, to: Address): void {
    const { lossShare, duplicateShare, delayFromMs, delayToMs, datagramBytesMax } = this.options
    this.sent.push({ from, to, bytes })
    if (this.cuts.has(`${from.key}>${to.key}`)) return
    if (bytes.byteLength > datagramBytesMax) return
    const queuedMs = this.queue(bytes.byteLength, from)
    if (queuedMs === Infinity || this.prng.fraction() < lossShare) return
    const copies = this.prng.fraction() < duplicateShare ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const atMs = this.clock.now() + queuedMs + this.prng.between(delayFromMs, delayToMs)
      this.clock.at(atMs, () => this.sockets.get(to.key)?.arrive(bytes.slice(), from))
    }
  }

  /** How long what is sent now would wait in the queue of a socket. */
  queueMs(from: Address): number {
    return Math.max(0, (this.busyUntilMs.get(from.key) ?? 0) - this.clock.now())
  }

  closed(socket: FakeSocket): void {
    this.sockets.delete(socket.address.key)
  }

  /** Ms until a datagram has passed the bottleneck; Infinity for never. */
  private queue(payloadBytes: number, from: Address): number {
    const { bytesPerMs, queueBytesMax } = this.options
    if (bytesPerMs === Infinity) return 0
    const bytes = payloadBytes + headerBytes
    const waitMs = this.queueMs(from)
    if (waitMs * bytesPerMs + bytes > queueBytesMax) {
      this.queueDrops++
      return Infinity
    }
    const passedMs = waitMs + bytes / bytesPerMs
    this.busyUntilMs.set(from.key, this.clock.now() + passedMs)
    return passedMs
  }
}

export class FakeSocket implements Socket {
  readonly address: Address
  /** A test may set it, to play a kernel that does not take any more. */
  sendQueueBytes = 0
  /** A test may set it to true: `send` then returns false and reads the bytes only when they arrive. */
  lendsBytes = false
  datagramsReceived = 0
  /** Datagrams that found the receive buffer full. */
  overrun = 0
  readonly sendErrors = new Map<string, number>()
  onDatagram: (bytes: Uint8Array, from: Address) => void = () => undefined
  onError: (error: Error) => void = () => undefined
  private readonly network: FakeNetwork
  private open = true
  private isPaused = false
  private waiting: { readonly bytes: Uint8Array; readonly from: Address }[] = []
  private waitingBytes = 0

  constructor(network: FakeNetwork, address: Address) {
    this.network = network
    this.address = address
  }

  get receiveBufferBytes(): number {
    return this.network.options.receiveBufferBytes
  }

  send(bytes: Uint8Array, to: Address): boolean {
    if (bytes.byteLength > 65_507) {
      this.sendErrors.set('EMSGSIZE', (this.sendErrors.get('EMSGSIZE') ?? 0) + 1)
      return true
    }
    if (this.open) this.network.carry(this.lendsBytes ? bytes : bytes.slice(), this.address, to)
    return !this.lendsBytes
  }

  /** While paused nothing is read: what arrives waits in the receive buffer, or is lost where that is full. */
  set paused(paused: boolean) {
    this.isPaused = paused
    if (!paused) this.readSome()
  }

  get paused(): boolean {
    return this.isPaused
  }

  arrive(bytes: Uint8Array, from: Address): void {
    if (!this.isPaused && this.waiting.length === 0) {
      this.deliver(bytes, from)
      return
    }
    // The kernel takes a datagram as long as the buffer is not full yet, even where it then is fuller than full.
    if (this.waitingBytes > this.receiveBufferBytes) {
      this.overrun++
      return
    }
    this.waitingBytes += this.network.options.chargedBytes(bytes.byteLength)
    this.waiting.push({ bytes, from })
  }

  close(done: () => void): void {
    this.open = false
    this.network.closed(this)
    this.network.clock.at(this.network.clock.now(), done)
  }

  private readSome(): void {
    if (this.isPaused) return
    const { chargedBytes } = this.network.options
    for (const { bytes, from } of this.waiting.splice(0, datagramsPerTurn)) {
      this.waitingBytes -= chargedBytes(bytes.byteLength)
      this.deliver(bytes, from)
    }
    if (this.waiting.length > 0) this.network.clock.at(this.network.clock.now(), () => this.readSome())
  }

  private deliver(bytes: Uint8Array, from: Address): void {
    if (!this.open) return
    this.datagramsReceived++
    this.onDatagram(bytes, from)
  }
}
