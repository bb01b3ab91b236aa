/**
 * Whole clusters in one process and on one clock: real nodes and real clients, simulated disks and network, all chance
 * from one seed. What every server applies and leads is written down and compared as it happens: State Machine Safety
 * and Election Safety are watched in every test.
 */
import { Prng } from '../../src/base/prng.js'
import { ClientCore } from '../../src/client/client-core.js'
import { KvStore } from '../../src/kv/store.js'
import type { ServerStatus } from '../../src/node/status.js'
import type { ApplyContext, StateMachine } from '../../src/session/types.js'
import { parseAddress } from '../../src/transport/address.js'
import type { Faults } from '../../src/transport/socket-faults.js'
import { FaultySocket } from '../../src/transport/socket-faults.js'
import { Transport } from '../../src/transport/transport.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork } from '../support/fake-network.js'
import { Client, latin1, RawClient } from './clients.js'
import { membersOf, ServerProcess } from './process.js'

/** What the servers applied, by revision: it must be the same on all of them, also after restarts. */
class AppliedLog {
  private readonly lines: string[] = []
  private readonly revisionsOf = new Map<string, number[]>()

  /** Throws where another server applied something else at this revision. */
  record(id: number, { index, revision }: ApplyContext, command: Uint8Array, stateHash: number): void {
    const text = latin1(command)
    const line = `${index} ${stateHash} ${text}`
    const known = this.lines[revision]
    if (known === undefined) {
      this.lines[revision] = line
      const revisions = this.revisionsOf.get(text)
      if (revisions === undefined) this.revisionsOf.set(text, [revision])
      else revisions.push(revision)
    } else if (known !== line) {
      throw new Error(`server ${id} applied '${line}' at revision ${revision}, another one '${known}'`)
    }
  }

  /** The revisions at which a command was executed. */
  of(command: Uint8Array): readonly number[] {
    return this.revisionsOf.get(latin1(command)) ?? []
  }
}

class WatchedStore implements StateMachine {
  private readonly store = new KvStore()
  private readonly id: number
  private readonly cluster: Cluster

  constructor(id: number, cluster: Cluster) {
    this.id = id
    this.cluster = cluster
  }

  get stateHash(): number {
    return this.store.stateHash
  }

  apply(command: Uint8Array, context: ApplyContext): Uint8Array {
    this.cluster.onApply()
    const result = this.store.apply(command, context)
    this.cluster.applied.record(this.id, context, command, this.store.stateHash)
    return result
  }

  query(request: Uint8Array): Uint8Array {
    return this.store.query(request)
  }

  snapshot(): Iterable<Uint8Array> {
    return this.store.snapshot()
  }

  restore(chunks: Iterable<Uint8Array>): void {
    this.store.restore(chunks)
  }
}

export interface ClusterOptions {
  readonly seed?: number
  readonly size?: number
  /** Ids of the servers that run from the beginning; all by default. */
  readonly start?: readonly number[]
}

export class Cluster {
  readonly clock = new FakeClock()
  readonly network: FakeNetwork
  readonly servers: readonly ServerProcess[]
  readonly applied = new AppliedLog()
  readonly seed: number
  /** Called before any server applies a command. */
  onApply: () => void = () => undefined
  /** Called for each line of any server's log. */
  onLine: () => void = () => undefined
  /** Lines of all servers' logs. */
  readonly lines: string[] = []
  private readonly leaders = new Map<number, number>()
  private readonly violations: string[] = []
  private clients = 0
  private faults: Partial<Faults> = {}
  private readonly clientSockets: FaultySocket[] = []

  constructor({ seed = 1, size = 3, start }: ClusterOptions = {}) {
    this.seed = seed
    this.network = new FakeNetwork(this.clock, { seed, delayFromMs: 0.05, delayToMs: 0.4 })
    const members = membersOf(size)
    this.servers = members.map(
      ({ id }) =>
        new ServerProcess({
          id,
          seed,
          members,
          network: this.network,
          newMachine: id => new WatchedStore(id, this),
          onLine: (id, fields, line) => this.line(id, fields, line),
        }),
    )
    for (const server of this.servers) if (start?.includes(server.id) !== false) server.start()
  }

  server(id: number): ServerProcess {
    return this.servers[id - 1]!
  }

  statusOf(id: number): ServerStatus | null {
    return this.server(id).node?.status() ?? null
  }

  /** The server that leads the highest term, or null. One that is cut off may believe the same of an older term. */
  get leader(): ServerProcess | null {
    let best: ServerStatus | null = null
    for (const { id } of this.servers) {
      const status = this.statusOf(id)
      if (status?.role === 'leader' && (best === null || status.term > best.term)) best = status
    }
    return best === null ? null : this.server(best.id)
  }

