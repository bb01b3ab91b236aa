/**
 * Makes a failing plan smaller while it still fails in the same way: fewer faults, kinder weather, fewer servers and
 * clients, a shorter run (delta debugging: Zeller and Hildebrandt, 2002). What is left is what the failure needs.
 */
import type { LinkQuality } from './network.js'
import { perfectLinks } from './network.js'
import type { SimPlan } from './plan.js'
import type { RunResult } from './run.js'
import { runPlan } from './run.js'

export interface Shrunk {
  readonly result: RunResult
  /** Runs that it took. */
  readonly runs: number
}

/** `isExpired` is asked before each run, and ends the search: the smallest failure so far is the answer. */
export function shrinkPlan(failed: RunResult, isExpired: () => boolean): Shrunk {
  let best = failed
  let runs = 0
  const fails = (plan: SimPlan): boolean => {
    if (isExpired()) return false
    runs++
    const result = runPlan(plan)
    if (result.outcome !== failed.outcome || result.invariant !== failed.invariant) return false
    best = result
    return true
  }
  // A change of one kind may make room for another, so all kinds go round until none helps.
  for (let before: RunResult | null = null; before !== best && !isExpired();) {
    before = best
    shorten(best, fails)
    withoutFaults(() => best.plan, fails)
    kinder(() => best.plan, fails)
    withoutServers(() => best.plan, fails)
    lighter(() => best.plan, fails)
  }
  return { result: best, runs }
}

type Fails = (plan: SimPlan) => boolean

/** Up to where it failed, and then half of that and half of that. */
function shorten({ plan, simulatedMs, outcome }: RunResult, fails: Fails): void {
  if (outcome !== 'liveness' && simulatedMs < plan.healedMs) fails(shortened(plan, simulatedMs))
  for (let healedMs = plan.healedMs / 2; healedMs > 50; healedMs /= 2) if (!fails(shortened(plan, healedMs))) return
}

function shortened(plan: SimPlan, healedMs: number): SimPlan {
  return { ...plan, healedMs, faults: plan.faults.filter(({ atMs }) => atMs < healedMs) }
}

/** Leaves out halves of the faults, then quarters, and at last single ones. */
function withoutFaults(plan: () => SimPlan, fails: Fails): void {
  if (plan().faults.length > 0 && fails({ ...plan(), faults: [] })) return
  for (let size = Math.ceil(plan().faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < plan().faults.length;) {
      const faults = plan().faults.filter((_, i) => i < from || i >= from + size)
      // What was left out makes the next ones move up.
      if (!fails({ ...plan(), faults })) from += size
    }
  }
}

const weather = [
  'lossShare',
  'burstEnterShare',
  'duplicateShare',
  'reorderShare',
  'corruptShare',
  'lateShare',
  'tailShare',
  'bytesPerMs',
  'datagramBytesMax',
  'delaySpread',
] as const satisfies readonly (keyof LinkQuality)[]

function kinder(plan: () => SimPlan, fails: Fails): void {
  for (const name of weather) {
    const { links } = plan()
    if (links[name] !== 0) fails({ ...plan(), links: { ...links, [name]: 0 } })
  }
  const { links } = plan()
  if (links.delayToMs > perfectLinks.delayToMs) {
    const { delayFromMs, delayToMs } = perfectLinks
    fails({ ...plan(), links: { ...links, delayFromMs, delayToMs } })
  }
  if (plan().clockRates.some(rate => rate !== 1)) fails({ ...plan(), clockRates: plan().clockRates.map(() => 1) })
}

function withoutServers(plan: () => SimPlan, fails: Fails): void {
  while (plan().servers > 1) {
    const servers = plan().servers - 1
    const faults = plan().faults.filter(fault => fault.servers.every(id => id <= servers))
    const clockRates = plan().clockRates.slice(0, servers)
    if (!fails({ ...plan(), servers, faults, clockRates })) return
  }
}

function lighter(plan: () => SimPlan, fails: Fails): void {
  for (const less of [
    { largeShare: 0 },
    { clients: 1 },
    { outstanding: 1 },
    { keys: 1 },
    { deleteShare: 0 },
    { casShare: 0 },
  ]) {
    const { load } = plan()
    const isLess = Object.entries(less).some(([name, value]) => load[name as keyof typeof load] > value)
    if (isLess) fails({ ...plan(), load: { ...load, ...less } })
  }
}
