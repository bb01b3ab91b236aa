/** What happens to disks: they become slow, stall, fill up, fail, and rot. */
import { Prng } from '../../base/prng.js'
import { usualShare, anyServer, nothingToMend, sometime, type FaultKind } from './fault-kind.js'
import { names } from './network-faults.js'

/** `amount` times as long for each operation. */
const slow: FaultKind = {
  name: 'slow disk',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: sometime(prng, timeoutMs),
    servers: [anyServer(prng, size)],
    amount: prng.between(5, 200),
  }),
  begin: (cluster, { servers: [id], amount }) => {
    const { disk } = cluster.server(id!)
    disk.slowness = amount
    return () => {
      disk.slowness = 1
    }
  },
  describe: ({ servers, amount }) => `disk of ${names(servers)} is ${Math.round(amount)} times as slow`,
}

const stalled: FaultKind = {
  name: 'stalled disk',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs), servers: [anyServer(prng, size)] }),
  begin: (cluster, { servers: [id], forMs }) => {
    const { disk } = cluster.server(id!)
    disk.stalledUntilMs = Math.max(disk.stalledUntilMs, cluster.kernel.nowMs + forMs)
    return nothingToMend
  },
  describe: ({ servers }) => `disk of ${names(servers)} stalls`,
}

const full: FaultKind = {
  name: 'full disk',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: timeoutMs * prng.between(2, 20),
    servers: [anyServer(prng, size)],
  }),
  begin: (cluster, { servers: [id] }) => {
    const server = cluster.server(id!)
    server.disk.isFull = true
    return () => {
      // One that is starting may have met the end of the room, and gives up when there is room again.
      if (server.node === null) server.kill()
      server.disk.isFull = false
      server.start()
    }
  },
  describe: ({ servers }) => `disk of ${names(servers)} is full`,
}

/** Writes and syncs fail until the machine is seen to. */
const failing: FaultKind = {
  name: 'failing disk',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs), servers: [anyServer(prng, size)] }),
  begin: (cluster, { servers: [id] }) => {
    const server = cluster.server(id!)
    server.disk.isFailing = true
    return () => {
      // A process that has not noticed yet must not go on as if nothing had happened.
      server.kill()
      server.disk.isFailing = false
      server.start()
    }
  },
  describe: ({ servers }) => `disk of ${names(servers)} fails`,
}

/**
 * One bit of what is durable flips; the server is then started anew. It must notice, and refuse to start where it cannot
 * mend it: what it had promised is asked of it as ever.
 */
const rot: FaultKind = {
  name: 'bit rot',
  weight: usualShare,
  draw: (prng, size) => (size < 3 ? null : { forMs: 0, servers: [anyServer(prng, size)], amount: prng.uint32() }),
  begin: (cluster, { servers: [id], amount }) => {
    const server = cluster.server(id!)
    // More damaged servers than a minority, and nobody can promise anything.
    // Who is not admitted yet cannot stand in for anybody.
    const damaged = cluster.servers.filter(other => !other.isAdmitted || other === server).length
    if (damaged > Math.floor((cluster.plan.servers - 1) / 2)) return nothingToMend
    if (!server.disk.rot(new Prng(amount))) return nothingToMend
    server.isDamaged = true
    cluster.tally.add('disk: bit flipped')
    server.kill()
    return () => server.start()
  },
  describe: ({ servers }) => `a bit flips on the disk of ${names(servers)}`,
}

/**
 * A disk is lost with everything on it, and the server comes back to be filled from the others. Only where all others run and
 * are admitted: what was acknowledged is then elsewhere, and a majority of the others is there to admit it.
 */
const wipe: FaultKind = {
  name: 'wipe',
  weight: usualShare / 2,
  draw: (prng, size, timeoutMs) =>
    size < 3 ? null : { forMs: sometime(prng, timeoutMs), servers: [anyServer(prng, size)] },
  begin: (cluster, { servers: [id] }) => {
    const server = cluster.server(id!)
    if (cluster.plan.lyingDisks || server.isDamaged) return nothingToMend
    if (!cluster.servers.every(other => other.isAdmitted)) return nothingToMend
    server.wipe()
    cluster.invariants.wiped(server.id)
    cluster.tally.add('disk: lost')
    return () => server.start()
  },
  describe: ({ servers }) => `disk of ${names(servers)} is lost`,
}

export const diskFaults: readonly FaultKind[] = [slow, stalled, full, failing, rot, wipe]
