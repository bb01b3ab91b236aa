/**
 * Promises Are Durable: what a server has acknowledged is there after any crash. A server acknowledges what the core calls
 * persisted; so when it starts again its log holds every entry that was persisted when the life before ended, and its
 * term is not below any that it spoke of. An entry that is being replaced is called persisted no more (see
 * append-entries.ts), so there is no exception.
 */
import type { Server } from '../../raft/server.js'
import type { LogIndex, ServerId, Term } from '../../raft/types.js'
import { violated } from './violation.js'

interface Promised {
  readonly persistedIndex: LogIndex
  /** Of the last entry that was persisted; by Log Matching it stands for all before it. */
  readonly persistedTerm: Term
  readonly spokenTerm: Term
}

export class Promises {
  private readonly promised = new Map<ServerId, Promised>()

  /** A life has ended, in whatever way. `spokenTerm` is the highest term of a message that left in it. */
  ended({ id, log, persistedIndex }: Server, spokenTerm: Term): void {
    const before = this.promised.get(id)?.spokenTerm ?? 0
    const persistedTerm = log.termAt(persistedIndex) ?? 0
    this.promised.set(id, { persistedIndex, persistedTerm, spokenTerm: Math.max(spokenTerm, before) })
  }

  /** Nothing is asked of what a server remembers: its disk lies. */
  forget(id: ServerId): void {
    this.promised.delete(id)
  }

  /** The next life begins with what was recovered; `vote` is the one that left in its term, 0 for none. */
  recovered({ id, currentTerm, votedFor, log }: Server, vote: ServerId): void {
    const promised = this.promised.get(id)
    if (promised === undefined) return
    const { persistedIndex, persistedTerm, spokenTerm } = promised
    if (currentTerm < spokenTerm) {
      violated(
        'Promises Are Durable',
        `server ${id} spoke in term ${spokenTerm} and starts again in term ${currentTerm}`,
      )
    }
    if (vote !== 0 && votedFor !== vote) {
      violated(
        'Promises Are Durable',
        `server ${id} gave its vote of term ${currentTerm} to ${vote} and starts again with ${votedFor}`,
      )
    }
    const term = log.termAt(persistedIndex)
    if (term === persistedTerm || (term === undefined && persistedIndex < log.baseIndex)) return
    violated(
      'Promises Are Durable',
      `server ${id} had entry (${persistedIndex}, term ${persistedTerm}) on its disk and starts again ` +
        (term === undefined ? 'without it' : `with one of term ${term}`),
    )
  }
}
