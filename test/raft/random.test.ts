/**
 * Random faults on clusters of one to five servers: messages lost, copied and overtaken, one-way cuts, crashes at any
 * point (also between a write and its completion, and between the hard state and the messages that tell of it), pauses.
 * Safety is checked after every fact (raft-checks.ts); after healing, progress within a bound is demanded.
 */
import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { RaftCluster, type RaftClusterOptions } from '../support/raft-cluster.js'
import { electionTimeoutMs } from '../support/raft-servers.js'

const seeds = 250
const eventsPerSeed = 2_000
/** Within so many election timeouts a healed cluster has one leader and equal logs. */
const healingTimeouts = 40

class Storm {
  readonly cluster: RaftCluster
  private readonly random: Prng

  constructor(seed: number) {
    const random = new Prng(seed, 7)
    this.random = random
    this.cluster = new RaftCluster({
      servers: 1 + (seed % 5),
      seed,
      loss: random.fraction() * 0.3,
      copies: random.fraction() * 0.3,
      delayMs: [0.1, random.between(0.2, 40)],
      writeMs: [0.1, random.between(0.2, 40)],
      completionMs: [0, random.between(0, 5)],
      hardStateMs: [0.1, random.between(0.2, 10)],
      raft: { uncommittedBytesMax: 20_000, appendBytesMax: 200, windowBytesMax: 1_000 },
    })
  }

  run(): void {
    const { cluster, random } = this
    while (cluster.events < eventsPerSeed) {
      cluster.runFor(random.between(1, 30))
      this.trouble(this.anyone())
      for (let some = random.below(4); some > 0; some--) cluster.propose(this.anyoneOrLeader())
      cluster.read(this.anyoneOrLeader())
    }
  }

  /** Everything works again; true if the cluster then comes to rest with what a client proposes. */
  heals(): boolean {
    const { cluster } = this
    this.endTrouble()
    const boundMs = healingTimeouts * electionTimeoutMs
    if (!cluster.runUntil(() => cluster.isSettled, boundMs)) return false
    // A message of before may still bring on an election, as a TimeoutNow does.
    cluster.runFor(2 * electionTimeoutMs)
    if (!cluster.runUntil(() => cluster.isSettled, boundMs)) return false
    const index = cluster.propose(cluster.leaderId, 'after healing')
    return cluster.runUntil(() => cluster.isSettled && cluster.checks.committed.length === index, boundMs)
  }

  private endTrouble(): void {
    const { cluster } = this
    cluster.heal()
    cluster.loss = 0
    cluster.copies = 0
    cluster.delayMs = [0.1, 2]
    for (const id of cluster.ids) {
      cluster.restart(id)
      cluster.resume(id)
    }
  }

  private trouble(id: number): void {
    const { cluster, random } = this
    switch (random.below(16)) {
      case 0:
      case 1:
        return cluster.crash(id, random.below(2) === 0)
      case 2:
        return cluster.crashAfterHardState(id)
      case 3:
        return cluster.pause(id)
      case 4:
        return cluster.cut(id, this.anyone())
      case 5:
        return cluster.isolate(id)
      case 6:
        if (cluster.leaderId !== 0) cluster.transfer(cluster.leaderId, id)
        return
      case 7:
        if (cluster.leaderId !== 0) cluster.crash(cluster.leaderId)
        return
      case 8:
      case 9:
      case 10:
        return cluster.heal()
      case 11:
      case 12:
        return cluster.resume(id)
      default:
        return cluster.restart(id)
    }
  }

  private anyone(): number {
    return 1 + this.random.below(this.cluster.ids.length)
  }

  private anyoneOrLeader(): number {
    const { leaderId } = this.cluster
    return leaderId !== 0 && this.random.below(3) > 0 ? leaderId : this.anyone()
  }
}

void t.test('safety under random faults, progress after them', t => {
  const failures: string[] = []
  let committed = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const storm = new Storm(seed)
    try {
      storm.run()
      if (!storm.heals()) failures.push(`seed ${seed}: no progress after healing`)
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
    }
    committed += storm.cluster.checks.committed.length
  }
  t.strictSame(failures, [])
  t.ok(committed > 20 * seeds, `the runs do something: ${committed} entries committed`)
  t.end()
})

/** Messages and entries sent for `proposals` proposals, one each 5 ms, until all of them are everywhere. */
function costOf(proposals: number, faults: Partial<RaftClusterOptions>): { messages: number; entries: number } {
  const cluster = new RaftCluster({ servers: 5, seed: 8, delayMs: [0.2, 0.4], writeMs: [1, 2], ...faults })
  cluster.runUntil(() => cluster.isSettled, 10_000)
  const before = cluster.messages
  let entries = 0
  cluster.onSent = (_, __, message) => {
    if (message.type === 'AppendEntries') entries += message.entries.length
  }
  for (let each = 0; each < proposals; each++) {
    cluster.propose(cluster.leaderId)
    cluster.runFor(5)
  }
  cluster.runUntil(() => cluster.isSettled, 10_000)
  return { messages: cluster.messages - before, entries }
}

void t.test('R18: no storm: with 30 % copies, losses and reordering there are hardly more messages', t => {
  const proposals = 300
  const clean = costOf(proposals, {})
  t.ok(clean.messages < 2.2 * 4 * proposals, `an append and a reply per peer: ${clean.messages}`)
  t.equal(clean.entries, 4 * proposals, 'every entry goes to every peer once')
  const storms: Partial<RaftClusterOptions>[] = [
    { copies: 0.3 },
    { copies: 0.3, loss: 0.3 },
    { copies: 0.3, delayMs: [0.2, 30] },
    { copies: 0.3, loss: 0.1, delayMs: [0.2, 30] },
    { copies: 1, delayMs: [0.2, 10] },
  ]
  for (const faults of storms) {
    const cost = costOf(proposals, faults)
    t.ok(
      cost.messages < 2 * clean.messages,
      `${JSON.stringify(faults)}: ${cost.messages} messages, not ${clean.messages}`,
    )
    t.ok(cost.entries < 5 * clean.entries, `${JSON.stringify(faults)}: ${cost.entries} entries`)
  }
  t.end()
})

void t.test('equal seeds give equal runs', t => {
  for (const seed of [3, 4, 9]) {
    const [one, two] = [new Storm(seed), new Storm(seed)]
    one.run()
    two.run()
    t.equal(one.cluster.timedStory, two.cluster.timedStory)
    t.equal(one.cluster.fingerprint, two.cluster.fingerprint)
  }
  const [one, two] = [new Storm(13), new Storm(18)]
  one.run()
  two.run()
  t.not(one.cluster.fingerprint, two.cluster.fingerprint)
  t.end()
})
