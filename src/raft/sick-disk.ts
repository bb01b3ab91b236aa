/**
 * A leader whose disk takes no entries now hands over where another can lead (K17). Which of the others have a sick disk too
 * it does not know: it asks one after the other, and who is sick itself does not take over. See stand-aside.ts for elections.
 */
import { counts } from './admission.js'
import type { Leader, Server } from './server.js'
import { mostCaughtUp, transferLeadership } from './transfer.js'
import type { DiskState, Milliseconds } from './types.js'

/** Election timeouts from the last peer that did not take over until the first is asked again. */
export const handOverPauseTimeouts = 10

/** The shell tells how the disk is. */
export function diskChanged(server: Server, disk: DiskState, now: Milliseconds): void {
  const wasSound = server.disk === 'sound'
  server.disk = disk
  if (!wasSound) return
  server.timeoutsAside = 0
  const { role } = server
  if (role.name !== 'leader') return
  role.handOverMs = now
  role.handedTo.clear()
  handOver(server, role, now)
}

/** Of a leader: asks the next peer to take over, when it is time for that. */
export function handOver(server: Server, role: Leader, now: Milliseconds): void {
  if (now < handOverDeadline(server, role)) return
  const { electionTimeoutMs } = server.options
  const to = mostCaughtUp(
    role,
    ({ id, incarnation, lastHeardMs }) =>
      counts(server, id, incarnation) && !role.handedTo.has(id) && now - lastHeardMs < electionTimeoutMs,
  )
  if (to === 0) {
    role.handedTo.clear()
    role.handOverMs = now + handOverPauseTimeouts * electionTimeoutMs
    return
  }
  role.handedTo.add(to)
  transferLeadership(server, to, now)
}

/** When this leader asks the next peer to take over; Infinity for never. */
export function handOverDeadline(server: Server, role: Leader): Milliseconds {
  return server.disk === 'sound' || role.transfer !== null || role.peers.size === 0 ? Infinity : role.handOverMs
}
