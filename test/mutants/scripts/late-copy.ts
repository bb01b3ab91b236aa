/** A write arrives after its repeat was executed, answered and, with the next write, forgotten. */
import { calmCluster, expected, pass, rolesOf, told } from './calm-cluster.js'
import { notTold, type Script } from './script.js'

/** Larger than an acknowledgement or a read of the load, smaller than what carries several. */
const writeBytes = { from: 110, to: 300 }

export const lateCopy: Script = {
  name: 'a write arrives after its repeat was answered',
  run: () =>
    told(() => {
      const cluster = calmCluster({ servers: 1, clockRates: [1] })
      const { leader } = rolesOf(cluster)
      const client = cluster.plan.servers + 1
      const held: Uint8Array[] = []
      cluster.network.filter = (from, to, bytes) => {
        const isWrite = bytes.length >= writeBytes.from && bytes.length < writeBytes.to
        if (from !== client || to !== leader.id || !isWrite || held.length === 20) return false
        // Every other one, so that each held back is followed by a repeat, and that by others.
        if (held.length > 0 && cluster.kernel.steps % 2 === 0) return false
        held.push(bytes.slice())
        return true
      }
      pass(cluster, 5_000)
      cluster.network.filter = null
      pass(cluster, 500)
      for (const bytes of held) cluster.network.inject(bytes, cluster.addressOfLane(client), leader.address, client)
      pass(cluster, 500)
      return expected(held.length === 20, notTold, `only ${held.length} writes were held back`)
    }),
}
