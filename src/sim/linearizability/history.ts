/**
 * The history of a workload, one line of JSON per operation: what clients asked, what they were told, and when. This file
 * is the gateway: a line is checked whole, once, and an `Operation` is trusted from then on. A line that is not as it
 * should be refuses the file, because a checker that skips what it does not understand passes what it did not check.
 */

/** A value of JSON as it is parsed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** An instant of the one clock of a file, in a unit of its own (nanoseconds as a rule): only the order counts. */
export type Instant = number | bigint

export type OperationKind = 'get' | 'put' | 'delete' | 'cas' | 'append'

/** `fail` had no effect and never will; `unknown` may have one at any time after its start, or never. */
export type OperationStatus = 'ok' | 'fail' | 'unknown'

/** One logical operation, however often its client had to send it. A field is undefined where the line has none. */
export interface Operation {
  /** Where it stands in the file, from 1. */
  readonly line: number
  readonly client: string | number
  readonly op: OperationKind
  readonly key: string
  /** put, cas: the value to write; append: the text to append. */
  readonly value: Json | undefined
  /** cas: the value compared with; null: the key must be absent. */
  readonly expected: Json | undefined
  /** What it was told: get: the value read; cas: swapped or not; delete: whether it existed; append: the whole new text. */
  readonly output: Json | undefined
  /** cas that did not swap: the value found instead. */
  readonly current: Json | undefined
  /** put, delete, cas, append: the value before it. */
  readonly prev: Json | undefined
  readonly start: Instant
  /** Undefined where the status is unknown: it has no end. */
  readonly end: Instant | undefined
  readonly status: OperationStatus
}

/** The file is no history. `line` counts from 1; the message names it. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError'
  readonly code = 'malformed-history'
  readonly line: number

  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`)
    this.line = line
  }
}

/** Whoever walks a value does so by recursion. */
const depthMax = 1_000

/** The operations of a history, in the order of its lines. Throws HistoryError at the first line that is malformed. */
export function parseHistory(lines: Iterable<string>): Operation[] {
  const operations: Operation[] = []
  let line = 0
  for (const text of lines) {
    line++
    const trimmed = text.trim()
    if (trimmed !== '' && !trimmed.startsWith('#')) operations.push(parseOperation(trimmed, line))
  }
  return operations
}

type Fields = { readonly [name: string]: Json }

const kinds: readonly unknown[] = ['get', 'put', 'delete', 'cas', 'append'] satisfies OperationKind[]
const statuses: readonly unknown[] = ['ok', 'fail', 'unknown'] satisfies OperationStatus[]

/** The operation that `text`, line `line` of its file, describes. Throws HistoryError. */
export function parseOperation(text: string, line: number): Operation {
  const fields = readFields(text, line)
  const refuse = (what: string): never => {
    throw new HistoryError(line, what)
  }

  const { client, op, key, status } = fields
  if (typeof client !== 'number' && typeof client !== 'string') return refuse('"client" must be a number or a string')
  if (!isKind(op)) return refuse(`"op" must be one of ${kinds.join(', ')}`)
  if (typeof key !== 'string') return refuse('"key" must be a string')
  if (!isStatus(status)) return refuse(`"status" must be one of ${statuses.join(', ')}`)

  const start = readInstant(fields, 'start', line)
  const end = status === 'unknown' ? undefined : readInstant(fields, 'end', line)
  if (end !== undefined && end < start) return refuse('"end" lies before "start"')

  const operation: Operation = {
    line,
    client,
    op,
    key,
    value: fields['value'],
    expected: fields['expected'],
    output: fields['output'],
    current: fields['current'],
    prev: fields['prev'],
    start,
    end,
    status,
  }
  const missing = whatIsMissing(operation)
  if (missing !== null) return refuse(missing)
  for (const name of ['value', 'expected', 'output', 'current', 'prev'] as const) {
    const value = operation[name]
    const trouble = value === undefined ? null : troubleIn(value)
    if (trouble !== null) return refuse(`"${name}" ${trouble}`)
  }
  return operation
}

/** What the kind of operation demands of its fields beside the common ones; null: all is there. */
function whatIsMissing({ op, value, expected, output, prev, current, status }: Operation): string | null {
  const isOk = status === 'ok'
  switch (op) {
    case 'get':
      return isOk && output === undefined ? 'an ok get must have "output" (null: the key is absent)' : null
    case 'put':
      return value === undefined || value === null ? 'a put must have a "value" other than null' : null
    case 'delete':
      return isOk && output !== undefined && typeof output !== 'boolean'
        ? '"output" of a delete must be true or false: whether the key existed'
        : null
    case 'cas':
      if (value === undefined || value === null) return 'a cas must have a "value" other than null'
      if (expected === undefined) return 'a cas must have "expected" (null: the key must be absent)'
      if (!isOk) return null
      if (typeof output !== 'boolean') return 'an ok cas must have "output": true (swapped) or false'
      return output && current !== undefined ? '"current" is for a cas with "output" false' : null
    case 'append':
      if (typeof value !== 'string') return 'an append must have a string as "value"'
      if (!isOk) return null
      if (output !== undefined && typeof output !== 'string') return '"output" of an append must be the new string'
      return prev === undefined || prev === null || typeof prev === 'string'
        ? null
        : '"prev" of an append must be a string'
  }
}

function readFields(text: string, line: number): Fields {
  let parsed: Json
  try {
    parsed = JSON.parse(text) as Json
  } catch {
    throw new HistoryError(line, 'not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new HistoryError(line, 'not a JSON object')
  }
  return parsed as Fields
}

/**
 * A number, or decimal digits in a string for what a number cannot hold. A whole number above 2^53 is refused: JSON has
 * rounded it already, and two instants made equal count as concurrent, which forgives what the test looks for.
 */
function readInstant(fields: Fields, name: 'start' | 'end', line: number): Instant {
  const instant = fields[name]
  if (typeof instant === 'string' && /^-?\d{1,40}$/.test(instant)) {
    const exact = BigInt(instant)
    const short = Number(exact)
    return Number.isSafeInteger(short) ? short : exact
  }
  if (typeof instant === 'number' && Math.abs(instant) <= Number.MAX_SAFE_INTEGER) return instant
  throw new HistoryError(line, `"${name}" must be a number up to 2^53, or a whole number as a string`)
}

/** What of a value could make two of them equal that were not, or end the stack of who compares them; or null. */
function troubleIn(value: Json, depth = 0): string | null {
  if (typeof value === 'number') {
    const isExact = Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
    return isExact ? null : 'holds a number above 2^53, which is not exact in JSON: write it as a string'
  }
  if (typeof value !== 'object' || value === null) return null
  if (depth === depthMax) return `is nested more than ${depthMax} deep`
  for (const part of Object.values(value)) {
    const trouble = troubleIn(part, depth + 1)
    if (trouble !== null) return trouble
  }
  return null
}

function isKind(op: unknown): op is OperationKind {
  return kinds.includes(op)
}

function isStatus(status: unknown): status is OperationStatus {
  return statuses.includes(status)
}
