/** One client machine of a simulated cluster: the production client over a simulated clock and socket. */
import { Prng } from '../base/prng.js'
import { ClientCore } from '../client/client-core.js'
import type { Address } from '../transport/socket.js'
import { parseAddress } from '../transport/address.js'
import { Transport } from '../transport/transport.js'
import type { Link, WireMessage } from '../transport/types.js'
import { SimClock } from './clock.js'
import type { Kernel } from './kernel.js'
import { Life } from './kernel.js'
import type { SimNetwork } from './network.js'
import { SimSocket } from './socket.js'
import { WatchedTransport } from './watched-transport.js'

export interface ClientProcessOptions {
  readonly kernel: Kernel
  readonly network: SimNetwork
  readonly seed: number
  readonly lane: number
  /** Counts the processes on this address: each has a seed of its own. */
  readonly start: number
  readonly address: Address
  readonly servers: readonly Address[]
  readonly datagramSizes: readonly number[]
  readonly turnMs: number
  readonly events: ClientProcessEvents
}

/** What the cluster wants to know of a client. */
export interface ClientProcessEvents {
  /** A datagram leaves for the process at this address. */
  departs(client: ClientProcess, bytes: Uint8Array, to: Address): void
  says(from: Address, link: Link, message: WireMessage): void
  hears(at: Address, link: Link, message: WireMessage): void
}

export class ClientProcess {
  readonly life: Life
  readonly clock: SimClock
  readonly core: ClientCore
  readonly transport: Transport
  private readonly options: ClientProcessOptions

  constructor(options: ClientProcessOptions) {
    const { kernel, network, seed, lane, start, address, servers, datagramSizes, turnMs } = options
    this.options = options
    const prng = new Prng(seed, 10_000 * start + lane)
    this.life = new Life(lane)
    this.clock = new SimClock(kernel, this.life, { rate: 1, offsetMs: prng.between(0, 5_000), turnMs })
    const socket = new SimSocket(kernel, network, this.life, this.clock, address)
    const identity = { clusterId: 0, sender: 0, incarnation: 0, bootNonce: prng.id() }
    this.transport = new Transport(socket, this.clock, { ...identity, datagramSizes: () => datagramSizes }, null)
    const { events } = options
    socket.onDeparture = (bytes, to) => events.departs(this, bytes, to)
    const watched = new WatchedTransport(this.transport, {
      says: (link, message) => events.says(address, link, message),
      hears: (link, message) => events.hears(address, link, message),
    })
    this.core = new ClientCore(watched, this.clock, {
      endpoints: servers,
      seed: prng.uint32(),
      resolve: (text, found) => found(parseAddress(text)),
    })
  }

  /** kill -9: what it asked for may still happen, and nobody hears of it. */
  kill(): void {
    this.life.isOver = true
    this.options.network.closedAt(this.options.address)
  }
}
