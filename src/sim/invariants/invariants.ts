/**
 * Everything that must hold of a whole cluster, asked after every step of whichever server the step has changed. Each
 * rule stands in a file of its own; here is only what is asked when. Where nothing of a server has moved, nothing can be
 * newly wrong, so most steps cost a few comparisons.
 */
import { checkState } from '../../raft/invariants.js'
import type { Node } from '../../node/node.js'
import type { ReplicatedState } from '../../node/replicated-state.js'
import type { HardState, LogIndex, Message, ServerId } from '../../raft/types.js'
import { BoundedMemory } from './bounded-memory.js'
import { Committed } from './committed.js'
import { ElectionSafety } from './election-safety.js'
import { ExactlyOnce } from './exactly-once.js'
import { FreshReads } from './fresh-reads.js'
import { checkLeaderAppendOnly } from './leader-append-only.js'
import { checkLeaderCompleteness } from './leader-completeness.js'
import { LogMatching } from './log-matching.js'
import { checkNothingGoesBack } from './nothing-goes-back.js'
import { OneVote } from './one-vote.js'
import { Promises } from './promises.js'
import { SameSnapshots } from './same-snapshots.js'
import { StateMachineSafety } from './state-machine-safety.js'
import { WatchedServer } from './watched-server.js'
import { WholeMessages } from './whole-messages.js'

/** What an observer of the run wants to know beside: for the trace and the table of what was exercised. */
export interface InvariantsWatch {
  roleChanged(watched: WatchedServer): void
  logChanged(watched: WatchedServer): void
  committed(watched: WatchedServer): void
}

interface Watched {
  readonly watched: WatchedServer
  readonly state: ReplicatedState
  readonly reads: FreshReads
  /** What the state machine had applied at the step before. */
  applied: LogIndex
  spokenTerm: number
}

export class Invariants {
  readonly elections = new ElectionSafety()
  readonly committed = new Committed()
  readonly exactlyOnce = new ExactlyOnce()
  readonly stateMachines = new StateMachineSafety()
  readonly snapshots = new SameSnapshots()
  readonly messages = new WholeMessages()
  readonly memory = new BoundedMemory()
  watch: InvariantsWatch | null = null
  private readonly matching = new LogMatching()
  private readonly votes = new OneVote()
  private readonly promises = new Promises()
  private readonly servers = new Map<ServerId, Watched>()

  /** A server has started: what it recovered is judged, and it is watched from now on. */
  begun({ raft: { server }, state }: Pick<Node, 'raft' | 'state'>): void {
    this.promises.recovered(server, this.votes.of(server.id, server.currentTerm))
    const watched = new WatchedServer(server)
    watched.lookAtLog()
    this.matching.check(watched)
    // What a snapshot restored is the state at its last entry, as whoever applied that has it.
    if (state.lastApplied > 0) this.stateMachines.reached(server.id, state.lastApplied, state.sessions.stateHash)
    this.servers.set(server.id, {
      watched,
      state,
      reads: new FreshReads(),
      applied: state.lastApplied,
      spokenTerm: 0,
    })
    this.watch?.roleChanged(watched)
  }

  /** A server has ended: what it promised is remembered, unless its disk lies. */
  ended(id: ServerId, diskLies: boolean): void {
    const known = this.servers.get(id)
    if (known === undefined) return
    this.servers.delete(id)
    if (diskLies) this.promises.forget(id)
    else this.promises.ended(known.watched.server, known.spokenTerm)
  }

  /** A server has lost its disk: it has forgotten what it promised, and must not be taken at its word before it is admitted. */
  wiped(id: ServerId): void {
    this.promises.forget(id)
    this.votes.forget(id)
  }

  /** A message leaves. */
  sent(from: ServerId, to: ServerId, message: Message, durable: HardState | null): void {
    this.votes.sent(to, message, durable)
    const known = this.servers.get(from)
    if (known !== undefined && message.term > known.spokenTerm) known.spokenTerm = message.term
  }

  /** The state of this server may have changed. */
  afterStep(id: ServerId): void {
    const known = this.servers.get(id)
    if (known === undefined) return
    const { watched } = known
    const { server } = watched
    checkNothingGoesBack(watched)
    if (watched.logHasChanged) {
      watched.lookAtLog()
      checkLeaderAppendOnly(watched)
      this.committed.checkKept(watched)
      this.matching.check(watched)
      this.watch?.logChanged(watched)
    }
    if (server.role !== watched.role || server.currentTerm !== watched.currentTerm) this.roleChanged(watched)
    if (server.commitIndex !== watched.commitIndex) this.commitIndexMoved(watched)
    watched.lastApplied = server.lastApplied
    const { state } = known
    if (state.lastApplied !== known.applied) {
      known.applied = state.lastApplied
      this.stateMachines.reached(id, state.lastApplied, state.sessions.stateHash)
    }
    known.reads.check(watched, this.committed.lastIndex)
    checkState(server)
  }

  private roleChanged(watched: WatchedServer): void {
    const { server } = watched
    watched.role = server.role
    watched.currentTerm = server.currentTerm
    if (server.role.name === 'leader' && this.elections.leads(server.id, server.currentTerm)) {
      checkLeaderCompleteness(server, this.committed)
    }
    this.watch?.roleChanged(watched)
  }

  private commitIndexMoved(watched: WatchedServer): void {
    const isNew = this.committed.advance(watched)
    watched.commitIndex = watched.server.commitIndex
    this.watch?.committed(watched)
    if (!isNew) return
    for (const { watched: other } of this.servers.values()) {
      if (other.server.role.name === 'leader') checkLeaderCompleteness(other.server, this.committed)
    }
  }
}
