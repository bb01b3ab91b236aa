/** Text without overlap. */
import fc from 'fast-check'
import t from 'tap'
import { doOverlap, LabelPlaces, overlapsAmong } from '../../../../src/sim/timeline/page/labels.js'

const box = (x: number, y: number, width = 10, height = 10) => ({ x, y, width, height })

void t.test('boxes that touch do not overlap', t => {
  t.notOk(doOverlap(box(0, 0), box(10, 0)))
  t.notOk(doOverlap(box(0, 0), box(0, 10)))
  t.ok(doOverlap(box(0, 0), box(9, 9)))
  t.equal(overlapsAmong([box(5, 5), box(0, 0), box(9, 9), box(50, 0)]), 3)
  t.end()
})

void t.test('the first free candidate within bounds is taken', t => {
  const places = new LabelPlaces(box(0, 0, 100, 100))
  places.block(box(0, 0, 50, 50))
  t.same(places.take([box(95, 5), box(40, 40), box(60, 5)]), box(60, 5))
  t.equal(places.take([box(60, 5)]), undefined)
  t.end()
})

void t.test('whatever is asked for, nothing given overlaps', t => {
  const boxes = fc.record({ x: fc.nat(90), y: fc.nat(90), width: fc.nat(30), height: fc.nat(30) })
  fc.assert(
    fc.property(fc.array(fc.array(boxes)), asked => {
      const places = new LabelPlaces(box(0, 0, 100, 100))
      return overlapsAmong(asked.map(some => places.take(some)).filter(taken => taken !== undefined)) === 0
    }),
  )
  t.pass()
  t.end()
})
