/**
 * One server process of a simulated cluster: a real Node over a simulated disk and a fake network. It can be killed, lose
 * the power, be stopped cleanly, start again, and stand still: then its timers, its disk's completions and its datagrams
 * wait, and all come at once when it goes on, as after SIGSTOP. Sockets are read as Node does: 32 datagrams a round.
 */
import type { Clock } from '../../src/base/clock.js'
import type { Logger } from '../../src/base/logger.js'
import { Prng } from '../../src/base/prng.js'
import { Node } from '../../src/node/node.js'
import type { StateMachine } from '../../src/session/types.js'
import type { SimOperation } from '../../src/storage/disk-sim.js'
import { SimDisk } from '../../src/storage/disk-sim.js'
import type { OpenedStorage } from '../../src/storage/storage.js'
import { openStorage } from '../../src/storage/storage.js'
import { parseAddress } from '../../src/transport/address.js'
import type { Address, Socket } from '../../src/transport/socket.js'
import type { Faults } from '../../src/transport/socket-faults.js'
import { FaultySocket } from '../../src/transport/socket-faults.js'
import { Transport } from '../../src/transport/transport.js'
import type { FakeClock } from '../support/fake-clock.js'
import type { FakeNetwork, FakeSocket } from '../support/fake-network.js'

/** Node reads at most so many in one round of its event loop. */
const datagramsPerRound = 32

export const heartbeatMs = 20
export const electionTimeoutMs = 150

/** A socket that is read as Node reads one: what has arrived is handed out in rounds of 32. */
class PolledSocket implements Socket {
  datagramsReceived = 0
  onDatagram: (bytes: Uint8Array, from: Address) => void = () => undefined
  onError: (error: Error) => void = () => undefined
  private readonly inner: Socket
  private readonly clock: FakeClock
  private arrived: { readonly bytes: Uint8Array; readonly from: Address }[] = []
  private isPolled = false
  private isOpen = true

  constructor(inner: Socket, clock: FakeClock) {
    this.inner = inner
    this.clock = clock
    inner.onDatagram = (bytes, from) => {
      this.arrived.push({ bytes, from })
      this.poll()
    }
  }

  get address(): Address {
    return this.inner.address
  }

  get receiveBufferBytes(): number {
    return this.inner.receiveBufferBytes
  }

  get sendQueueBytes(): number {
    return this.inner.sendQueueBytes
  }

  get sendErrors(): ReadonlyMap<string, number> {
    return this.inner.sendErrors
  }

  send(bytes: Uint8Array, to: Address): boolean {
    return this.inner.send(bytes, to)
  }

  close(done: () => void): void {
    this.isOpen = false
    this.inner.close(done)
  }

  private poll(): void {
    if (this.isPolled || this.arrived.length === 0 || !this.isOpen) return
    this.isPolled = true
    this.clock.at(this.clock.now(), () => {
      this.isPolled = false
      for (const { bytes, from } of this.arrived.splice(0, datagramsPerRound)) {
        if (!this.isOpen) return
        this.datagramsReceived++
        this.onDatagram(bytes, from)
      }
      this.poll()
    })
  }
}

export interface ProcessOptions {
  readonly id: number
  readonly seed: number
  /** Every server of the cluster. */
  readonly members: readonly { readonly id: number; readonly address: Address }[]
  readonly network: FakeNetwork
  readonly newMachine: (id: number) => StateMachine
  /** Lines of its log, with their fields. */
  readonly onLine: (id: number, fields: object, line: string) => void
}

export class ServerProcess {
  readonly id: number
  readonly address: Address
  readonly disk: SimDisk
  /** How long an operation of its disk takes. */
  diskMs: { from: number; to: number } = { from: 0.05, to: 2 }
  /** It loses power in place of the completion of an operation, after so many more have completed. */
  crashAfter = Infinity
  /** Null while it does not run. */
  node: Node | null = null
  /** What ended it, if something broke; cleared at a start. */
  failure: Error | null = null
  starts = 0
  private readonly options: ProcessOptions
  private readonly clock: FakeClock
  private readonly prng: Prng
  private polled: PolledSocket | null = null
  private socket: FakeSocket | null = null
  private faulty: FaultySocket | null = null
  private faults: Partial<Faults> = {}
  private life = 0
  private stands = false
  /** What fell due while it stood still. */
  private readonly heldTimers: (() => void)[] = []
  private readonly heldTurns: (() => void)[] = []

  constructor(options: ProcessOptions) {
    this.options = options
    this.id = options.id
    this.address = options.members.find(({ id }) => id === options.id)!.address
    this.clock = options.network.clock
    this.prng = new Prng(options.seed, 100 + options.id)
    this.disk = new SimDisk({
      prng: new Prng(options.seed, 200 + options.id),
      schedule: (callback, operation) => {
        const completed = this.ours(callback)
        this.clock.at(this.clock.now() + this.operationMs(operation), () => {
          if (this.isRunning && --this.crashAfter < 0) this.crash()
          else completed()
        })
      },
    })
  }

  get isRunning(): boolean {
    return this.socket !== null
  }

  get isStandingStill(): boolean {
    return this.stands
  }

  /** Datagrams that this life of it has read. */
  get datagramsRead(): number {
    return this.polled?.datagramsReceived ?? 0
  }

