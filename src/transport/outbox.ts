/**
 * Messages that wait for one link: for the end of the turn, or for its window to open. Bounded in bytes (R11) and in time,
 * so that a peer that comes back after a minute is not fed with a minute of outdated messages first; whatever still
 * matters will be said again by those who said it.
 */
import type { WireMessage } from './types.js'

/** Encoded bytes that may wait for one link. */
export const outboxBytesMax = 4 * 1024 * 1024

/** A message that waited longer was meant for another state of affairs. Above any pause that a window may make. */
export const outboxAgeMsMax = 1_000

export interface Waiting {
  readonly message: WireMessage
  readonly bytes: number
  readonly queuedAtMs: number
}

export class Outbox {
  /** Encoded bytes of all that waits. */
  bytes = 0
  private waiting: Waiting[] = []
  private head = 0

  get isEmpty(): boolean {
    return this.head === this.waiting.length
  }

  /** The message that waits longest. */
  get first(): Waiting | undefined {
    return this.waiting[this.head]
  }

  /** Queues a message of `bytes` encoded bytes. False: there is no room for it. */
  push(message: WireMessage, bytes: number, nowMs: number): boolean {
    if (this.bytes + bytes > outboxBytesMax) return false
    this.waiting.push({ message, bytes, queuedAtMs: nowMs })
    this.bytes += bytes
    return true
  }

  /** Takes away the first message. */
  shift(): void {
    this.bytes -= this.waiting[this.head]!.bytes
    this.head++
    // Cut when half of the array is used up: each message is moved once on the average, and none is held for long.
    if (this.head * 2 < this.waiting.length) return
    this.waiting.splice(0, this.head)
    this.head = 0
  }

  /** Takes away what waited for too long; returns how many that were. */
  dropOutdated(nowMs: number): number {
    let dropped = 0
    for (let { first } = this; first !== undefined && first.queuedAtMs < nowMs - outboxAgeMsMax; first = this.first) {
      this.shift()
      dropped++
    }
    return dropped
  }

  clear(): void {
    this.waiting = []
    this.head = 0
    this.bytes = 0
  }
}
