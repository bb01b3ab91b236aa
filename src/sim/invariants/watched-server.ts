/** A server as the invariants see it: its record in this life, and what was seen of it at the step before. */
import { isSameEntry } from '../../raft/entry-list.js'
import type { Role, Server } from '../../raft/server.js'
import type { Entry, LogIndex, ServerId, Term } from '../../raft/types.js'

export class WatchedServer {
  readonly id: ServerId
  readonly server: Server
  /** The log as it was last seen: entry i stands at place i - 1, or nothing where only a snapshot knows it. */
  readonly entries: (Entry | undefined)[] = []
  currentTerm: Term
  votedFor: ServerId
  commitIndex: LogIndex
  lastApplied: LogIndex
  role: Role
  lastEntry: Entry | undefined
  /** Entries that the latest change took away at the end, and where the new ones begin, behind one of this term. */
  cut = 0
  addedFrom: LogIndex = 1
  termBefore: Term = 0

  constructor(server: Server) {
    this.id = server.id
    this.server = server
    this.currentTerm = server.currentTerm
    this.votedFor = server.votedFor
    this.commitIndex = server.commitIndex
    this.lastApplied = server.lastApplied
    this.role = server.role
  }

  /** Has the log changed? An equal last entry means that it has not. */
  get logHasChanged(): boolean {
    const { log } = this.server
    return log.lastIndex !== this.entries.length || !isSameEntry(log.lastEntry, this.lastEntry)
  }

  /** Sees the log as it is, and what is new in it. */
  lookAtLog(): void {
    const { entries } = this
    const { log } = this.server
    const before = entries.length
    let same = Math.min(before, log.lastIndex)
    while (same > log.baseIndex && !isSameEntry(entries[same - 1], log.at(same))) same--
    // What a snapshot covers has gone, and nothing is known of it if the snapshot came from elsewhere.
    same = Math.max(same, log.baseIndex)
    this.cut = Math.max(0, before - same)
    this.addedFrom = same + 1
    this.termBefore = log.termAt(same)!
    entries.length = same
    for (let index = same + 1; index <= log.lastIndex; index++) entries.push(log.at(index))
    this.lastEntry = log.lastEntry
  }
}
