/**
 * What the core is to know of the ways to its peers: how much fits one datagram there and how much may be on its way, so
 * that it makes its messages by it. Ways change: a path is found to carry more or less, and a window opens and closes.
 */
import { commandsOverheadBytes } from '../../codec/commands.js'
import { entryHeaderBytes } from '../../codec/entry.js'
import { envelopeBytes } from '../../codec/envelope.js'
import { appendEntriesOverheadBytes } from '../../codec/peer-messages.js'
import type { Raft } from '../raft/raft.js'
import type { Link } from '../transport/types.js'

/** So much of the log may be on its way to a peer, or wait for its link's window, however narrow that is. */
const windowBytesLeast = 64 * 1024

/** Without peers no datagram bounds an entry. */
const soleServerEntryBytes = 65_536

const overheadBytes = envelopeBytes + appendEntriesOverheadBytes

/** Tells the core of all peers' paths as they are now. */
export function updatePaths(raft: Raft, peers: readonly Link[], nowMs: number): void {
  for (const link of peers) {
    const windowBytes = Math.max(windowBytesLeast, Math.floor(link.windowBytes))
    raft.setPath(link.serverId, link.datagramBytesMax - overheadBytes, windowBytes)
    if (link.isAtWork) raft.pathAtWork(nowMs, link.serverId)
  }
}

/** Commands that share an entry fit, as a record, one datagram of the smallest path to a peer. */
export function entryBytesMax(peers: readonly Link[]): number {
  let datagramBytes = Infinity
  for (const link of peers) datagramBytes = Math.min(datagramBytes, link.datagramBytesMax)
  if (datagramBytes === Infinity) return soleServerEntryBytes
  return datagramBytes - overheadBytes - entryHeaderBytes - commandsOverheadBytes
}
