/** Faults as bands. */
import t from 'tap'
import { faultBands } from '../../../../src/sim/timeline/page/faults.js'
import { run, trace } from '../events.js'

const fault = (at: number, forMs: number, what: string) => ({ kind: 'fault', at, what, forMs, lanes: [] }) as const

void t.test('a band lasts as long as its fault, and no longer than the faults of the run', t => {
  const events = trace(
    run,
    fault(10, 30, 'disk of s2 is slow'),
    fault(20, 10, 'cut off: s1'),
    fault(30, 20, 'cut off: s2'),
    fault(35, 900, 'disk of s1 is slow'),
    fault(40, 0, 'mended: disk of s2 is slow'),
    fault(40, 5, 'blackout'),
  )
  t.same(
    faultBands(events, 100).map(({ what, from, to, row }) => [what, from, to, row]),
    [
      ['disk of s2 is slow', 10, 40, 0],
      ['cut off: s1', 20, 30, 1],
      ['cut off: s2', 30, 50, 1],
      ['disk of s1 is slow', 35, 80, 2],
      ['blackout', 40, 45, 0],
    ],
  )
  t.end()
})
