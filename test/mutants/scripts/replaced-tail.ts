/** A leader that was alone with its last entries loses them to the next leader, and then its power. */
import { calmCluster, calmPlan, expected, pass, rolesOf, told } from './calm-cluster.js'
import { notTold, type Script } from './script.js'

export const replacedTail: Script = {
  name: 'a deposed leader loses its tail, and its power',
  run: () =>
    told(() => {
      const cluster = calmCluster({ load: { ...calmPlan.load, clients: 4, outstanding: 3, pauseMs: 40 } })
      const { leader, followers } = rolesOf(cluster)
      for (const { id } of followers) {
        cluster.network.cut(leader.id, id)
        cluster.network.cut(id, leader.id)
      }
      pass(cluster, 0.6 * cluster.plan.electionTimeoutMs)
      for (const client of cluster.clients) client.kill()
      const lastIndex = leader.node!.raft.server.log.lastIndex
      pass(cluster, 10 * cluster.plan.electionTimeoutMs)
      for (const { id } of followers) {
        cluster.network.heal(leader.id, id)
        cluster.network.heal(id, leader.id)
      }
      pass(cluster, cluster.plan.electionTimeoutMs)
      const isShorter = leader.node!.raft.server.log.lastIndex < lastIndex
      leader.crash()
      leader.start()
      pass(cluster, cluster.plan.electionTimeoutMs)
      return expected(isShorter, notTold, 'what the deposed leader had alone is gone')
    }),
}
