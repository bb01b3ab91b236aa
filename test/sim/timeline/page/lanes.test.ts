/** Where lanes lie. */
import t from 'tap'
import { layLanes } from '../../../../src/sim/timeline/page/lanes.js'

const names = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)

void t.test('lanes follow one another, bars inside, and grow the page where they must', t => {
  for (const [servers, clients, faults, height] of [
    [3, 2, 0, 600],
    [5, 6, 2, 570],
    [9, 30, 4, 570],
    [1, 0, 0, 200],
    [0, 0, 0, 100],
  ] as const) {
    const layout = layLanes(names('s', servers), names('c', clients), faults, height)
    let bottom = layout.lanesTop
    for (const { top, y, barHalf, height } of layout.lanes) {
      t.ok(top >= bottom - 1e-6, 'below the one before')
      t.ok(y - barHalf >= top && y + barHalf <= top + height, 'the bar lies in its lane')
      bottom = top + height
    }
    t.ok(layout.height >= bottom && layout.height >= height)
    t.equal(layout.byName.size, servers + clients)
  }
  t.equal(layLanes(names('s', 5), names('c', 6), 1, 570).height, 570, 'five servers and six clients fit')
  t.end()
})
