/** A follower that stood still has words of its leader waiting in its socket: it reads them before it stands for election. */
import { calmCluster, expected, pass, rolesOf, told } from './calm-cluster.js'
import type { Script } from './script.js'

/** More than one round of the event loop reads. */
const junkDatagrams = 100

export const paused: Script = {
  name: 'a follower wakes behind a full socket',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader, followers } = rolesOf(cluster)
      const follower = followers[0]!
      let campaigns = 0
      cluster.invariants.watch = {
        roleChanged: ({ id, role }) => {
          if (id === follower.id && role.name === 'pre-candidate') campaigns++
        },
        logChanged: () => undefined,
        committed: () => undefined,
      }
      cluster.pause(follower)
      for (let i = 0; i < junkDatagrams; i++) {
        cluster.network.inject(new Uint8Array(40), leader.address, follower.address, leader.id)
      }
      pass(cluster, 5 * cluster.plan.electionTimeoutMs)
      cluster.resume(follower)
      pass(cluster, 100)
      return expected(
        campaigns === 0,
        'Drained First',
        'a follower stood for election beside unread words of its leader',
      )
    }),
}
