/** Faults as bands. */
import t from 'tap'
import { faultBands } from '../../../../src/sim/timeline/page/faults.js'
import { run, trace } from '../events.js'

const fault = (at: number, what: string, ...lanes: string[]) => ({ kind: 'fault', at, what, lanes }) as const

void t.test('a band ends when the same part of the world changes again', t => {
  const events = trace(
    run,
    fault(10, 'disk of s2 is slow', 's2'),
    fault(20, 'cut s1 | s2', 's1', 's2'),
    fault(30, 'cut s2 | s1', 's1', 's2'),
    fault(35, 'disk of s1 is slow', 's1'),
    fault(40, 'disk of s2 is well', 's2'),
    fault(50, 'healed'),
    fault(90, 'disk of s2 is full', 's2'),
    fault(95, 'cut s1 | s2'),
  )
  t.same(
    faultBands(events, 100).map(({ what, from, to, row }) => [what, from, to, row]),
    [
      ['disk of s2 is slow', 10, 40, 0],
      ['cut s1 | s2', 20, 30, 1],
      ['cut s2 | s1', 30, 50, 1],
      ['disk of s1 is slow', 35, 80, 2],
      ['disk of s2 is full', 90, 100, 0],
      ['cut s1 | s2', 95, 100, 1],
    ],
    'faults of the plan end when the world is healed',
  )
  t.end()
})
