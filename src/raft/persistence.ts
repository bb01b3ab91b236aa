/** What is on this server's disk: appends handed to storage, their completions, and what a replacement does to both. */
import { assert } from '../base/assert.js'
import { entriesBytes } from './log.js'
import type { Server } from './server.js'
import type { Entry, HardState, LogIndex } from './types.js'

/** The hard state, when it changed since it was last handed out. */
export function takeHardState(server: Server): HardState | null {
  const { currentTerm, votedFor, handedHardState } = server
  if (currentTerm === handedHardState.currentTerm && votedFor === handedHardState.votedFor) return null
  assert(currentTerm >= handedHardState.currentTerm, 'currentTerm never goes back')
  server.handedHardState = { currentTerm, votedFor }
  return server.handedHardState
}

/** The entries that storage does not have yet, as one append. */
export function takeAppend(server: Server): { writeId: number; entries: readonly Entry[] } | null {
  const { log, handedIndex } = server
  if (handedIndex === log.lastIndex) return null
  const append = { writeId: server.nextWriteId++, entries: log.range(handedIndex + 1, log.lastIndex) }
  const bytes = entriesBytes(append.entries)
  server.outstandingWrites.push({ writeId: append.writeId, bytes, lastIndex: log.lastIndex })
  server.unpersistedBytes += bytes
  server.handedIndex = log.lastIndex
  return append
}

/** Every write up to `writeId` is durable. */
export function persisted(server: Server, writeId: number): void {
  if (writeId >= server.nextWriteId) assert(false, `write ${writeId} was handed out`)
  const { outstandingWrites } = server
  while (outstandingWrites.length > 0 && outstandingWrites[0]!.writeId <= writeId) {
    const { lastIndex, bytes } = outstandingWrites.shift()!
    server.unpersistedBytes -= bytes
    server.persistedIndex = Math.max(server.persistedIndex, lastIndex)
  }
}

/**
 * The log began anew behind `index`, with a snapshot of everything up to there on the disk. What was handed to storage before
 * went with it, and is never reported: were it still waited for, it would be counted as unpersisted, and no entries taken,
 * for ever.
 */
export function beganAnew(server: Server, index: LogIndex): void {
  server.persistedIndex = index
  server.handedIndex = index
  server.outstandingWrites.length = 0
  server.unpersistedBytes = 0
}

/**
 * Entries from `index` on were replaced in the log. Writes under way may complete later, and would vouch for entries that
 * are no longer theirs: (5, term 2), (5, term 3), (5, term 2 again) must not be confused (R21). So their claims, and what
 * is durable, end below it.
 */
export function replaced(server: Server, index: LogIndex): void {
  server.persistedIndex = Math.min(server.persistedIndex, index - 1)
  server.handedIndex = Math.min(server.handedIndex, index - 1)
  for (const write of server.outstandingWrites) write.lastIndex = Math.min(write.lastIndex, index - 1)
}
