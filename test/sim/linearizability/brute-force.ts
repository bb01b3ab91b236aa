/**
 * The definition of linearizability, word for word and slow: every order of the operations that keeps to their times is
 * tried. It shares no line with the checker that it judges.
 */
import type { Json, Operation } from '../../../src/sim/linearizability/history.js'

/** For one key, and some ten operations. */
export function isLinearizable(operations: readonly Operation[]): boolean {
  return canPlace(
    operations.filter(({ status, op }) => status === 'ok' || (status === 'unknown' && op !== 'get')),
    null,
  )
}

function canPlace(left: readonly Operation[], state: Json): boolean {
  if (left.every(({ status }) => status === 'unknown')) return true
  return left.some(next => {
    if (left.some(other => other.end !== undefined && other.end < next.start)) return false
    const after = afterwards(next, state)
    if (after === undefined) return false
    return canPlace(
      left.filter(other => other !== next),
      after,
    )
  })
}

/** The value after the operation, or undefined where its answer is wrong for `state`. */
function afterwards({ op, status, value, expected, output, current, prev }: Operation, state: Json): Json | undefined {
  const isKnown = status === 'ok'
  if (isKnown && prev !== undefined && !equal(prev, state)) return undefined
  switch (op) {
    case 'get':
      return equal(output, state) ? state : undefined
    case 'put':
      return value
    case 'delete':
      return isKnown && output !== undefined && output !== (state !== null) ? undefined : null
    case 'cas': {
      const swaps = equal(expected, state)
      if (isKnown && output !== swaps) return undefined
      if (isKnown && current !== undefined && !equal(current, state)) return undefined
      return swaps ? value : state
    }
    case 'append': {
      if (state !== null && typeof state !== 'string') return isKnown ? undefined : state
      const text = `${state ?? ''}${value as string}`
      return isKnown && output !== undefined && output !== text ? undefined : text
    }
  }
}

function equal(a: Json | undefined, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The first answer, by time, with which the history up to then is no longer linearizable; null: there is none. */
export function firstImpossible(operations: readonly Operation[]): Operation | null {
  const answered = operations
    .filter(({ status }) => status === 'ok')
    .sort((a, b) => Number(a.end) - Number(b.end) || a.line - b.line)
  for (const [index, last] of answered.entries()) {
    const told = answered.slice(0, index + 1)
    const soFar = operations
      .filter(({ start }) => start <= last.end!)
      .map((operation): Operation => {
        if (operation.status === 'fail' || told.includes(operation)) return operation
        return { ...operation, status: 'unknown', end: undefined }
      })
    if (!isLinearizable(soFar)) return last
  }
  return null
}
