/** A plan as a file: what a failure's report writes and `sim --plan` reads. What is no plan is refused in one line. */
import { drawPlan } from './draw-plan.js'
import { faultKind, faultKinds } from './faults/faults.js'
import type { SimPlan } from './plan.js'

/** The file was not written by `sim`, or was changed into something that cannot be run. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
}

/** The text of a plan's file. */
export function formatPlan(plan: SimPlan): string {
  return `${JSON.stringify(plan, null, 2)}\n`
}

/** Reads what formatPlan wrote. Throws PlanError. */
export function parsePlan(text: string): SimPlan {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new PlanError(`it is not JSON: ${(error as Error).message}`)
  }
  const sample = drawPlan(1, { servers: 1 })
  compare(json, { ...sample, faults: [sampleFault] }, 'the plan')
  const plan = json as SimPlan
  const { servers, clockRates, faults } = plan
  if (!Number.isInteger(servers) || servers < 1 || servers > 9) throw new PlanError('servers must be 1 to 9')
  if (clockRates.length !== servers) throw new PlanError('clockRates must have one number per server')
  if (!(plan.electionTimeoutMs >= 3 * plan.heartbeatMs)) {
    throw new PlanError('electionTimeoutMs must be at least 3 heartbeats')
  }
  for (const { kind, servers: befallen } of faults) {
    if (!faultKinds.some(({ name }) => name === kind)) throw new PlanError(`there is no fault called '${kind}'`)
    const stranger = befallen.find(id => !Number.isInteger(id) || id < 1 || id > servers)
    if (stranger !== undefined) throw new PlanError(`a fault befalls server ${stranger}, there are ${servers}`)
    faultKind(kind)
  }
  return plan
}

const sampleFault = { kind: '', atMs: 0, forMs: 0, servers: [1], amount: 0, point: '' }

/** Has `json` the same names as `sample`, with values of the same types? */
function compare(json: unknown, sample: unknown, where: string): void {
  if (Array.isArray(sample)) {
    if (!Array.isArray(json)) throw new PlanError(`${where} must be a list`)
    json.forEach((item, i) => compare(item, sample[0], `${where}[${i}]`))
  } else if (typeof sample === 'object' && sample !== null) {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new PlanError(`${where} must be an object`)
    for (const [name, value] of Object.entries(sample)) {
      if (!(name in json)) throw new PlanError(`${where} has no ${name}`)
      compare((json as Record<string, unknown>)[name], value, `${where}.${name}`)
    }
  } else if (typeof json !== typeof sample || (typeof json === 'number' && !Number.isFinite(json))) {
    throw new PlanError(`${where} must be a ${typeof sample}`)
  }
}
