import t from 'tap'
import { runPlan } from '../../../src/sim/run.js'
import { stormMessagesMax } from '../../../src/sim/invariants/no-storm.js'
import { calmPlan, faultOf } from '../rig.js'

void t.test('servers stay far below the bound when all is well, and are found out when they do not', t => {
  let [sent, bound] = [0, 0]
  const calm = runPlan(calmPlan(1, { healedMs: 20_000 }), cluster => {
    cluster.kernel.at(20_000, null, 0, () => {
      sent = cluster.peerMessages
      bound = stormMessagesMax(cluster)
    })
  })
  t.equal(calm.outcome, 'passed')
  t.ok(sent > 500 && sent < bound / 3, `${sent} of ${bound}`)
  const storm = runPlan(calmPlan(1, { faults: [faultOf('kill', { servers: [1] })] }), cluster => {
    cluster.kernel.at(3_000, null, 0, () => (cluster.peerMessages += 1_000_000))
  })
  t.match(storm, { outcome: 'liveness', invariant: 'No Storm', message: /servers sent 100\d{4} messages/ })
  t.end()
})
