import t from 'tap'
import { drawPlan } from '../../src/sim/draw-plan.js'
import { formatPlan, parsePlan, PlanError } from '../../src/sim/plan-file.js'
import type { PlannedFault, SimPlan } from '../../src/sim/plan.js'
import { calmPlan, faultOf } from './rig.js'

const plan = calmPlan(1, { faults: [faultOf('crash', { servers: [2] })] })

function refusalOf(text: string): string {
  try {
    parsePlan(text)
    return 'taken'
  } catch (error) {
    return error instanceof PlanError ? error.message : `threw ${String(error)}`
  }
}

void t.test('what was written is read', t => {
  t.same(parsePlan(formatPlan(plan)), plan)
  const lying = drawPlan(3, { lyingDisks: true })
  t.same(parsePlan(formatPlan(lying)), lying)
  t.match(formatPlan(plan), /^\{\n {2}"seed": 1,\n[^]*\}\n$/)
  t.end()
})

void t.test('each mistake is refused in one clear line', t => {
  const changed = (some: Partial<Record<keyof SimPlan, unknown>>) => JSON.stringify({ ...plan, ...some })
  const withFault = (some: Partial<Record<keyof PlannedFault, unknown>>) =>
    changed({ faults: [{ ...plan.faults[0], ...some }] })
  const cases: [text: string, says: RegExp][] = [
    ['', /^it is not JSON: /],
    ['{"seed": 1', /^it is not JSON: /],
    ['[]', /^the plan must be an object$/],
    ['null', /^the plan must be an object$/],
    [changed({ seed: undefined }), /^the plan has no seed$/],
    [changed({ seed: '1' }), /^the plan\.seed must be a number$/],
    [changed({ seed: 1.5 }), /^seed must be a whole number$/],
    [changed({ seed: -1 }), /^the plan\.seed must be a number from 0 to 2\^53$/],
    [
      changed({ healedMs: 5 }).replace('"healedMs":5', '"healedMs":1e999'),
      /^the plan\.healedMs must be a number from 0/,
    ],
    [changed({ faults: {} }), /^the plan\.faults must be a list$/],
    [changed({ lyingDisks: 0 }), /^the plan\.lyingDisks must be a boolean$/],
    [changed({ links: null }), /^the plan\.links must be an object$/],
    [changed({ links: { ...plan.links, lossshare: 1 } }), /^the plan\.links has lossshare, which is no part of it$/],
    [changed({ links: { ...plan.links, lossShare: 1.1 } }), /^links\.lossShare must be 0 to 1$/],
    [changed({ links: { ...plan.links, delayFromMs: 9 } }), /^links\.delayToMs must not be below links\.delayFromMs$/],
    [changed({ load: { ...plan.load, clients: 51 } }), /^load\.clients must be 0 to 50$/],
    [changed({ load: { ...plan.load, keys: 0 } }), /^load\.keys must be 1 to 1000$/],
    [changed({ load: { ...plan.load, outstanding: 0.5 } }), /^load\.outstanding must be 1 to 100$/],
    [changed({ load: { ...plan.load, valueBytes: 1e6 } }), /^load\.valueBytes must be 0 to 1000$/],
    [changed({ load: { ...plan.load, casShare: 2 } }), /^load\.casShare must be 0 to 1$/],
    [changed({ servers: 0 }), /^servers must be 1 to 9$/],
    [changed({ servers: 10 }), /^servers must be 1 to 9$/],
    [changed({ servers: 2 }), /^clockRates must have one number per server$/],
    [changed({ clockRates: [1, 0, 1] }), /^clockRates must be 0\.1 to 10$/],
    [changed({ clockRates: [1, '1', 1] }), /^the plan\.clockRates\[1\] must be a number$/],
    [changed({ heartbeatMs: 0 }), /^heartbeatMs must be 1 or more$/],
    [changed({ heartbeatMs: 200 }), /^electionTimeoutMs must be at least 3 heartbeats$/],
    [changed({ diskToMs: 0 }), /^diskToMs must not be below diskFromMs$/],
    [
      changed({ load: { ...plan.load, largeShare: 0.1, largeBytes: 1e6 } }),
      /^segmentBytes must hold two values of load\.largeBytes$/,
    ],
    [changed({ segmentBytes: 4_100 }), /^segmentBytes must be a multiple of 64 from 4096 on$/],
    [changed({ datagramSizes: [100] }), /^datagramSizes must be 1200 to 60000, ascending$/],
    [changed({ datagramSizes: [] }), /^datagramSizes must be 1200/],
    [changed({ datagramSizes: [1_472, 1_200] }), /^datagramSizes must be 1200/],
    [changed({ load: { ...plan.load, largeBytes: 9 } }), /^load\.largeBytes must be 2000 to 1000000$/],
    [withFault({ kind: 'earthquake' }), /^there is no fault called 'earthquake'$/],
    [withFault({ servers: [4] }), /^a fault befalls server 4, there are 3$/],
    [withFault({ servers: [] }), /^the fault 'crash' must befall a server$/],
    [withFault({ kind: 'one-way cut' }), /^the fault 'one-way cut' must befall two servers$/],
    [withFault({ kind: 'crash point', point: 'before lunch' }), /^there is no crash point called 'before lunch'$/],
    [withFault({ atMs: '3' }), /^the plan\.faults\[0\]\.atMs must be a number$/],
  ]
  for (const [text, says] of cases) {
    t.match(refusalOf(text), says)
    t.notMatch(refusalOf(text), /\n/)
  }
  t.equal(refusalOf(changed({ faults: [faultOf('leader killed'), faultOf('garbage', { servers: [1] })] })), 'taken')
  t.end()
})
