/**
 * One run of a plan, from the first start to the verdict: faults until healedMs, then everything is mended and progress is
 * demanded, then the history is judged. The same plan gives the same run, event for event, on any machine.
 */
import { SimCluster } from './cluster.js'
import { scheduleFaults } from './faults/faults.js'
import type { InvariantName } from './invariants/violation.js'
import { InvariantViolation, violated } from './invariants/violation.js'
import { checkHistory } from './linearizability/linearizability.js'
import { perfectLinks } from './network.js'
import type { SimPlan } from './plan.js'
import { countRaft } from './raft-counts.js'
import { checkNoStorm } from './invariants/no-storm.js'

export type Outcome = 'passed' | 'safety' | 'liveness' | 'crash'

export interface RunResult {
  readonly plan: SimPlan
  readonly outcome: Outcome
  /** The broken invariant; 'Crash' where the program threw, '' where nothing was wrong. */
  readonly invariant: InvariantName | 'Crash' | ''
  readonly message: string
  /** Where the program threw. */
  readonly stack: string
  /** Steps executed: datagrams that arrived, timers, turns, operations of disks. */
  readonly steps: number
  readonly simulatedMs: number
  /** Of all that happened: equal for equal runs. */
  readonly hash: string
  readonly operations: number
  readonly answered: number
  readonly counts: Readonly<Record<string, number>>
}

/** After the faults: within so many election timeouts there is a leader, writes are answered, and all servers agree. */
const progressTimeouts = 25

/** Then the leader stays for so many, when nothing happens. */
const calmTimeouts = 3

/** Runs a plan. `attach` is called before anything happens: for a trace. */
export function runPlan(plan: SimPlan, attach: (cluster: SimCluster) => void = () => undefined): RunResult {
  const cluster = new SimCluster(plan)
  countRaft(cluster)
  attach(cluster)
  let outcome: Outcome = 'passed'
  let invariant: RunResult['invariant'] = ''
  let message = ''
  let stack = ''
  try {
    live(cluster)
  } catch (error) {
    if (error instanceof InvariantViolation) {
      outcome = error.invariant === 'Progress' || error.invariant === 'No Storm' ? 'liveness' : 'safety'
      invariant = error.invariant
    } else if (error instanceof Error) {
      outcome = 'crash'
      invariant = 'Crash'
      const cause = error.cause instanceof Error ? error.cause : error
      stack = cause.stack ?? ''
    }
    message = error instanceof Error ? error.message : String(error)
  }
  const { kernel, load, tally, network } = cluster
  tally.add('datagrams', network.datagrams)
  tally.add('elections won', cluster.invariants.elections.elections)
  tally.add('reads that any server was asked for', cluster.prober.answered)
  tally.add('messages larger than a datagram', cluster.invariants.messages.handedOut)
  tally.add('entries committed', cluster.invariants.committed.lastIndex)
  return {
    plan,
    outcome,
    invariant,
    message,
    stack,
    steps: kernel.steps,
    simulatedMs: kernel.nowMs,
    hash: kernel.hash,
    operations: load.begun,
    answered: load.answered,
    counts: tally.all,
  }
}

function live(cluster: SimCluster): void {
  const { plan } = cluster
  const mendAll = scheduleFaults(cluster)
  cluster.begin()
  cluster.runUntil(plan.healedMs)
  mendAll()
  heal(cluster)
  demandProgress(cluster)
  judge(cluster)
}

function heal(cluster: SimCluster): void {
  const { network, plan } = cluster
  const { delayFromMs, delayToMs, delaySpread, bytesPerMs, queueBytes, datagramBytesMax } = plan.links
  network.quality = { ...perfectLinks, delayFromMs, delayToMs, delaySpread, bytesPerMs, queueBytes, datagramBytesMax }
  cluster.watch?.fault('everything is mended', [], 0)
  for (const server of cluster.servers) {
    server.disk.mend()
    cluster.resume(server)
    if (!server.isRunning) server.start()
  }
}

function demandProgress(cluster: SimCluster): void {
  const { kernel, plan, load, prober } = cluster
  const deadlineMs = kernel.nowMs + progressTimeouts * plan.electionTimeoutMs
  load.end()
  prober.end()
  const client = cluster.freshClient()
  const keys = Array.from({ length: plan.load.keys }, (_, i) => `k${i}`)
  let unanswered = 1 + keys.length
  const answered = (isAnswered: boolean): void => {
    if (isAnswered) unanswered--
  }
  load.putLast(client, 'last', progressTimeouts * plan.electionTimeoutMs, answered)
  for (const key of keys) load.readLast(client, key, progressTimeouts * plan.electionTimeoutMs, answered)
  while (unanswered > 0 || load.outstanding > 0 || !agree(cluster)) {
    if (kernel.nowMs >= deadlineMs) noProgress(cluster, unanswered)
    cluster.runUntil(kernel.nowMs + plan.heartbeatMs)
  }
  demandCalm(cluster)
  cluster.checkClients()
  checkNoStorm(cluster)
}

/** Nothing happens any more: whoever leads goes on to lead, in the same term. */
function demandCalm(cluster: SimCluster): void {
  const { kernel, plan } = cluster
  const before = leadership(cluster)
  cluster.runUntil(kernel.nowMs + calmTimeouts * plan.electionTimeoutMs)
  const after = leadership(cluster)
  if (before === after) return
  violated('Progress', `nothing happened for ${calmTimeouts} election timeouts, and ${before} became ${after}`)
}

function leadership({ leader }: SimCluster): string {
  return leader === null ? 'no leader' : `server ${leader.id} leading term ${leader.node!.raft.currentTerm}`
}

/** All servers that can run have applied the same, and one of them leads. */
function agree(cluster: SimCluster): boolean {
  const leader = cluster.leader?.node ?? null
  if (leader === null) return false
  const { commitIndex, log } = leader.raft.server
  if (commitIndex !== log.lastIndex) return false
  return cluster.servers.every(({ node, isDamaged }) => {
    if (node === null) return isDamaged
    return node.state.lastApplied === commitIndex && node.state.sessions.stateHash === leader.state.sessions.stateHash
  })
}

function noProgress(cluster: SimCluster, unanswered: number): never {
  const servers = cluster.servers.map(({ id, node, isPaused }) => {
    if (node === null) return `s${id} does not run`
    const { role, currentTerm, commitIndex, log } = node.raft.server
    const still = isPaused ? ', stands still' : ''
    return `s${id} ${role.name} of term ${currentTerm}, committed ${commitIndex} of ${log.lastIndex}${still}`
  })
  violated(
    'Progress',
    `${progressTimeouts} election timeouts after the last fault ${unanswered} of the last requests have no answer, ` +
      `${cluster.load.outstanding} operations have no end: ${servers.join('; ')}`,
  )
}

function judge({ load }: SimCluster): void {
  load.close()
  const verdict = checkHistory(load.history)
  if (verdict.verdict === 'linearizable') return
  if (verdict.verdict === 'undecided') throw new Error(`the history could not be judged: ${verdict.why}`)
  const { key, impossible } = verdict
  violated(
    'Linearizability',
    `key ${key}: no order of the operations explains what ${impossible.client} was told at ` +
      `${String(impossible.end)} ms: ${impossible.op} -> ${JSON.stringify(impossible.output)}`,
  )
}
