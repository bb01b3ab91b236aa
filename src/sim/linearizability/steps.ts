/**
 * What an operation demands of the value it finds, and what it leaves behind. Five kinds of operation, three outcomes
 * and several optional answers come down to one shape here, and the search knows only that shape.
 */
import type { Json, Operation } from './history.js'
import type { ValueId, ValueTable } from './values.js'
import { absent, noValue } from './values.js'

/** Any value will do. */
export const anyValue: ValueId = -1

/** No value will do: the answers of the operation contradict each other. */
export const contradiction: ValueId = -2

/** `read` leaves the value as it is, `write` replaces it, `append` makes it longer. */
export type Effect = 'read' | 'write' | 'append'

export interface Step {
  readonly operation: Operation
  readonly effect: Effect
  /** The value it must find; anyValue, contradiction. */
  readonly before: ValueId
  /** A value that it must not find; anyValue: there is none. */
  readonly notBefore: ValueId
  /** The value written, or the text appended. */
  readonly after: ValueId
  /** append: the value that must come of it; anyValue. */
  readonly result: ValueId
  /** It may as well never take effect. */
  isOptional: boolean
  /** Ranks of the instants between which it takes effect, both included. */
  start: number
  end: number
}

/** The step of an operation, with start and end still open; null for one that says nothing and changes nothing. */
export function stepOf(operation: Operation, values: ValueTable): Step | null {
  const { op, status, output, expected } = operation
  if (status === 'fail') return null
  const isOptional = status === 'unknown'
  const valueIf = (value: Json | undefined) => (value === undefined || isOptional ? anyValue : values.intern(value))
  const prev = valueIf(operation.prev)
  const step = (effect: Effect, before: ValueId, after: ValueId, notBefore = anyValue, result = anyValue): Step => ({
    operation,
    effect,
    before,
    notBefore,
    after,
    result,
    isOptional,
    start: 0,
    end: 0,
  })

  switch (op) {
    case 'get':
      return isOptional ? null : step('read', valueIf(output), noValue)
    case 'put':
      return step('write', prev, values.intern(operation.value!))
    case 'delete':
      if (isOptional || output === undefined) return step('write', prev, absent)
      // It found nothing, so it changed nothing.
      if (output === false) return step('read', both(prev, absent), noValue)
      return step('write', prev, absent, absent)
    case 'cas': {
      const compared = values.intern(expected!)
      // Where it takes effect without finding what it expects, nothing happens: as if it never had.
      if (isOptional || output === true) return step('write', both(prev, compared), values.intern(operation.value!))
      return step('read', both(prev, valueIf(operation.current)), noValue, compared)
    }
    case 'append':
      return step('append', prev, values.intern(operation.value!), anyValue, valueIf(output))
  }
}

/** Both answers at once. */
function both(a: ValueId, b: ValueId): ValueId {
  if (a === anyValue || a === b) return b
  return b === anyValue ? a : contradiction
}

/** Could the step take effect while the key holds `state`? An append's result is not looked at. */
export function mayFollow(step: Step, state: ValueId): boolean {
  return (step.before === anyValue || step.before === state) && step.notBefore !== state
}

/** Overwrites whatever it finds. */
export function isBlindWrite(step: Step): boolean {
  return step.effect === 'write' && step.before === anyValue && step.notBefore === anyValue
}

/** The value that shows what the key held when the step took effect, whatever it was told; anyValue where it shows none. */
export function shownBy(step: Step): ValueId {
  return step.before === anyValue ? step.result : step.before
}
