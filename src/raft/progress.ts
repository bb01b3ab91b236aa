/**
 * What a leader knows of one peer, and what it may send it (nextIndex and matchIndex of Figure 2, the flow control around
 * them). Three states:
 * - `probe`: where the peer's log agrees is not known, or something was lost. One AppendEntries at a time is on its way.
 * - `replicate`: entries are sent ahead of their acknowledgement (pipelining), within a window of bytes.
 * - `snapshot`: what the peer needs next is not in the log any more. Only heartbeats go (S11) until a snapshot is there.
 * The transport repeats what is lost by itself, within a few round trips. The timeout here is the fallback behind it, for
 * what a peer lost after it had come: it waits for longer, and sends one probe, never the whole window (K13).
 */
import { assert } from '../base/assert.js'
import type { Incarnation, LogIndex, Milliseconds, ServerId, SnapshotMeta } from './types.js'

/** An AppendEntries with entries that was sent and is neither accepted nor known to be lost. */
interface Inflight {
  readonly lastIndex: LogIndex
  readonly bytes: number
  readonly sentMs: Milliseconds
  /** Nothing of it was sent before, so that it is clear what an answer answers. */
  readonly isFirst: boolean
}

/** The log from a snapshot on, kept for a peer that is sent that snapshot or catches up behind it. */
export interface Kept {
  readonly meta: SnapshotMeta
  /** Once the snapshot is there: up to where the peer must come until the log is its own again. Infinity before. */
  untilIndex: LogIndex
  /** How much of the snapshot the peer is known to hold, and when that or its matchIndex grew last. */
  heldBytes: number
  movedMs: Milliseconds
}

/** More messages than this are never on their way to one peer, however small they are. */
export const inflightMessagesMax = 256
const backoffMax = 64

/** A path that carries less is not waited for. */
const slowPathBytesPerMs = 100

export class Progress {
  readonly id: ServerId
  state: 'probe' | 'replicate' | 'snapshot' = 'probe'
  /** Known to be in the peer's log, equal to ours, and on its disk. Never goes back within a term. */
  matchIndex: LogIndex = 0
  /** Known to have been accepted by the peer in this term (its verifiedIndex), though perhaps not on its disk yet. */
  acceptedIndex: LogIndex = 0
  nextIndex: LogIndex
  readonly inflight: Inflight[] = []
  inflightBytes = 0
  /** When the outstanding probe left, or -Infinity when the next may leave now; and the bytes of its entries. */
  probeSentMs: Milliseconds = -Infinity
  probeBytes = 0
  /** Up to where the outstanding probe reaches: an acceptance of less answers something that left before it. Infinity before. */
  private probedIndex: LogIndex = 0
  lastSentMs: Milliseconds = -Infinity
  lastHeardMs: Milliseconds
  /** The newest round of read confirmations that was sent to it, and that it has echoed. */
  readRoundSent = 0
  readRoundAcknowledged = 0
  /** Of whom all this is known; 0 as long as nobody was heard. */
  incarnation: Incarnation = 0
  /** Those before it that this leader knew: their words come late, and do not count. */
  readonly former: Incarnation[] = []
  /** What of the log is kept for it alone. */
  kept: Kept | null = null
  appendBytesMax: number
  windowBytesMax: number
  retransmissions = 0
  roundTripMs = 0
  private roundTripVariationMs = 0
  private backoff = 1
  /** Something was sent again since the last sample: the timeout may be too short, so it stays where it was backed off to. */
  private isAmbiguous = false
  /** When the transport said last that it is at work on what was sent. */
  private atWorkMs: Milliseconds = -Infinity
  /** The highest index that was ever sent. */
  private sentIndex: LogIndex = 0

  constructor(id: ServerId, nextIndex: LogIndex, now: Milliseconds, appendBytesMax: number, windowBytesMax: number) {
    this.id = id
    this.nextIndex = nextIndex
    this.lastHeardMs = now
    this.appendBytesMax = appendBytesMax
    this.windowBytesMax = windowBytesMax
  }

  /**
   * How long to wait for a word about what was sent before it is sent again: `leastMs`, or the estimate of RFC 6298 where
   * that is longer, doubled with every time in vain; never beyond `limitMs`.
   */
  retransmissionMs(leastMs: Milliseconds, limitMs: Milliseconds): Milliseconds {
    const estimateMs = this.roundTripMs + Math.max(1, 4 * this.roundTripVariationMs)
    return Math.min(Math.max(leastMs, estimateMs) * this.backoff, limitMs)
  }

  /** The transport is at work on what was sent: parts of it were acknowledged lately, or are being sent again. */
  pathAtWork(now: Milliseconds): void {
    this.atWorkMs = now
  }

  /** Has the transport said so within `withinMs`? */
  isPathAtWork(now: Milliseconds, withinMs: Milliseconds): boolean {
    return now - this.atWorkMs < withinMs
  }

  /**
   * Since when a word is owed about `bytes` that left at `sentMs`: since the transport's work on them ended. But after `limitMs`,
   * and what a slow path takes for so many, its word counts no more: it knows what arrived, not what a peer lost afterwards in
   * a crash, or could not take.
   */
  silentSinceMs(sentMs: Milliseconds, bytes: number, limitMs: Milliseconds): Milliseconds {
    return Math.min(Math.max(sentMs, this.atWorkMs), sentMs + limitMs + Math.floor(bytes / slowPathBytesPerMs))
  }

