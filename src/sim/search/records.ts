/**
 * Copies and canonical texts of the core's records, made from whatever fields they have, so that a field that is added to
 * a record is copied and told apart without a word here. Entries never change once they are in a log and are shared.
 */
import type { Entry } from '../../raft/types.js'

/** Fields that never differ between states of one server: shared, and in no text. */
const constant = new Set(['options', 'voters', 'random', 'paths'])
/** Said to an operator, and without a trace in what the server does. */
const withoutEffect = 'reports'

/** A copy that shares nothing that a rule may change. */
export function copyOf<Value>(value: Value): Value {
  return copyAny(value) as Value
}

function copyAny(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || isEntry(value) || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(copyAny)
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [key, copyAny(held)]))
  if (value instanceof Set) return new Set(value)
  const copy = Object.create(Object.getPrototypeOf(value) as object) as Record<string, unknown>
  const fields = value as Record<string, unknown>
  for (const name in fields) copy[name] = constant.has(name) ? fields[name] : copyAny(fields[name])
  return copy
}

/** A text that two records share only if they are equal. Sets and maps have no order in it. */
export function canonicalText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (isEntry(value)) return entryText(value)
  if (value instanceof Uint8Array) return value.join('-')
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(' ')}]`
  if (value instanceof Set) return `(${[...value].map(canonicalText).sort().join(' ')})`
  if (value instanceof Map) {
    return `(${[...value]
      .map(([key, held]) => `${String(key)}:${canonicalText(held)}`)
      .sort()
      .join(' ')})`
  }
  let text = '{'
  const fields = value as Record<string, unknown>
  for (const name in fields) {
    if (!constant.has(name) && name !== withoutEffect) text += `${name}=${canonicalText(fields[name])} `
  }
  return text + '}'
}

/** Its term, and for commands the bytes: with its place in a log, all there is to know of an entry. */
export function entryText({ term, kind, payload }: Entry): string {
  return kind === 'noop' && payload.length === 0 ? `${term}` : `${term}${kind[0]!}${payload.join('-')}`
}

function isEntry(value: object): value is Entry {
  return 'payload' in value
}
