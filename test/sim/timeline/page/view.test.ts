/** The window of time. */
import t from 'tap'
import {
  axisTicks,
  clampView,
  panView,
  readBookmark,
  writeBookmark,
  zoomView,
} from '../../../../src/sim/timeline/page/view.js'

void t.test('moves and grows, but not out of the run', t => {
  t.same(zoomView({ from: 10, to: 20 }, 0.5, 10), { from: 10, to: 15 })
  t.same(panView({ from: 10, to: 20 }, -0.5), { from: 5, to: 15 })
  t.same(clampView({ from: 10, to: 20 }, 1000), { from: 10, to: 20 })
  t.same(clampView({ from: -5000, to: 5000 }, 1000), { from: -10, to: 1010 })
  t.same(clampView({ from: -500, to: -400 }, 1000), { from: -10, to: 90 })
  t.same(clampView({ from: 5000, to: 5100 }, 1000), { from: 910, to: 1010 })
  const smallest = clampView({ from: 5, to: 5 }, 1000)
  t.ok(smallest.to > smallest.from)
  t.end()
})

void t.test('the axis has round numbers, as many as fit', t => {
  const labels = (from: number, to: number) => axisTicks({ from, to }, 5).map(({ label }) => label)
  t.same(labels(0, 60_000), ['0 s', '20 s', '40 s', '60 s'])
  t.same(labels(-10, 950), ['0.0 s', '0.2 s', '0.4 s', '0.6 s', '0.8 s'])
  t.same(labels(1000, 1010), ['1000 ms', '1002 ms', '1004 ms', '1006 ms', '1008 ms', '1010 ms'])
  t.same(labels(1, 1.02), ['1.000 ms', '1.005 ms', '1.010 ms', '1.015 ms', '1.020 ms'])
  t.end()
})

void t.test('the address says what is shown', t => {
  t.same(readBookmark(writeBookmark({ from: 1.5, to: 20.25 }, 7)), { view: { from: 1.5, to: 20.25 }, step: 7 })
  t.same(readBookmark(writeBookmark({ from: -1, to: 2 }, undefined)), { view: { from: -1, to: 2 } })
  for (const hash of ['', '#', '#from=5', '#from=9&to=3&select=x', '#from=a&to=b&select=']) {
    t.same(readBookmark(hash), {}, hash)
  }
  t.end()
})
