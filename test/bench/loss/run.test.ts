import t from 'tap'
import type { System } from '../../../bench/loss/cell.js'
import { planCells } from '../../../bench/loss/run.js'

function systemOf(name: string, canLose = true): System {
  return { name, canLose, whyNot: () => null, measure: () => Promise.reject(new Error('is only planned')) }
}

void t.test('systems take turns in being first, from one loss to the next and from one repeat to the next', t => {
  const planned = planCells([systemOf('a'), systemOf('b')], [1, 5], 2).flat()
  const order = planned.map(({ system, lossPercent, repeat }) => `${repeat}: ${system.name} ${lossPercent}`)
  t.same(order, ['1: a 1', '1: b 1', '1: b 5', '1: a 5', '2: b 1', '2: a 1', '2: a 5', '2: b 5'])
  t.end()
})

void t.test('what sends nothing again is measured without loss only', t => {
  const planned = planCells([systemOf('floor', false), systemOf('a')], [0, 5], 1).flat()
  t.same(
    planned.map(({ system, lossPercent }) => `${system.name} ${lossPercent}`),
    ['floor 0', 'a 0', 'a 5'],
  )
  t.same(planCells([systemOf('floor', false)], [5], 1), [])
  t.end()
})

void t.test('what is measured together is a group, in which the systems take turns in being first', t => {
  const systems = [systemOf('a'), systemOf('base'), systemOf('floor', false)]
  const groups = planCells(systems, [0, 1], 1, ['a', 'base'])
  t.same(
    groups.map(group => group.map(({ system, lossPercent }) => `${system.name} ${lossPercent}`)),
    [['a 0', 'base 0'], ['floor 0'], ['base 1', 'a 1']],
  )
  t.end()
})
