/** What `sim` prints: the verdict of a run, the whole report of a failure, the table of what many runs exercised. */
import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeEvent, timeText } from '../src/sim/timeline/page/describe.js'
import type { SimPlan } from '../src/sim/plan.js'
import type { Outcome, RunResult } from '../src/sim/run.js'
import type { TraceEvent } from '../src/sim/trace.js'
import type { ExitStatus } from './exit-status.js'
import { exitStatus } from './exit-status.js'
import { table } from './table.js'
import { packageVersion } from './version.js'

export const outcomeStatus: Readonly<Record<Outcome, ExitStatus>> = {
  passed: exitStatus.done,
  safety: exitStatus.no,
  liveness: exitStatus.noProgress,
  crash: exitStatus.crash,
}

/** The commit that the program was built from where it stands in a repository, else its version. */
export function commitOf(): string {
  const folder = fileURLToPath(new URL('../..', import.meta.url))
  const version = `version ${packageVersion()}`
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    // Where raftgram lies inside of another project, its repository is not ours.
    if (relative(git('rev-parse', '--show-toplevel'), realpathSync(folder)) !== '') return version
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes'
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed}`
  } catch {
    return version
  }
}

/** One line on a run that passed. */
export function describePass({ plan, steps, simulatedMs, operations, answered, hash }: RunResult): string {
  return (
    `seed ${plan.seed} passed: ${describeSize(plan)}, ${seconds(simulatedMs)} simulated, ` +
    `${steps.toLocaleString('en')} events, ${operations} operations (${answered} answered), trace hash ${hash}`
  )
}

export interface FailureReport {
  readonly failed: RunResult
  readonly commit: string
  readonly lastEvents: readonly TraceEvent[]
  readonly replay: string
  readonly shrunk: { readonly result: RunResult; readonly runs: number; readonly replay: string } | null
}

/** Everything that a bug report needs. */
export function describeFailure({ failed, commit, lastEvents, replay, shrunk }: FailureReport): string {
  const lines = [
    `seed ${failed.plan.seed} failed: ${failed.invariant} (${failed.outcome})`,
    `  ${failed.message}`,
    ...(failed.stack === '' ? [] : [indented(failed.stack)]),
    `commit    ${commit}`,
    `run       ${describePlan(failed.plan)}`,
    `at        ${failed.simulatedMs.toFixed(3)} ms, event ${failed.steps.toLocaleString('en')}`,
    `replay    ${replay}`,
  ]
  if (shrunk !== null) {
    lines.push(
      `smaller   ${describePlan(shrunk.result.plan)}, after ${shrunk.runs} runs`,
      `          ${shrunk.result.message}`,
      `replay    ${shrunk.replay}`,
    )
  }
  lines.push(
    '',
    `the last events${shrunk === null ? '' : ' of the smaller run'}:`,
    ...lastEvents.map(event => `${timeText(event.at).padStart(16)}  ${describeEvent(event)}`),
  )
  return lines.join('\n')
}

/** How much happened, how often: what never did is marked. */
export function describeCounts(counts: Readonly<Record<string, number>>): string {
  const groups = new Map<string, [string, number][]>()
  for (const [name, count] of Object.entries(counts)) {
    const colon = name.indexOf(': ')
    const group = colon < 0 ? 'in all' : name.slice(0, colon)
    groups.set(group, [...(groups.get(group) ?? []), [colon < 0 ? name : name.slice(colon + 2), count]])
  }
  const rows = [...groups].flatMap(([group, counted]) =>
    counted.map(([name, count], i) => [
      i === 0 ? group : '',
      name,
      count.toLocaleString('en'),
      count === 0 ? 'never' : '',
    ]),
  )
  return table(['', 'what', 'times', ''], rows, ['times'])
}

export function describePlan(plan: SimPlan): string {
  const kinds = new Map<string, number>()
  for (const { kind } of plan.faults) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const faults = [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} x ${kind}`))
  const { links } = plan
  const weather = [
    ['loss', links.lossShare],
    ['bursts', links.burstEnterShare],
    ['copies', links.duplicateShare],
    ['reordering', links.reorderShare],
    ['corruption', links.corruptShare],
    ['late copies', links.lateShare],
  ] as const
  const shares = weather.filter(([, share]) => share > 0).map(([name, share]) => `${name} ${percent(share)}`)
  const what = [...shares, ...faults].join(', ')
  return `${describeSize(plan)}, faults for ${seconds(plan.healedMs)}: ${what === '' ? 'none' : what}`
}

function describeSize({ servers, load }: SimPlan): string {
  return `${servers} server${servers === 1 ? '' : 's'}, ${load.clients} client${load.clients === 1 ? '' : 's'}`
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function indented(text: string): string {
  return text
    .split('\n')
    .slice(0, 12)
    .map(line => `  ${line.trim()}`)
    .join('\n')
}
