/** raftgram sim: whole clusters in simulated time, under faults, with every invariant asked after every event. */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { whyPath } from '../src/base/path-error.js'
import { drawPlan } from '../src/sim/draw-plan.js'
import { formatPlan, parsePlan, PlanError } from '../src/sim/plan-file.js'
import type { SimPlan } from '../src/sim/plan.js'
import type { RunResult } from '../src/sim/run.js'
import { Tally } from '../src/sim/tally.js'
import { defineCommand } from './command.js'
import { CommandError, usageError, type ExitStatus } from './exit-status.js'
import { isDirectory } from './is-directory.js'
import { flag, optional, seconds, secondsOrNone, text, whole, wholeRange, withDefault } from './option.js'
import { shellQuoted, type Output } from './output.js'
import { showCount } from './progress.js'
import { refuseUnwritable, writeFailed } from './refuse-unwritable.js'
import { askedToEnd } from './signals.js'
import { SimPool } from './sim-pool.js'
import { commitOf, describeCounts, describeFailure, describePass, outcomeStatus } from './sim-report.js'
import type { PlanDone, SeedsDone, ShrinkDone } from './sim-worker.js'

/** What decides a plan beside its seed, as options. */
const planWishes = ['servers', 'duration-s', 'calm', 'lying-disks']

/** Which failure the exit status of many runs tells of. */
const worstFirst = ['safety', 'crash', 'liveness'] as const

/** Seeds that a thread runs before it says how they went. */
const seedsPerTask = 8

export const simCommand = defineCommand({
  name: 'sim',
  words: [],
  describe: 'Run whole clusters in simulated time under faults, and check every invariant after every event',
  details: `
The servers and clients are the production code, on a simulated clock, network and disk. A seed draws
cluster size, timeouts, load and faults, and replays the same run, event for event, on any machine.
Exit status 0: nothing was wrong. 1: a safety property was broken. 4: no progress after the faults.
5: the program threw. A failure is reported with its last events and the command that replays it; it
is made smaller first, and the smaller run is written to a file that --plan takes.`,
  options: {
    seed: optional('The seed of one run; without, one is drawn', whole(0)),
    seeds: optional('Run all seeds FROM..TO, over all cores', wholeRange),
    plan: optional('Run the plan of this file, as a failure left it', text),
    servers: optional('Servers of the cluster, 1 to 9; without, the seed decides', whole(1, 9)),
    durationS: withDefault('Simulated seconds in which faults happen', seconds, '60'),
    calm: flag('No faults at all'),
    lyingDisks: flag('Disks that call writes durable that are not: safety should break, and be seen to'),
    trace: optional('Write the events of the run to this file, a line of JSON each', text),
    html: optional('Write the timeline of the run to this file, a page for any browser', text),
    jobs: withDefault('Threads', whole(1, 256), String(availableParallelism())),
    shrinkS: withDefault('Look for a smaller failure for so many seconds, 0 for not at all', secondsOrNone, '20'),
    failuresMax: withDefault('Stop after so many seeds that failed', whole(1), '1'),
    reports: withDefault('Folder for the plans of failures', text, '.'),
  },
  examples: [
    ['sim --seed 42', 'one run'],
    ['sim --seeds 1..1000 --duration-s 20', 'a thousand, and a table of what they exercised'],
    ['sim --seed 42 --html run.html', 'a picture of it'],
  ],
  async run({ options, output, given }) {
    const chosen = (['seed', 'seeds', 'plan'] as const).filter(name => options[name] !== undefined)
    if (chosen.length > 1) throw usageError(`--${chosen[0]} and --${chosen[1]} exclude each other: choose one`)
    const { seeds } = options
    if (seeds !== undefined && (options.trace !== undefined || options.html !== undefined)) {
      throw usageError('--trace and --html show one run: choose a --seed for them')
    }
    refuseWishesBesidePlan(options.plan, given)
    refuseUnwritable(options.trace, 'trace')
    refuseUnwritable(options.html, 'html')
    if (options.shrinkS > 0) refuseNoFolder(options.reports)
    const wishes = {
      servers: options.servers,
      durationMs: options.durationS * 1_000,
      calm: options.calm,
      lyingDisks: options.lyingDisks,
    }
    const plan = seeds === undefined ? planOf(options.plan, options.seed, wishes) : null
    const pool = new SimPool(plan === null ? options.jobs : 1)
    try {
      const interrupted = askedToEnd().then(() => {
        throw new CommandError('unavailable', 'interrupted: the simulation did not come to its end')
      })
      const ended = Promise.race([pool.failure, interrupted])
      const session: Session = { pool, output, ended, shrinkMs: options.shrinkS * 1_000, reports: options.reports }
      const work =
        plan === null
          ? runMany(session, seeds!, wishes, given, options.failuresMax)
          : runOne(session, plan, {
              trace: options.trace,
              html: options.html,
              replay: replayCommand(given, options.plan === undefined),
            })
      return await Promise.race([work, ended])
    } finally {
      await pool.end()
    }
  },
})

