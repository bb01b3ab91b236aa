/** A run as a whole, and where to look first. */
import t from 'tap'
import { firstView, modelOf } from '../../../../src/sim/timeline/page/model.js'
import { deliver, run, send, trace } from '../events.js'
import { small, syntheticRun, violated } from '../synthetic-run.js'

const disk = (at: number, outcome: string) => {
  return { kind: 'disk', at, lane: 's1', operation: 'write', path: 'log', bytes: 1, outcome } as const
}

void t.test('first the last moments before a violation, with what was sent', t => {
  const model = modelOf(syntheticRun(violated))
  const { from, to } = firstView(model)
  t.ok(from < 6000 && to > 6000 && to - from < 300)
  const seen = model.arrows.filter(({ sentAt }) => sentAt >= from)
  t.ok(seen.length >= 20 && seen.length < 60, `${seen.length} datagrams`)
  t.end()
})

void t.test('else the first election, else all', t => {
  const { from, to } = firstView(modelOf(syntheticRun(small)))
  t.ok(from < 160 && to > 171 && to < 250)
  t.same(firstView(modelOf(trace(run, send(1, 1), deliver(50, 1)))), { from: 0, to: 50 })
  t.end()
})

void t.test('a violation at once, and nothing at all', t => {
  const end = { kind: 'end', at: 0, outcome: 'crash', invariant: 'none', message: 'fell over' } as const
  const { from, to } = firstView(modelOf(trace(run, end)))
  t.ok(from <= 0 && to >= from)
  t.same(modelOf([]).servers, [])
  t.end()
})

void t.test('marks have kinds; lanes are known without a first line', t => {
  const model = modelOf(trace(disk(1, 'ok'), disk(2, 'EIO'), { kind: 'kill', at: 3, lane: 's10', why: '' }))
  t.same(
    model.marks.map(({ kind }) => kind),
    ['disk', 'disk-error', 'life'],
  )
  t.same(model.servers, ['s1', 's10'])
  t.end()
})
