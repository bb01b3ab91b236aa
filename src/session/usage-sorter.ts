/**
 * Sorts restored sessions by their use as they come, batch by batch: runs that are merged when they are of like length.
 * To sort 65,536 of them at the end would stop the world for 30 ms.
 */
import type { Session } from './session.js'

export class UsageSorter {
  /** Each sorted, and shorter than the one before. */
  readonly #runs: Session[][] = []

  /** Takes further sessions, in any order. */
  add(sessions: Session[]): void {
    if (sessions.length === 0) return
    this.#runs.push(sessions.sort((a, b) => a.usedAt - b.usedAt))
    while (this.#runs.length > 1 && this.#runs.at(-2)!.length <= this.#runs.at(-1)!.length) this.#mergeLast()
  }

  /** All sessions, from the least to the most recently used. */
  finish(): readonly Session[] {
    while (this.#runs.length > 1) this.#mergeLast()
    return this.#runs[0] ?? []
  }

  #mergeLast(): void {
    const right = this.#runs.pop()!
    const left = this.#runs.pop()!
    const merged: Session[] = []
    let at = 0
    for (const session of left) {
      while (at < right.length && right[at]!.usedAt < session.usedAt) merged.push(right[at++]!)
      merged.push(session)
    }
    while (at < right.length) merged.push(right[at++]!)
    this.#runs.push(merged)
  }
}
