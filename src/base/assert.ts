/** Broken invariants stop the server: a server that stops is safe, one that goes on may not be. */

export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/**
 * Throws InvariantError unless `condition` holds. `what` names the invariant, as a statement that should be true. Where a
 * statement with numbers in it stands on the way of every entry or command, it is made only when it does not hold: `if
 * (...) assert(false, ...)`, for a sentence made each time costs as much as decoding a command.
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(`broken invariant: ${what}`)
}

/** For the branch that the types already exclude. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`)
}
