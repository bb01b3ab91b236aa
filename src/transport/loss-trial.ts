/**
 * Whose loss it is, tried out. What is lost beyond the path's own (loss-share.ts) may be a queue that overflows, or a path that
 * has become worse. Half as much is sent, and what is lost before and after is compared: a queue that lost up to half of all
 * loses nothing then; a path loses the same share of whatever is sent, and that is its own from now on.
 */
import type { LossShare } from './loss-share.js'

/** So many packets are looked at before and after: chance makes less difference than what is asked for. */
const packetsBefore = 256
const packetsAfter = 512

/** With this share of the loss before or more, nothing has changed. */
const sameLoss = 0.8

/** A queue that loses more than this may still lose nearly as much of half. */
const lossMax = 0.5

/** What is known of the path's loss, and learnt by this. */
export type TriedLoss = Pick<LossShare, 'counted' | 'countedLost' | 'isOwn'>

export class LossTrial {
  private phase: 'none' | 'before' | 'halved' | 'after' = 'none'
  private packets = 0
  private lost = 0
  private shareBefore = 0

  get isUnderWay(): boolean {
    return this.phase !== 'none'
  }

  /** A round trip is over; begins a trial if none is under way. True: send half as much from now on. */
  endRound(loss: TriedLoss): boolean {
    const packets = loss.counted - this.packets
    const share = (loss.countedLost - this.lost) / packets
    if (this.phase === 'before' && packets >= packetsBefore) {
      this.phase = 'halved'
      this.shareBefore = share
      return true
    }
    if (this.phase === 'after' && packets >= packetsAfter) {
      this.phase = 'none'
      if (this.shareBefore <= lossMax && share >= sameLoss * this.shareBefore) loss.isOwn(share)
    } else if (this.phase === 'none' || this.phase === 'halved') {
      // What is counted from here on was sent after the window had changed, or nearly all of it.
      this.phase = this.phase === 'none' ? 'before' : 'after'
      this.packets = loss.counted
      this.lost = loss.countedLost
    }
    return false
  }

  /** Nobody is there. */
  end(): void {
    this.phase = 'none'
  }
}
