import t from 'tap'
import type { Operation } from '../../../src/sim/linearizability/history.js'
import { checkHistory } from '../../../src/sim/linearizability/linearizability.js'

function operation(fields: Pick<Operation, 'op' | 'start' | 'end'> & Partial<Operation>): Operation {
  const absent = { value: undefined, expected: undefined, output: undefined, current: undefined, prev: undefined }
  return { line: fields.start as number, client: fields.start as number, key: 'k', status: 'ok', ...absent, ...fields }
}

void t.test('regression_a_write_that_nobody_finds_may_be_why_a_later_compare_and_set_does_not_match', t => {
  const swap = operation({ op: 'cas', value: 'C', expected: 'A', output: false, start: 15, end: 20 })
  const overlapping = [
    operation({ op: 'put', value: 'A', start: 0, end: 10 }),
    operation({ op: 'put', value: 'B', start: 9, end: 12 }),
  ]
  t.equal(checkHistory([...overlapping, swap]).verdict, 'linearizable', 'B overwrote A')

  const later = [
    operation({ op: 'put', value: 'Z', start: 0, end: 10 }),
    operation({ op: 'put', value: 'B', start: 9, end: 14 }),
    operation({ op: 'put', value: 'A', start: 11, end: 13 }),
  ]
  t.equal(checkHistory([...later, swap]).verdict, 'linearizable', 'B overwrote A, and not Z before it')

  const inOrder = [operation({ op: 'put', value: 'A', start: 0, end: 8 }), swap]
  t.equal(checkHistory(inOrder).verdict, 'not-linearizable')
  t.end()
})
