/**
 * Facts in, consequences out: `takeReady` looks at the state once and derives everything that follows from it.
 *
 * The durability contract, for whoever carries a Ready out:
 * 1. `hardState` (currentTerm, votedFor) is durable before anything else of the same ready happens.
 * 2. `messages` may leave right after that: a leader sends while its own disk works.
 * 3. Entries are written in the order given; an entry at an index already written replaces it and all that follow.
 * 4. `persisted(n)` means: every write up to n is durable. Only then does the core acknowledge, or count itself towards a
 *    majority. A completion never vouches for entries that were replaced since (persistence.ts). persistedIndex may go
 *    back; matchIndex within a term may not.
 * 5. `install`: the snapshot becomes durable; then, for `resetsLog`, a reset of the log, behind all writes handed out before;
 *    then the state machine is restored; only then `snapshotInstalled`. A crash in between leaves a log that does not reach
 *    the snapshot, or does not agree with it: whoever recovers it begins with an empty log behind the snapshot (S03).
 * 6. No room for the log to grow, or for a snapshot, is a refusal and is waited for. Any other error of a write or fsync ends the
 *    process. An fsync is never retried.
 */
import { admitPeers } from './admission.js'
import { replyToLeader, sendRejections } from './append-entries.js'
import { checkQuorumDeadline } from './check-quorum.js'
import { advanceCommitIndex, takeCommitted } from './commit.js'
import { requestVotes } from './election.js'
import { rejectGap } from './held-appends.js'
import { replyToSnapshot, takeChunks, takeInstall } from './install-snapshot.js'
import { takeAppend, takeHardState } from './persistence.js'
import { beginReadRound, takeConfirmedReads } from './read-index.js'
import { nextSendMs, sendAppendEntries } from './replication.js'
import type { Server } from './server.js'
import { handOverDeadline } from './sick-disk.js'
import { sendTimeoutNow } from './transfer.js'
import type { ConfirmedRead, InstallSnapshot, Milliseconds, OutgoingMessage, Ready } from './types.js'

export function takeReady(server: Server, now: Milliseconds): Ready {
  const { role } = server
  const messages: OutgoingMessage[] = []
  let reads: readonly ConfirmedRead[] = []
  let snapshotChunks: readonly InstallSnapshot[] = []
  if (role.name === 'leader') {
    advanceCommitIndex(server, role)
    admitPeers(server, role)
    beginReadRound(server, role)
    reads = takeConfirmedReads(server, role)
    for (const peer of role.peers.values()) sendAppendEntries(server, role, peer, now, messages)
    sendTimeoutNow(server, role, now, messages)
  } else if (role.name === 'follower') {
    rejectGap(server, role, now)
    replyToLeader(server, role, now, messages)
    snapshotChunks = takeChunks(role)
    replyToSnapshot(server, role, messages)
  } else {
    requestVotes(server, role, now, messages)
  }
  const install = takeInstall(server)
  sendRejections(server, messages)
  sendVotes(server, messages)
  return {
    hardState: takeHardState(server),
    messages,
    append: takeAppend(server),
    snapshotChunks,
    install,
    committed: takeCommitted(server),
    reads,
    readsLost: server.readsLost.splice(0),
    reports: server.reports.splice(0),
    deadline: deadlineOf(server, now),
  }
}

/** Nothing to do but to wait for the deadline? */
export function isEmpty(ready: Ready): boolean {
  return (
    ready.hardState === null &&
    ready.append === null &&
    ready.snapshotChunks.length === 0 &&
    ready.install === null &&
    ready.messages.length === 0 &&
    ready.committed.length === 0 &&
    ready.reads.length === 0 &&
    ready.readsLost.length === 0 &&
    ready.reports.length === 0
  )
}

/** When this server must act next if it hears of nothing. */
export function deadlineOf(server: Server, now: Milliseconds): Milliseconds {
  const { role } = server
  switch (role.name) {
    case 'follower':
      return Math.min(server.electionDeadlineMs, role.accepted.dueMs, role.gap?.rejectMs ?? Infinity)
    case 'pre-candidate':
    case 'candidate':
      return Math.min(server.electionDeadlineMs, role.askAgainMs)
    case 'leader': {
      let deadline = Math.min(checkQuorumDeadline(server, role, now), role.transfer?.giveUpMs ?? Infinity)
      deadline = Math.min(deadline, handOverDeadline(server, role))
      for (const peer of role.peers.values()) deadline = Math.min(deadline, nextSendMs(server, role, peer))
      return deadline
    }
  }
}

function sendVotes(server: Server, messages: OutgoingMessage[]): void {
  if (server.owedVotes.size === 0) return
  for (const [to, owed] of server.owedVotes) {
    const common = { type: 'RequestVoteReply', term: server.currentTerm, from: server.id } as const
    messages.push({ to, message: { ...owed, ...common } })
  }
  server.owedVotes.clear()
}
