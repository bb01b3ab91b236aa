/** What servers say of themselves before and after a load, as figures of a benchmark; null: it is not known. */
import type { ServerStatus } from '../src/node/status.js'

/**
 * What all of them wrote in between, log and zeros ahead of it, by their own count: the kernel's counts whole pages of its
 * cache, which may be megabytes for a small write. Not known where one of them is silent afterwards, or was started again
 * within the `elapsedMs` and counts from nothing.
 */
export function diskBytesBetween(
  before: readonly ServerStatus[],
  after: readonly ServerStatus[],
  elapsedMs: number,
): number | null {
  if (before.length === 0) return null
  let bytes = 0
  for (const earlier of before) {
    const later = after.find(({ id }) => id === earlier.id)
    if (later === undefined || later.uptimeMs < elapsedMs) return null
    bytes += bytesWritten(later) - bytesWritten(earlier)
  }
  return bytes
}

/** Of the largest of them. */
export function rssMiB(servers: readonly ServerStatus[]): number | null {
  if (servers.length === 0) return null
  return Math.round((1_000 * Math.max(...servers.map(({ memory }) => memory.rssBytes))) / 2 ** 20) / 1_000
}

/** On any path between them; 0 where there is none. */
export function largestDatagramBytes(servers: readonly ServerStatus[]): number | null {
  if (servers.length === 0) return null
  return Math.max(0, ...servers.flatMap(({ peers }) => peers.map(peer => peer.datagramBytesMax)))
}

function bytesWritten({ storage }: ServerStatus): number {
  return storage.bytesWritten + storage.bytesZeroed
}
