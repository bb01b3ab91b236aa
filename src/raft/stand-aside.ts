/**
 * A server whose disk takes no entries now leaves elections to the others (K17), but for a few election timeouts only: where
 * nobody leads by then, its log may be the one that is needed to go on.
 */
import type { Server } from './server.js'
import { resetElectionTimer } from './server.js'
import { stepDown } from './term.js'
import type { Milliseconds } from './types.js'

/** Election timeouts that it lets pass, hearing of no leader, before it stands for election. */
export const timeoutsAsideMax = 4

/** Whether an election is left to the others this time. */
export function standsAside(server: Server, now: Milliseconds): boolean {
  if (server.disk === 'sound' || server.voters.length === 1 || server.timeoutsAside >= timeoutsAsideMax) return false
  server.timeoutsAside++
  if (server.role.name !== 'follower') stepDown(server, 0, 'its disk takes no entries now', now)
  resetElectionTimer(server, now)
  return true
}
