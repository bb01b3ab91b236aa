/** "Leader Append-Only: a leader never overwrites or deletes entries in its log; it only appends" (Figure 3; 5.3). */
import type { WatchedServer } from './watched-server.js'
import { violated } from './violation.js'

/** The log of a server has changed, and been looked at; `watched.role` is what it was before. */
export function checkLeaderAppendOnly(watched: WatchedServer): void {
  if (watched.cut === 0 || watched.role.name !== 'leader' || watched.server.role !== watched.role) return
  violated(
    'Leader Append-Only',
    `server ${watched.id} leads term ${watched.currentTerm}, and ${watched.cut} entries from index ` +
      `${watched.addedFrom} on went from its log`,
  )
}
