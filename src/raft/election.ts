/** Standing for election: the timeout, the pre-vote (dissertation 9.6), the campaign and its tally (section 5.2). */
import { assert } from '../base/assert.js'
import { counts, expectedIncarnation, mayCampaign, openingEntry } from './admission.js'
import { Progress } from './progress.js'
import { majority } from './quorum.js'
import { appendOwn } from './propose.js'
import type { Campaigner, Server } from './server.js'
import { peersOf, resetElectionTimer } from './server.js'
import { standsAside } from './stand-aside.js'
import type { Incarnation, LogIndex, Milliseconds, OutgoingMessage, RequestVoteReply } from './types.js'

/** The election timeout passed without a leader's word: ask whether an election could be won. */
export function electionTimeout(server: Server, now: Milliseconds): void {
  assert(server.role.name !== 'leader', 'a leader does not stand for election')
  if (!server.voters.includes(server.id)) return resetElectionTimer(server, now)
  if (!mayCampaign(server)) return resetElectionTimer(server, now)
  if (standsAside(server, now)) return
  server.failedCampaigns++
  resetElectionTimer(server, now)
  const isAlone = server.voters.length === 1
  const reason = isAlone ? 'this is the only voter' : 'no word from a leader within the election timeout'
  report(server, 'pre-candidate', reason)
  server.role = newCampaign(server, 'pre-candidate', false, now)
  tally(server, server.role, now)
}

/**
 * "To begin an election, a follower increments its current term and transitions to candidate state. It then votes for
 * itself" (section 5.2). Term and vote are durable before the first request leaves: a candidate that forgot its term in a
 * crash could win the same term twice.
 */
export function campaign(server: Server, leadershipTransfer: boolean, now: Milliseconds): void {
  server.currentTerm++
  server.votedFor = server.id
  server.owedVotes.clear()
  server.owedRejections.clear()
  server.leaderHeardMs = -Infinity
  resetElectionTimer(server, now)
  const why = leadershipTransfer ? 'the leader hands over' : 'a majority would vote for this server'
  report(server, 'candidate', why)
  server.role = newCampaign(server, 'candidate', leadershipTransfer, now)
  tally(server, server.role, now)
}

/** Counts a vote once, only in its own campaign and of its own kind (E21, E22). */
export function receiveRequestVoteReply(
  server: Server,
  reply: RequestVoteReply,
  incarnation: Incarnation,
  now: Milliseconds,
): void {
  const role = server.role
  if (role.name !== (reply.preVote ? 'pre-candidate' : 'candidate')) return
  if (reply.campaignTerm !== role.campaignTerm || reply.term !== server.currentTerm) return
  if (reply.granted) role.granted.set(reply.from, incarnation)
  else role.refused.add(reply.from)
  tally(server, role, now)
}

/** RequestVote to each peer that has not answered, again and again: a lost request is still missing in the state (K14). */
export function requestVotes(server: Server, role: Campaigner, now: Milliseconds, messages: OutgoingMessage[]): void {
  if (now < role.askAgainMs) return
  role.askAgainMs = now + server.options.heartbeatMs
  for (const to of peersOf(server)) {
    if (role.granted.has(to) || role.refused.has(to)) continue
    messages.push({
      to,
      message: {
        type: 'RequestVote',
        term: server.currentTerm,
        from: server.id,
        campaignTerm: role.campaignTerm,
        lastLogIndex: server.log.lastIndex,
        lastLogTerm: server.log.lastTerm,
        preVote: role.name === 'pre-candidate',
        leadershipTransfer: role.leadershipTransfer,
        voterIncarnation: expectedIncarnation(server, to),
      },
    })
  }
}

function newCampaign(
  server: Server,
  name: Campaigner['name'],
  leadershipTransfer: boolean,
  now: Milliseconds,
): Campaigner {
  const campaignTerm = name === 'candidate' ? server.currentTerm : server.currentTerm + 1
  const granted = new Map([[server.id, server.incarnation]])
  return { name, campaignTerm, leadershipTransfer, granted, refused: new Set(), askAgainMs: now }
}

function tally(server: Server, role: Campaigner, now: Milliseconds): void {
  const votes = [...role.granted].filter(([id, incarnation]) => counts(server, id, incarnation)).length
  if (votes < majority(server.voters.length)) return
  if (role.name === 'pre-candidate') campaign(server, false, now)
  else becomeLeader(server, role, now)
}

function becomeLeader(server: Server, { granted }: Campaigner, now: Milliseconds): void {
  report(server, 'leader', `elected by ${majority(server.voters.length)} of ${server.voters.length} servers`)
  server.failedCampaigns = 0
  const openingIndex: LogIndex = server.log.lastIndex + 1
  const peers = peersOf(server).map((id): [number, Progress] => {
    const path = server.paths.get(id) ?? server.options
    return [id, new Progress(id, openingIndex, now, path.appendBytesMax, path.windowBytesMax)]
  })
  server.role = {
    name: 'leader',
    term: server.currentTerm,
    peers: new Map(peers),
    openingIndex,
    uncommittedBytes: 0,
    readRound: 0,
    newReads: [],
    waitingReads: [],
    transfer: null,
    handOverMs: now + server.options.electionTimeoutMs,
    handedTo: new Set(),
  }
  // Section 8: a leader opens its term with a no-op, or it could not know which entries are committed.
  const { kind, payload } = openingEntry(server, granted)
  appendOwn(server, server.role, kind, payload)
  for (const peer of server.role.peers.values()) peer.incarnation = expectedIncarnation(server, peer.id)
}

function report(server: Server, role: 'pre-candidate' | 'candidate' | 'leader', why: string): void {
  server.reports.push({ what: 'role', role, term: server.currentTerm, why })
}