/** A plan decides all of it. */
function refuseWishesBesidePlan(plan: string | undefined, given: ReadonlyMap<string, string>): void {
  if (plan === undefined) return
  const wish = planWishes.find(name => given.has(name) && given.get(name) !== 'false')
  if (wish !== undefined) throw usageError(`--plan says all of a run: leave out --${wish}, or change it in the plan`)
}

function refuseNoFolder(path: string): void {
  if (isDirectory(path)) return
  throw usageError(`--reports ${path} is no folder: make it first, or choose another`)
}

interface Session {
  readonly pool: SimPool
  readonly output: Output
  /** Rejects where the simulation ends before its time: a signal, a thread that died. Never resolves. */
  readonly ended: Promise<never>
  readonly shrinkMs: number
  readonly reports: string
}

type Wishes = Parameters<typeof drawPlan>[1]

function planOf(file: string | undefined, seed: number | undefined, wishes: Wishes): SimPlan {
  if (file === undefined) return drawPlan(seed ?? Math.floor(Math.random() * 1e9), wishes)
  try {
    return parsePlan(readFileSync(file, 'utf8'))
  } catch (error) {
    const wrong = error instanceof PlanError ? `is no plan: ${error.message}` : `cannot be read: ${whyPath(error)}`
    throw usageError(`${file} ${wrong}: take one that a failure of sim has written`)
  }
}

async function runOne(
  session: Session,
  plan: SimPlan,
  { trace, html, replay }: { trace: string | undefined; html: string | undefined; replay: (seed: number) => string },
): Promise<ExitStatus> {
  const { result, lastEvents } = await session.pool.run<PlanDone>({ kind: 'plan', plan, trace, html })
  for (const file of [trace, html]) if (file !== undefined) session.output.note(`wrote ${file}`)
  if (result.outcome === 'passed') {
    session.output.result({ ok: true, ...fieldsOf(result), counts: result.counts }, describePass(result))
  } else {
    await reportFailure(session, result, lastEvents, replay(plan.seed))
  }
  return outcomeStatus[result.outcome]
}

