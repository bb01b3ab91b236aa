import t from 'tap'
import { majority, quorumIndex } from '../../src/raft/quorum.js'

void t.test('a majority is more than half', t => {
  t.same([1, 2, 3, 4, 5, 6, 7].map(majority), [1, 2, 2, 3, 3, 4, 4])
  t.end()
})

void t.test('quorumIndex is the largest value that a majority has reached', t => {
  t.equal(quorumIndex([7]), 7)
  t.equal(quorumIndex([7, 3]), 3, 'both of two')
  t.equal(quorumIndex([9, 0, 4]), 4)
  t.equal(quorumIndex([9, 9, 0, 0]), 0, 'two of four are no majority')
  t.equal(quorumIndex([1, 2, 3, 4, 5]), 3)
  t.equal(quorumIndex([10, 9, 100, 8, 11]), 10, 'values are ordered as numbers')
  t.equal(quorumIndex([-Infinity, 5, 6]), 5, 'never heard of counts as never')
  t.end()
})

void t.test('it agrees with counting, for every choice of small values', t => {
  const values = [0, 1, 2, 3]
  const choices = (length: number): number[][] =>
    length === 0 ? [[]] : choices(length - 1).flatMap(rest => values.map(value => [...rest, value]))
  for (const voters of [1, 2, 3, 4, 5]) {
    for (const choice of choices(voters)) {
      const counted = values.filter(n => choice.filter(value => value >= n).length >= majority(voters))
      if (quorumIndex(choice) !== Math.max(...counted)) t.fail(`quorumIndex of ${choice.join()}`)
    }
  }
  t.throws(() => quorumIndex([]), /needs a voter/)
  t.end()
})
