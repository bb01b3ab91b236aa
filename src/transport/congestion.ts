/**
 * How much may be on its way to one other side, so that no queue on the path fills up (RFC 8085 section 3.1), and links that
 * share one share it fairly. Loss alone says little on a LAN that drops packets at random, so the window follows four signs,
 * judged once per round, which is a round trip (`acknowledged`):
 * - a queue: even the quickest exchange of the round took 10 to 25 ms longer than the path needs, jitter apart. It shrinks in
 *   proportion (as LEDBAT's does, RFC 6817), a large one sooner. No queue of this system's own then holds back a heartbeat for long.
 * - loss while a shorter queue stands: it is one that overflows, whatever else the path loses.
 * - loss beyond the path's own (loss-share.ts): a queue too short to be seen by its delay overflows, or the path has become
 *   worse. The window is halved, and that shows which it is (loss-trial.ts).
 * - what arrives: the window is never much larger than what was delivered within a round trip.
 * It grows when it was what held sending back: by up to a quarter at first, by a sixteenth once it has shrunk. When it shrinks
 * because of loss it also wins a datagram: of links that lose alike the larger ones then give way to the smaller ones, until
 * they are equal (Chiu and Jain 1989: additive increase, multiplicative decrease).
 */
import type { LossShare } from './loss-share.js'
import { LossTrial, type TriedLoss } from './loss-trial.js'
import { RecentLeast } from './recent-least.js'

/**
 * A queue that delays no longer than this is left standing: 25 ms, below any heartbeat interval, by windows of up to four times the
 * least, and less by larger ones, down to 10 ms, above what a busy event loop takes. The larger window gives way first, so links
 * that share a queue come to the same size from any beginning, though each has another idea of what the path takes (Swift's
 * flow-based scaling, Kumar et al. 2020, section 3.5). 20 ms for all left two links with a thirtieth and the rest of a 100 Mbit/s
 * line for as long as they sent.
 */
const queueMsLeast = 10
const queueMsMost = 25
const scaledQueueMs = 30

/**
 * A queue keeps the order: what datagrams overtake each other by is the path's jitter. Of the three that the least window
 * sends in a round even the quickest takes about half of that longer than the path's quickest, of more of them less, by the
 * root of their number (two delays that are evenly spread, one each way). So much is left standing on top, 25 ms at the most:
 * or a path of 0 to 20 ms each way that loses a fifth held its window at the least for good.
 */
const jitterShare = 1 / 2

/** A queue stands that delays for longer than the first whenever it is looked at for the second (CoDel's, RFC 8289). */
const standingMs = 5
const standingForMs = 100

/** Loss beyond the path's own that counts as congestion: above what chance does to the estimate. */
const excessLossMax = 0.15

/**
 * The window is at most this multiple of what would have been delivered in a round trip without the path's own loss. At
 * 1.5, loss left out, a 16 KB queue at 10 Mbit/s settled where it dropped 27 % of all datagrams; with 1.25 it drops none.
 */
const deliveredMultiple = 1.25

/** More loss of its own is not allowed for: a window must not grow on what never arrives. */
const ownLossMax = 0.5

/** A window above that multiple goes down by this share in a round. */
const stepDown = 1 / 8

/** The largest delivery is looked for among so many rounds. */
const rememberedRounds = 8

/**
 * A link that has met a queue takes next to nothing for three round trips after so many: its queue drains, and it sees what
 * the path takes without. Or one that begins while another's queue stands would take that for the path's own, and push
 * the other one aside for good (LEDBAT++, draft-irtf-iccrg-ledbat-plus-plus section 4.4).
 */
const roundsBetweenPauses = 128
const pauseRounds = 3

/** Datagrams that may be on their way at first (RFC 9002 section 7.2), and at the least. */
const datagramsAtFirst = 10
const datagramsLeast = 3

/**
 * Below so many datagrams the eight that a word is given for at once (acknowledgement.ts) are much of the window. Of ten in flight
 * a round trip then seemed to deliver eight, of twenty sixteen, and a quarter more than that was the window again: on a LAN without
 * jitter it stayed so for good.
 */
const coarseDatagrams = 64

/** What is known of the path's loss. */
export type Loss = Pick<LossShare, 'share' | 'own' | 'excess' | 'isLossy'> & TriedLoss

export class Congestion {
  /** In charged bytes, like all that is in flight. */
  windowBytes: number
  private readonly datagramBytes: () => number
  /** The path has been seen to fill up, and what is sent counts. */
  hasShrunk = false
  private roundEnd = 0
  private deliveredBytes = 0
  private readonly delivered: number[] = []
  private leastRoundTripMs = Infinity
  private jitterMs = 0
  private readonly standingQueueMs = new RecentLeast(standingForMs)
  private readonly trial = new LossTrial()
  private isLimited = false
  private roundsSincePause = 0
  private pauseRoundsLeft = 0
  private bytesBeforePause = 0

  /** `datagramBytes`: what a full datagram of this path is charged, as far as is known. */
  constructor(datagramBytes: () => number) {
    this.datagramBytes = datagramBytes
    this.windowBytes = datagramsAtFirst * datagramBytes()
  }

