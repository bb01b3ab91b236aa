/** Who gets this server's vote: RequestVote as received (sections 5.2 and 5.4.1; PreVote, dissertation 9.6). */
import { mayVoteAtAll } from './admission.js'
import { quorumHeardMs } from './check-quorum.js'
import type { Server } from './server.js'
import { leaderIdOf, resetElectionTimer } from './server.js'
import { adoptTerm } from './term.js'
import type { Milliseconds, RequestVote } from './types.js'

export function receiveRequestVote(server: Server, request: RequestVote, now: Milliseconds): void {
  // "If a server receives a RequestVote request within the minimum election timeout of hearing from a current leader,
  // it does not update its term or grant its vote" (section 6); a transfer of leadership is the exception (4.2.3).
  if (!request.leadershipTransfer && isLeaderPresent(server, now)) return refuse(server, request)
  if (request.term > server.currentTerm) {
    adoptTerm(server, request.term, `server ${request.from} asks for votes in term ${request.campaignTerm}`, now)
  }
  if (!mayVoteAtAll(server, request) || !mayVoteFor(server, request)) return refuse(server, request)
  // "Raft determines which of two logs is more up-to-date by comparing the index and term of the last entries in the
  // logs" (section 5.4.1): term first, then length (K03).
  if (!server.log.isUpToDate(request.lastLogIndex, request.lastLogTerm)) return refuse(server, request)
  if (!request.preVote) {
    // A pre-vote changes nothing; a vote is durable before the reply leaves, because hardState goes first in a ready.
    server.votedFor = request.from
    resetElectionTimer(server, now)
  }
  owe(server, request, true)
}

/** Is there a leader who was heard of within the minimum election timeout (at the leader: by a majority)? */
function isLeaderPresent(server: Server, now: Milliseconds): boolean {
  const heardMs = server.role.name === 'leader' ? quorumHeardMs(server, server.role, now) : server.leaderHeardMs
  return leaderIdOf(server) !== 0 && now - heardMs < server.options.electionTimeoutMs
}

/**
 * "Each server will vote for at most one candidate in a given term, on a first-come-first-served basis" (section 5.2).
 * Asked again by the one already voted for, it grants again: the first answer may have been lost (K15).
 */
function mayVoteFor(server: Server, request: RequestVote): boolean {
  if (request.term < server.currentTerm) return false
  if (request.campaignTerm > server.currentTerm) return true // only a pre-vote: of a later term nothing is promised yet
  return leaderIdOf(server) === 0 && (server.votedFor === 0 || server.votedFor === request.from)
}

function refuse(server: Server, request: RequestVote): void {
  owe(server, request, false)
}

function owe(server: Server, request: RequestVote, granted: boolean): void {
  server.owedVotes.set(request.from, { campaignTerm: request.campaignTerm, granted, preVote: request.preVote })
}
