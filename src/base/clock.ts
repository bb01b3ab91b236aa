/** The Clock port: the only way in which storage, transport, node and client learn of time. */

export interface Timer {
  /** Calls back at `atMs` of the clock instead of what was set before; Infinity for not at all. */
  set(atMs: number): void
}

/**
 * Time as the shell sees it. The real one is `base/real-clock.ts`; a simulator has its own. Timers and turns call back
 * one at a time, never from inside `set` or `endOfTurn`.
 */
export interface Clock {
  /** Milliseconds, monotonic, with fractions; where zero lies means nothing. */
  now(): number
  /** A timer that is not set yet. Make one per purpose and set it again: that costs a quarter of a new one. */
  timer(callback: () => void): Timer
  /** Calls back once when what is waiting to be read in this turn has been read (setImmediate in Node). */
  endOfTurn(callback: () => void): void
}
