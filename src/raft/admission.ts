/**
 * Who counts. A server that comes back with an empty data directory has forgotten its votes and its acknowledgements, and
 * must not vote or count as if it remembered (K06, K19). So each directory has a random incarnation, and the log says of which
 * incarnation of each server the words count (admitted.ts):
 * - `found`: the first entry, of the first leader, names the voters that elected it. Others have promised nothing yet.
 * - `retire`: a leader has heard of an incarnation that does not count. From this entry on none of that server does. Being
 *   committed it is therefore on a majority of the *others*: with three servers on both.
 * - `admit`: appended once the `retire` of the same leader is committed (K05). From here on the named incarnation counts.
 * Votes, pre-votes, acknowledgements, echoes of read rounds and signs of life count only from the incarnation that the log
 * of the candidate or leader names; a server itself votes and campaigns only if its own log names it, and it holds that
 * entry durably. (A founder's directory that has nothing yet may vote for a candidate whose log names it.) A quorum stays a majority of all voters, so whoever is not admitted only makes it harder to reach.
 *
 * Why that is safe, x being the incarnation that is lost and y the one that came after it. Quorums of two elections, or of a
 * commit and an election, meet in a server. If the same incarnation acted in both, the proofs of the paper hold. Otherwise y
 * acted in one of them, so a `retire` R that was made after y started is committed, in a term T, by a majority M without
 * that server. All that x ever did was done before R existed:
 * - Votes of x in terms above T: whoever asked for them was in that later term already, so R is not in its log, and never
 *   came there. Its quorum meets M in another server; that one acknowledged R in term T, so before it voted in the later
 *   term, and with R in its log it refuses (section 5.4.1). So x elects nobody above T any more.
 * - Acknowledgements of x are of terms up to T. Whatever leader counted them has the entry before R in its log, so all who
 *   hold R hold it, y as well before it votes.
 * - Votes of x in terms up to T: y votes in none of these. It holds `admit`, an entry of term T or a later one, and who
 *   campaigns in a term whose leader has already appended has an older log. That is what "in later terms" comes to: it need
 *   not be asked for (dissertation chapter 4 has a server use a configuration as soon as it is in its log, for the same
 *   reason: what makes it safe to use is in the log before it).
 * One entry would not do. If `admit` counted as soon as y holds it, as configurations do, y could vote in a term above T
 * before anything is committed without it, where x has voted for another: two leaders (the search `vote-lost` begins there).
 *
 * A directory that was made for repair (`mayFound` is false) takes no part in a founding, or two wiped servers could found a
 * second, empty cluster. Nobody else who is not admitted votes for a candidate that has a log.
 */
import { encodeNamed } from './admitted.js'
import type { Progress } from './progress.js'
import { appendOwn } from './propose.js'
import type { Campaigner, Leader, Server } from './server.js'
import type { Entry, Incarnation, LogIndex, Named, RequestVote, ServerId } from './types.js'

/** Do words of this incarnation count, as this server's log says? Before anybody was named all do. */
export function counts(server: Server, id: ServerId, incarnation: Incarnation): boolean {
  const { standings } = server.log.admitted
  if (standings === null) return true
  const standing = standings.get(id)
  return standing?.counts === true && standing.incarnation === incarnation
}

/** Does this server vote and campaign as one that remembers what it promised? Where nobody was named it has promised nothing. */
export function isAdmitted(server: Server): boolean {
  const { standings } = server.log.admitted
  // A log that names nobody yet is that of a cluster restored from a backup, which is founded by its first leader. (Without
  // incarnations nobody is told apart: only in tests and searches of other rules.)
  if (standings === null) return server.incarnation === 0 || (server.log.lastIndex > 0 && server.options.mayFound)
  return counts(server, server.id, server.incarnation) && server.persistedIndex >= standings.get(server.id)!.index
}

/** Has this server lost what it held, or never held anything in a cluster that is founded, and is brought up to date? */
export function isRecovering(server: Server): boolean {
  return !isAdmitted(server) && (server.log.lastIndex > 0 || !server.options.mayFound)
}

/** May it stand for election? Who is not admitted only for the founding. */
export function mayCampaign(server: Server): boolean {
  return isAdmitted(server) || isFoundingVoter(server)
}

/**
 * May this candidate have its vote? Who is not admitted votes only for the founding, or for a candidate whose log names this
 * very directory, when the entry has not come here yet: it remembers all that it ever promised, and if it does not vote the
 * founders may need it for ever.
 */
export function mayVoteAtAll(server: Server, { lastLogIndex, voterIncarnation }: RequestVote): boolean {
  if (isAdmitted(server)) return true
  return isFoundingVoter(server) && (lastLogIndex === 0 || voterIncarnation === server.incarnation)
}

function isFoundingVoter(server: Server): boolean {
  return server.options.mayFound && server.log.lastIndex === 0
}

/**
 * The first entry of a new leader: a no-op (section 8), or the founding, which names those who elected it. That is the first
 * entry of all, or the first behind the backup that a cluster was restored from. Until it is in a log everybody counts there,
 * afterwards fewer do: a quorum of the one kind meets any of the other.
 */
export function openingEntry(server: Server, granted: Campaigner['granted']): Pick<Entry, 'kind' | 'payload'> {
  if (server.incarnation === 0 || server.log.admitted.standings !== null)
    return { kind: 'noop', payload: new Uint8Array(0) }
  const named = [...granted].map(([id, incarnation]): Named => ({ id, incarnation })).sort((a, b) => a.id - b.id)
  return { kind: 'found', payload: encodeNamed(named) }
}

/** The incarnation of a peer that a new leader takes to be there until it hears otherwise; 0 for none. */
export function expectedIncarnation(server: Server, id: ServerId): Incarnation {
  const standing = server.log.admitted.standings?.get(id)
  return standing?.counts === true ? standing.incarnation : 0
}

/**
 * What counts of what a leader knows of each voter: `own` for itself, `known` of a peer whose incarnation counts, else `nothing`.
 * That the peer holds the entry that says so matters for matchIndex only (countedMatchIndex).
 */
export function countedValues(
  server: Server,
  role: Leader,
  own: number,
  known: (peer: Progress) => number,
  nothing: number,
): number[] {
  return server.voters.map(id => {
    if (id === server.id) return own
    const peer = role.peers.get(id)!
    return counts(server, id, peer.incarnation) ? known(peer) : nothing
  })
}

/** A peer's matchIndex as far as it counts: not before the peer holds the entry that admits it. */
export function countedMatchIndex(server: Server, { id, matchIndex }: Progress): LogIndex {
  const admittedAt = server.log.admitted.standings?.get(id)?.index ?? 0
  return matchIndex >= admittedAt ? matchIndex : 0
}

/**
 * A leader admits whom it has heard and who does not count: `retire`, and when that is committed `admit`. Not while it hands
 * over, or the log of its successor would never be complete.
 */
export function admitPeers(server: Server, role: Leader): void {
  const { standings } = server.log.admitted
  if (standings === null || role.transfer !== null) return
  for (const { id, incarnation } of role.peers.values()) {
    if (incarnation === 0 || counts(server, id, incarnation)) continue
    const standing = standings.get(id)
    const isRetired = standing?.counts === false && standing.incarnation === incarnation && standing.term === role.term
    if (isRetired && standing.index > server.commitIndex) continue
    appendOwn(server, role, isRetired ? 'admit' : 'retire', encodeNamed([{ id, incarnation }]))
    server.reports.push({ what: 'admission', of: id, incarnation, step: isRetired ? 'admitted' : 'begun' })
  }
}
