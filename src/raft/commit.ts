/** When an entry is committed (sections 5.3 and 5.4.2), and what is applied next. */
import { countedMatchIndex, countedValues } from './admission.js'
import { quorumIndex } from './quorum.js'
import type { Leader, Server } from './server.js'
import type { Entry } from './types.js'

/** Entries handed out for application in one ready: about a millisecond's work, or peers would wait for a word. */
const appliedBytesMax = 65_536

/**
 * "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term == currentTerm: set
 * commitIndex = N" (Figure 2). Entries of former terms are never committed by counting, only with a later one of the
 * leader's own term: Figure 8 shows why (K04). The leader itself counts with what is on its disk.
 */
export function advanceCommitIndex(server: Server, role: Leader): void {
  const majorityIndex = quorumIndex(
    countedValues(server, role, server.persistedIndex, peer => countedMatchIndex(server, peer), 0),
  )
  if (majorityIndex <= server.commitIndex) return
  if (server.log.termAt(majorityIndex) !== server.currentTerm) return
  for (let index = server.commitIndex + 1; index <= majorityIndex; index++) {
    if (server.log.termAt(index) === role.term) role.uncommittedBytes -= server.log.bytesAt(index)
  }
  server.commitIndex = majorityIndex
}

/** "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied]" (Figure 2, all servers). */
export function takeCommitted(server: Server): readonly Entry[] {
  // The state machine is being replaced: what follows is applied to the new one.
  if (server.commitIndex === server.lastApplied || server.installing !== null) return []
  const from = server.lastApplied + 1
  const taken = server.log.take(from, appliedBytesMax)
  const committed = taken.slice(0, server.commitIndex - server.lastApplied)
  server.lastApplied += committed.length
  return committed
}
