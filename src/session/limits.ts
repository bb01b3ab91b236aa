/**
 * The limits of sessions. They are those of codec/limits.ts, which this folder may not import (imports point the other
 * way); a test holds the two equal. They decide what is evicted and refused, so they must be equal on all servers.
 */

export interface SessionLimits {
  /** Sessions kept; the least recently used by log order goes. */
  readonly sessionsMax: number
  /** A sequence number more than this above answeredUpTo is refused. */
  readonly sequenceWindow: number
  /** The largest result that the machine may give. */
  readonly resultBytesMax: number
  /**
   * Memory that all stored results may take, in bytes, approximately: when it is more, the least recently used sessions
   * go, although they are few. Without it, sessions that never say what was answered could keep 16,384 results each.
   */
  readonly storedBytesMax: number
}

export const defaultSessionLimits: SessionLimits = {
  sessionsMax: 65_536,
  sequenceWindow: 16_384,
  resultBytesMax: 1_024,
  storedBytesMax: 2 ** 28,
}
