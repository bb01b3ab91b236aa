import t from 'tap'
import { StateMachineSafety } from '../../../src/sim/invariants/state-machine-safety.js'

void t.test('after the same command all have the same state', t => {
  const machines = new StateMachineSafety()
  machines.applied(1, 1, 77)
  machines.applied(2, 1, 77)
  machines.reached(1, 4, 5)
  machines.reached(2, 4, 5)
  const invariant = 'State Machine Safety'
  t.throws(() => machines.applied(3, 1, 78), { invariant, message: /revision 1 server 3/ })
  t.throws(() => machines.reached(3, 4, 6), { invariant, message: /entry 4 applied server 3/ })
  t.end()
})
