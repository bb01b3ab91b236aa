/**
 * The work of `sim`, in threads of their own: a simulation computes without a pause, and there is a core for each. A thread
 * takes one task after the other: some seeds to run, or one plan to run with a trace, and to make smaller if it fails.
 */
import { parentPort } from 'node:worker_threads'
import type { PlanWishes } from '../src/sim/draw-plan.js'
import { drawPlan } from '../src/sim/draw-plan.js'
import type { SimPlan } from '../src/sim/plan.js'
import type { RunResult } from '../src/sim/run.js'
import { runPlan } from '../src/sim/run.js'
import { shrinkPlan } from '../src/sim/shrink.js'
import type { TraceEvent } from '../src/sim/trace.js'
import { endOfTrace, writeTrace } from '../src/sim/trace-writer.js'
import { Tally } from '../src/sim/tally.js'
import { writeTraceFiles } from './sim-trace-files.js'

export interface SeedsTask {
  readonly kind: 'seeds'
  readonly seeds: readonly number[]
  readonly wishes: PlanWishes
}

export interface PlanTask {
  readonly kind: 'plan'
  readonly plan: SimPlan
  /** Files to write, undefined for none. */
  readonly trace: string | undefined
  readonly html: string | undefined
}

export interface ShrinkTask {
  readonly kind: 'shrink'
  readonly plan: SimPlan
  readonly forMs: number
}

export type SimTask = SeedsTask | PlanTask | ShrinkTask

/** Of some seeds together. */
export interface SeedsDone {
  readonly kind: 'seeds'
  readonly runs: number
  readonly steps: number
  readonly simulatedMs: number
  readonly operations: number
  readonly counts: Readonly<Record<string, number>>
  readonly failures: readonly RunResult[]
  /** Hash over the hashes of the runs, in the order of the seeds. */
  readonly hashes: readonly string[]
}

export interface PlanDone {
  readonly kind: 'plan'
  readonly result: RunResult
  /** The last page of its trace. */
  readonly lastEvents: readonly TraceEvent[]
}

export interface ShrinkDone {
  readonly kind: 'shrink'
  readonly result: RunResult
  readonly runs: number
  readonly lastEvents: readonly TraceEvent[]
}

export type SimDone = SeedsDone | PlanDone | ShrinkDone

/** Lines of a trace that a report ends with. */
const pageLines = 40

parentPort?.on('message', (task: SimTask) => parentPort?.postMessage(perform(task)))

function perform(task: SimTask): SimDone {
  switch (task.kind) {
    case 'seeds':
      return runSeeds(task)
    case 'plan': {
      const { plan, trace, html } = task
      const events: TraceEvent[] = []
      const keepsAll = trace !== undefined || html !== undefined
      const result = runTraced(plan, event => {
        events.push(event)
        if (!keepsAll && events.length > 4 * pageLines) events.splice(0, 2 * pageLines)
      })
      if (keepsAll) writeTraceFiles(events, `raftgram sim, seed ${plan.seed}`, { trace, html })
      return { kind: 'plan', result, lastEvents: lastPage(events) }
    }
    case 'shrink': {
      const startMs = performance.now()
      const { result, runs } = shrinkPlan(runPlan(task.plan), () => performance.now() - startMs > task.forMs)
      const events: TraceEvent[] = []
      runTraced(result.plan, event => {
        events.push(event)
        if (events.length > 4 * pageLines) events.splice(0, 2 * pageLines)
      })
      return { kind: 'shrink', result, runs, lastEvents: lastPage(events) }
    }
  }
}

function runSeeds({ seeds, wishes }: SeedsTask): SeedsDone {
  const tally = new Tally()
  const failures: RunResult[] = []
  const hashes: string[] = []
  let [steps, simulatedMs, operations] = [0, 0, 0]
  for (const seed of seeds) {
    const result = runPlan(drawPlan(seed, wishes))
    steps += result.steps
    simulatedMs += result.simulatedMs
    operations += result.operations
    tally.merge(result.counts)
    hashes.push(result.hash)
    if (result.outcome !== 'passed') failures.push(result)
  }
  return { kind: 'seeds', runs: seeds.length, steps, simulatedMs, operations, counts: tally.all, failures, hashes }
}

function runTraced(plan: SimPlan, sink: (event: TraceEvent) => void): RunResult {
  const result = runPlan(plan, cluster => writeTrace(cluster, sink))
  endOfTrace(result, sink)
  return result
}

/** What a person wants to see of the end: not every turn of a disk. */
function lastPage(events: readonly TraceEvent[]): TraceEvent[] {
  return events.filter(event => event.kind !== 'disk' || event.outcome !== 'ok').slice(-pageLines)
}
