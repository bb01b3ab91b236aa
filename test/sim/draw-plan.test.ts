import t from 'tap'
import { laterPoints } from '../../src/sim/crash-points.js'
import { defaultDurationMs, drawPlan } from '../../src/sim/draw-plan.js'
import { faultKinds } from '../../src/sim/faults/faults.js'
import { lanesMax, perfectLinks } from '../../src/sim/network.js'
import { formatPlan, parsePlan } from '../../src/sim/plan-file.js'

const seeds = Array.from({ length: 2_000 }, (_, i) => i)
const plans = seeds.map(seed => drawPlan(seed))

void t.test('every seed draws a plan that can be written to a file and read from it', t => {
  for (const plan of plans) {
    const back = parsePlan(formatPlan(plan))
    if (JSON.stringify(back) !== JSON.stringify(plan)) t.same(back, plan)
    if (plan.servers + plan.load.clients + 2 >= lanesMax) t.fail('too many lanes')
    if (plan.faults.some(({ atMs }) => atMs >= plan.healedMs)) t.fail('a fault after the end of faults')
  }
  t.equal(new Set(plans.map(plan => JSON.stringify({ ...plan, seed: 0 }))).size, 2_000, 'no two are equal')
  t.end()
})

void t.test('a seed draws the same plan each time', t => {
  for (const seed of [0, 1, 77, 2 ** 40]) t.same(drawPlan(seed), drawPlan(seed))
  t.end()
})

void t.test('all sizes, all kinds of fault, all later crash points and all weathers are drawn, and calm as well', t => {
  const counted = (values: readonly (string | number)[]) => [...new Set(values)].sort()
  t.same(counted(plans.map(({ servers }) => servers)), [1, 2, 3, 4, 5, 6, 7])
  const faults = plans.flatMap(plan => plan.faults)
  t.same(counted(faults.map(({ kind }) => kind)), counted(faultKinds.map(({ name }) => name)))
  const drawn = new Set(faults.map(({ point }) => point))
  t.same(
    laterPoints.filter(point => !drawn.has(point)),
    [],
  )
  for (const name of [
    'lossShare',
    'duplicateShare',
    'corruptShare',
    'lateShare',
    'tailShare',
    'bytesPerMs',
    'delaySpread',
  ] as const) {
    const some = plans.filter(({ links }) => links[name] > 0).length
    t.ok(some > 200 && some < 1_000, `${name} in ${some} of 2,000`)
  }
  const large = plans.filter(({ load }) => load.largeShare > 0)
  t.ok(large.length > 400 && large.length < 600, `large values in ${large.length}`)
  t.ok(large.some(({ load }) => load.largeBytes > 55_000))
  const vanish = plans.filter(
    ({ datagramSizes, links }) => links.datagramBytesMax > 0 && datagramSizes.at(-1)! > links.datagramBytesMax,
  )
  t.ok(vanish.length > 300, `in ${vanish.length} plans larger datagrams are tried than the network carries`)
  t.ok(
    plans.every(
      ({ datagramSizes, links }) => !(links.datagramBytesMax > 0 && datagramSizes[0]! > links.datagramBytesMax),
    ),
  )
  t.ok(plans.some(plan => plan.faults.length === 0))
  t.ok(plans.some(plan => plan.clockRates.some(rate => rate !== 1)))
  t.ok(
    faults.some(({ atMs }) => atMs === 0),
    'some from the very start',
  )
  t.end()
})

void t.test('wishes are kept', t => {
  for (const seed of seeds.slice(0, 50)) {
    const plan = drawPlan(seed, { servers: 9, durationMs: 1_234, lyingDisks: true })
    t.match(plan, { servers: 9, healedMs: 1_234, lyingDisks: true, seed })
    t.equal(plan.clockRates.length, 9)
    const calm = drawPlan(seed, { calm: true })
    t.match(calm, { faults: [], links: perfectLinks, healedMs: defaultDurationMs, lyingDisks: false })
    t.ok(calm.clockRates.every(rate => rate === 1))
  }
  t.end()
})
