/**
 * One server with its disk, as a value: a step makes another one and leaves this as it was. Time is taken out of it: after
 * every step each clock reading of the core is shifted as if it were 0 ms again, so that no timer fires by itself.
 */
import { assert } from '../../base/assert.js'
import { Raft } from '../../raft/raft.js'
import type { Entry, HardState, Incarnation, LogIndex, RaftOptions, ServerId, SnapshotMeta } from '../../raft/types.js'
import { entryOverheadBytes } from '../../raft/types.js'
import type { SearchSettings } from './options.js'
import { canonicalText, copyOf } from './records.js'

/** An append that was handed to storage and is not durable yet. */
export interface Write {
  readonly writeId: number
  readonly entries: readonly Entry[]
}

/** A snapshot with what it covers: entries from the first one on. */
export interface Snapshot {
  readonly meta: SnapshotMeta
  readonly covered: readonly Entry[]
}

/** What is durable. */
export interface Disk {
  readonly hardState: HardState
  /** The log from index 1 on. What the snapshot covers counts as there, whether the log has it or not. */
  readonly entries: readonly Entry[]
  readonly snapshotIndex: LogIndex
  /** Up to where the log is gone. */
  readonly baseIndex: LogIndex
}

export interface Node extends Disk {
  readonly raft: Raft
  hardState: HardState
  entries: readonly Entry[]
  snapshotIndex: LogIndex
  baseIndex: LogIndex
  /** Of its disk: another one after each that was lost. */
  incarnation: Incarnation
  /** Of a leader, complete, and not durable in its place. */
  received: Snapshot | null
  /** On its way to be durable. */
  installing: Snapshot | null
  /** In the order in which they become durable. */
  writes: readonly Write[]
}

export const heartbeatMs = 20
const electionTimeoutMs = 100
/** Beyond every retransmission timeout. */
export const longMs = 1_000_000

/** Bytes of payload in every command (step.ts). */
export const commandBytes = 2

/** Of the first disk of every server. */
export const firstIncarnation = 1

function optionsOf(id: ServerId, incarnation: Incarnation, settings: SearchSettings): RaftOptions {
  return {
    id,
    voters: settings.ids,
    incarnation,
    mayFound: incarnation <= firstIncarnation,
    seed: 1,
    heartbeatMs,
    electionTimeoutMs,
    uncommittedBytesMax: 1_000_000,
    unpersistedBytesMax: 1_000_000,
    // A little more or less, as the entries are commands or no-ops: the number of entries is the same for few of them.
    appendBytesMax: settings.appendEntriesMax * (entryOverheadBytes + commandBytes),
    windowBytesMax: 1_000_000,
  }
}

/** A server that starts for the first time. */
export const emptyDisk: Disk = {
  hardState: { currentTerm: 0, votedFor: 0 },
  entries: [],
  snapshotIndex: 0,
  baseIndex: 0,
}

/** A server that starts from its disk. */
export function startNode(id: ServerId, incarnation: Incarnation, settings: SearchSettings, disk: Disk): Node {
  const { hardState, entries, snapshotIndex, baseIndex } = disk
  const recovered = {
    hardState,
    snapshotIndex,
    snapshotTerm: termAt(entries, snapshotIndex),
    baseIndex,
    baseTerm: termAt(entries, baseIndex),
    entries: entries.slice(baseIndex),
  }
  const raft = new Raft(optionsOf(id, incarnation, settings), recovered, 0)
  const nothing = { writes: [], received: null, installing: null }
  return { raft, hardState, entries, snapshotIndex, baseIndex, incarnation, ...nothing }
}

function termAt(entries: readonly Entry[], index: LogIndex): number {
  return index === 0 ? 0 : entries[index - 1]!.term
}

export function copyNode(node: Node): Node {
  return { ...node, raft: copyOf(node.raft) }
}

