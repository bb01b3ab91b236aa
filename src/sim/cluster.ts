/**
 * A whole cluster in simulated time: server machines, client machines, the network between them, and the invariants that
 * are asked after every step. What goes wrong with it, and when, comes from outside (faults/, or a story in a test).
 */
import { Prng } from '../base/prng.js'
import type { Node } from '../node/node.js'
import { isDelete } from '../kv/commands.js'
import type { HardState, Message, ServerId } from '../raft/types.js'
import type { ApplyContext } from '../session/types.js'
import type { SimOperation } from '../storage/disk-sim.js'
import { StorageError } from '../storage/storage-error.js'
import type { Address } from '../transport/socket.js'
import { parseAddress } from '../transport/address.js'
import type { Link, WireMessage } from '../transport/types.js'
import { ClientProcess } from './client-process.js'
import { Invariants } from './invariants/invariants.js'
import { memoryCheckMs } from './invariants/bounded-memory.js'
import { InvariantViolation } from './invariants/violation.js'
import { checkWithinWindow } from './invariants/within-window.js'
import { Kernel } from './kernel.js'
import { laneName } from './lanes.js'
import { Load, type LoadEvents } from './load.js'
import { SimNetwork } from './network.js'
import type { SimPlan } from './plan.js'
import { Prober } from './prober.js'
import { ServerProcess } from './server-process.js'
import { Tally } from './tally.js'

/** What an observer wants to know beside; see trace-writer.ts. */
export interface ClusterWatch {
  process(lane: number, what: 'start' | 'crash' | 'kill' | 'stop' | 'pause' | 'resume' | 'failed', why: string): void
  disk(lane: number, operation: SimOperation, outcome: string): void
  invoked(lane: number, operation: number, what: string): void
  answered(lane: number, operation: number, what: string, outcome: 'ok' | 'fail' | 'unknown'): void
  fault(what: string, lanes: readonly number[], forMs: number): void
}

/** A bug of the program that is no broken invariant: something threw. */
export class CrashError extends Error {
  override readonly name = 'CrashError'
}

export class SimCluster {
  readonly plan: SimPlan
  readonly kernel = new Kernel()
  readonly tally = new Tally()
  readonly network: SimNetwork
  readonly servers: readonly ServerProcess[]
  readonly invariants = new Invariants()
  readonly load: Load
  readonly clients: ClientProcess[] = []
  readonly prober: Prober
  watch: ClusterWatch | null = null
  /** Messages that servers sent to servers: for the bound on storms. */
  peerMessages = 0
  private readonly addresses: readonly Address[]
  private clientStarts = 0
  private memoryCheckAtMs = 0
  /** Thrown inside of a server, where it only ended that server. */
  private violation: Error | null = null

