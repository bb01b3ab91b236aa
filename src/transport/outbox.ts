/**
 * Messages that wait for one link: for the end of the turn, or for its window to open. In three lanes, so that no bulk
 * delays what keeps a cluster together: first what is small and urgent (votes, heartbeats, replies), then what was lost and
 * goes again, then the rest in its order. Bounded in bytes (K11) and in time, so that a peer that comes back after a minute
 * is not fed with a minute of outdated messages first; whatever still matters will be said again by those who said it.
 */
import { viewOf } from '../../codec/cursor.js'
import { fragmentOverheadBytes } from '../../codec/fragment.js'
import { encodeMessage, type TransportMessage } from '../../codec/messages.js'
import { fragmentsOf } from './fragments.js'

/** Encoded bytes that may wait for one link: a few of the largest messages. */
export const outboxBytesMax = 8 * 1024 * 1024

/** A message that waited longer was meant for another state of affairs. Above any pause that a window may make. */
export const outboxAgeMsMax = 1_000

/** A message that was cut into fragments: with one of them gone for good, the others are of no use. */
export interface Parted {
  isAbandoned: boolean
}

/** Small, and somebody's patience hangs on them; as on an AppendEntries without entries. */
const urgentTypes: ReadonlySet<TransportMessage['type']> = new Set([
  'RequestVote',
  'RequestVoteReply',
  'AppendEntriesReply',
  'InstallSnapshotReply',
  'TimeoutNow',
])

export interface Waiting {
  readonly message: TransportMessage
  readonly bytes: number
  readonly queuedAtMs: number
  /** Of a fragment. */
  readonly parted: Parted | null
  /** How often it was lost. */
  losses: number
}

/** Encoded bytes that wait in several outboxes together. */
export interface WaitingBytes {
  bytes: number
}

/** Whether this is the content of a datagram that only asks: whether it passes, or for a word. */
export function isPathProbe(content: readonly Waiting[]): boolean {
  return content[0]?.message.type === 'Padding'
}

export class Outbox {
  /** Encoded bytes of all that waits. */
  bytes = 0
  private readonly urgent = new Lane()
  private readonly again = new Lane()
  private readonly normal = new Lane()
  private readonly lanes = [this.urgent, this.again, this.normal]
  private readonly all: WaitingBytes

  /** `all` counts what waits here, too. */
  constructor(all: WaitingBytes = { bytes: 0 }) {
    this.all = all
  }

  get isEmpty(): boolean {
    return this.bytes === 0
  }

  /** Encoded bytes of what is urgent. */
  get urgentBytes(): number {
    return this.urgent.bytes
  }

  /** The message that goes next. */
  get first(): Waiting | undefined {
    return this.nextLane.first
  }

  /** The next urgent message. */
  get firstUrgent(): Waiting | undefined {
    return this.urgent.first
  }

  /** Queues a message of `bytes` encoded bytes. False: there is no room for it. */
  push(message: TransportMessage, bytes: number, nowMs: number, parted: Parted | null = null): boolean {
    if (this.bytes + bytes > outboxBytesMax) return false
    this.wait({ message, bytes, queuedAtMs: nowMs, parted, losses: 0 }, this.normal)
    return true
  }

  /** Queues a message of `bytes` encoded bytes in fragments that each fill `roomBytes` of a datagram: all, or none. */
  pushParted(message: TransportMessage, bytes: number, messageId: number, roomBytes: number, nowMs: number): boolean {
    const fragmentBytesMax = roomBytes - fragmentOverheadBytes
    const count = Math.ceil(bytes / fragmentBytesMax)
    if (this.bytes + bytes + count * fragmentOverheadBytes > outboxBytesMax) return false
    const whole = new Uint8Array(bytes)
    encodeMessage(message, whole, viewOf(whole), 0)
    const parted: Parted = { isAbandoned: false }
    for (const fragment of fragmentsOf(whole, messageId, fragmentBytesMax)) {
      this.push(fragment, fragmentOverheadBytes + fragment.bytes.length, nowMs, parted)
    }
    return true
  }

  /** Queues what was lost before what has not gone yet. It was in flight within the bound, so it is taken. */
  pushAgain(waiting: Waiting): void {
    waiting.losses++
    this.wait(waiting, this.again)
  }

  /** Takes away the message that goes next. */
  shift(): void {
    this.count(-this.nextLane.shift().bytes)
  }

  /** Takes away what waited for too long; returns how many that were. */
  dropOutdated(nowMs: number): number {
    let dropped = 0
    for (const lane of this.lanes) {
      for (let { first } = lane; first !== undefined && first.queuedAtMs < nowMs - outboxAgeMsMax; first = lane.first) {
        this.count(-lane.shift().bytes)
        if (first.parted !== null) first.parted.isAbandoned = true
        dropped++
      }
    }
    return dropped
  }

  clear(): void {
    for (const lane of this.lanes) lane.clear()
    this.count(-this.bytes)
  }

  private count(bytes: number): void {
    this.bytes += bytes
    this.all.bytes += bytes
  }

  private get nextLane(): Lane {
    if (this.urgent.first !== undefined) return this.urgent
    return this.again.first !== undefined ? this.again : this.normal
  }

  /** In this lane, if it is not urgent. */
  private wait(waiting: Waiting, lane: Lane): void {
    if (isUrgent(waiting.message)) this.urgent.push(waiting)
    else lane.push(waiting)
    this.count(waiting.bytes)
  }
}

function isUrgent(message: TransportMessage): boolean {
  if (message.type === 'AppendEntries') return message.entries.length === 0
  return urgentTypes.has(message.type)
}

/** First in, first out. */
class Lane {
  bytes = 0
  private waiting: Waiting[] = []
  private head = 0

  get first(): Waiting | undefined {
    return this.waiting[this.head]
  }

  push(waiting: Waiting): void {
    this.waiting.push(waiting)
    this.bytes += waiting.bytes
  }

  shift(): Waiting {
    const first = this.waiting[this.head]!
    this.bytes -= first.bytes
    this.head++
    // Cut when half of the array is used up: each message is moved once on the average, and none is held for long.
    if (this.head * 2 >= this.waiting.length) {
      this.waiting.splice(0, this.head)
      this.head = 0
    }
    return first
  }

  clear(): void {
    this.waiting = []
    this.head = 0
    this.bytes = 0
  }
}
