/**
 * One step of one server: a fact goes into the production core, the turn ends, its consequences are carried out.
 *
 * The contract of ready.ts in steps: a turn, the write of its hard state and the departure of its messages are one step.
 * A crash before the hard state is durable is the crash of the server before the step; a crash between the hard state and
 * the messages is a crash after the step whose messages never arrive, as any message may. A crash and the restart are one
 * step too: a server that is down is one that nothing reaches.
 */
import { assert } from '../../base/assert.js'
import { expectedIncarnation } from '../../raft/admission.js'
import { snapshotMetaOf } from '../../raft/snapshot-meta.js'
import { checkState, checkStep, stateBefore } from '../../raft/invariants.js'
import type { Raft } from '../../raft/raft.js'
import { isEmpty } from '../../raft/ready.js'
import { peersOf } from '../../raft/server.js'
import type {
  Entry,
  Incarnation,
  InstallSnapshot,
  Message,
  OutgoingMessage,
  Ready,
  ServerId,
  SnapshotMeta,
} from '../../raft/types.js'
import { breachOf, checkAcknowledged, checkHardState, checkLeaving, hold } from './local-checks.js'
import {
  copyNode,
  emptyDisk,
  firstIncarnation,
  heartbeatMs,
  longMs,
  makeDurable,
  makeSnapshotDurable,
  resetTime,
  startNode,
  type Node,
  type Snapshot,
} from './node.js'
import type { Breach, SearchSettings } from './options.js'
import { bodyOf, coveredBy, snapshotOf } from './snapshots.js'

/** What can happen to a server. */
export type Fact =
  | {
      readonly what: 'receive'
      readonly message: Message
      readonly incarnation: Incarnation
      readonly isHeld: boolean
    }
  | { readonly what: 'stand' | 'heartbeat' | 'overdue' | 'written' | 'snapshot' | 'installed' | 'wipe' }
  | { readonly what: 'propose'; readonly command: number }
  | { readonly what: 'crash'; readonly writesKept: number; readonly isSnapshotKept: boolean }
  /** `floor`: how much was committed when the read was asked. */
  | { readonly what: 'read'; readonly number: number; readonly floor: number }
  | { readonly what: 'transfer'; readonly to: ServerId }

export interface StepResult {
  readonly node: Node
  readonly messages: readonly OutgoingMessage[]
  readonly applied: readonly Entry[]
  readonly breach: Breach | null
}

/** Reads carry in their token what they must see. */
const floorsMax = 64

export function takeStep(from: Node, fact: Fact, settings: SearchSettings): StepResult {
  const step = new Step(copyNode(from), settings)
  let breach: Breach | null = null
  try {
    step.take(fact)
  } catch (error) {
    breach = breachOf(error)
  }
  const { node, messages, applied } = step
  return { node, messages, applied, breach }
}

/** The state of all servers before anything has happened. */
export function firstNode(id: ServerId, settings: SearchSettings): Node {
  // Incarnations are told apart only where a disk may be lost: they make more states.
  const incarnation = settings.wipes > 0 ? firstIncarnation : 0
  const step = new Step(startNode(id, incarnation, settings, emptyDisk), settings)
  step.endTurn(0)
  return step.node
}

class Step {
  node: Node
  readonly messages: OutgoingMessage[] = []
  readonly applied: Entry[] = []
  private readonly settings: SearchSettings

  constructor(node: Node, settings: SearchSettings) {
    this.node = node
    this.settings = settings
  }

  take(fact: Fact): void {
    switch (fact.what) {
      case 'receive':
        this.change(raft => raft.receive(0, fact.message, fact.incarnation))
        return fact.isHeld ? resetTime(this.node, 0) : this.endTurn(0)
      case 'stand':
        this.stand()
        return this.endTurn(0)
      case 'heartbeat':
        return this.endTurn(heartbeatMs)
      case 'overdue':
        return this.endTurn(longMs)
      case 'written':
        this.written(1)
        return this.endTurn(0)
      case 'snapshot':
        this.takeSnapshot()
        return this.endTurn(0)
      case 'installed':
        this.installed()
        return this.endTurn(0)
      case 'propose':
        this.change(raft => raft.propose(Uint8Array.of(raft.server.id, fact.command)))
        return this.endTurn(0)
      case 'read':
        this.change(raft => raft.readIndex(fact.number * floorsMax + fact.floor))
        return this.endTurn(0)
      case 'transfer':
        this.change(raft => raft.transferLeadership(0, fact.to))
        return this.endTurn(0)
      case 'crash': {
        makeDurable(this.node, fact.writesKept)
        if (fact.isSnapshotKept) makeSnapshotDurable(this.node)
        this.node = startNode(this.node.raft.server.id, this.node.incarnation, this.settings, this.node)
        return this.endTurn(0)
      }
      case 'wipe':
        this.node = startNode(this.node.raft.server.id, this.node.incarnation + 1, this.settings, emptyDisk)
        return this.endTurn(0)
    }
  }

