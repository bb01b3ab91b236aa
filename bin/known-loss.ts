/**
 * Of which links the share of loss is known. Where nothing comes back, nothing shows what was lost: the share stays what it was
 * before, which says nothing of now. A server that stands still and a link that loses everything look alike, so it is the two
 * ends that tell: this one has heard the peer lately, and the peer, where it can be asked, this one.
 */
import type { ServerReport } from '../src/client/server-reports.js'

type Reached = Exclude<ServerReport, { role: 'unreachable' }>
type Peer = Reached['peers'][number]

/** A peer that said nothing for longer is not there, or has nothing to say to this one. */
const heardMsMax = 1_000

/** On the way from `from` to a peer of it; null: not known. `reports` are those of all servers. */
export function knownLossShare(from: Reached, peer: Peer, reports: readonly ServerReport[]): number | null {
  if (peer.link.sent === 0 || !isHeard(peer)) return null
  const other = reports.find(({ id, role }) => id === peer.id && role !== 'unreachable') as Reached | undefined
  const back = other?.peers.find(({ id }) => id === from.id)
  return back === undefined || isHeard(back) ? peer.link.lossShare : null
}

/** On the worst way from a server to any of its peers. */
export function worstKnownLossShare(from: Reached, reports: readonly ServerReport[]): number | null {
  const known = from.peers.map(peer => knownLossShare(from, peer, reports)).filter(share => share !== null)
  return known.length === 0 ? null : Math.max(...known)
}

function isHeard({ silentMs }: Peer): boolean {
  return silentMs !== null && silentMs < heardMsMax
}
