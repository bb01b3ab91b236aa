/** A leader takes entries into its log (section 5.3, first step). */
import { assert } from '../base/assert.js'
import { entryBytes } from './entry-list.js'
import type { Leader, Server } from './server.js'
import type { Entry, EntryKind, LogIndex, MakeEntry, Refusal } from './types.js'

/**
 * Takes a client's commands, the payload of an entry or who makes the entry at its place; or says why not: only a leader
 * does, not while it hands over, not beyond its bounds.
 */
export function propose(server: Server, commands: Uint8Array | MakeEntry): LogIndex | Refusal {
  const role = server.role
  if (role.name !== 'leader') return 'not-leader'
  if (role.transfer !== null) return 'busy'
  // It could not store it, and nobody takes over (K17).
  if (server.disk === 'full') return 'no-space'
  if (role.uncommittedBytes >= server.options.uncommittedBytesMax) return 'busy'
  // With a disk that stands still the others commit without it, and nothing else bounds what waits here (K11).
  if (server.unpersistedBytes >= server.options.unpersistedBytesMax) return 'busy'
  if (typeof commands !== 'function') return appendOwn(server, role, 'commands', commands)
  return append(server, role, commands(server.log.lastIndex + 1, role.term))
}

/** Appends an entry of this leader's own term, and of no other (E20). */
export function appendOwn(server: Server, role: Leader, kind: EntryKind, payload: Uint8Array): LogIndex {
  return append(server, role, { index: server.log.lastIndex + 1, term: role.term, kind, payload, record: null })
}

function append(server: Server, role: Leader, entry: Entry): LogIndex {
  assert(entry.term === server.currentTerm, 'a leader stamps entries with its own term')
  server.log.append(entry)
  role.uncommittedBytes += entryBytes(entry)
  return entry.index
}
