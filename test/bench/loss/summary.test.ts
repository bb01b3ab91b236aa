import t from 'tap'
import { median, shareOfLossless, summarize } from '../../../bench/loss/summary.js'
import { cellOf } from './rig.js'

void t.test('the median is the middle one, or lies between the two in the middle', t => {
  t.equal(median([]), null)
  t.equal(median([3]), 3)
  t.equal(median([10, 1, 2]), 2, 'numbers are not sorted as texts are')
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.end()
})

void t.test('a share is of the same system in the same repeat', t => {
  const all = [
    cellOf('raftgram', 0, 1_000),
    cellOf('etcd', 0, 400),
    cellOf('raftgram', 0, 2_000, { repeat: 2 }),
    cellOf('raftgram', 5, 500),
    cellOf('raftgram', 5, 500, { repeat: 2 }),
    cellOf('etcd', 5, 100, { repeat: 3 }),
  ]
  t.equal(shareOfLossless(all[0]!, all), 1)
  t.equal(shareOfLossless(all[3]!, all), 0.5)
  t.equal(shareOfLossless(all[4]!, all), 0.25)
  t.equal(shareOfLossless(all[5]!, all), null, 'nothing was measured without loss in this repeat')
  t.end()
})

void t.test('a row has medians of the repeats, and what must not be averaged away as it is', t => {
  const [row] = summarize([
    cellOf('raftgram', 5, 300, { repeat: 1, p99Ms: 9, maxMs: 50, errors: 1, elections: 0, cpuUsPerOp: null }),
    cellOf('raftgram', 5, 100, { repeat: 2, p99Ms: 7, maxMs: 900, errors: 0, elections: 2, cpuUsPerOp: 40 }),
    cellOf('raftgram', 5, 200, { repeat: 3, p99Ms: 8, maxMs: 60, errors: 3, elections: null, cpuUsPerOp: 60 }),
  ])
  t.match(row, { cells: 3, opsPerSec: 200, slowestOpsPerSec: 100, fastestOpsPerSec: 300, p99Ms: 8, maxMs: 900 })
  t.match(row, { errors: 4, elections: 2, cpuUsPerOp: 50 }, 'what is not known of one cell is known of the others')
  t.equal(row!.shareOfLossless, null)
  t.end()
})

void t.test('a ratio is the median of those within a repeat, not the ratio of medians', t => {
  // The machine was three times as fast in the second repeat: both systems were, and the ratio is 2 all the time.
  const rows = summarize([
    cellOf('raftgram', 1, 200),
    cellOf('etcd', 1, 100),
    cellOf('raftgram', 1, 600, { repeat: 2 }),
    cellOf('etcd', 1, 300, { repeat: 2 }),
    cellOf('raftgram', 1, 800, { repeat: 3 }),
  ])
  t.same(rows.find(({ system }) => system === 'raftgram')!.ratioTo, { etcd: 2 })
  t.same(rows.find(({ system }) => system === 'etcd')!.ratioTo, { raftgram: 0.5 })
  t.end()
})

void t.test('there is no ratio to nothing, and none to what was not measured at this loss', t => {
  const rows = summarize([
    cellOf('floor', 0, 9_000),
    cellOf('raftgram', 20, 100),
    cellOf('etcd', 20, 0),
    cellOf('raftgram', 0, 900),
  ])
  const order = rows.map(({ system, lossPercent }) => `${system} ${lossPercent}`)
  t.same(order, ['floor 0', 'raftgram 0', 'raftgram 20', 'etcd 20'], 'by loss, then by system')
  t.same(rows[1]!.ratioTo, { floor: 0.1 })
  t.same(rows[2]!.ratioTo, {})
  t.same(rows[3]!.ratioTo, { raftgram: 0 })
  t.end()
})
