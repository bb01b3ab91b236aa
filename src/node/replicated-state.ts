/** What the log is for: committed entries in order, through the sessions, into the state machine. */
import { assert } from '../base/assert.js'
import { decodeCommands } from '../../codec/commands.js'
import type { Entry, LogIndex } from '../raft/types.js'
import type { Sessions } from '../session/sessions.js'
import type { Outcome } from '../session/types.js'

/** Servers that applied as far have equal state: every 4,096 entries the hash is kept, to be compared from outside. */
const checkpointEvery = 4_096

export class ReplicatedState {
  readonly sessions: Sessions
  lastApplied: LogIndex = 0
  checkpointIndex: LogIndex = 0
  checkpointHash = 0

  constructor(sessions: Sessions) {
    this.sessions = sessions
  }

  /**
   * Applies the next entry and returns the outcome of each of its commands. Throws InvariantError when a committed entry
   * makes no sense: this server must not go on, or it would differ from the others.
   */
  apply(entry: Entry): readonly Outcome[] {
    if (entry.index !== this.lastApplied + 1) assert(false, `entry ${entry.index} is applied after ${this.lastApplied}`)
    const commands = entry.kind === 'commands' ? decodeCommands(entry.payload) : []
    if (commands === null) assert(false, `committed entry ${entry.index} holds commands`)
    const outcomes = commands.map(command => this.sessions.apply(command, entry.index))
    this.lastApplied = entry.index
    if (entry.index % checkpointEvery === 0) {
      this.checkpointIndex = entry.index
      this.checkpointHash = this.sessions.stateHash
    }
    return outcomes
  }

  /** The state as of `index` = lastApplied, to be walked once while `apply` goes on (Sessions.snapshot). */
  snapshot(): { readonly index: LogIndex; readonly chunks: IterableIterator<Uint8Array> } {
    return { index: this.lastApplied, chunks: this.sessions.snapshot() }
  }

  /** The sessions were restored from a snapshot whose last entry is `index`: what follows it is applied next. */
  restored(index: LogIndex): void {
    this.lastApplied = index
  }
}
