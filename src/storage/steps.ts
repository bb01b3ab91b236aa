/** Doing one thing after another with callbacks, up to the first error. */
import type { Done } from './disk.js'

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
