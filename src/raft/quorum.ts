/** What a majority has reached. One function, used for log positions, for read rounds and for times of contact. */
import { assert } from '../base/assert.js'

/** How many of `voters` are a majority. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/**
 * The largest value that a majority has reached: given one value per voter, the k-th largest, k being the majority.
 * On matchIndex it is the commit rule of section 5.3, on acknowledged rounds it confirms reads, of the times when peers were last
 * heard it is the latest by which a majority had been.
 */
export function quorumIndex(values: readonly number[]): number {
  assert(values.length > 0, 'a quorum needs a voter')
  // Asked several times in each turn, of a handful of values: sorted by insertion, the largest first.
  const descending = values.slice()
  for (let i = 1; i < descending.length; i++) {
    const value = descending[i]!
    let at = i
    for (; at > 0 && descending[at - 1]! < value; at--) descending[at] = descending[at - 1]!
    descending[at] = value
  }
  return descending[majority(values.length) - 1]!
}
