/**
 * The shell around one raft: facts from the socket, the disk, the clock and the clients go in; once per turn the
 * consequences come out and are carried out in the order that raft/ready.ts demands. The only place where consensus,
 * storage, transport and the state machine meet. Callbacks and ports only, so that a simulator runs this very class.
 */
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/logger.js'
import type { Member } from '../../codec/client-types.js'
import { Raft } from '../raft/raft.js'
import { isEmpty } from '../raft/ready.js'
import type { RaftOptions, Recovered, ServerId } from '../raft/types.js'
import type { Storage } from '../storage/storage.js'
import type { Address, Socket } from '../transport/socket.js'
import type { Link, TransportApi, WireMessage } from '../transport/types.js'
import { ClientService } from './client-service.js'
import { Consequences } from './consequences.js'
import { DiskHealth } from './disk-health.js'
import { Ending } from './ending.js'
import { entryBytesMax, updatePaths } from './peer-paths.js'
import type { ReplicatedState } from './replicated-state.js'
import { Reporter } from './reporter.js'
import { SnapshotService } from './snapshot-service.js'
import type { ServerStatus } from './status.js'
import { describeStatus } from './status.js'
import { TurnSchedule } from './turn-schedule.js'

/** Readies carried out in one turn before the event loop goes round: a long catch-up must not starve the socket. */
const readiesPerTurn = 8

export interface NodeOptions extends RaftOptions {
  /** A disk that has not completed a write for so long is stalled; 0: never. */
  readonly diskStallMs: number
  /** Every server of the cluster, this one included, as in the cluster list. */
  readonly members: readonly { readonly id: ServerId; readonly address: Address }[]
  readonly logger: Logger
  /** A snapshot is taken when the records applied since the last one take so many bytes. */
  readonly snapshotEveryBytes: number
}

export interface NodeParts {
  readonly clock: Clock
  readonly socket: Socket
  readonly transport: TransportApi
  readonly storage: Storage
  readonly recovered: Recovered
  /** As of the newest snapshot (restore-state.ts). */
  readonly state: ReplicatedState
  readonly memory: () => ServerStatus['memory']
}

export class Node {
  private readonly options: NodeOptions
  private readonly clock: Clock
  private readonly transport: TransportApi
  private readonly storage: Storage
  private readonly memory: NodeParts['memory']
  /** For invariants, which look and change nothing. */
  readonly raft: Raft
  readonly state: ReplicatedState
  private readonly clients: ClientService
  private readonly snapshots: SnapshotService
  private readonly diskHealth: DiskHealth
  private readonly peers: readonly Link[]
  private readonly members: readonly Member[]
  private readonly startedMs: number
  private readonly turns: TurnSchedule
  private readonly ending: Ending
  private readonly consequences: Consequences
  /** The term that this server led when it was last looked at, or 0. */
  private ledTerm = 0

  /** Called once when something broke that ended this server: a disk error, a broken invariant. It has stopped. */
  onFailure: (error: Error) => void = () => undefined

  constructor(parts: NodeParts, options: NodeOptions) {
    this.options = options
    this.clock = parts.clock
    this.transport = parts.transport
    this.storage = parts.storage
    this.memory = parts.memory
    this.startedMs = this.clock.now()
    this.raft = new Raft(options, parts.recovered, this.startedMs)
    this.state = parts.state
    this.turns = new TurnSchedule(this.clock, parts.socket, () => this.ending.guard(() => this.turn()))
    this.ending = new Ending({
      raft: this.raft,
      storage: this.storage,
      transport: this.transport,
      turns: this.turns,
      hasPeers: options.members.some(({ id }) => id !== options.id),
      failed: error => this.onFailure(error),
    })
    this.snapshots = new SnapshotService(
      { clock: this.clock, raft: this.raft, state: this.state, storage: this.storage, transport: this.transport },
      options,
      {
        guard: step => this.ending.guard(step),
        fail: error => this.fail(error),
        scheduleTurn: () => this.scheduleTurn(),
      },
    )
    this.clients = new ClientService(
      this.raft,
      this.state,
      this.transport,
      {
        ask: asked => this.snapshots.ask(asked),
        hold: () => this.storage.snapshots.hold(),
        identity: this.storage.snapshots.identity,
        now: () => this.clock.now(),
        guard: step => this.ending.guard(step),
      },
      () => JSON.stringify(this.status()),
    )
    this.diskHealth = new DiskHealth(this.storage, options.diskStallMs, options.logger)
    this.consequences = new Consequences({
      raft: this.raft,
      storage: this.storage,
      transport: this.transport,
      clients: this.clients,
      snapshots: this.snapshots,
      reporter: new Reporter(options.logger),
      turns: this.turns,
      ending: this.ending,
    })
    this.peers = options.members
      .filter(({ id }) => id !== options.id)
      .map(({ id, address }) => this.transport.addPeer(id, address))
    this.members = options.members.map(({ id, address }) => ({ id, address: address.key }))
    // Whether they are heard at their own addresses is to be known before anybody else speaks in their name.
    for (const link of this.peers) this.transport.askForWord(link)
    this.transport.onMessage = (link, message) => this.ending.guard(() => this.receive(link, message))
    this.transport.onHello = (from, nonce) => this.ending.guard(() => this.welcome(from, nonce))
    this.transport.onRoom = () => this.ending.guard(() => this.scheduleTurn())
    this.storage.onPersisted = writeId =>
      this.ending.guard(() => {
        this.raft.persisted(writeId)
        this.scheduleTurn()
      })
    this.storage.onSpace = () => this.ending.guard(() => this.scheduleTurn())
    this.storage.onFatal = error => this.fail(error)
    this.scheduleTurn()
  }

