/**
 * Which share of the datagrams of a link is lost, and how much of that is the path's nature. A LAN that loses every tenth
 * packet at random does so at any rate of sending; a queue that overflows loses more the more is sent. So what the best
 * stretch of late has lost is taken for the path's, and only what is lost beyond it for congestion.
 */
import { RecentLeast } from './recent-least.js'

/** The share is a mean over about so many packets. */
const smoothedPackets = 256

/** The least loss is looked for among stretches of so many packets. */
const stretchPackets = 256

export class LossShare {
  /** Share of packets lost lately, 0 to 1. */
  share = 0
  private packets = 0
  private stretchLost = 0
  private stretchCount = 0
  private readonly least = new RecentLeast()

  /** So many packets were acknowledged, so many are lost. */
  count(acknowledged: number, lost: number, nowMs: number): void {
    for (let i = 0; i < acknowledged; i++) this.step(0)
    for (let i = 0; i < lost; i++) this.step(1)
    this.stretchLost += lost
    this.stretchCount += acknowledged + lost
    if (this.stretchCount < stretchPackets) return
    this.least.measured(this.stretchLost / this.stretchCount, nowMs)
    this.stretchLost = 0
    this.stretchCount = 0
  }

  /** What the path loses by its nature; all of it as long as there is nothing to compare with. */
  get own(): number {
    return Math.min(this.share, this.least.value)
  }

  /** What is lost beyond that. */
  get excess(): number {
    return this.share - this.own
  }

  private step(isLost: 0 | 1): void {
    this.packets = Math.min(this.packets + 1, smoothedPackets)
    this.share += (isLost - this.share) / this.packets
  }
}