  /** May entries of so many bytes be sent ahead? Only in `replicate`. Something always fits an empty window. */
  hasRoomFor(bytes: number): boolean {
    return (
      this.inflight.length === 0 ||
      (this.inflight.length < inflightMessagesMax && this.inflightBytes + bytes <= this.windowBytesMax)
    )
  }

  /** Entries from nextIndex up to lastIndex leave, ahead of their acknowledgement. */
  sent(lastIndex: LogIndex, bytes: number, now: Milliseconds): void {
    if (lastIndex < this.nextIndex) assert(false, `entries leave from nextIndex ${this.nextIndex}`)
    this.inflight.push({ lastIndex, bytes, sentMs: now, isFirst: this.nextIndex > this.sentIndex })
    this.inflightBytes += bytes
    this.nextIndex = lastIndex + 1
    this.sentIndex = Math.max(this.sentIndex, lastIndex)
  }

  /** A probe leaves, with entries up to lastIndex. */
  probed(lastIndex: LogIndex, bytes: number, now: Milliseconds): void {
    this.probeSentMs = now
    this.probeBytes = bytes
    this.probedIndex = lastIndex
    this.sentIndex = Math.max(this.sentIndex, lastIndex)
  }

  /** A reply says that the peer's log agrees with ours up to `verifiedIndex`, and is durable up to `matchIndex`. */
  accepted(verifiedIndex: LogIndex, matchIndex: LogIndex, now: Milliseconds): void {
    const isProgress = verifiedIndex > this.acceptedIndex || matchIndex > this.matchIndex
    this.matchIndex = Math.max(this.matchIndex, matchIndex)
    this.acceptedIndex = Math.max(this.acceptedIndex, this.matchIndex, verifiedIndex)
    // Acceptance of one means acceptance of all before it: their positions had to match.
    let newest: Inflight | undefined
    while (this.inflight.length > 0 && this.inflight[0]!.lastIndex <= this.acceptedIndex) {
      newest = this.inflight.shift()!
      this.inflightBytes -= newest.bytes
    }
    // What was sent twice gives no sample: it is not known which one was answered (Karn; RFC 6298 section 3).
    if (newest?.isFirst === true) this.sample(now - newest.sentMs)
    if (isProgress) this.progressed()
    this.nextIndex = Math.max(this.nextIndex, this.acceptedIndex + 1)
    // Only the answer to the probe ends it. Those to what was sent before still come in, and between them rejections of the
    // same gap: each would have the whole window sent again (R16, R18).
    if (this.state === 'probe' && verifiedIndex >= this.probedIndex) {
      this.state = 'replicate'
      this.probeSentMs = -Infinity
    }
  }

  /** Something was lost or does not match: what is in flight counts no more, and one probe goes from `nextIndex`. */
  probeFrom(nextIndex: LogIndex): void {
    this.startOver('probe', nextIndex)
  }

  /** `nextIndex` is not in the log any more: what is in flight counts no more, and a snapshot is wanted. */
  needSnapshot(nextIndex: LogIndex): void {
    this.startOver('snapshot', nextIndex)
  }

  private startOver(state: 'probe' | 'snapshot', nextIndex: LogIndex): void {
    assert(nextIndex > this.matchIndex, `nextIndex ${nextIndex} stays above matchIndex ${this.matchIndex}`)
    this.state = state
    if (state === 'snapshot') this.kept = null
    this.nextIndex = nextIndex
    this.acceptedIndex = Math.min(this.acceptedIndex, nextIndex - 1)
    this.inflight.length = 0
    this.inflightBytes = 0
    this.probeSentMs = -Infinity
    this.probedIndex = Infinity
  }

  /**
   * Another incarnation of the peer is there: what the one before it had acknowledged it does not hold. The probe that is to
   * follow finds out what it does hold.
   */
  succeeded(incarnation: Incarnation): void {
    this.former.push(this.incarnation)
    this.incarnation = incarnation
    this.matchIndex = 0
    this.acceptedIndex = 0
    this.readRoundAcknowledged = 0
    this.kept = null
  }

  /** The peer answered in the newest round of reads that it was told of. */
  echoed(readRound: number): void {
    if (readRound <= this.readRoundAcknowledged) return
    this.readRoundAcknowledged = readRound
    this.progressed()
  }

  /** Entries or a probe were not heard of in time, and go again. */
  timedOut(): void {
    this.retransmissions++
    this.isAmbiguous = true
    this.backoff = Math.min(this.backoff * 2, backoffMax)
  }

  /**
   * The peer got further, so it is waited for as long as usual. But not before there is a new sample if something was sent
   * again: on a path that became slower than the timeout, everything would be sent again for ever (RFC 6298 section 5).
   */
  private progressed(): void {
    if (!this.isAmbiguous) this.backoff = 1
  }

  private sample(elapsedMs: Milliseconds): void {
    this.isAmbiguous = false
    if (this.roundTripMs === 0) {
      this.roundTripMs = Math.max(elapsedMs, 0.001)
      this.roundTripVariationMs = elapsedMs / 2
    } else {
      this.roundTripVariationMs = 0.75 * this.roundTripVariationMs + 0.25 * Math.abs(this.roundTripMs - elapsedMs)
      this.roundTripMs = 0.875 * this.roundTripMs + 0.125 * elapsedMs
    }
  }
}
