/** A leader that a majority has not answered for an election timeout steps down (dissertation 6.2). */
import { countedValues } from './admission.js'
import { quorumIndex } from './quorum.js'
import type { Leader, Server } from './server.js'
import { stepDown } from './term.js'
import type { Milliseconds } from './types.js'

/** The latest time by which a majority, this leader included, had been heard. */
export function quorumHeardMs(server: Server, role: Leader, now: Milliseconds): Milliseconds {
  return quorumIndex(countedValues(server, role, now, peer => peer.lastHeardMs, -Infinity))
}

/** When the check would find this leader alone. */
export function checkQuorumDeadline(server: Server, role: Leader, now: Milliseconds): Milliseconds {
  return quorumHeardMs(server, role, now) + server.options.electionTimeoutMs
}

/** Without it, a leader that is cut off would keep its clients waiting, and its followers' votes (E13, E14). */
export function checkQuorum(server: Server, role: Leader, now: Milliseconds): void {
  if (now < checkQuorumDeadline(server, role, now)) return
  stepDown(server, 0, 'no majority has answered within the election timeout', now)
}
