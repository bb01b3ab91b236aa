/** States in a queue and the ways that led to them, in arrays of numbers: tens of bytes for each, nothing to collect. */
import type { Action } from './actions.js'
import type { State } from './space.js'

/** States one after the other, each behind its length. */
export class Frontier {
  count = 0
  private numbers = new Int32Array(1 << 16)
  private end = 0
  private at = 0

  push(state: State): void {
    if (this.end + state.length + 1 > this.numbers.length) this.numbers = grown(this.numbers)
    this.numbers[this.end++] = state.length
    for (const number of state) this.numbers[this.end++] = number
    this.count++
  }

  /** The next state in the order of pushing, into `state`; false after the last. */
  take(state: State): boolean {
    if (this.at === this.end) return false
    const length = this.numbers[this.at++]!
    state.length = 0
    for (let place = 0; place < length; place++) state.push(this.numbers[this.at++]!)
    return true
  }

  clear(): void {
    this.count = 0
    this.end = 0
    this.at = 0
  }
}

/** For each state, in the order of finding, from which one it was reached first, and how. */
export class Ways {
  count = 1
  private parents = new Int32Array(1 << 12)
  private actions = new Int32Array(1 << 12)

  /** State `count` was reached from state `parent`. The first state, 0, was reached from none. */
  add(parent: number, action: Action): void {
    if (this.count === this.parents.length) {
      this.parents = grown(this.parents)
      this.actions = grown(this.actions)
    }
    this.parents[this.count] = parent
    this.actions[this.count] = action
    this.count++
  }

  to(state: number): Action[] {
    const way: Action[] = []
    for (let at = state; at > 0; at = this.parents[at]!) way.push(this.actions[at]!)
    return way.reverse()
  }
}

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}