export function nodeText({ raft, ...rest }: Node): string {
  const { hardState, entries, writes, snapshotIndex, baseIndex, received, installing } = rest
  const disk = `${hardState.currentTerm}.${hardState.votedFor} ${canonicalText(entries)} ${canonicalText(writes)}`
  const snapshots = `${snapshotIndex} ${baseIndex} ${canonicalText(received)} ${canonicalText(installing)}`
  return `S${raft.server.id} ${disk} ${snapshots} ${canonicalText(raft.server)}`
}

/**
 * The snapshot that is being installed is durable, with the reset of the log or without: a log that does not hold the last
 * entry that it covers begins anew, now or when the server starts again (S03).
 */
export function makeSnapshotDurable(node: Node): void {
  const { installing, entries } = node
  assert(installing !== null, 'a snapshot is being installed')
  const { lastIncludedIndex: index, lastIncludedTerm: term } = installing.meta
  node.installing = null
  node.snapshotIndex = index
  if (entries[index - 1]?.term === term) return
  node.entries = installing.covered
  node.baseIndex = index
}

/** The oldest `count` writes are durable: each replaces what stands at its place, and all that follow (ready.ts, 3). */
export function makeDurable(node: Node, count: number): void {
  for (const { entries } of node.writes.slice(0, count)) {
    const first = entries[0]
    assert(first !== undefined && first.index <= node.entries.length + 1, 'the log on disk has no gap')
    node.entries = [...node.entries.slice(0, first.index - 1), ...entries]
  }
  node.writes = node.writes.slice(count)
}

/** Has it applied something since its last snapshot, all of it on its disk, and receives no other one? */
export function maySnapshot({ raft, snapshotIndex, installing }: Node): boolean {
  const { lastApplied, persistedIndex } = raft.server
  return installing === null && lastApplied > snapshotIndex && lastApplied <= persistedIndex
}

/**
 * It is 0 ms again, where it was `now`, and what only matters to timers is forgotten: estimates of round trips, backoff,
 * random draws. Leaders were heard so long ago that nobody refuses a vote for their sake. Writes are numbered from 1.
 */
export function resetTime(node: Node, now: number): void {
  const { server } = node.raft
  const { role } = server
  server.electionDeadlineMs = 0
  server.leaderHeardMs = -Infinity
  server.failedCampaigns = 0
  server.reports.length = 0
  if (role.name === 'follower') {
    role.accepted.dueMs = since(role.accepted.dueMs, now)
    if (role.gap !== null) role.gap.rejectMs = longMs
  } else if (role.name !== 'leader') role.askAgainMs = since(role.askAgainMs, now)
  else {
    for (const peer of role.peers.values()) {
      const { probeSentMs, lastSentMs, inflight } = peer
      Object.assign(peer, {
        probeSentMs: since(probeSentMs, now),
        probeBytes: 0,
        lastSentMs: since(lastSentMs, now),
        lastHeardMs: -longMs,
        inflight: inflight.map(sent => ({ ...sent, sentMs: since(sent.sentMs, now), isFirst: false })),
        retransmissions: 0,
        roundTripMs: 0,
        roundTripVariationMs: 0,
        backoff: 1,
        isAmbiguous: false,
        sentIndex: 0,
      })
      if (peer.kept !== null) peer.kept.movedMs = 0
    }
    role.handOverMs = 0
    const { transfer } = role
    if (transfer !== null) {
      role.transfer = { to: transfer.to, sentMs: since(transfer.sentMs, now), giveUpMs: electionTimeoutMs }
    }
  }
  const numbered = server.outstandingWrites[0]?.writeId ?? server.nextWriteId
  if (numbered === 1) return
  const shift = numbered - 1
  server.nextWriteId -= shift
  server.outstandingWrites = server.outstandingWrites.map(write => ({ ...write, writeId: write.writeId - shift }))
  node.writes = node.writes.map(write => ({ ...write, writeId: write.writeId - shift }))
}

/** Readings taken at `now` or due after it are told from 0; older ones stay, and are in the past all the same. */
function since(ms: number, now: number): number {
  return ms >= now ? ms - now : ms
}
