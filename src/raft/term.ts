/** How terms move: forward, and with them votes, roles and everything that was owed (section 5.1). */
import { assert } from '../base/assert.js'
import type { Server } from './server.js'
import { newFollower, resetElectionTimer } from './server.js'
import type { Message, Milliseconds, ServerId, Term } from './types.js'

/** A message whose term is this far ahead is damage or an attack: honest clusters need years of elections for it. */
export const termJumpMax = 2 ** 20

/**
 * "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (Figure 2).
 * The election timer goes on as it is: learning of a term is neither a leader's word nor a vote (E01, E19).
 */
export function adoptTerm(server: Server, term: Term, why: string, now: Milliseconds): void {
  assert(term > server.currentTerm, `term ${term} is above currentTerm ${server.currentTerm}`)
  server.currentTerm = term
  server.votedFor = 0
  server.owedVotes.clear()
  server.owedRejections.clear()
  server.leaderHeardMs = -Infinity
  stepDown(server, 0, why, now)
}

/** Becomes a follower within the present term: of `leaderId`, or of nobody yet (0). */
export function stepDown(server: Server, leaderId: ServerId, why: string, now: Milliseconds): void {
  const former = server.role
  if (former.name === 'leader') {
    server.readsLost.push(...former.newReads, ...former.waitingReads.map(read => read.token))
    resetElectionTimer(server, now)
  }
  if (former.name !== 'follower') {
    server.reports.push({ what: 'role', role: 'follower', term: server.currentTerm, why })
  }
  server.role = newFollower(leaderId)
}

/** Why a message is not looked at at all, or null. */
export function refusalOf(server: Server, message: Message): string | null {
  if (message.from === server.id) return 'it bears my own id'
  if (!server.voters.includes(message.from)) return 'its sender is not in the configuration'
  const term = message.type === 'RequestVote' ? Math.max(message.term, message.campaignTerm) : message.term
  if (term > server.currentTerm + termJumpMax) return `its term ${term} is absurdly far above ${server.currentTerm}`
  return null
}
