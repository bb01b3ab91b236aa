import t from 'tap'
import { formatPlan, parsePlan } from '../../src/sim/plan-file.js'
import { runPlan } from '../../src/sim/run.js'
import { shrinkPlan } from '../../src/sim/shrink.js'
import { faultOf, forgetfulPlan } from './rig.js'

void t.test('a failing plan becomes smaller, fails in the same way, and replays from its file', t => {
  const noise = [
    faultOf('slow disk', { atMs: 2_800, servers: [3], amount: 2 }),
    faultOf('client killed', { atMs: 2_900, forMs: 0 }),
    faultOf('garbage', { atMs: 2_950, forMs: 10, servers: [1], amount: 5 }),
  ]
  const failed = forgetfulPlan(plan => {
    return { ...plan, faults: [...plan.faults, ...noise], links: { ...plan.links, duplicateShare: 0.01 } }
  })
  t.equal(failed.invariant, 'Leader Completeness')
  const { result, runs } = shrinkPlan(failed, () => false)
  t.match(result, { outcome: 'safety', invariant: 'Leader Completeness' })
  t.ok(runs > 5)
  t.ok(result.plan.faults.length <= 2)
  t.ok(result.plan.healedMs < failed.plan.healedMs)
  t.equal(result.plan.links.duplicateShare, 0)
  const again = runPlan(parsePlan(formatPlan(result.plan)))
  t.same([again.hash, again.message], [result.hash, result.message])
  t.end()
})

void t.test('no time left: the failure stays as it is', t => {
  const failed = forgetfulPlan()
  t.same(
    shrinkPlan(failed, () => true),
    { result: failed, runs: 0 },
  )
  t.end()
})
