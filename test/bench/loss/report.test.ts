import t from 'tap'
import { lossTable } from '../../../bench/loss/report.js'
import { summarize } from '../../../bench/loss/summary.js'
import { cellOf } from './rig.js'

void t.test('one row per loss and system, and ratios beside the system they are about', t => {
  const rows = summarize([
    cellOf('floor', 0, 40_000, { elections: null }),
    cellOf('raftgram', 0, 10_000, { maxMs: 1_234.5 }),
    cellOf('raftgram', 20, 2_500, { packetsPerOp: 3.456 }),
    cellOf('etcd', 20, 100, { cpuUsPerOp: null }),
  ])
  const [headings, ...lines] = lossTable(rows, 'raftgram').split('\n')
  const cellsOf = (line: string) => line.trim().split(/ {2,}/)
  t.match(headings, /^ *loss +system +puts\/s +of lossless +x floor +x etcd +p50 ms/)
  t.equal(lines.length, 4)
  t.same(cellsOf(lines[0]!).slice(0, 4), ['0 %', 'floor', '40,000', '100.0 %'])
  t.same(cellsOf(lines[1]!).slice(0, 9), ['0 %', 'raftgram', '10,000', '100.0 %', '0.25', '-', '1.0', '10.0', '1,235'])
  t.same(cellsOf(lines[2]!).slice(0, 6), ['20 %', 'raftgram', '2,500', '25.0 %', '-', '25.00'])
  t.match(lines[2], / 3\.46 /)
  t.same(
    cellsOf(lines[3]!).slice(0, 5),
    ['20 %', 'etcd', '100', '-', '1.0'],
    'no lossless rate, and no ratio to itself',
  )
  t.end()
})

void t.test('how far the repeats lie apart is shown where there are several', t => {
  const once = lossTable(summarize([cellOf('raftgram', 0, 100)]), 'raftgram')
  const twice = lossTable(
    summarize([cellOf('raftgram', 0, 100), cellOf('raftgram', 0, 300, { repeat: 2 })]),
    'raftgram',
  )
  t.notMatch(once, 'from..to')
  t.match(twice, /from\.\.to/)
  t.match(twice, / 200 +100\.\.300 /)
  t.end()
})
