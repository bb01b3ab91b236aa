/** Datagrams that must not be listened to: seen before, of a process that has ended, of an unproven address, of others. */
import { readEnvelope, writeEnvelope } from '../../../codec/envelope.js'
import { calmCluster, drops, expected, lastDatagram, pass, rolesOf, told } from './calm-cluster.js'
import type { Script } from './script.js'

export const replayed: Script = {
  name: 'a datagram comes again',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader, followers } = rolesOf(cluster)
      const follower = followers[0]!
      const bytes = lastDatagram(cluster, leader.id, follower.id)
      const before = drops(follower, 'replayed')
      cluster.network.inject(bytes, leader.address, follower.address, leader.id)
      pass(cluster, 10)
      return expected(drops(follower, 'replayed') > before, 'Heard Once', 'a datagram was taken a second time')
    }),
}

export const formerBoot: Script = {
  name: 'a datagram of a former boot comes',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader, followers } = rolesOf(cluster)
      const follower = followers[0]!
      const bytes = lastDatagram(cluster, follower.id, leader.id)
      follower.kill()
      follower.start()
      pass(cluster, 1_000)
      const before = drops(leader, 'replayed')
      cluster.network.inject(bytes, follower.address, leader.address, follower.id)
      pass(cluster, 10)
      return expected(drops(leader, 'replayed') > before, 'Heard Once', 'a process that has ended was listened to')
    }),
}

export const forgedAddress: Script = {
  name: 'a request comes from an unproven address',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader } = rolesOf(cluster)
      const { servers } = cluster.plan
      const bytes = lastDatagram(cluster, servers + 1, leader.id)
      const before = drops(leader, 'bad-token')
      cluster.network.inject(bytes, cluster.addressOfLane(servers + 2), leader.address, servers + 2)
      pass(cluster, 10)
      const isDropped = drops(leader, 'bad-token') > before
      return expected(isDropped, 'Proven Addresses', 'a request was taken from an address that proved nothing')
    }),
}

export const otherCluster: Script = {
  name: 'a datagram of another cluster comes',
  run: () =>
    told(() => {
      const cluster = calmCluster()
      const { leader, followers } = rolesOf(cluster)
      const follower = followers[0]!
      const bytes = lastDatagram(cluster, leader.id, follower.id)
      const envelope = readEnvelope(bytes)
      if (typeof envelope === 'string') throw new Error(envelope)
      const { clusterId, packetNumber } = envelope
      const foreign = { ...envelope, clusterId: clusterId + 1, packetNumber: packetNumber + 100 }
      writeEnvelope(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), foreign, bytes.length)
      const before = drops(follower, 'other-cluster')
      cluster.network.inject(bytes, leader.address, follower.address, leader.id)
      pass(cluster, 10)
      return expected(drops(follower, 'other-cluster') > before, 'One Cluster', 'another cluster was listened to')
    }),
}
