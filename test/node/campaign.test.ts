/**
 * Random faults on whole clusters, by seed: power cuts, kills, clean stops, pauses, cuts of the network, loss, copies,
 * reordering, damage, slow disks. Concurrent clients write down what they were told; the histories must be linearizable,
 * no acknowledged write may be lost, no request executed twice, and a healed cluster must work again within a bound.
 *
 * A failure names its seed; RAFTGRAM_SEED=N runs that one alone, RAFTGRAM_SEED=N..M all of these.
 */
import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import type { ServerProcess } from './process.js'
import { electionTimeoutMs } from './process.js'
import { Cluster } from './rig.js'
import { Workload } from './workload.js'

const seeds = 100
const troublesPerSeed = 12
/** A healed cluster serves a client within this, and then comes to rest. */
const healedWithinMs = 25 * electionTimeoutMs

class Storm {
  readonly cluster: Cluster
  readonly workload: Workload
  private readonly prng: Prng

  constructor(seed: number) {
    this.prng = new Prng(seed, 5)
    this.cluster = new Cluster({ seed, size: seed % 4 === 0 ? 5 : 3 })
    this.workload = new Workload(this.cluster, { keys: 1 + this.prng.below(5) })
  }

  run(): void {
    const { cluster, workload } = this
    if (this.prng.below(2) === 0) cluster.elect()
    workload.begin()
    for (let i = 0; i < troublesPerSeed; i++) {
      cluster.runFor(this.prng.between(10, 250))
      this.trouble(this.anyone())
    }
    this.heal()
    workload.end()
    workload.judge()
    if (!cluster.runUntil(() => cluster.isSettled, healedWithinMs)) throw new Error('the servers do not come to rest')
    const hashes = new Set(cluster.servers.map(({ id }) => JSON.stringify(checkpointOf(cluster, id))))
    if (hashes.size !== 1) throw new Error(`different states: ${[...hashes].join(' ')}`)
  }

  private heal(): void {
    const { cluster } = this
    cluster.network.heal()
    cluster.setFaults({ lossShare: 0, duplicateShare: 0, reorderShare: 0, corruptShare: 0 })
    for (const server of cluster.servers) {
      if (server.isStandingStill) server.resume()
      server.diskMs = { from: 0.05, to: 2 }
      server.crashAfter = Infinity
      server.disk.fault = () => null
    }
    // A clean stop that was under way ends by itself.
    cluster.runFor(2 * electionTimeoutMs)
    for (const server of cluster.servers) if (!server.isRunning) this.start(server)
    if (cluster.client().put('healed', String(cluster.seed), healedWithinMs) !== 'ok') {
      throw new Error(`no progress within ${healedWithinMs} ms after healing`)
    }
  }

  private start(server: ServerProcess): void {
    server.disk.fault = () => null
    server.start()
  }

  private trouble(server: ServerProcess): void {
    const { cluster, prng } = this
    switch (prng.below(15)) {
      case 0:
      case 1:
        return server.isRunning ? server.crash() : this.start(server)
      case 2:
        return server.isRunning ? server.kill() : this.start(server)
      case 3:
        for (const other of cluster.servers) if (other.isRunning) other.crash()
        for (const other of cluster.servers) this.start(other)
        return
      case 12:
      case 13:
        server.crashAfter = prng.below(12)
        return
      case 14:
        cluster.mayFail.add(server.id)
        server.disk.fault = ({ kind }) => (kind === 'write' && prng.below(3) === 0 ? 'EIO' : null)
        return
      case 4:
        if (server.node === null || server.isStandingStill) return
        return server.stop()
      case 5:
      case 6:
        return server.isStandingStill ? server.resume() : server.pause()
      case 7:
        return cluster.isolate(server.id)
      case 8:
        return cluster.network.cut(server.address, this.anyone().address)
      case 9:
        return cluster.network.heal()
      case 10:
        return cluster.setFaults({
          lossShare: prng.fraction() * 0.3,
          duplicateShare: prng.fraction() * 0.3,
          reorderShare: prng.fraction() * 0.3,
          reorderMs: 20,
          corruptShare: prng.fraction() * 0.1,
        })
      default:
        server.diskMs = { from: 0.05, to: prng.between(0.1, 60) }
    }
  }

  /** The leader more often than the others: most of what can go wrong is there. */
  private anyone(): ServerProcess {
    const { cluster, prng } = this
    const { leader } = cluster
    if (leader !== null && prng.below(3) === 0) return leader
    return cluster.servers[prng.below(cluster.servers.length)]!
  }
}

function checkpointOf(cluster: Cluster, id: number): unknown {
  const status = cluster.statusOf(id)
  return [status?.lastApplied, status?.revision, status?.checkpointIndex, status?.checkpointHash]
}

void t.test('random faults lose nothing, execute nothing twice, and pass', t => {
  const [first, last] = (process.env['RAFTGRAM_SEED'] ?? `1..${seeds}`).split('..').map(Number)
  const from = first!
  const to = last ?? from
  let operations = 0
  let answered = 0
  for (let seed = from; seed <= to; seed++) {
    const storm = new Storm(seed)
    try {
      storm.run()
    } catch (error) {
      t.comment(storm.cluster.lines.slice(-40).join('\n'))
      t.comment(`again: RAFTGRAM_SEED=${seed} node dist/test/node/campaign.test.js`)
      t.error(error, `seed ${seed}`)
      break
    }
    operations += storm.workload.begun
    answered += storm.workload.answered
  }
  t.comment(`${to - from + 1} seeds, ${operations} operations, ${answered} of them answered`)
  t.ok(answered > operations / 2, 'most of what was asked was answered')
  t.end()
})