  /** What is delivered in a round trip is known too coarsely to grow by, unless each window full has a word of its own. */
  get isCoarse(): boolean {
    return !this.hasShrunk && this.windowBytes < coarseDatagrams * this.datagramBytes()
  }

  /** Something waits because this window is full. */
  limited(): void {
    this.isLimited = true
  }

  /**
   * `chargedBytes` more were delivered; by now `settled` datagrams have left the flight, acknowledged or lost, and one that is
   * sent now is the `next`-th. `roundTripMs` is a sample or -1, `jitterMs` what datagrams overtake each other by, `pathMs` the
   * least that the path takes, `loss` what it loses.
   *
   * A round is over when more have left than had been sent when it began, whichever they are. Where datagrams keep their order
   * that is when the first one sent in it was acknowledged. Where they overtake each other it is what a round trip takes on the
   * whole (Little's law: of so many in flight so many leave while one of them stays). By its number, as RFC 9406 (section 4.2)
   * has it, a round lasted no longer than the quickest of a window full took: it delivered a fraction of the window, and at any
   * jitter the window stayed at a few datagrams.
   */
  acknowledged(
    news: {
      readonly settled: number
      readonly chargedBytes: number
      readonly roundTripMs: number
      readonly jitterMs: number
    },
    next: number,
    pathMs: number,
    loss: Loss,
    nowMs: number,
  ): void {
    this.deliveredBytes += news.chargedBytes
    if (news.roundTripMs >= 0) this.leastRoundTripMs = Math.min(this.leastRoundTripMs, news.roundTripMs)
    this.jitterMs = news.jitterMs
    if (news.settled < this.roundEnd) return
    this.endRound(pathMs, loss, nowMs)
    this.roundEnd = next
  }

  /** Nothing was acknowledged for several timeouts (RFC 9002 section 7.6): begin anew, with the least. */
  silent(): void {
    this.windowBytes = this.leastBytes
    this.delivered.length = 0
    this.deliveredBytes = 0
    this.hasShrunk = false
    this.trial.end()
    this.pauseRoundsLeft = 0
    this.roundsSincePause = 0
  }

  private endRound(pathMs: number, loss: Loss, nowMs: number): void {
    const { deliveredBytes, leastRoundTripMs, isLimited } = this
    this.deliveredBytes = 0
    this.leastRoundTripMs = Infinity
    this.isLimited = false
    if (this.pauseRoundsLeft > 0) {
      if (--this.pauseRoundsLeft === 0) this.windowBytes = this.bytesBeforePause
      return
    }
    if (leastRoundTripMs < Infinity) {
      const queueMs = leastRoundTripMs - pathMs
      this.standingQueueMs.measured(queueMs, nowMs)
      const queueMsMax = this.queueMsMax
      if (queueMs > queueMsMax) return this.shrink((pathMs + queueMsMax) / leastRoundTripMs)
    }
    // A window that was not used says nothing of what the path bears.
    if (!isLimited) return
    if (this.hasShrunk && ++this.roundsSincePause >= roundsBetweenPauses) return this.pause()
    this.delivered.push(deliveredBytes)
    if (this.delivered.length > rememberedRounds) this.delivered.shift()
    const overflows = loss.isLossy && this.standingQueueMs.value > standingMs + this.unseenMs
    if (overflows) return this.shrink(1 - 2 * loss.share, this.datagramBytes())
    if (loss.excess > excessLossMax || this.trial.isUnderWay) {
      if (this.trial.endRound(loss)) this.shrink(0.5, this.datagramBytes())
      return
    }
    const growth = this.hasShrunk ? Math.max(this.datagramBytes(), this.windowBytes / 16) : this.windowBytes
    const deliveredBytesMost = Math.max(...this.delivered) / (1 - Math.min(loss.own, ownLossMax))
    // A round of a small window delivers one or two datagrams whatever the path bears: it may always try some more.
    const mostBytes = Math.max(deliveredMultiple * deliveredBytesMost, deliveredBytesMost + 2 * this.datagramBytes())
    // One round may have delivered little because it was short: what is too much goes in steps.
    this.windowBytes = Math.max(this.windowBytes * (1 - stepDown), Math.min(this.windowBytes + growth, mostBytes))
  }

  private get leastBytes(): number {
    return datagramsLeast * this.datagramBytes()
  }

  private get queueMsMax(): number {
    return Math.min(queueMsLeast + scaledQueueMs * this.smallness, queueMsMost) + this.unseenMs
  }

  /** So much above the path's least may the least of a round be because of jitter alone. */
  private get unseenMs(): number {
    return jitterShare * this.jitterMs * this.smallness
  }

  /** 1 for the least window, and the less the larger it is. */
  private get smallness(): number {
    return Math.sqrt(this.leastBytes / this.windowBytes)
  }

  private pause(): void {
    this.roundsSincePause = 0
    this.pauseRoundsLeft = pauseRounds
    this.bytesBeforePause = this.windowBytes
    this.windowBytes = this.leastBytes
  }

  /** To this share of it, but to half at least in a round; `wonBytes` come on top. */
  private shrink(factor: number, wonBytes = 0): void {
    this.windowBytes = Math.max(this.leastBytes, this.windowBytes * Math.max(factor, 0.5) + wonBytes)
    this.hasShrunk = true
  }
}
