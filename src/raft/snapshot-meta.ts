/** Which snapshot something is about: what tells one from another, and an answer for one from an answer for another (K01). */
import type { InstallSnapshotReply, SnapshotMeta } from './types.js'

/** Whether pieces of the one complete the other: only then a transfer goes on, also under another leader. */
export function isSameSnapshot(a: SnapshotMeta, b: SnapshotMeta): boolean {
  return (
    a.lastIncludedIndex === b.lastIncludedIndex &&
    a.lastIncludedTerm === b.lastIncludedTerm &&
    a.totalBytes === b.totalBytes &&
    a.hash === b.hash
  )
}

/** Whether a peer answers to a piece of this snapshot. */
export function answersFor(reply: InstallSnapshotReply, meta: SnapshotMeta): boolean {
  return (
    reply.lastIncludedIndex === meta.lastIncludedIndex &&
    reply.lastIncludedTerm === meta.lastIncludedTerm &&
    reply.hash === meta.hash
  )
}

/** What a piece, or a file's header, says of its snapshot. */
export function snapshotMetaOf(of: SnapshotMeta): SnapshotMeta {
  const { lastIncludedIndex, lastIncludedTerm, voters, admitted, totalBytes, hash } = of
  const meta = { lastIncludedIndex, lastIncludedTerm, voters, totalBytes, hash }
  return admitted === undefined ? meta : { ...meta, admitted }
}
