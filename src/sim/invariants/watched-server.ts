/** A server as the invariants see it: its record in this life, and what was seen of it at the step before. */
import type { Role, Server } from '../../raft/server.js'
import type { Entry, LogIndex, ServerId, Term } from '../../raft/types.js'

export class WatchedServer {
  readonly id: ServerId
  readonly server: Server
  /** The log as it was last seen: entry i stands at place i - 1. */
  readonly entries: Entry[] = []
  currentTerm: Term
  votedFor: ServerId
  commitIndex: LogIndex
  lastApplied: LogIndex
  role: Role
  lastEntry: Entry | undefined
  /** Entries that the latest change took away at the end, and where the new ones begin. */
  cut = 0
  addedFrom: LogIndex = 1

  constructor(server: Server) {
    this.id = server.id
    this.server = server
    this.currentTerm = server.currentTerm
    this.votedFor = server.votedFor
    this.commitIndex = server.commitIndex
    this.lastApplied = server.lastApplied
    this.role = server.role
  }

  /** Has the log changed? An equal last entry, as an object, means that it has not. */
  get logHasChanged(): boolean {
    const { log } = this.server
    return log.lastIndex !== this.entries.length || log.lastEntry !== this.lastEntry
  }

  /** Sees the log as it is, and what is new in it. */
  lookAtLog(): void {
    const { entries } = this
    const { log } = this.server
    const before = entries.length
    let same = Math.min(before, log.lastIndex)
    while (same > 0 && entries[same - 1] !== log.at(same)) same--
    this.cut = before - same
    this.addedFrom = same + 1
    entries.length = same
    for (let index = same + 1; index <= log.lastIndex; index++) entries.push(log.at(index))
    this.lastEntry = log.lastEntry
  }
}
