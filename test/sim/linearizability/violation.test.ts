import t from 'tap'
import type { Operation } from '../../../src/sim/linearizability/history.js'
import { parseHistory } from '../../../src/sim/linearizability/history.js'
import { describeOperation, reasonOf, windowAround } from '../../../src/sim/linearizability/violation.js'
import { linesOf, simulate } from './simulated-store.js'

const parse = (...operations: object[]): Operation[] =>
  parseHistory(operations.map(fields => JSON.stringify({ client: 1, key: 'a', status: 'ok', ...fields })))

void t.test('the reason says where the value came from', t => {
  const reason = (...before: object[]) => {
    const history = parse(...before, { op: 'get', output: 7, start: 10, end: 12 })
    return reasonOf(history.at(-1)!, history)
  }
  const put = { op: 'put', value: 7 }
  t.match(reason(), /found 7, which nobody ever wrote/)
  t.match(reason({ ...put, key: 'b', start: 1, end: 2 }), /nobody ever wrote/)
  t.match(reason({ ...put, start: 1, end: 2, status: 'fail' }), /whose write failed \(line 1\)/)
  t.match(reason({ ...put, start: 13, end: 14 }), /began only later \(line 1\)/)
  t.match(reason({ ...put, start: 1, end: 2 }), /found 7, which no order of the operations explains/)
  t.end()
})

void t.test('the window holds what overlaps, what was just before, and who wrote what was found', t => {
  const old = { op: 'put', value: 'old', start: 0, end: 1 }
  const others = Array.from({ length: 40 }, (_, i) => ({ op: 'put', value: i, start: 10 * i + 2, end: 10 * i + 3 }))
  const history = parse(
    old,
    ...others,
    { op: 'put', value: 'late', start: 399, end: 600 },
    { op: 'put', value: 'refused', start: 450, end: 460, status: 'fail' },
    { op: 'put', value: 'elsewhere', key: 'b', start: 450, end: 460 },
    { op: 'get', output: 'old', start: 500, end: 510 },
    { op: 'get', output: 'late', start: 700, end: 710 },
  )
  const window = windowAround(history[44]!, history).map(({ operation, part }) => [operation.line, part])
  t.same(window.slice(0, 2), [
    [1, 'writer'],
    [30, 'before'],
  ])
  t.same(window.slice(-2), [
    [42, 'overlapping'],
    [45, 'impossible'],
  ])
  t.equal(window.length, 15)
  t.end()
})

void t.test('operations are described in a line each', t => {
  const described = parse(
    { op: 'get', output: null, start: 0, end: 1 },
    { op: 'put', value: { x: 1 }, prev: 'a', start: 0, end: 1 },
    { op: 'cas', expected: null, value: 2, output: false, current: 3, start: 0, end: 1 },
    { op: 'delete', output: true, start: 0, end: 1 },
    { op: 'append', value: 'x', output: 'ax', start: 0, end: 1 },
    { op: 'put', value: 1, start: 0, status: 'unknown' },
  ).map(describeOperation)
  t.same(described, [
    'get: absent',
    'put {"x":1}: ok, before it "a"',
    'cas absent -> 2: did not match, found 3',
    'delete: existed',
    'append "x": now "ax"',
    'put 1: unknown',
  ])
  for (const operation of parseHistory(
    linesOf(simulate({ seed: 1, kinds: ['get', 'put', 'cas', 'delete', 'append'] })),
  )) {
    t.match(describeOperation(operation), /^[a-z]+.*: \S/)
  }
  t.end()
})
