/**
 * One server machine of a simulated cluster: the production Node, Transport and Storage over a simulated clock, socket and
 * disk. Its process can be killed, lose the power, be stopped cleanly, stand still, go on, and start again.
 */
import { hashBytes } from '../base/hash.js'
import type { Logger } from '../base/logger.js'
import { Prng } from '../base/prng.js'
import { Node } from '../node/node.js'
import type { ReplicatedState } from '../node/replicated-state.js'
import { StartingState } from '../node/restore-state.js'
import type { HardState, Message, ServerId, SnapshotMeta } from '../raft/types.js'
import type { ApplyContext } from '../session/types.js'
import type { Snapshots } from '../storage/snapshots.js'
import type { OpenedStorage } from '../storage/open-storage.js'
import { openStorage } from '../storage/open-storage.js'
import type { Address } from '../transport/socket.js'
import { Transport } from '../transport/transport.js'
import type { Link, WireMessage } from '../transport/types.js'
import { SimClock, stepKinds } from './clock.js'
import type { Kernel } from './kernel.js'
import { Life } from './kernel.js'
import type { SimNetwork } from './network.js'
import type { SimPlan } from './plan.js'
import type { SimOperation } from '../storage/disk-sim.js'
import { MachineDisk } from './sim-disk.js'
import { SimSocket } from './socket.js'
import type { Tally } from './tally.js'
import { WatchedStore } from './watched-store.js'
import { WatchedTransport } from './watched-transport.js'

/** What the cluster wants to know of a server. */
export interface ServerProcessEvents {
  started(server: ServerProcess): void
  /** A life has ended: `how` in words of the trace. */
  ended(server: ServerProcess, how: 'crash' | 'kill' | 'stop' | 'failed', why: string): void
  /** It runs: its core may be watched. `notes` say what recovery has mended. */
  running(server: ServerProcess, node: Node, notes: readonly string[]): void
  sent(from: ServerId, to: ServerId, message: Message, durable: HardState | null): void
  /** A datagram leaves for the process at this address. */
  departs(server: ServerProcess, bytes: Uint8Array, to: Address): void
  says(from: Address, link: Link, message: WireMessage): void
  hears(at: Address, link: Link, message: WireMessage): void
  applied(id: ServerId, context: ApplyContext, command: Uint8Array, stateHash: number): void
  diskEnded(server: ServerProcess, operation: SimOperation, outcome: string): void
}

export interface ServerProcessOptions {
  readonly id: ServerId
  readonly plan: SimPlan
  readonly members: readonly { readonly id: ServerId; readonly address: Address }[]
  readonly kernel: Kernel
  readonly network: SimNetwork
  readonly tally: Tally
  readonly events: ServerProcessEvents
  /** Whether its core knows which incarnation it is (raft/admission.ts). */
  readonly tellsIncarnations: boolean
}

/** Of every simulated cluster. */
export const clusterId = 77
const silent = (): void => undefined

/** Where disks fill up, every other seed has servers that ask for the space ahead, instead of running into its end. */
function reserveBytesOf({ seed, faults }: SimPlan): number {
  return seed % 2 === 0 && faults.some(({ kind }) => kind === 'full disk') ? 1 : 0
}

const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent }
const nothingSaved: HardState = { currentTerm: 0, votedFor: 0 }
const noMemory = { rssBytes: 0, heapBytes: 0, externalBytes: 0 }

export class ServerProcess {
  readonly id: ServerId
  readonly address: Address
  readonly disk: MachineDisk
  /** Null while it does not run, and while its directory is being opened. */
  node: Node | null = null
  transport: Transport | null = null
  /** What ended its last life, if something broke. */
  failure: Error | null = null
  /** A bit of its files was flipped since it started last: that it refuses to start is right. */
  isDamaged = false
  /** Its disk was lost: whatever it starts on was made to be filled from the others. */
  wasWiped = false
  starts = 0
  private snapshots: Snapshots | null = null
  private readonly options: ServerProcessOptions
  private readonly prng: Prng
  private life: Life | null = null
  private clock: SimClock | null = null
  private durable: HardState | null = null

  constructor(options: ServerProcessOptions) {
    const { id, plan, kernel, tally, members } = options
    this.options = options
    this.id = id
    this.address = members[id - 1]!.address
    this.prng = new Prng(plan.seed, 100 + id)
    this.disk = new MachineDisk({
      kernel,
      prng: new Prng(plan.seed, 200 + id),
      tally,
      fromMs: plan.diskFromMs,
      toMs: plan.diskToMs,
      lies: plan.lyingDisks,
      crash: point => this.crash(point),
      onEnd: (operation, outcome) => {
        if (operation.path === 'data/hard-state' || operation.kind === 'sync') this.durable = null
        options.events.diskEnded(this, operation, outcome)
      },
    })
  }

  /** From its start to its end, also while its directory is being opened. */
  get isRunning(): boolean {
    return this.life !== null
  }

  /** The newest durable snapshot of a server that runs. */
  get newestSnapshot(): SnapshotMeta | null {
    return this.snapshots?.newest ?? null
  }

  get isPaused(): boolean {
    return this.life !== null && this.life.held !== null
  }

  /** What the clock of its present life shows; that of the world while it does not run. */
  get nowMs(): number {
    return this.clock === null ? this.options.kernel.nowMs : this.clock.now()
  }

