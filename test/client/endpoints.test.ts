import t from 'tap'
import { Endpoint } from '../../src/client/endpoints.js'
import type { Link } from '../../src/transport/types.js'

void t.test('regression_small_requests_do_not_keep_a_large_one_out', t => {
  const hasRoom = (bytes: number, availableBytes: number, windowBytes: number) =>
    new Endpoint({ availableBytes, windowBytes } as Link).hasRoomFor(bytes)
  t.ok(hasRoom(1_000, 1_000, 70_000), 'a small one needs its bytes')
  t.notOk(hasRoom(1_000, 999, 70_000))
  t.ok(hasRoom(2 ** 20, 70_000, 70_000), 'a large one goes into an empty window')
  t.ok(hasRoom(2 ** 20, 35_000, 70_000), 'and into one of which half is free, though something is always under way')
  t.notOk(hasRoom(2 ** 20, 34_999, 70_000))
  t.notOk(hasRoom(1, -1, 70_000), 'and holds the next one back until it is through')
  t.end()
})
