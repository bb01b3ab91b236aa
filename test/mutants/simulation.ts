/** Killers that need the whole program: seeds and scripts. Loaded only where one is asked for; searches need the core alone. */
import { drawPlan } from '../../src/sim/draw-plan.js'
import { runPlan } from '../../src/sim/run.js'
import type { Killer, Verdict } from './killer.js'
import { scripts } from './scripts/scripts.js'

export const scriptNames: readonly string[] = scripts.map(({ name }) => name)

export function simulate(killer: Exclude<Killer, { by: 'search' }>): Omit<Verdict, 'cpuSeconds'> {
  if (killer.by === 'seed') {
    const { invariant, message, steps } = runPlan(drawPlan(killer.seed, { durationMs: killer.durationMs }))
    return { invariant, message, steps }
  }
  const script = scripts.find(one => one.name === killer.name)
  if (script === undefined) throw new Error(`there is no script called '${killer.name}'`)
  const { invariant, message } = script.run()
  return { invariant, message, steps: 1 }
}
