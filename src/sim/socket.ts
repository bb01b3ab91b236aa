/**
 * The Socket port over the simulated network, read as Node reads one: while the process stands still, datagrams wait in a
 * receive buffer that overflows; when it goes on they are handed out in rounds of 32.
 */
import { udpPayloadBytesMax } from '../../codec/limits.js'
import type { Address, Socket } from '../transport/socket.js'
import type { Kernel, Life } from './kernel.js'
import type { Arrived, NetworkEnd, SimNetwork } from './network.js'
import type { SimClock } from './clock.js'
import { stepKinds } from './clock.js'

/** Node reads at most so many in one round of its event loop. */
const datagramsPerRound = 32

export class SimSocket implements Socket, NetworkEnd {
  readonly address: Address
  readonly lane: number
  datagramsReceived = 0
  readonly sendQueueBytes = 0
  readonly sendErrors = new Map<string, number>()
  onDatagram: (bytes: Uint8Array, from: Address) => void = () => undefined
  onError: (error: Error) => void = () => undefined
  /** Told of each datagram that leaves. */
  onDeparture: (bytes: Uint8Array, to: Address) => void = () => undefined
  private readonly kernel: Kernel
  private readonly network: SimNetwork
  private readonly life: Life
  private readonly clock: SimClock
  private roundLeft = 0
  private waiting: Arrived[] = []
  private waitingBytes = 0
  private isOpen = true

  constructor(kernel: Kernel, network: SimNetwork, life: Life, clock: SimClock, address: Address) {
    this.kernel = kernel
    this.clock = clock
    this.network = network
    this.life = life
    this.lane = life.lane
    this.address = address
    network.opened(this)
  }

  get receiveBufferBytes(): number {
    return this.network.receiveBufferBytes
  }

  send(bytes: Uint8Array, to: Address): boolean {
    if (bytes.length > udpPayloadBytesMax) this.sendErrors.set('EMSGSIZE', (this.sendErrors.get('EMSGSIZE') ?? 0) + 1)
    else if (this.isOpen) {
      this.onDeparture(bytes, to)
      this.network.send(this, bytes, to)
    }
    return true
  }

  close(done: () => void): void {
    this.isOpen = false
    this.waiting = []
    this.network.closed(this)
    this.kernel.at(this.kernel.nowMs, this.life, stepKinds.turn, done)
  }

  /** A datagram has come to this machine. */
  arrive(arrived: Arrived): void {
    if (this.life.held === null && this.waiting.length === 0) return this.deliver(arrived)
    // A kernel takes a datagram as long as the buffer is not full yet, even where it then is fuller than full.
    if (this.waitingBytes > this.receiveBufferBytes) {
      return this.network.overflowed(arrived.fromLane, this.lane, arrived.datagram)
    }
    this.waitingBytes += arrived.chargedBytes
    if (this.waiting.push(arrived) > 1) return
    this.roundLeft = datagramsPerRound
    this.poll(this.kernel.nowMs)
  }

  /**
   * One datagram a step, 32 of them at one instant with nothing in between (a timer that is due waits for the end of the
   * round, which the drain guard of a node relies on), then the turn of the event loop ends.
   */
  private poll(atMs: number): void {
    this.kernel.at(atMs, this.life, stepKinds.poll, () => this.readOne())
  }

  private readOne(): void {
    const arrived = this.waiting.shift()
    if (arrived === undefined) return
    this.waitingBytes -= arrived.chargedBytes
    this.deliver(arrived)
    if (this.waiting.length === 0) return
    if (--this.roundLeft > 0) return this.kernel.next(this.life, stepKinds.poll, () => this.readOne())
    this.roundLeft = datagramsPerRound
    this.poll(this.kernel.nowMs + this.clock.turnMs)
  }

  private deliver({ bytes, from, fromLane, datagram, cause }: Arrived): void {
    if (!this.isOpen || this.life.isOver) return
    this.datagramsReceived++
    this.kernel.touched = this.life
    this.network.watch?.delivered(fromLane, this.lane, datagram, cause)
    this.onDatagram(bytes, from)
  }
}