  /** Starts the process: it answers once its directory is open. */
  start(): void {
    if (this.isRunning) throw new Error(`server ${this.id} runs`)
    const { network, members, seed } = this.options
    this.starts++
    this.failure = null
    const socket = network.open(this.address.port)
    this.socket = socket
    this.faulty = new FaultySocket(socket, this.ownClock(), { seed: this.prng.uint32(), ...this.faults })
    const polled = new PolledSocket(this.faulty, this.clock)
    this.polled = polled
    const life = this.life
    openStorage(
      this.disk,
      {
        directory: 'data',
        serverId: this.id,
        clusterId: 77,
        clusterName: '',
        foundingCluster: members.map(member => `${member.id}=${member.address.key}`).join(','),
        segmentBytes: 65_536,
        prng: new Prng(seed, 1_000 * this.starts + this.id),
        clock: this.ownClock(),
      },
      (error, opened) => {
        if (life !== this.life) return
        if (opened === null) this.failed(error ?? new Error('no storage'))
        else this.run(polled, opened)
      },
    )
  }

  private run(socket: Socket, { storage, recovered, identity }: OpenedStorage): void {
    const { members, newMachine, onLine } = this.options
    const clock = this.ownClock()
    const secret = this.prng.uint32()
    const transport = new Transport(
      socket,
      clock,
      {
        clusterId: identity.clusterId,
        sender: this.id,
        incarnation: identity.incarnation,
        bootNonce: this.prng.id(),
        datagramBytesMax: () => 1_200,
      },
      ({ port }) => secret * 65_536 + port,
    )
    const say = (fields: object, line: string): void => onLine(this.id, fields, line)
    const logger: Logger = { debug: say, info: say, warn: say, error: say }
    const node = new Node(
      {
        clock,
        socket,
        transport,
        storage,
        recovered,
        machine: newMachine(this.id),
        memory: () => ({ rssBytes: 0, heapBytes: 0, externalBytes: 0 }),
      },
      {
        id: this.id,
        voters: members.map(({ id }) => id),
        members,
        seed: this.prng.uint32(),
        heartbeatMs,
        electionTimeoutMs,
        uncommittedBytesMax: 1_000_000,
        unpersistedBytesMax: 1_000_000,
        appendBytesMax: 1_000,
        windowBytesMax: 64_000,
        logger,
      },
    )
    const life = this.life
    node.onFailure = error => {
      if (life === this.life) this.failed(error)
    }
    socket.onError = error => node.fail(error)
    this.node = node
  }

  /** kill -9: the machine and what its kernel holds go on. */
  kill(): void {
    this.end()
    this.disk.kill()
  }

  /** The machine loses power. */
  crash(): void {
    this.end()
    this.disk.crash()
  }

  /** Asks it to stop cleanly; `done` when it has. */
  stop(done: () => void = () => undefined): void {
    const { node, life } = this
    if (node === null) throw new Error(`server ${this.id} has no node to stop`)
    node.stop(() => {
      if (life === this.life && this.failure === null) this.end()
      done()
    })
  }

  /** Stands still from now on. */
  pause(): void {
    this.stands = true
    if (this.socket !== null) this.socket.paused = true
  }

  /** Goes on: first the timers that fell due, then what arrived. */
  resume(): void {
    this.stands = false
    for (const held of this.heldTimers.splice(0)) this.clock.at(this.clock.now(), held)
    for (const held of this.heldTurns.splice(0)) this.clock.endOfTurn(held)
    if (this.socket !== null) this.socket.paused = false
  }

  /** What befalls the datagrams that it sends from now on. */
  setFaults(faults: Partial<Faults>): void {
    this.faults = faults
    if (this.faulty !== null) this.faulty.faults = { ...this.faulty.faults, ...faults }
  }

  private failed(error: Error): void {
    this.failure = error
    this.end()
    this.disk.kill()
  }

  private end(): void {
    this.life++
    this.crashAfter = Infinity
    this.stands = false
    this.heldTimers.length = 0
    this.heldTurns.length = 0
    this.socket?.close(() => undefined)
    this.socket = null
    this.faulty = null
    this.node = null
  }

  private operationMs({ bytes }: SimOperation): number {
    const { from, to } = this.diskMs
    return this.prng.between(from, to) + bytes / 1_000_000
  }

  /** The clock as this life of the process sees it. */
  private ownClock(): Clock {
    const { clock } = this
    const { life } = this
    return {
      now: () => clock.now(),
      timer: callback => clock.timer(this.ours(callback)),
      endOfTurn: callback => {
        clock.endOfTurn(() => {
          if (life !== this.life) return
          if (this.stands) this.heldTurns.push(callback)
          else callback()
        })
      },
    }
  }

  /** Called in this life only, and not while the process stands still. */
  private ours(callback: () => void): () => void {
    const { life } = this
    return () => {
      if (life !== this.life) return
      if (this.stands) this.heldTimers.push(callback)
      else callback()
    }
  }
}

/** Addresses of servers 1..size. */
export function membersOf(size: number): { readonly id: number; readonly address: Address }[] {
  return Array.from({ length: size }, (_, i) => ({ id: i + 1, address: parseAddress(`127.0.0.1:${7_401 + i}`)! }))
}