  /** What `raftgram status` shows of this server. */
  status(): ServerStatus {
    return describeStatus({
      raft: this.raft.status,
      options: this.options,
      state: this.state,
      transport: this.transport.status,
      peers: this.peers,
      requests: this.clients.requests,
      waitingQueries: this.clients.waitingQueries,
      storage: this.storage.status,
      snapshots: this.snapshots.status,
      disk: this.diskHealth.stateAt(this.clock.now()),
      memory: this.memory(),
      nowMs: this.clock.now(),
      startedMs: this.startedMs,
      address: this.members.find(({ id }) => id === this.options.id)?.address ?? '',
    })
  }

  /**
   * Hands leadership over if there is a peer to take it, then closes storage and transport, then calls back. Asked again,
   * or of a server that broke, it calls back when all is closed.
   */
  stop(done: () => void): void {
    const now = this.clock.now()
    this.ending.stop(now, now + this.options.electionTimeoutMs, done)
  }

  /** Ends this server at once, because of `error`: nothing more leaves it, and nothing more is written. */
  fail(error: Error): void {
    this.ending.fail(error)
  }

  private receive(link: Link, message: WireMessage): void {
    this.scheduleTurn()
    switch (message.type) {
      case 'RequestVote':
      case 'RequestVoteReply':
      case 'AppendEntries':
      case 'AppendEntriesReply':
      case 'InstallSnapshot':
      case 'TimeoutNow':
        return this.raft.receive(this.clock.now(), message, link.incarnation)
      case 'InstallSnapshotReply':
        this.raft.receive(this.clock.now(), message, link.incarnation)
        return this.snapshots.replied(message)
      case 'Hello':
      case 'OpenSession':
      case 'Write':
      case 'Read':
      case 'StatusRequest':
      case 'SnapshotRequest':
        return this.clients.receive(link, message)
      case 'Welcome':
      case 'Unwelcome':
      case 'Answer':
        return // the transport lets only clients have these
    }
  }

  private welcome(from: Address, nonce: number): void {
    this.transport.welcome(from, {
      type: 'Welcome',
      nonce,
      token: 0, // the transport fills it in
      leaderId: this.raft.leaderId,
      members: this.members,
    })
  }

  private scheduleTurn(): void {
    this.turns.schedule()
  }

  /** Everything that follows from the facts of this turn. */
  private turn(): void {
    if (this.clients.beginTurn()) this.scheduleTurn()
    // Nothing follows from any fact before it is durable; then the turn is taken up again. Answers to clients may go.
    if (this.consequences.isSavingHardState) return this.transport.flush()
    const now = this.clock.now()
    if (this.turns.waitForRest(this.transport.restDueAtMs(now), now)) return this.transport.flush()
    const disk = this.diskHealth.look(now)
    if (disk !== null) this.raft.diskChanged(now, disk)
    if (this.turns.takeTime()) this.raft.tick(now)
    this.noticeLeadership()
    updatePaths(this.raft, this.peers, now)
    this.clients.proposeNewCommands(entryBytesMax(this.peers))
    this.clients.advance()
    const wakeAtMs = this.snapshots.advance(this.peers)
    for (let readies = 0; ; readies++) {
      const ready = this.raft.takeReady(now)
      if (isEmpty(ready)) {
        this.turns.wakeAt(Math.min(ready.deadline, wakeAtMs))
        break
      }
      const isCarriedOut = this.consequences.carryOut(ready)
      if (!isCarriedOut) return this.transport.flush()
      // Executing commands takes longest: what came in meanwhile, a disk's word above all, goes before the next of them.
      if (ready.committed.length > 0 || readies === readiesPerTurn) {
        this.scheduleTurn()
        break
      }
    }
    this.transport.flush()
    this.ending.continueStopping(now)
  }

  /** Whoever waits for a command in the log of a leadership that ended asks the next leader. */
  private noticeLeadership(): void {
    const leadsTerm = this.raft.isLeader ? this.raft.currentTerm : 0
    if (this.ledTerm !== 0 && this.ledTerm !== leadsTerm) this.clients.loseLeadership()
    this.ledTerm = leadsTerm
  }
}