async function runMany(
  session: Session,
  { from, to }: { readonly from: number; readonly to: number },
  wishes: NonNullable<Wishes>,
  given: ReadonlyMap<string, string>,
  failuresMax: number,
): Promise<ExitStatus> {
  const { pool, output } = session
  const startMs = performance.now()
  const total = to - from + 1
  const tally = new Tally()
  const failures: RunResult[] = []
  let [runs, steps, simulatedMs, operations] = [0, 0, 0, 0]
  const progress = showCount(total, 'seeds', () => ({ failed: failures.length }))
  let next = from
  /** One thread's share: the next seeds, as long as there are some and it makes sense. */
  const runOn = async (): Promise<void> => {
    while (next <= to && failures.length < failuresMax) {
      const first = next
      next = Math.min(first + seedsPerTask, to + 1)
      const seeds = Array.from({ length: next - first }, (_, i) => first + i)
      const done = await pool.run<SeedsDone>({ kind: 'seeds', seeds, wishes })
      runs += done.runs
      steps += done.steps
      simulatedMs += done.simulatedMs
      operations += done.operations
      tally.merge(done.counts)
      failures.push(...done.failures)
      progress.update(runs)
    }
  }
  const tell = (): void => {
    progress.stop()
    const wallS = (performance.now() - startMs) / 1_000
    const summary =
      `${runs.toLocaleString('en')} of ${total.toLocaleString('en')} seeds run, ${failures.length} failed: ` +
      `${(simulatedMs / 3_600_000).toFixed(1)} cluster-hours, ${steps.toLocaleString('en')} events, ` +
      `${operations.toLocaleString('en')} operations in ${wallS.toFixed(1)} s`
    const sums = { steps, simulatedMs, operations, counts: tally.all, wallS }
    output.result(
      { ok: failures.length === 0 && runs === total, seeds: runs, failed: failures.map(fieldsOf), ...sums },
      `${describeCounts(tally.all)}\n\n${summary}`,
    )
  }
  try {
    await Promise.race([Promise.all(Array.from({ length: pool.threads }, runOn)), session.ended])
  } catch (error) {
    // Interrupted: what was found so far is not thrown away.
    tell()
    throw error
  }
  failures.sort((a, b) => a.plan.seed - b.plan.seed)
  for (const failed of failures.slice(0, failuresMax)) {
    const { lastEvents } = await pool.run<PlanDone>({
      kind: 'plan',
      plan: failed.plan,
      trace: undefined,
      html: undefined,
    })
    await reportFailure(session, failed, lastEvents, replayCommand(given, true)(failed.plan.seed))
  }
  tell()
  const worst = worstFirst.find(outcome => failures.some(failed => failed.outcome === outcome))
  return outcomeStatus[worst ?? 'passed']
}

async function reportFailure(
  session: Session,
  failed: RunResult,
  lastEvents: PlanDone['lastEvents'],
  replay: string,
): Promise<void> {
  const { pool, output, shrinkMs, reports } = session
  const commit = commitOf()
  let shrunk: ShrinkDone | null = null
  let file = ''
  if (shrinkMs > 0) {
    output.note(`seed ${failed.plan.seed} failed (${failed.invariant}): looking for a smaller run that fails`)
    shrunk = await pool.run<ShrinkDone>({ kind: 'shrink', plan: failed.plan, forMs: shrinkMs })
    file = join(reports, `sim-failure-${failed.plan.seed}.json`)
    try {
      writeFileSync(file, formatPlan(shrunk.result.plan))
    } catch (error) {
      throw writeFailed(file, error)
    }
  }
  const smaller =
    shrunk === null
      ? null
      : { result: shrunk.result, runs: shrunk.runs, replay: `npx raftgram sim --plan ${shellQuoted(file)}` }
  output.result(
    {
      ok: false,
      error: failed.outcome,
      ...fieldsOf(failed),
      commit,
      replay,
      smaller: smaller === null ? null : { ...fieldsOf(smaller.result), replay: smaller.replay },
      lastEvents: shrunk?.lastEvents ?? lastEvents,
    },
    describeFailure({ failed, commit, lastEvents: shrunk?.lastEvents ?? lastEvents, replay, shrunk: smaller }),
  )
}

/** The command that runs a seed again as it was run, whichever way its options came. */
function replayCommand(given: ReadonlyMap<string, string>, isSeed: boolean): (seed: number) => string {
  const kept = isSeed ? planWishes : ['plan']
  const options = kept.flatMap(name => {
    const value = given.get(name)
    if (value === undefined || value === 'false') return []
    return value === 'true' ? [`--${name}`] : [`--${name} ${shellQuoted(value)}`]
  })
  return seed => ['npx raftgram sim', ...(isSeed ? [`--seed ${seed}`] : []), ...options].join(' ')
}

function fieldsOf(result: RunResult): object {
  const { plan, outcome, invariant, message, steps, simulatedMs, hash, operations, answered } = result
  return { seed: plan.seed, outcome, invariant, message, steps, simulatedMs, hash, operations, answered }
}
