import t from 'tap'
import { laneName } from '../../src/sim/lanes.js'

void t.test('servers come first, clients follow, 0 is nobody', t => {
  t.same(
    [0, 1, 3, 4, 6].map(lane => laneName(lane, 3)),
    ['nobody', 's1', 's3', 'c1', 'c3'],
  )
  t.end()
})
