/**
 * A disk that has lost what it called durable: it lied, or an older copy was put in its place. Nothing on such a server shows
 * it. But its leader remembers what it was told, and says it with every AppendEntries: a server that holds less on its disk
 * than it has called durable in the same term and incarnation has lost acknowledged entries, and perhaps a vote with them. It
 * must not go on as if nothing had happened (K19), so it stops; with another incarnation it may come back (admission.ts).
 *
 * What counts is what is durable, not where the log ends: within a term matchIndex never goes back, as what was compared with
 * this term's leader is not replaced before another term; and after a restart all of the log is durable. A loss that no leader
 * of the same term knows of is not seen: of entries of former terms, and in a term whose leader has gone.
 */
import { assert } from '../base/assert.js'
import type { Server } from './server.js'
import type { AppendEntries } from './types.js'

/** Fails if this server has called more durable to the leader of this term than it has. */
export function checkNothingIsLost(server: Server, { matchIndex, incarnation }: AppendEntries): void {
  if (matchIndex <= server.persistedIndex || incarnation !== server.incarnation) return
  assert(
    false,
    `acknowledged entries are gone: this server has called its log durable up to entry ${matchIndex}, and has it up to ` +
      `${server.persistedIndex}. Its disk has lost them, or an older copy was restored: start it with --repair on an ` +
      'empty directory, so that it is filled from the other servers',
  )
}