  /** Starts the process on whatever its disk holds. */
  start(): void {
    const { plan, kernel, network, members, events } = this.options
    if (this.life !== null) return
    this.starts++
    this.failure = null
    this.durable = null
    const life = new Life(this.id)
    const clock = new SimClock(kernel, life, {
      rate: plan.clockRates[this.id - 1]!,
      offsetMs: 1_000 * this.id + this.prng.between(0, 1_000),
      turnMs: plan.turnMs,
    })
    this.life = life
    this.clock = clock
    this.disk.begin(life)
    const socket = new SimSocket(kernel, network, life, clock, this.address)
    events.started(this)
    const starting = new StartingState(
      new WatchedStore((context, command, hash) => events.applied(this.id, context, command, hash)),
    )
    openStorage(
      this.disk.disk,
      {
        directory: 'data',
        serverId: this.id,
        clusterId,
        clusterName: '',
        foundingCluster: members.map(member => `${member.id}=${member.address.key}`).join(','),
        isForRepair: this.wasWiped,
        segmentBytes: plan.segmentBytes,
        reserveBytes: reserveBytesOf(plan),
        prng: new Prng(plan.seed, 1_000 * this.starts + this.id),
        clock,
        onSnapshotChunk: chunk => starting.push(chunk),
      },
      (error, opened) => {
        if (life !== this.life) return
        if (opened === null) return this.failed(error ?? new Error('no storage'))
        const state = starting.end(opened.storage.snapshots.newest)
        if (state instanceof Error) this.failed(state)
        else this.run(socket, clock, opened, state)
      },
    )
  }

  /** kill -9: the machine and what its kernel holds go on. */
  kill(): void {
    if (this.life === null) return
    this.end('kill', '')
    this.disk.disk.kill()
  }

  /** The machine loses power. */
  crash(why = ''): void {
    if (this.life !== null) this.end('crash', why)
    this.disk.crash()
  }

  /** The machine loses its disk; a new one is put in. */
  wipe(): void {
    this.crash('its disk is lost')
    this.disk.erase()
    this.wasWiped = true
    this.isDamaged = false
  }

  /** Does it run as one that has been admitted? */
  get isAdmitted(): boolean {
    return this.node !== null && this.node.raft.status.lastLogIndex > 0 && !this.node.raft.status.isRecovering
  }

  /** Asks it to stop cleanly. */
  stop(): void {
    const { life, node } = this
    if (node === null) return this.kill()
    node.stop(() => {
      if (life !== this.life || this.failure !== null) return
      this.end('stop', '')
      this.disk.disk.kill()
    })
  }

  /** Stands still from now on: SIGSTOP. */
  pause(): void {
    if (this.life !== null) this.life.held ??= []
  }

  resume(): void {
    if (this.life !== null) this.options.kernel.resume(this.life, stepKinds.timer)
  }

  /** How long a turn of its event loop takes from now on. */
  set turnMs(turnMs: number) {
    if (this.clock !== null) this.clock.turnMs = turnMs
  }

  private run(
    socket: SimSocket,
    clock: SimClock,
    { storage, recovered, identity, notes }: OpenedStorage,
    state: ReplicatedState,
  ): void {
    const { plan, members, events } = this.options
    const secret = this.prng.uint32()
    const transport = new Transport(
      socket,
      clock,
      {
        clusterId: identity.clusterId,
        sender: this.id,
        incarnation: identity.incarnation,
        bootNonce: this.prng.id(),
        datagramSizes: () => plan.datagramSizes,
      },
      ({ key }) => secret * 65_536 + (hashBytes(Buffer.from(key), 0) & 0xffff) + 1,
    )
    const node = new Node(
      {
        clock,
        socket,
        transport: new WatchedTransport(transport, {
          says: (link, message) => {
            if (link.serverId !== 0) events.sent(this.id, link.serverId, message as Message, this.durableHardState())
            events.says(this.address, link, message)
          },
          hears: (link, message) => events.hears(this.address, link, message),
        }),
        storage,
        recovered,
        state,
        memory: () => noMemory,
      },
      {
        id: this.id,
        voters: members.map(({ id }) => id),
        incarnation: this.options.tellsIncarnations ? identity.incarnation : 0,
        mayFound: identity.isForRepair !== true,
        members,
        seed: this.prng.uint32(),
        heartbeatMs: plan.heartbeatMs,
        electionTimeoutMs: plan.electionTimeoutMs,
        diskStallMs: plan.electionTimeoutMs,
        uncommittedBytesMax: plan.uncommittedBytesMax,
        unpersistedBytesMax: plan.unpersistedBytesMax,
        snapshotEveryBytes: plan.snapshotEveryBytes,
        appendBytesMax: 1_000,
        windowBytesMax: 64_000,
        logger: silentLogger,
      },
    )
    const { life } = this
    node.onFailure = error => {
      if (life === this.life) this.failed(error)
    }
    socket.onError = error => node.fail(error)
    socket.onDeparture = (bytes, to) => events.departs(this, bytes, to)
    this.node = node
    this.transport = transport
    this.snapshots = storage.snapshots
    events.running(this, node, notes)
  }

  /** What its disk holds of term and vote; null with disks that lie. */
  private durableHardState(): HardState | null {
    if (this.options.plan.lyingDisks) return null
    this.durable ??= this.disk.hardState ?? nothingSaved
    return this.durable
  }

  private failed(error: Error): void {
    this.failure = error
    this.end('failed', error.message)
    this.disk.disk.kill()
  }

  private end(how: 'crash' | 'kill' | 'stop' | 'failed', why: string): void {
    const { life, options } = this
    if (life === null) return
    options.events.ended(this, how, why)
    life.isOver = true
    this.life = null
    this.node = null
    this.transport = null
    this.snapshots = null
    this.clock = null
    options.network.closedAt(this.address)
  }
}
