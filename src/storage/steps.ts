/** Doing one thing after another with callbacks, up to the first error. */
import type { Done, Got } from './disk.js'

export type Step = (done: Done) => void

/** Runs `steps` one after another; `done` gets the first error, or null after the last. */
export function inOrder(steps: readonly Step[], done: Done): void {
  eachInOrder(steps, (step, next) => step(next), done)
}

/** Runs `step` for each of `items`, one after another; `done` gets the first error, or null after the last. */
export function eachInOrder<T>(items: readonly T[], step: (item: T, done: Done) => void, done: Done): void {
  const next = (position: number): void => {
    if (position === items.length) {
      done(null)
      return
    }
    step(items[position]!, error => {
      if (error === null) next(position + 1)
      else done(error)
    })
  }
  next(0)
}

/** So many are fetched at a time: what a disk is asked for is a file opened, looked at, read and closed, one after another. */
const fetchesMax = 4

/**
 * Fetches each of `items`, the next ones while one is taken, and hands them to `take` in order. `done` gets null after the
 * last, or the error of the first item that has one: what lies before it is taken, and nothing is under way any more.
 */
export function eachFetched<T, F>(
  items: readonly T[],
  fetch: (item: T, got: Got<F>) => void,
  take: (item: T, fetched: F) => void,
  done: Done,
): void {
  const waiting = new Map<number, { readonly error: Error | null; readonly fetched: F }>()
  let begun = 0
  let taken = 0
  let underWay = 0
  let hasFailed = false
  let failure: Error | null = null
  let isAdvancing = false
  const begin = (position: number): void => {
    underWay++
    fetch(items[position]!, (error, fetched) => {
      underWay--
      hasFailed ||= error !== null
      waiting.set(position, { error, fetched })
      advance()
    })
  }
  const advance = (): void => {
    if (isAdvancing) return
    isAdvancing = true
    for (;;) {
      while (!hasFailed && begun < items.length && begun - taken < fetchesMax) begin(begun++)
      const next = failure === null ? waiting.get(taken) : undefined
      if (next === undefined) break
      waiting.delete(taken)
      if (next.error !== null) failure = next.error
      else take(items[taken++]!, next.fetched)
    }
    isAdvancing = false
    if (underWay === 0 && (failure !== null || taken === items.length)) done(failure)
  }
  advance()
}
