/**
 * Linearizable reads (dissertation 6.4): a read that is confirmed has a readIndex that covers everything that was committed
 * anywhere when it was asked. Asked of the core, because a client would have to be lucky to meet the stale answer.
 */
import type { Leader } from '../../raft/server.js'
import type { LogIndex } from '../../raft/types.js'
import type { WatchedServer } from './watched-server.js'
import { violated } from './violation.js'

interface Asked {
  /** What was committed anywhere when the read was asked. */
  readonly committedIndex: LogIndex
  /** Once its round has begun. */
  readIndex: LogIndex | null
}

export class FreshReads {
  private readonly asked = new Map<number, Asked>()
  /** The leadership that they were asked of: reads of a lost one are never answered. */
  private role: Leader | null = null

  /** To be asked after each step of a server. */
  check({ id, server }: WatchedServer, committedIndex: LogIndex): void {
    const { role } = server
    if (role.name !== 'leader' || role !== this.role) {
      this.asked.clear()
      this.role = role.name === 'leader' ? role : null
    }
    if (role.name !== 'leader') return
    for (const token of role.newReads) {
      if (!this.asked.has(token)) this.asked.set(token, { committedIndex, readIndex: null })
    }
    if (this.asked.size === role.newReads.length) return
    const waiting = new Set(role.newReads)
    for (const { token, readIndex } of role.waitingReads) {
      waiting.add(token)
      const asked = this.asked.get(token)
      if (asked !== undefined) asked.readIndex = readIndex
    }
    for (const [token, asked] of this.asked) {
      if (waiting.has(token)) continue
      // Confirmed in one go with its beginning: then it cannot lie above what is committed here by now.
      const readIndex = asked.readIndex ?? server.commitIndex
      if (readIndex < asked.committedIndex) {
        violated(
          'Linearizable Reads',
          `server ${id} answers a read as of index ${readIndex}; when it was asked ${asked.committedIndex} was committed`,
        )
      }
      this.asked.delete(token)
    }
  }
}
