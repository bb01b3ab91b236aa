/**
 * Promises Are Durable: what a server has acknowledged is there after any crash. A server acknowledges what the core calls
 * persisted; so when it starts again its log holds every entry that was persisted in the life before, unless a later
 * leader's entries replaced it, and its term and vote are those it spoke of.
 */
import type { Server } from '../../raft/server.js'
import type { Entry, ServerId, Term } from '../../raft/types.js'
import type { WatchedServer } from './watched-server.js'
import { violated } from './violation.js'

interface Promised {
  /** Entries that were persisted, entry i at place i - 1. */
  readonly entries: readonly Entry[]
  /** From here on a replacement was under way: what stands there may be old or new. */
  readonly certainIndex: number
  readonly spokenTerm: Term
}

export class Promises {
  private readonly promised = new Map<ServerId, Promised>()

  /** A life has ended, in whatever way. `spokenTerm` is the highest term of a message that left in it. */
  ended({ id, server, entries }: WatchedServer, spokenTerm: Term): void {
    const before = this.promised.get(id)?.spokenTerm ?? 0
    const certainIndex = Math.min(server.persistedIndex, entries.length)
    this.promised.set(id, {
      entries: entries.slice(0, certainIndex),
      certainIndex,
      spokenTerm: Math.max(spokenTerm, before),
    })
  }

  /** Nothing is asked of what a server remembers: its disk lied, or was damaged. */
  forget(id: ServerId): void {
    this.promised.delete(id)
  }

  /** The next life begins with what was recovered. */
  recovered(server: Server): void {
    const promised = this.promised.get(server.id)
    if (promised === undefined) return
    if (server.currentTerm < promised.spokenTerm) {
      violated(
        'Promises Are Durable',
        `server ${server.id} spoke in term ${promised.spokenTerm} and starts again in term ${server.currentTerm}`,
      )
    }
    const { log } = server
    for (let index = promised.certainIndex; index > log.snapshotIndex; index--) {
      const entry = promised.entries[index - 1]!
      const term = log.termAt(index)
      if (term === entry.term) return // Log Matching is asked of all that was recovered
      // Replaced: by an entry of a later term, as a follower does.
      if (term !== undefined && term > entry.term) continue
      // Cut: with a replacement that is durable below it.
      if (term === undefined && log.lastTerm > entry.term) continue
      violated(
        'Promises Are Durable',
        `server ${server.id} had entry (${index}, term ${entry.term}) on its disk and starts again ` +
          (term === undefined ? 'without it' : `with one of term ${term}`),
      )
    }
  }
}
