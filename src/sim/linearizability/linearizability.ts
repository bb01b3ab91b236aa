/**
 * Is a history linearizable (Herlihy and Wing, 1990): can each operation be given one instant between its start and its
 * end so that, in the order of these instants, every answer is right? A history is, exactly where its part on each key is,
 * so each key is searched by itself. One that is not is reported by its first impossible answer: everything that had ended
 * before it can be explained, and together with it no longer.
 */
import { planOf } from './plan.js'
import type { IsExpired } from './search.js'
import { search } from './search.js'
import type { Instant, Operation } from './history.js'

export type Verdict = Linearizable | NotLinearizable | Undecided

interface Counts {
  readonly operations: number
  readonly keys: number
}

export interface Linearizable extends Counts {
  readonly verdict: 'linearizable'
}

export interface NotLinearizable extends Counts {
  readonly verdict: 'not-linearizable'
  readonly key: string
  /** The first whose answer no order explains. */
  readonly impossible: Operation
  /** False: time ran out while the first was looked for; there may be an earlier one. */
  readonly isFirst: boolean
}

/** Some keys could not be searched to the end; none of the others is at fault. It is not a pass. */
export interface Undecided extends Counts {
  readonly verdict: 'undecided'
  readonly why: 'timeout' | 'memory'
  readonly undecidedKeys: readonly string[]
}

/** Checks a whole history. `isExpired` is asked now and then, and ends the search when it says so. */
export function checkHistory(operations: readonly Operation[], isExpired: IsExpired = () => false): Verdict {
  const byKey = groupByKey(operations)
  const counts = { operations: operations.length, keys: byKey.size }
  const undecidedKeys: string[] = []
  let why: Undecided['why'] = 'timeout'
  let failure: NotLinearizable | null = null
  for (const [key, ofKey] of byKey) {
    const plan = planOf(ofKey)
    const result = search(plan, isExpired)
    if (result.verdict === 'undecided') {
      why = result.why
      undecidedKeys.push(key)
    } else if (result.verdict === 'no') {
      const found = firstImpossible(ofKey, plan.instants[result.failedAtRank]!, isExpired)
      if (failure === null || isBefore(found.impossible, failure.impossible)) {
        failure = { verdict: 'not-linearizable', ...counts, key, ...found }
      }
    }
  }
  if (failure !== null) return failure
  if (undecidedKeys.length > 0) return { verdict: 'undecided', ...counts, why, undecidedKeys }
  return { verdict: 'linearizable', ...counts }
}

function groupByKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const byKey = new Map<string, Operation[]>()
  for (const operation of operations) {
    const ofKey = byKey.get(operation.key)
    if (ofKey === undefined) byKey.set(operation.key, [operation])
    else ofKey.push(operation)
  }
  return byKey
}

function isBefore(a: Operation, b: Operation): boolean {
  return a.end! < b.end! || (a.end === b.end && a.line < b.line)
}

/**
 * The search looks ahead, so where it fails may lie before the answer that cannot be explained. Everything that ended
 * before `failedAt` can be; from there on, longer and longer beginnings of the history are searched, then the gap halved.
 */
function firstImpossible(
  ofKey: readonly Operation[],
  failedAt: Instant,
  isExpired: IsExpired,
): { impossible: Operation; isFirst: boolean } {
  const answered = ofKey.filter(({ status }) => status === 'ok').sort((a, b) => (isBefore(a, b) ? -1 : 1))
  let explained = answered.findIndex(({ end }) => end! >= failedAt)
  let unexplained = answered.length
  let stride = 1
  let isFirst = true
  while (unexplained - explained > 1) {
    const count = Math.min(explained + stride, (explained + unexplained) >>> 1)
    const { verdict } = search(planOf(beginning(ofKey, answered, count)), isExpired)
    if (verdict === 'no') {
      unexplained = count
      stride = Infinity
    } else {
      explained = count
      stride *= 2
      if (verdict === 'undecided') isFirst = false
    }
  }
  return { impossible: answered[unexplained - 1]!, isFirst }
}

/** The history as it stood when the first `count` answers had come: what was under way then has an unknown outcome. */
function beginning(ofKey: readonly Operation[], answered: readonly Operation[], count: number): Operation[] {
  const known = new Set(answered.slice(0, count))
  const cut = answered[count - 1]!.end!
  return ofKey
    .filter(({ start, status }) => start <= cut && status !== 'fail')
    .map(operation => (known.has(operation) ? operation : { ...operation, status: 'unknown', end: undefined }))
}
