/**
 * What must always hold, in two kinds: within a state, and between two states of the same server. Tests and simulations
 * call both after every fact; a server calls the first when it starts.
 */
import { assert } from '../base/assert.js'
import { counts, countedMatchIndex, countedValues } from './admission.js'
import { matchIndexOf } from './append-entries.js'
import { isSameEntry } from './entry-list.js'
import { heldBytesMax, heldMessagesMax, type Gap } from './held-appends.js'
import { entriesBytes } from './log.js'
import { quorumIndex } from './quorum.js'
import type { Follower, Server } from './server.js'
import type { Entry, Incarnation, LogIndex, RoleName, ServerId, Term } from './types.js'

/** What must hold in every state. */
export function checkState(server: Server): void {
  const { log, role } = server
  assert(server.lastApplied <= server.commitIndex, 'lastApplied <= commitIndex')
  assert(server.commitIndex <= log.lastIndex, 'commitIndex <= lastLogIndex')
  assert(log.baseIndex <= server.snapshotIndex, 'what is not in the log is in a snapshot')
  assert(log.termAt(server.snapshotIndex) === server.snapshotTerm, 'the log agrees with the snapshot')
  assert(server.snapshotIndex <= server.lastApplied, 'what a snapshot covers is applied')
  assert(server.snapshotIndex <= server.persistedIndex, 'what a snapshot covers is durable')
  assert(server.persistedIndex <= server.handedIndex, 'only what was handed to storage is persisted')
  assert(server.handedIndex <= log.lastIndex, 'only what is in the log was handed to storage')
  assert(log.lastTerm <= server.currentTerm, 'no entry has a term above currentTerm')
  let before = 0
  for (const write of server.outstandingWrites) {
    assert(write.writeId > before && write.writeId < server.nextWriteId, 'writes are handed out in order')
    assert(write.lastIndex <= server.handedIndex, 'an outstanding write claims nothing that was replaced')
    before = write.writeId
  }
  const { installing } = server
  if (installing !== null) {
    const { lastIncludedIndex, lastIncludedTerm } = installing.meta
    assert(server.lastApplied < lastIncludedIndex, 'nothing is applied while a snapshot is installed')
    const agrees = log.termAt(lastIncludedIndex) === lastIncludedTerm
    assert(agrees === !installing.resetsLog, 'a log that agrees with the snapshot is kept, any other is not')
    assert(role.name !== 'leader' || agrees, 'a leader holds what a snapshot covers')
  }
  if (role.name === 'follower') {
    assert(role.verifiedIndex <= log.lastIndex, 'verifiedIndex <= lastLogIndex')
    assert(role.reportedMatchIndex <= role.verifiedIndex, 'only what was verified is acknowledged')
    assert(matchIndexOf(server, role) <= server.persistedIndex, 'only what is durable is acknowledged')
    if (role.gap !== null) checkGap(server, role, role.gap)
  } else if (role.name === 'leader') {
    assert(role.term === server.currentTerm, 'a leader leads its own term')
    assert(server.votedFor === server.id, 'a leader voted for itself')
    const isNoopGone = role.openingIndex < log.baseIndex
    assert(isNoopGone || log.termAt(role.openingIndex) === role.term, 'a leader keeps the no-op of its term')
    for (const peer of role.peers.values()) {
      assert(peer.nextIndex > peer.matchIndex, 'nextIndex > matchIndex')
      assert(peer.matchIndex <= peer.acceptedIndex, 'what is matched was accepted')
      assert(peer.nextIndex <= log.lastIndex + 1, 'nextIndex does not pass the end of the log')
      const isInLog = peer.nextIndex > log.baseIndex
      assert(isInLog || peer.state === 'snapshot', 'what a peer needs next is in the log, or it needs a snapshot')
      const isAppended = peer.inflight.length > 0 || peer.inflightBytes > 0
      assert(!isAppended || peer.state !== 'snapshot', 'no entries go to a peer that needs a snapshot')
    }
    assert(counts(server, server.id, server.incarnation), 'a leader is admitted')
    const matched = countedValues(server, role, server.persistedIndex, peer => countedMatchIndex(server, peer), 0)
    // What a lost incarnation had acknowledged stays committed.
    const hasLost = [...role.peers.values()].some(({ former }) => former.length > 0)
    const commitsOwn = log.termAt(server.commitIndex) === role.term && !hasLost
    assert(!commitsOwn || server.commitIndex <= quorumIndex(matched), 'a majority holds what a leader committed')
  } else {
    const ownTerm = role.name === 'candidate' ? server.currentTerm : server.currentTerm + 1
    assert(role.campaignTerm === ownTerm, 'a campaign is for its own term')
    assert(role.name !== 'candidate' || server.votedFor === server.id, 'a candidate voted for itself')
  }
}

