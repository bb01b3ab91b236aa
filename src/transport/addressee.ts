/**
 * Between servers the cluster id of an envelope says for which of them a datagram is. The numbers of all links of a process
 * begin alike, so one that came to another server than it was sent to would be taken for news of its own link there: what
 * is acknowledged then was never sent, and the two would not hear each other any more (Z09). As it is, such a datagram is one
 * of another cluster.
 */
import type { ServerId } from '../raft/types.js'

/** What stands in the envelope of a datagram to this server of the cluster; below 2^53, as cluster ids are. */
export function clusterIdTo(addressee: ServerId, clusterId: number): number {
  return (clusterId + addressee) % 2 ** 53
}
