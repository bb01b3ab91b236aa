/**
 * Linearizable reads that write nothing to the log (dissertation 6.4): remember commitIndex, make sure by one round of
 * AppendEntries that this server still leads, answer when the state machine has come that far. All reads that arrive in
 * one turn share a round. No lease takes its place: a pause may last longer than any lease does (K20).
 */
import { countedValues } from './admission.js'
import { quorumIndex } from './quorum.js'
import type { Leader, Server } from './server.js'
import type { ConfirmedRead, Refusal } from './types.js'

/** Reads that may wait for confirmation: beyond it, clients are asked to come back. */
export const waitingReadsMax = 65_536

export function readIndex(server: Server, token: number): Refusal | null {
  const role = server.role
  if (role.name !== 'leader') return 'not-leader'
  if (role.newReads.length + role.waitingReads.length >= waitingReadsMax) return 'busy'
  role.newReads.push(token)
  return null
}

/**
 * Begins a round for the reads that came since the last one. Not before the no-op of this term is committed: until then a
 * leader's commitIndex may be behind what its predecessor acknowledged (dissertation 6.4, step 1; L02).
 */
export function beginReadRound(server: Server, role: Leader): void {
  if (role.newReads.length === 0 || server.commitIndex < role.openingIndex) return
  const round = ++role.readRound
  for (const token of role.newReads) role.waitingReads.push({ token, readIndex: server.commitIndex, round })
  role.newReads = []
}

/** A round is confirmed by a majority that echoed it: each echo answers a message that was sent after the round began. */
export function takeConfirmedReads(server: Server, role: Leader): readonly ConfirmedRead[] {
  if (role.waitingReads.length === 0) return []
  const confirmed = quorumIndex(countedValues(server, role, role.readRound, peer => peer.readRoundAcknowledged, 0))
  const firstWaiting = role.waitingReads.findIndex(read => read.round > confirmed)
  if (firstWaiting === 0) return []
  return firstWaiting < 0 ? role.waitingReads.splice(0) : role.waitingReads.splice(0, firstWaiting)
}

/** The newest round that reads still wait for: peers that were not sent it are, at once; heartbeats say it again. 0 when none waits. */
export function wantedReadRound(role: Leader): number {
  return role.waitingReads.length === 0 ? 0 : role.readRound
}