  followers(): readonly ServerProcess[] {
    return this.servers.filter(server => server !== this.leader && server.isRunning)
  }

  /** Turns the clock. Throws where safety is broken or a server has ended by itself. */
  runFor(durationMs: number): void {
    const until = this.clock.now() + durationMs
    while (this.clock.now() < until) {
      this.clock.runUntil(Math.min(until, this.clock.now() + 20))
      this.network.sent.length = 0
      this.check()
    }
  }

  /** Turns the clock until `reached`, for so long at most; whether it was. */
  runUntil(reached: () => boolean, withinMs = 5_000): boolean {
    const until = this.clock.now() + withinMs
    while (!reached()) {
      if (this.clock.now() >= until) return false
      this.clock.runUntil(this.clock.now() + 2)
      this.network.sent.length = 0
      this.check()
    }
    return true
  }

  /** Waits for a leader that knows that it leads, and returns it. */
  elect(withinMs = 5_000): ServerProcess {
    if (!this.runUntil(() => this.leader !== null, withinMs)) throw new Error(`no leader within ${withinMs} ms`)
    return this.leader!
  }

  /** All servers run, have one leader among them, and have applied the same. */
  get isSettled(): boolean {
    const statuses = this.servers.map(({ id }) => this.statusOf(id))
    const [first] = statuses
    if (first === null || first === undefined) return false
    return statuses.every(
      status =>
        status !== null &&
        status.leaderId !== 0 &&
        status.leaderId === first.leaderId &&
        status.term === first.term &&
        status.lastApplied === first.lastApplied &&
        status.lastApplied === status.lastLogIndex &&
        status.revision === first.revision,
    )
  }

  /** What befalls every datagram from now on. */
  setFaults(faults: Partial<Faults>): void {
    this.faults = faults
    for (const server of this.servers) server.setFaults(faults)
    for (const socket of this.clientSockets) socket.faults = { ...socket.faults, ...faults }
  }

  /** Cuts a server off from the other servers, in both directions; clients reach it. */
  isolate(id: number): void {
    const { address } = this.server(id)
    for (const other of this.servers) {
      if (other.id === id) continue
      this.network.cut(address, other.address)
      this.network.cut(other.address, address)
    }
  }

  client(): Client {
    const port = 9_000 + this.clients++
    const seed = this.seed * 1_000 + this.clients
    const socket = new FaultySocket(this.network.open(port), this.clock, { seed, ...this.faults })
    this.clientSockets.push(socket)
    const transport = new Transport(
      socket,
      this.clock,
      { clusterId: 0, sender: 0, incarnation: 0, bootNonce: new Prng(seed, 9).id(), datagramBytesMax: () => 1_200 },
      null,
    )
    const core = new ClientCore(transport, this.clock, {
      endpoints: this.servers.map(({ address }) => address),
      seed,
      resolve: (text, found) => found(parseAddress(text)),
    })
    return new Client(this, core, parseAddress(`127.0.0.1:${port}`)!)
  }

  /** A client that repeats nothing and follows nobody: each datagram is the test's. */
  rawClient(): RawClient {
    const port = 9_000 + this.clients++
    const transport = new Transport(
      this.network.open(port),
      this.clock,
      { clusterId: 0, sender: 0, incarnation: 0, bootNonce: 5_000 + port, datagramBytesMax: () => 1_200 },
      null,
    )
    return new RawClient(this, transport)
  }

  /** A transport in the place of a server that does not run. */
  impersonate(id: number): Transport {
    const { address } = this.server(id)
    const transport = new Transport(
      this.network.open(address.port),
      this.clock,
      { clusterId: 77, sender: id, incarnation: id, bootNonce: id, datagramBytesMax: () => 1_200 },
      () => 1,
    )
    for (const other of this.servers) if (other.id !== id) transport.addPeer(other.id, other.address)
    return transport
  }

  /** Throws what was found wrong since the start. */
  check(): void {
    for (const { failure, id } of this.servers) {
      if (failure !== null && !this.mayFail.has(id)) throw failure
    }
    if (this.violations.length > 0) throw new Error(this.violations.join('; '))
  }

  /** Servers whose end is part of the test. */
  readonly mayFail = new Set<number>()

  private line(id: number, fields: object, line: string): void {
    this.lines.push(`${Math.round(this.clock.now())} server ${id}: ${line}`)
    this.onLine()
    if (!('role' in fields) || fields.role !== 'leader' || !('term' in fields)) return
    const term = fields.term as number
    const other = this.leaders.get(term)
    if (other !== undefined && other !== id) this.violations.push(`servers ${other} and ${id} both lead term ${term}`)
    this.leaders.set(term, id)
  }
}
