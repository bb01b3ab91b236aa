/** A follower could not take what reached it, while the transport says that it is at work: that is no reason to wait for ever. */
import { calmCluster, calmPlan, expected, pass, rolesOf, told } from './calm-cluster.js'
import { notTold, type Script } from './script.js'

/** Within so many election timeouts after its disk works again the follower is sent what it could not take. */
const timeouts = 4

export const busyPath: Script = {
  name: 'the transport is at work for ever',
  run: () =>
    told(() => {
      const load = { ...calmPlan.load, pauseMs: 2, valueBytes: 200, putShare: 1, casShare: 0 }
      const cluster = calmCluster({ load, unpersistedBytesMax: 10_000 })
      const { leader, followers } = rolesOf(cluster)
      const follower = followers[0]!
      const { raft } = leader.node!
      const passAtWork = (ms: number): void => {
        for (let passed = 0; passed < ms; passed++) {
          pass(cluster, 1)
          raft.pathAtWork(leader.nowMs, follower.id)
        }
      }
      follower.disk.slowness = 400
      passAtWork(500)
      follower.disk.slowness = 1
      passAtWork(20)
      const had = follower.node!.raft.server.log.lastIndex
      const missing = raft.server.log.lastIndex - had
      passAtWork(timeouts * cluster.plan.electionTimeoutMs)
      if (missing < 20 || !raft.isLeader) return expected(false, notTold, `${missing} entries were missing`)
      const has = follower.node!.raft.server.log.lastIndex
      return expected(has > had, 'Followers Catch Up', `a follower that lacked ${missing} entries is sent none of them`)
    }),
}