  /** `tellsIncarnations`: false for stories of other rules than admission, whose logs hold then what they put there alone. */
  constructor(plan: SimPlan, tellsIncarnations = true) {
    this.plan = plan
    const { kernel, tally } = this
    const { servers, load } = plan
    this.invariants.snapshots.tellsIncarnations = tellsIncarnations
    this.network = new SimNetwork(kernel, new Prng(plan.seed, 1), tally, plan.links)
    this.network.receiveBufferBytes = plan.receiveBufferBytes
    this.network.spreadDelays(new Prng(plan.seed, 3))
    this.addresses = Array.from({ length: servers + load.clients + 2 }, (_, i) => addressOf(i + 1))
    this.addresses.forEach((address, i) => this.network.place(i + 1, address))
    for (const { key } of this.addresses.slice(0, servers + load.clients)) this.invariants.messages.watches(key)
    const members = this.addresses.slice(0, servers).map((address, i) => ({ id: i + 1, address }))
    const events = {
      started: (server: ServerProcess) => this.watch?.process(server.id, 'start', ''),
      running: (server: ServerProcess, node: Node, notes: readonly string[]) => this.running(server, node, notes),
      ended: (server: ServerProcess, how: 'crash' | 'kill' | 'stop' | 'failed', why: string) => {
        this.ended(server, how, why)
      },
      sent: (from: ServerId, to: ServerId, message: Message, durable: HardState | null) => {
        this.peerMessages++
        if (message.type === 'InstallSnapshot') tally.add('snapshot: pieces sent')
        this.noting(() => this.invariants.sent(from, to, message, durable))
      },
      applied: (id: ServerId, { revision }: ApplyContext, command: Uint8Array, stateHash: number) => {
        this.noting(() => this.applied(id, revision, command, stateHash))
      },
      departs: (server: ServerProcess, bytes: Uint8Array, to: Address) => {
        const { transport } = server
        if (transport === null) return
        this.noting(() => checkWithinWindow(`server ${server.id}`, transport.links, bytes, to.key))
      },
      says: (from: Address, _link: Link, message: WireMessage) => {
        this.invariants.messages.says(from.key, message)
      },
      hears: (at: Address, link: Link, message: WireMessage) => {
        this.noting(() => this.invariants.messages.hears(link.address.key, at.key, message))
      },
      diskEnded: (server: ServerProcess, operation: SimOperation, outcome: string) => {
        this.watch?.disk(server.id, operation, outcome)
      },
    }
    this.servers = members.map(
      ({ id }) =>
        new ServerProcess({ id, plan, members, kernel, network: this.network, tally, events, tellsIncarnations }),
    )
    const nameOf = (lane: number): string => laneName(lane, servers)
    const loadEvents: LoadEvents = {
      invoked: (lane, operation, what) => this.watch?.invoked(lane, operation, what()),
      answered: (lane, operation, what, outcome) => {
        this.tally.add(`operation: ${outcome}`)
        this.watch?.answered(lane, operation, what(), outcome)
      },
      acknowledged: (revision, command) => this.invariants.exactlyOnce.acknowledged(revision, command),
    }
    this.load = new Load(kernel, load, new Prng(plan.seed, 2), loadEvents, nameOf)
    for (let i = 0; i < load.clients; i++) this.clients.push(this.newClient(servers + 1 + i))
    this.prober = new Prober({
      kernel,
      network: this.network,
      seed: plan.seed,
      lane: servers + load.clients + 1,
      address: this.addresses[servers + load.clients]!,
      servers: members.map(({ address }) => address),
      keys: load.keys,
      name: nameOf(servers + load.clients + 1),
      history: this.load.history,
      pauseMs: 4 * load.pauseMs + 5,
    })
    kernel.onStep = life => {
      if (this.violation !== null) throw this.violation
      if (life !== null && life.lane <= servers) {
        this.invariants.afterStep(life.lane)
        this.invariants.snapshots.check(life.lane, this.server(life.lane).newestSnapshot)
      }
      if (kernel.nowMs >= this.memoryCheckAtMs) this.checkMemory()
    }
  }

  server(id: ServerId): ServerProcess {
    return this.servers[id - 1]!
  }

  /** All servers start, all clients begin to ask. */
  begin(): void {
    for (const server of this.servers) server.start()
    for (const client of this.clients) this.load.begin(client)
  }

  /** The running server that leads the highest term, or null. */
  get leader(): ServerProcess | null {
    let best: ServerProcess | null = null
    for (const server of this.servers) {
      const raft = server.node?.raft
      if (raft?.isLeader !== true) continue
      if (best === null || raft.currentTerm > best.node!.raft.currentTerm) best = server
    }
    return best
  }

  addressOfLane(lane: number): Address {
    return this.addresses[lane - 1]!
  }

  pause(server: ServerProcess): void {
    if (!server.isRunning || server.isPaused) return
    this.watch?.process(server.id, 'pause', '')
    server.pause()
  }

  resume(server: ServerProcess): void {
    if (!server.isPaused) return
    this.watch?.process(server.id, 'resume', '')
    server.resume()
  }

  /** A client is killed, and another takes its place. */
  replaceClient(place: number): void {
    const client = this.clients[place]!
    client.kill()
    this.load.killed(client)
    this.watch?.process(client.life.lane, 'kill', '')
    this.clients[place] = this.newClient(client.life.lane)
    this.load.begin(this.clients[place])
  }

  /** One that has not been there before: for the end of a run. */
  freshClient(): ClientProcess {
    return this.newClient(this.plan.servers + this.plan.load.clients + 2)
  }

  /** Turns simulated time. Throws what is found to be wrong. */
  runUntil(untilMs: number): void {
    this.kernel.runUntil(untilMs)
  }

