import t from 'tap'
import { ElectionSafety } from '../../../src/sim/invariants/election-safety.js'

void t.test('one leader per term, told as news once', t => {
  const elections = new ElectionSafety()
  t.ok(elections.leads(1, 3))
  t.notOk(elections.leads(1, 3))
  t.ok(elections.leads(2, 4))
  t.equal(elections.elections, 2)
  t.throws(() => elections.leads(2, 3), { invariant: 'Election Safety', message: 'servers 1 and 2 both lead term 3' })
  t.end()
})
