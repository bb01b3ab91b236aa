/** A plan as a file: what a failure's report writes and `sim --plan` reads. What is no plan is refused in one line. */
import { Prng } from '../base/prng.js'
import { crashPoints } from './crash-points.js'
import { drawPlan, segmentBytesLeast } from './draw-plan.js'
import { faultKind, faultKinds } from './faults/faults.js'
import type { PlannedFault, SimPlan } from './plan.js'

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
  checkNumbers(plan)
  for (const fault of plan.faults) checkFault(fault, plan.servers)
  return plan
}

const sampleFault: PlannedFault = { kind: '', atMs: 0, forMs: 0, servers: [1], amount: 0, point: '' }

/** Has `json` the same names as `sample`, with values of the same types, and no number below 0? */
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
    const strange = Object.keys(json).find(name => !(name in sample))
    if (strange !== undefined) throw new PlanError(`${where} has ${strange}, which is no part of it`)
  } else if (typeof json !== typeof sample) {
    throw new PlanError(`${where} must be a ${typeof sample}`)
  } else if (typeof json === 'number' && !(json >= 0 && json <= Number.MAX_SAFE_INTEGER)) {
    throw new PlanError(`${where} must be a number from 0 to 2^53`)
  }
}

function checkNumbers({
  seed,
  servers,
  load,
  heartbeatMs,
  electionTimeoutMs,
  clockRates,
  links,
  ...plan
}: SimPlan): void {
  demand(Number.isInteger(seed), 'seed must be a whole number')
  demand(isWhole(servers, 1, 9), 'servers must be 1 to 9')
  demand(isWhole(load.clients, 0, 50), 'load.clients must be 0 to 50')
  demand(isWhole(load.keys, 1, 1_000), 'load.keys must be 1 to 1000')
  demand(isWhole(load.outstanding, 1, 100), 'load.outstanding must be 1 to 100')
  demand(load.valueBytes <= 1_000, 'load.valueBytes must be 0 to 1000')
  demand(isWhole(load.largeBytes, 2_000, 1_000_000), 'load.largeBytes must be 2000 to 1000000')
  demand(
    load.largeShare === 0 || plan.segmentBytes >= segmentBytesLeast(load.largeBytes),
    'segmentBytes must hold two values of load.largeBytes',
  )
  demand(clockRates.length === servers, 'clockRates must have one number per server')
  demand(
    clockRates.every(rate => rate >= 0.1 && rate <= 10),
    'clockRates must be 0.1 to 10',
  )
  demand(heartbeatMs >= 1, 'heartbeatMs must be 1 or more')
  demand(electionTimeoutMs >= 3 * heartbeatMs, 'electionTimeoutMs must be at least 3 heartbeats')
  demand(plan.diskToMs >= plan.diskFromMs, 'diskToMs must not be below diskFromMs')
  demand(
    plan.segmentBytes >= 4_096 && plan.segmentBytes % 64 === 0,
    'segmentBytes must be a multiple of 64 from 4096 on',
  )
  demand(
    plan.datagramSizes.length > 0 &&
      plan.datagramSizes.every((bytes, i) => isWhole(bytes, 1 + (plan.datagramSizes[i - 1] ?? 1_199), 60_000)),
    'datagramSizes must be 1200 to 60000, ascending',
  )
  demand(links.delayToMs >= links.delayFromMs, 'links.delayToMs must not be below links.delayFromMs')
  for (const [where, shares] of [
    ['load', load],
    ['links', links],
  ] as const) {
    for (const [name, share] of Object.entries(shares) as [string, number][]) {
      demand(!name.endsWith('Share') || share <= 1, `${where}.${name} must be 0 to 1`)
    }
  }
}

function checkFault({ kind, servers: befallen, point }: PlannedFault, servers: number): void {
  demand(
    faultKinds.some(({ name }) => name === kind),
    `there is no fault called '${kind}'`,
  )
  const stranger = befallen.find(id => !isWhole(id, 1, servers))
  demand(stranger === undefined, `a fault befalls server ${stranger}, there are ${servers}`)
  const drawn = faultKind(kind).draw(new Prng(1), 5, 1, false)?.servers?.length ?? 0
  const needed = kind === 'one-way cut' ? 2 : Math.min(drawn, 1)
  demand(befallen.length >= needed, `the fault '${kind}' must befall ${needed === 1 ? 'a server' : 'two servers'}`)
  demand(kind !== 'crash point' || crashPoints.includes(point), `there is no crash point called '${point}'`)
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new PlanError(what)
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to
}
