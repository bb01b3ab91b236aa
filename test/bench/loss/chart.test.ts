import t from 'tap'
import { lossChart } from '../../../bench/loss/chart.js'
import { summarize } from '../../../bench/loss/summary.js'
import { cellOf } from './rig.js'

void t.test('a line per system that was measured at several losses, at the height of its share', t => {
  const rows = summarize([
    cellOf('floor', 0, 40_000),
    cellOf('raftgram', 0, 10_000),
    cellOf('raftgram', 20, 5_000),
    cellOf('etcd', 0, 5_000),
    cellOf('etcd', 20, 0),
  ])
  const picture = lossChart(rows, 'cores <2> & more')
  t.match(picture, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
  const ends = [...picture.matchAll(/<path d="M(\S+) (\S+)L(\S+) (\S+)" fill="none"/g)].map(([, ...at]) =>
    at.map(Number),
  )
  t.equal(ends.length, 2, 'the floor is a point, not a line')
  const [raftgram, etcd] = ends as [number[], number[]]
  const [top, bottom] = [raftgram[1]!, etcd[3]!]
  t.equal(etcd[1], top, 'every system begins with its whole rate')
  t.equal(raftgram[3], (top + bottom) / 2)
  t.equal(raftgram[0], etcd[0])
  t.match(picture, />raftgram 5,000\/s</)
  t.match(picture, 'cores &lt;2> &amp; more', 'texts cannot break the document')
  t.end()
})

void t.test('names do not lie on one another where lines end together', t => {
  const cells = ['a', 'b', 'c'].flatMap((system, at) => [cellOf(system, 0, 1_000), cellOf(system, 20, 10 * at)])
  const picture = lossChart(summarize(cells), '')
  const heights = [...picture.matchAll(/y="([\d.]+)"[^>]*>[abc] \d+\/s</g)].map(([, height]) => Number(height))
  t.equal(heights.length, 3)
  const apart = heights.slice(1).map((height, at) => heights[at]! - height)
  t.ok(
    apart.every(distance => distance >= 12),
    `heights ${heights.join(' ')}`,
  )
  t.end()
})
