/** What a broken invariant is: the end of a run, with a name that a report begins with. */

/** The five of the paper (Figure 3) by their names there, and what this project promises beside them. */
export type InvariantName =
  | 'Election Safety'
  | 'Leader Append-Only'
  | 'Log Matching'
  | 'Leader Completeness'
  | 'State Machine Safety'
  | 'One Vote Per Term'
  | 'Promises Are Durable'
  | 'Nothing Goes Back'
  | 'Exactly Once'
  | 'Acknowledged Is Kept'
  | 'Linearizable Reads'
  | 'Linearizability'
  | 'Snapshots Are The Same'
  | 'Within The Window'
  | 'Bounded Memory'
  | 'Whole Or Not At All'
  | 'No Storm'
  | 'Progress'

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
  readonly invariant: InvariantName

  constructor(invariant: InvariantName, message: string) {
    super(message)
    this.invariant = invariant
  }
}

/** Ends the run. */
export function violated(invariant: InvariantName, message: string): never {
  throw new InvariantViolation(invariant, message)
}
