/** RFC 8899: search from below, one probe at a time, black holes. */
import t, { type Test } from 'tap'
import { PathProbe } from '../../src/transport/path-probe.js'

const sizes = [1_200, 1_472, 8_972]

function found(): PathProbe {
  const path = new PathProbe(sizes)
  for (const size of sizes.slice(1)) {
    path.tried(size)
    path.arrived(size)
  }
  return path
}

void t.test('sizes are tried from below, one at a time', t => {
  const path = new PathProbe(sizes)
  t.equal(path.datagramBytes, 1_200)
  t.equal(path.sizeToTry(0), 1_472)
  path.tried(1_472)
  t.equal(path.sizeToTry(0), 0, 'one is on its way')
  path.arrived(1_200)
  t.same([path.datagramBytes, path.sizeToTry(0)], [1_200, 0], 'something smaller says nothing')
  path.arrived(1_472)
  t.same([path.datagramBytes, path.sizeToTry(0)], [1_472, 8_972])
  path.tried(8_972)
  path.arrived(8_972)
  t.same([path.datagramBytes, path.sizeToTry(0)], [8_972, 0])
  t.equal(new PathProbe([32_768]).sizeToTry(0), 0, 'nothing to find out')
  t.end()
})

/** The next size is tried four times from `nowMs` on, and lost each time. */
function loseAll(t: Test, path: PathProbe, nowMs: number): void {
  for (let i = 0; i < 4; i++) {
    t.equal(path.sizeToTry(nowMs), 1_472)
    path.tried(1_472)
    t.notOk(path.lost(1_472, nowMs))
  }
}

void t.test('a size that was lost four times is tried again, after twice as long each time, up to ten minutes', t => {
  const path = new PathProbe(sizes)
  let nowMs = 0
  for (let againAfterMs = 1_000; againAfterMs < 600_000; againAfterMs *= 2) {
    loseAll(t, path, nowMs)
    t.equal(path.sizeToTry(nowMs + againAfterMs - 1), 0)
    nowMs += againAfterMs
  }
  for (let round = 0; round < 3; round++) {
    loseAll(t, path, nowMs)
    t.equal(path.sizeToTry(nowMs + 599_999), 0)
    nowMs += 600_000
  }
  t.equal(path.datagramBytes, 1_200)
  t.end()
})

void t.test('regression_four_lost_tries_on_a_lossy_path_left_small_datagrams_for_ten_minutes', t => {
  const path = new PathProbe(sizes)
  loseAll(t, path, 0)
  t.equal(path.sizeToTry(1_000), 1_472)
  path.tried(1_472)
  path.arrived(1_472)
  t.equal(path.datagramBytes, 1_472)
  t.end()
})

void t.test('large ones lost one after the other, with small ones arriving between: a black hole', t => {
  const path = found()
  for (let i = 0; i < 20; i++) t.notOk(path.lost(8_972, 0), 'nothing arrives at all: no sign of size')
  path.arrived(100)
  t.notOk(path.lost(8_972, 0))
  path.arrived(100)
  t.ok(path.lost(8_972, 0))
  t.same([path.datagramBytes, path.sizeToTry(0)], [1_200, 1_472], 'the search begins anew')
  t.end()
})

void t.test('small ones may be lost, and a large one that arrives acquits', t => {
  const path = found()
  for (let i = 0; i < 100; i++) {
    t.notOk(path.lost(1_200, 0))
    t.notOk(path.lost(8_972, 0))
    path.arrived(100)
    if (i % 9 === 8) path.arrived(8_972)
  }
  t.equal(path.datagramBytes, 8_972)
  t.end()
})

void t.test('after a silence the search begins anew, from what every path carries', t => {
  const path = found()
  path.silent()
  t.same([path.datagramBytes, path.sizeToTry(0)], [1_200, 1_472])
  path.tried(1_472)
  path.silent()
  t.equal(path.sizeToTry(0), 1_472, 'what was on its way is not waited for')
  t.end()
})
