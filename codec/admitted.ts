/**
 * The voters of a snapshot with their incarnations, as pairs for a message or a file: 0 for a voter that is not admitted, and
 * for all of them where the log names nobody.
 */
import type { Incarnation, Named, ServerId, SnapshotMeta } from '../src/raft/types.js'

/** The incarnation that stands beside a voter. */
export function incarnationBeside({ admitted }: Pick<SnapshotMeta, 'admitted'>, voter: ServerId): Incarnation {
  return admitted?.find(({ id }) => id === voter)?.incarnation ?? 0
}

/** What stood beside them, as SnapshotMeta has it. */
export function admittedOf(pairs: readonly Named[]): Pick<SnapshotMeta, 'admitted'> {
  const admitted = pairs.filter(({ incarnation }) => incarnation > 0).sort((a, b) => a.id - b.id)
  return admitted.length === 0 ? {} : { admitted }
}
