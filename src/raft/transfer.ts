/** Handing leadership over (dissertation 3.10): the target catches up, is told to campaign at once, and has a deadline. */
import { assert } from '../base/assert.js'
import { counts, mayCampaign } from './admission.js'
import { campaign } from './election.js'
import type { Progress } from './progress.js'
import type { Leader, Server } from './server.js'
import type { Milliseconds, OutgoingMessage, ServerId, TimeoutNow } from './types.js'

/** Begins to hand over to `to`, or to the most caught-up peer for 0. Nothing happens on a server that does not lead. */
export function transferLeadership(server: Server, to: ServerId, now: Milliseconds): void {
  const role = server.role
  if (role.name !== 'leader') return
  const target = to === 0 ? mostCaughtUp(role, peer => counts(server, peer.id, peer.incarnation)) : to
  const peer = role.peers.get(target)
  if (peer === undefined || !counts(server, target, peer.incarnation)) return
  role.transfer = { to: target, giveUpMs: now + server.options.electionTimeoutMs, sentMs: -Infinity }
  server.reports.push({ what: 'transfer', to: target, outcome: 'begun' })
}

/** "If leadership transfer does not complete after about an election timeout, the prior leader aborts the transfer." */
export function transferTimeout(server: Server, role: Leader, now: Milliseconds): void {
  if (role.transfer === null || now < role.transfer.giveUpMs) return
  server.reports.push({ what: 'transfer', to: role.transfer.to, outcome: 'given-up' })
  role.transfer = null
}

/** TimeoutNow once the target's log is complete, and again each heartbeat: it may be lost like any datagram. */
export function sendTimeoutNow(server: Server, role: Leader, now: Milliseconds, messages: OutgoingMessage[]): void {
  const { transfer } = role
  if (transfer === null || now < transfer.sentMs + server.options.heartbeatMs) return
  const progress = role.peers.get(transfer.to)
  assert(progress !== undefined, 'leadership is handed to a peer')
  if (progress.matchIndex !== server.log.lastIndex) return
  transfer.sentMs = now
  messages.push({ to: transfer.to, message: { type: 'TimeoutNow', term: server.currentTerm, from: server.id } })
}

/** Only the leader of the present term may ask for it: a late one of an old term is ignored (E29). */
export function receiveTimeoutNow(server: Server, message: TimeoutNow, now: Milliseconds): void {
  if (message.term < server.currentTerm) return
  const role = server.role
  if (role.name !== 'follower' || role.leaderId !== message.from) return
  // Whoever asks may have a sick disk as well; it gives up, and asks the next.
  if (server.disk !== 'sound' || !mayCampaign(server)) return
  campaign(server, true, now)
}

/** The peer with the longest matching log; of those equally far, the one heard last: who is down answers nobody. */
export function mostCaughtUp(role: Leader, mayBe: (peer: Progress) => boolean): ServerId {
  const peers = [...role.peers.values()].filter(mayBe)
  const [best] = peers.sort((a, b) => b.matchIndex - a.matchIndex || b.lastHeardMs - a.lastHeardMs)
  return best === undefined ? 0 : best.id
}