function checkGap({ log, currentTerm }: Server, { leaderId, verifiedIndex }: Follower, gap: Gap): void {
  assert(verifiedIndex > 0, 'nothing is held before something was accepted')
  assert(gap.prevLogIndex > log.lastIndex, 'a gap lies beyond the end of the log')
  let before = log.lastIndex
  let bytes = 0
  for (const { term, from, prevLogIndex, entries } of gap.held) {
    assert(term === currentTerm && from === leaderId, "what is held is of this term's leader")
    assert(prevLogIndex > before, 'what is held lies beyond the end of the log, in order')
    before = prevLogIndex
    bytes += entriesBytes(entries)
  }
  assert(bytes === gap.heldBytes, 'the bytes that are held are counted')
  assert(gap.held.length <= heldMessagesMax && bytes <= heldBytesMax, 'what is held is bounded')
}

/** What `checkStep` remembers of a state: enough to compare, cheap to take. */
export interface StateBefore {
  readonly currentTerm: Term
  readonly votedFor: ServerId
  readonly commitIndex: LogIndex
  readonly lastApplied: LogIndex
  readonly role: RoleName
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  readonly baseIndex: LogIndex
  readonly snapshotIndex: LogIndex
  readonly committedLast: Entry | null
  /** Where the log ends, if it agrees with the snapshot that is being installed. */
  readonly keptLastIndex: LogIndex
  readonly matchIndexes: ReadonlyMap<ServerId, { readonly incarnation: Incarnation; readonly matchIndex: LogIndex }>
}

export function stateBefore(server: Server): StateBefore {
  const { log, role, commitIndex, installing } = server
  const peers = role.name === 'leader' ? [...role.peers.values()] : []
  return {
    currentTerm: server.currentTerm,
    votedFor: server.votedFor,
    commitIndex,
    lastApplied: server.lastApplied,
    role: role.name,
    lastIndex: log.lastIndex,
    lastTerm: log.lastTerm,
    baseIndex: log.baseIndex,
    snapshotIndex: server.snapshotIndex,
    committedLast: commitIndex > log.baseIndex ? log.at(commitIndex) : null,
    keptLastIndex: installing !== null && !installing.resetsLog ? log.lastIndex : 0,
    matchIndexes: new Map(peers.map(({ id, incarnation, matchIndex }) => [id, { incarnation, matchIndex }])),
  }
}

/** What must hold between a state and the next one of the same server. */
export function checkStep(before: StateBefore, server: Server): void {
  const { log, role } = server
  assert(server.currentTerm >= before.currentTerm, 'currentTerm never goes back')
  assert(server.commitIndex >= before.commitIndex, 'commitIndex never goes back')
  assert(server.lastApplied >= before.lastApplied, 'lastApplied never goes back')
  assert(server.snapshotIndex >= before.snapshotIndex, 'a snapshot never goes back')
  assert(log.baseIndex >= before.baseIndex, 'the base of the log never goes back')
  assert(log.lastIndex >= before.keptLastIndex, 'entries behind a snapshot that agree with it stay')
  const sameTerm = server.currentTerm === before.currentTerm
  if (sameTerm && before.votedFor !== 0) assert(server.votedFor === before.votedFor, 'one vote in a term (K16)')
  if (sameTerm && before.role === 'leader') {
    assert(role.name === 'leader' || role.name === 'follower', 'a leader that steps down becomes a follower')
  }
  if (before.role === 'leader' && role.name === 'leader' && sameTerm) {
    assert(log.lastIndex >= before.lastIndex, 'Leader Append-Only: the log of a leader only grows')
    assert(log.termAt(before.lastIndex) === before.lastTerm, 'Leader Append-Only: its entries stay')
    for (const [id, { incarnation, matchIndex }] of before.matchIndexes) {
      const peer = role.peers.get(id)!
      assert(
        peer.matchIndex >= matchIndex || peer.incarnation !== incarnation,
        'matchIndex never goes back within a term',
      )
    }
  }
  const { committedLast } = before
  if (committedLast !== null && committedLast.index > log.baseIndex) {
    assert(isSameEntry(log.at(committedLast.index), committedLast), 'a committed entry is never replaced')
  }
}
