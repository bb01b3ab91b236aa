/**
 * Why an answer is impossible, for people: what is wrong in a sentence, and the operations on the key that matter, in the
 * order of their starts: those that overlap it, those just before, and those that wrote what it found.
 */
import { canonicalJson } from './values.js'
import type { Json, Operation } from './history.js'

/** What an operation has to do with the impossible one. */
export type Part = 'impossible' | 'writer' | 'overlapping' | 'before'

export interface WindowLine {
  readonly operation: Operation
  readonly part: Part
}

/** Most lines of each part in a window: enough to think about, few enough to read. */
const linesPerPartMax = 12

/** The operations that explain the failure, `impossible` among them. `operations` may hold other keys as well. */
export function windowAround(impossible: Operation, operations: readonly Operation[]): WindowLine[] {
  const lines = new Map<Operation, Part>([[impossible, 'impossible']])
  const ofKey = operations.filter(({ key }) => key === impossible.key)
  const take = (part: Part, some: readonly Operation[]) => {
    for (const operation of some) if (!lines.has(operation)) lines.set(operation, part)
  }
  const writers = writersOfFound(impossible, ofKey).sort(byStart)
  const inTime = writers.filter(({ start }) => start <= impossible.end!)
  take('writer', inTime.length > 0 ? inTime.slice(-linesPerPartMax) : writers.slice(0, 1))
  const overlapping = ofKey.filter(other => doOverlap(other, impossible) && canMatter(other))
  // The latest starts are the likeliest to matter; an unknown outcome overlaps everything after it.
  take('overlapping', overlapping.sort(byStart).slice(-linesPerPartMax))
  const earlier = ofKey.filter(({ end }) => end !== undefined && end < impossible.start)
  take('before', earlier.filter(canMatter).sort(byEnd).slice(-linesPerPartMax))
  return [...lines].map(([operation, part]) => ({ operation, part })).sort((a, b) => byStart(a.operation, b.operation))
}

/** What is wrong with the answer, as a sentence. */
export function reasonOf(impossible: Operation, operations: readonly Operation[]): string {
  const found = foundBy(impossible)
  if (found === undefined) return 'no order of the operations explains this answer'
  const name = found === null ? 'the key absent' : canonicalJson(found)
  const stale = `it found ${name}, which no order of the operations explains`
  if (found === null) return stale
  const ofKey = operations.filter(({ key }) => key === impossible.key)
  const writers = writersOfFound(impossible, ofKey)
  const real = writers.filter(({ status }) => status !== 'fail')
  if (real.some(({ start }) => start <= impossible.end!)) return stale
  // A text may have been put together by appends.
  if (typeof found === 'string' && ofKey.some(({ op }) => op === 'append')) return stale
  if (real.length > 0) return `it found ${name}, whose write began only later (line ${real[0]!.line})`
  if (writers.length > 0) return `it found ${name}, whose write failed (line ${writers[0]!.line})`
  return `it found ${name}, which nobody ever wrote`
}

/** An operation and its answer on one line: `cas 1 -> 2: did not match, found 3`. */
export function describeOperation({ op, value, expected, output, current, prev, status }: Operation): string {
  const asked = {
    get: 'get',
    put: `put ${text(value)}`,
    delete: 'delete',
    cas: `cas ${text(expected)} -> ${text(value)}`,
    append: `append ${text(value)}`,
  }[op]
  if (status !== 'ok') return `${asked}: ${status}`
  const told: string[] = []
  if (op === 'get') told.push(text(output))
  else if (op === 'cas') told.push(output === true ? 'swapped' : 'did not match')
  else if (op === 'delete' && output !== undefined) told.push(output === true ? 'existed' : 'was absent')
  else if (output !== undefined) told.push(`now ${text(output)}`)
  else told.push('ok')
  if (current !== undefined) told.push(`found ${text(current)}`)
  if (prev !== undefined) told.push(`before it ${text(prev)}`)
  return `${asked}: ${told.join(', ')}`
}

/** Longest value shown in full; of longer ones the end, where appended texts differ. */
const shownCharactersMax = 60

function text(value: Json | undefined): string {
  const json = value === undefined || value === null ? 'absent' : canonicalJson(value)
  return json.length <= shownCharactersMax ? json : `…${json.slice(-shownCharactersMax)}`
}

/** The value that the operation shows the key to have held; undefined: it shows none. */
function foundBy({ op, output, current, prev, expected }: Operation): Json | undefined {
  if (op === 'get') return output
  if (prev !== undefined) return prev
  if (op === 'cas') return output === true ? expected : current
  if (op === 'delete') return output === false ? null : undefined
  return op === 'append' ? output : undefined
}

function writersOfFound(impossible: Operation, ofKey: readonly Operation[]): Operation[] {
  const found = foundBy(impossible)
  if (found === undefined) return []
  if (found === null) return ofKey.filter(({ op, status }) => op === 'delete' && status !== 'fail')
  const sought = canonicalJson(found)
  return ofKey.filter(({ op, value, output, status }) => {
    if (op === 'get' || op === 'delete' || (op === 'cas' && status === 'ok' && output === false)) return false
    return canonicalJson(op === 'append' && output !== undefined ? output : value!) === sought
  })
}

function doOverlap(a: Operation, b: Operation): boolean {
  return (a.end === undefined || a.end >= b.start) && (b.end === undefined || a.start <= b.end)
}

/** What had no effect and was told nothing explains nothing. */
function canMatter({ op, status }: Operation): boolean {
  return status === 'ok' || (status === 'unknown' && op !== 'get')
}

function byStart(a: Operation, b: Operation): number {
  if (a.start === b.start) return a.line - b.line
  return a.start < b.start ? -1 : 1
}

function byEnd(a: Operation, b: Operation): number {
  return a.end === b.end ? a.line - b.line : a.end! < b.end! ? -1 : 1
}
