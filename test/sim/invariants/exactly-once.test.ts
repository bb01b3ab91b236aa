import t from 'tap'
import { ExactlyOnce } from '../../../src/sim/invariants/exactly-once.js'

const [a, b] = [Uint8Array.of(1, 200), Uint8Array.of(1, 201)]

void t.test('a command has one revision, on all servers', t => {
  const once = new ExactlyOnce()
  once.applied(1, a)
  once.applied(2, b)
  once.applied(1, a)
  once.acknowledged(2, b)
  t.throws(() => once.applied(3, a), { invariant: 'Exactly Once', message: /revisions 1 and 3/ })
  t.throws(() => once.acknowledged(1, b), {
    invariant: 'Acknowledged Is Kept',
    message: /revision 1, .* executed at 2/,
  })
  t.throws(() => once.acknowledged(9, Uint8Array.of(7)), { invariant: 'Acknowledged Is Kept', message: /at none/ })
  t.end()
})