  private newClient(lane: number): ClientProcess {
    const { kernel, network, plan, addresses } = this
    this.watch?.process(lane, 'start', '')
    return new ClientProcess({
      kernel,
      network,
      seed: plan.seed,
      lane,
      start: ++this.clientStarts,
      address: addresses[lane - 1]!,
      servers: addresses.slice(0, plan.servers),
      datagramSizes: plan.datagramSizes,
      turnMs: plan.turnMs,
      events: {
        departs: (client, bytes, to) => {
          checkWithinWindow(this.laneName(client.life.lane), client.transport.links, bytes, to.key)
        },
        says: (from, _link, message) => this.invariants.messages.says(from.key, message),
        hears: (at, link, message) => this.invariants.messages.hears(link.address.key, at.key, message),
      },
    })
  }

  /** In the end: a client keeps nothing of what was answered. */
  checkClients(): void {
    for (const client of this.clients) {
      const { core, life } = client
      this.invariants.memory.checkPending(this.laneName(life.lane), core.pendingCount, this.load.outstandingOf(client))
    }
  }

  private laneName(lane: number): string {
    return laneName(lane, this.plan.servers)
  }

  /** What everybody keeps, each while. */
  private checkMemory(): void {
    const { kernel, network, invariants } = this
    const { memory } = invariants
    this.memoryCheckAtMs = kernel.nowMs + memoryCheckMs
    for (const { id, transport, node } of this.servers) {
      if (transport === null || node === null) continue
      memory.checkLinks(`s${id}`, [...transport.links], network.receiveBufferBytes)
      const { role } = node.raft.server
      if (role.name === 'follower') memory.checkGap(`s${id}`, role.gap)
    }
    for (const client of this.clients) {
      const who = this.laneName(client.life.lane)
      memory.checkLinks(who, [...client.transport.links], network.receiveBufferBytes)
    }
  }

  /** What is found to be wrong inside of a server would end only that server. */
  private noting(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.violation ??= error as Error
      throw error
    }
  }

  private running(server: ServerProcess, node: Node, notes: readonly string[]): void {
    if (server.starts > 1) this.tally.add('recovery: in all')
    for (const note of notes) {
      this.tally.add(
        note.includes('torn tail') ? 'recovery: torn tail cut off' : 'recovery: slot of term and vote mended',
      )
    }
    // What was damaged is mended now, or was not needed: all that was promised has to be there.
    server.isDamaged = false
    this.invariants.begun(node)
  }

  private ended(server: ServerProcess, how: 'crash' | 'kill' | 'stop' | 'failed', why: string): void {
    this.tally.add(`server: ${how}`)
    this.watch?.process(server.id, how, why)
    this.invariants.ended(server.id, this.plan.lyingDisks)
    if (how === 'failed') this.judgeFailure(server, server.failure!)
  }

  /** A server may end by itself when its disk fails, and refuse to start on a full disk or from damaged files. Nothing else. */
  private judgeFailure(server: ServerProcess, error: Error): void {
    if (error instanceof InvariantViolation) {
      this.violation ??= error
      return
    }
    const code = error instanceof StorageError ? error.code : 'code' in error ? error.code : ''
    if (server.disk.isFailing && (code === 'EIO' || code === 'io')) return
    const isStarting = server.node === null
    if (server.disk.isFull && isStarting && code === 'no-space') return
    if ((server.isDamaged || this.plan.lyingDisks) && isStarting && code === 'corrupt') {
      server.isDamaged = true
      this.tally.add('server: refused damaged files')
      return
    }
    this.violation ??= new CrashError(`server ${server.id}: ${error.message}`, { cause: error })
  }

  private applied(id: ServerId, revision: number, command: Uint8Array, stateHash: number): void {
    this.kernel.note(stateHash)
    this.invariants.stateMachines.applied(id, revision, stateHash)
    // A delete of a key is the same bytes each time; the others carry a value of their own.
    if (!isDelete(command)) this.invariants.exactlyOnce.applied(revision, command)
  }
}

/** Of a lane: each process has a machine of its own. */
function addressOf(lane: number): Address {
  return parseAddress(`10.0.0.${lane}:7400`)!
}
