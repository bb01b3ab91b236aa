/** The places of a deposed leader's last entries are taken by another's, while a client waits for what had stood there. */
import { calmCluster, calmPlan, expected, pass, rolesOf, told } from './calm-cluster.js'
import { notTold, type Script } from './script.js'

export const takenPlaces: Script = {
  name: 'a client hears only a deposed leader, in whose places come the commands of another client',
  run: () =>
    told(() => {
      const cluster = calmCluster({ load: { ...calmPlan.load, outstanding: 3, pauseMs: 10 } })
      const { network, plan } = cluster
      const { leader, followers } = rolesOf(cluster)
      const [its, theirs] = cluster.clients.map(client => client.life.lane)
      const part = (a: number, b: number): void => {
        network.cut(a, b)
        network.cut(b, a)
      }
      part(theirs!, leader.id)
      for (const { id } of followers) {
        part(its!, id)
        part(leader.id, id)
      }
      pass(cluster, 0.6 * plan.electionTimeoutMs)
      const { lastIndex, baseIndex } = leader.node!.raft.server.log
      const { commitIndex } = leader.node!.raft
      pass(cluster, 10 * plan.electionTimeoutMs)
      for (const { id } of followers) {
        network.heal(leader.id, id)
        network.heal(id, leader.id)
      }
      pass(cluster, 2 * plan.electionTimeoutMs)
      const isTaken = commitIndex < lastIndex && leader.node!.raft.commitIndex > lastIndex && baseIndex === 0
      return expected(isTaken, notTold, 'other entries stand where the deposed leader had its own')
    }),
}
