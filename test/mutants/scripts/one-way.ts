/** Links that carry one way only: a leader that hears nobody is replaced, and one whom all others hear stays. */
import { calmCluster, expected, pass, rolesOf, told } from './calm-cluster.js'
import type { Script } from './script.js'

/** Within five election timeouts there is a leader. */
const timeouts = 5

export const deafLeader: Script = {
  name: 'the leader hears nobody',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader, followers } = rolesOf(cluster)
      for (const { id } of followers) cluster.network.cut(id, leader.id)
      pass(cluster, timeouts * cluster.plan.electionTimeoutMs)
      const isReplaced = followers.some(({ node }) => node?.raft.isLeader === true)
      return expected(
        isReplaced,
        'A Majority Has A Leader',
        'a leader that hears nobody keeps the others from having one',
      )
    }),
}

export const unheardLeader: Script = {
  name: 'one follower does not hear the leader',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader, followers } = rolesOf(cluster)
      // With equal logs nothing but the word of the leader speaks against the follower.
      for (const client of cluster.clients) client.kill()
      pass(cluster, 300)
      const term = leader.node!.raft.currentTerm
      cluster.network.cut(leader.id, followers[0]!.id)
      pass(cluster, 4 * timeouts * cluster.plan.electionTimeoutMs)
      const stays = leader.node?.raft.isLeader === true && leader.node.raft.currentTerm === term
      return expected(stays, 'A Majority Keeps Its Leader', 'a follower that does not hear the leader brings it down')
    }),
}
