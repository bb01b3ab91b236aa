/** currentTerm, commitIndex and lastApplied never go back, and a vote stays for its term (Figure 2). */
import type { WatchedServer } from './watched-server.js'
import { violated } from './violation.js'

export function checkNothingGoesBack(watched: WatchedServer): void {
  const { server } = watched
  if (server.currentTerm < watched.currentTerm)
    wentBack(watched, 'currentTerm', watched.currentTerm, server.currentTerm)
  if (server.commitIndex < watched.commitIndex)
    wentBack(watched, 'commitIndex', watched.commitIndex, server.commitIndex)
  if (server.lastApplied < watched.lastApplied)
    wentBack(watched, 'lastApplied', watched.lastApplied, server.lastApplied)
  if (server.votedFor === watched.votedFor) return
  if (server.currentTerm === watched.currentTerm && watched.votedFor !== 0) {
    violated(
      'One Vote Per Term',
      `server ${server.id} changes its vote of term ${server.currentTerm} from ${watched.votedFor} to ${server.votedFor}`,
    )
  }
  watched.votedFor = server.votedFor
}

function wentBack({ id }: WatchedServer, what: string, from: number, to: number): never {
  violated('Nothing Goes Back', `${what} of server ${id} went from ${from} back to ${to}`)
}