  /** Takes readies until there is nothing more, and carries them out. */
  endTurn(now: number): void {
    for (let readies = 0; ; readies++) {
      assert(readies < 100, 'a turn ends')
      const { node } = this
      const { server } = node.raft
      const before = stateBefore(server)
      const ready = node.raft.takeReady(now)
      // What a step did has the better name.
      checkStep(before, server)
      checkState(server)
      checkAcknowledged(server, node, ready.messages)
      if (isEmpty(ready)) break
      this.carryOut(ready)
    }
    this.sendSnapshots(now)
    resetTime(this.node, now)
  }

  private carryOut(ready: Ready): void {
    const { node } = this
    const { id } = node.raft.server
    if (ready.hardState !== null) {
      checkHardState(id, node.hardState, ready.hardState)
      node.hardState = ready.hardState
    }
    for (const outgoing of ready.messages) checkLeaving(outgoing, node)
    this.messages.push(...ready.messages)
    if (ready.append !== null) node.writes = [...node.writes, ready.append]
    this.applied.push(...ready.committed)
    for (const { token, readIndex } of ready.reads) {
      const floor = token % floorsMax
      hold(
        readIndex >= floor,
        'Linearizable Reads',
        () => `a read at S${id} sees all ${floor} entries that were committed before it, not ${readIndex}`,
      )
    }
    for (const chunk of ready.snapshotChunks) this.receiveSnapshot(chunk)
    if (ready.install !== null) {
      assert(ready.install.meta === node.received?.meta, 'what is installed was received')
      node.installing = node.received
      node.received = null
    }
    if (ready.append !== null && !this.settings.isDiskLater) this.written(node.writes.length)
  }

  private written(count: number): void {
    const last = this.node.writes[count - 1]
    assert(last !== undefined, 'a write is under way')
    makeDurable(this.node, count)
    this.change(raft => raft.persisted(last.writeId))
  }

  /** What has been applied and is on the disk becomes a snapshot, at once, and the log is shortened. */
  private takeSnapshot(): void {
    const { node, settings } = this
    const { lastApplied } = node.raft.server
    const meta = this.metaOf(node.entries.slice(0, lastApplied))
    node.snapshotIndex = lastApplied
    this.change(raft => {
      raft.snapshotTaken(meta)
      node.baseIndex = raft.compactTo(0, lastApplied - settings.trailingEntries)
    })
  }

  /** To each peer that wants one, the newest snapshot, and the same again when it is overdue. */
  private sendSnapshots(now: number): void {
    const { node } = this
    const { raft } = node
    const { role, id, currentTerm } = raft.server
    if (role.name !== 'leader') return
    for (const to of raft.snapshotsWanted) {
      const covered = node.entries.slice(0, node.snapshotIndex)
      const meta = this.metaOf(covered)
      if (role.peers.get(to)!.kept?.meta.lastIncludedIndex === meta.lastIncludedIndex && now < longMs) continue
      this.change(raft => raft.snapshotBegun(now, to, meta))
      const data = bodyOf(covered)
      this.messages.push({
        to,
        message: { type: 'InstallSnapshot', term: currentTerm, from: id, ...meta, offset: 0, data },
      })
    }
  }

  private metaOf(covered: readonly Entry[]): SnapshotMeta {
    const { meta } = snapshotOf(covered, this.settings.ids)
    const admitted = this.node.raft.admittedAt(covered.length)
    return admitted === undefined ? meta : { ...meta, admitted }
  }

  /** Every snapshot comes as one piece. */
  private receiveSnapshot(piece: InstallSnapshot): void {
    const { node } = this
    if (piece.lastIncludedIndex > (node.received?.meta.lastIncludedIndex ?? 0)) {
      node.received = { meta: snapshotMetaOf(piece), covered: coveredBy(piece.data) }
    }
  }

  /** The next step of what was received: it is found to be whole, and then installed unless it is of no use any more. */
  private installed(): void {
    const { received, installing } = this.node
    if (installing !== null) return this.finishInstall(installing)
    assert(received !== null, 'a snapshot was received')
    this.change(raft => raft.snapshotComplete(received.meta))
    if (this.node.raft.server.commitIndex >= received.meta.lastIncludedIndex) this.node.received = null
  }

  /** What was handed to the log before is durable before its reset is. What the snapshot covers counts as applied. */
  private finishInstall({ meta, covered }: Snapshot): void {
    const { node } = this
    if (node.writes.length > 0) this.written(node.writes.length)
    makeSnapshotDurable(node)
    this.applied.push(...covered)
    this.change(raft => raft.snapshotInstalled(meta))
    node.baseIndex = node.raft.server.log.baseIndex
  }

  /** The election timeout passes, or at a leader the time after which silence means that it is alone. */
  private stand(): void {
    this.change(raft => raft.tick(0))
    if (this.settings.arePreVotesAsked) return
    const { server } = this.node.raft
    for (const from of peersOf(server)) {
      const { role, currentTerm: term } = server
      if (role.name !== 'pre-candidate') return
      const { campaignTerm } = role
      const granted = { type: 'RequestVoteReply', from, term, campaignTerm, granted: true, preVote: true } as const
      const incarnation = expectedIncarnation(server, from)
      this.change(raft => raft.receive(0, granted, incarnation))
    }
  }

  private change(fact: (raft: Raft) => void): void {
    const { raft } = this.node
    const before = stateBefore(raft.server)
    fact(raft)
    checkStep(before, raft.server)
    checkState(raft.server)
  }
}
