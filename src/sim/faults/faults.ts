/** Every kind of fault by its name, and how the faults of a plan are begun and mended in time. */
import type { SimCluster } from '../cluster.js'
import { stepKinds } from '../clock.js'
import type { PlannedFault } from '../plan.js'
import { diskFaults } from './disk-faults.js'
import type { FaultKind } from './fault-kind.js'
import { fragmentFaults } from './fragment-faults.js'
import { networkFaults } from './network-faults.js'
import { processFaults } from './process-faults.js'

export const faultKinds: readonly FaultKind[] = [...networkFaults, ...fragmentFaults, ...processFaults, ...diskFaults]

const byName = new Map(faultKinds.map(kind => [kind.name, kind]))

/** The kind of this name; throws for a name that is none. */
export function faultKind(name: string): FaultKind {
  const kind = byName.get(name)
  if (kind === undefined) throw new Error(`there is no fault called '${name}'`)
  return kind
}

/** Has the faults of the cluster's plan happen. The result mends at once all that are not mended yet. */
export function scheduleFaults(cluster: SimCluster): () => void {
  const { kernel, plan } = cluster
  const open = new Set<() => void>()
  for (const fault of plan.faults) {
    const begin = (): void => {
      const kind = faultKind(fault.kind)
      cluster.tally.add(`fault: ${fault.kind}`)
      cluster.watch?.fault(kind.describe(fault), fault.servers, fault.forMs)
      const mend = kind.begin(cluster, fault)
      const mendOnce = (): void => {
        if (!open.delete(mendOnce)) return
        mend()
      }
      open.add(mendOnce)
      kernel.at(kernel.nowMs + fault.forMs, null, stepKinds.plan, () => {
        if (!open.has(mendOnce)) return
        if (fault.forMs > 0) cluster.watch?.fault(`mended: ${describe(fault)}`, fault.servers, 0)
        mendOnce()
      })
    }
    // What befalls the very first start must be there before it.
    if (fault.atMs === 0) begin()
    else kernel.at(fault.atMs, null, stepKinds.plan, begin)
  }
  return () => {
    for (const mendOnce of [...open]) mendOnce()
  }
}

function describe(fault: PlannedFault): string {
  return faultKind(fault.kind).describe(fault)
}
