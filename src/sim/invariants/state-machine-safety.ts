/**
 * "State Machine Safety: if a server has applied a log entry at a given index to its state machine, no other server will
 * ever apply a different log entry for the same index" (Figure 3; 5.4.3). Told from the state itself: after the same
 * command all servers have the same hash, in all their lives.
 */
import type { LogIndex, ServerId } from '../../raft/types.js'
import { violated } from './violation.js'

export class StateMachineSafety {
  /** By revision, of the machine alone. */
  private readonly hashes: number[] = []
  /** By index, of machine, sessions and counters, where a server stopped to look. */
  private readonly wholeHashes: number[] = []

  /** A server executed the command of this revision. */
  applied(id: ServerId, revision: number, stateHash: number): void {
    const known = this.hashes[revision]
    if (known === undefined) this.hashes[revision] = stateHash
    else if (known !== stateHash) {
      violated('State Machine Safety', `after revision ${revision} server ${id} has another state than one before`)
    }
  }

  /** A server has applied all up to `index`, sessions included. */
  reached(id: ServerId, index: LogIndex, wholeHash: number): void {
    const known = this.wholeHashes[index]
    if (known === undefined) this.wholeHashes[index] = wholeHash
    else if (known !== wholeHash) {
      violated('State Machine Safety', `with entry ${index} applied server ${id} has other sessions than one before`)
    }
  }
}
