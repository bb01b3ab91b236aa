/**
 * "Leader Completeness: if a log entry is committed in a given term, then that entry will be present in the logs of the
 * leaders for all higher-numbered terms" (Figure 3; 5.4). By Log Matching the last of them stands for all before it.
 */
import type { Server } from '../../raft/server.js'
import type { Committed } from './committed.js'
import { violated } from './violation.js'

/** To be asked of a new leader, and of each leader when more is committed. */
export function checkLeaderCompleteness(leader: Server, committed: Committed): void {
  const index = committed.lastIndexBefore(leader.currentTerm)
  if (index === 0) return
  const term = committed.termAt(index)!
  const found = leader.log.termAt(index)
  if (found === term || (found === undefined && index <= leader.log.baseIndex)) return
  violated(
    'Leader Completeness',
    `server ${leader.id} leads term ${leader.currentTerm} without entry (${index}, term ${term}), which was committed ` +
      `before (it has ${found === undefined ? 'no entry' : `one of term ${found}`} there)`,
  )
}
