/** Counts for the table of what was exercised: what servers went through, as the invariants see it. */
import type { SimCluster } from './cluster.js'
import { faultKinds } from './faults/faults.js'
import { crashPoints } from './crash-points.js'
import type { InvariantsWatch } from './invariants/invariants.js'

/** Lets the cluster's tally count what its servers do. A watch that was there is told as before. */
export function countRaft({ invariants, tally }: SimCluster): void {
  tally.expect(...faultKinds.map(({ name }) => `fault: ${name}`), ...crashPoints.map(point => `crash: ${point}`))
  const counts: InvariantsWatch = {
    roleChanged: ({ role }) => tally.add(`role: ${role.name}`),
    logChanged: ({ cut }) => {
      if (cut === 0) return
      tally.add('truncations')
      tally.add('entries truncated', cut)
    },
    committed: () => undefined,
  }
  invariants.watch = counts
}
