/**
 * Which share of the datagrams of a link is lost, and how much of that is the path's nature. A LAN that loses every tenth
 * packet at random does so at any rate of sending; a queue that overflows loses more the more is sent. So what the best
 * stretch of late has lost is taken for the path's, or what stayed when half as much was sent (loss-trial.ts), and only what is
 * lost beyond it for congestion.
 */
import { RecentLeast } from './recent-least.js'

/** The share is a mean over about so many packets, or over those of so long where there are fewer. */
const smoothedPackets = 256
const smoothedMs = 5_000

/** Of fewer chance alone decides, however long ago they went. */
const smoothedPacketsLeast = 16

/** The least loss is looked for among stretches of so many packets. */
const stretchPackets = 256

/** From this share on some datagrams go twice, and the last of a turn wants to be acknowledged at once. */
const lossyShare = 0.02

export class LossShare {
  /** Share of packets lost lately, 0 to 1. */
  share = 0
  /** So many packets the mean stands for; the next one weighs as much as each of them. */
  private packets = 0
  private countedAtMs = -Infinity
  private stretchLost = 0
  private stretchCount = 0
  private least = new RecentLeast()
  /** Packets in all, and how many of those were lost. */
  counted = 0
  countedLost = 0

  /** So many packets were acknowledged, so many are lost. */
  count(acknowledged: number, lost: number, nowMs: number): void {
    this.fade(nowMs)
    for (let i = 0; i < acknowledged; i++) this.step(0)
    for (let i = 0; i < lost; i++) this.step(1)
    this.counted += acknowledged + lost
    this.countedLost += lost
    this.stretchLost += lost
    this.stretchCount += acknowledged + lost
    if (this.stretchCount < stretchPackets) return
    this.least.measured(this.stretchLost / this.stretchCount, nowMs)
    this.stretchLost = 0
    this.stretchCount = 0
  }

  /** So many that were counted as lost were only late. */
  takeBack(late: number): void {
    if (late === 0) return
    this.share = Math.max(0, this.share - late / this.packets)
    this.stretchLost = Math.max(0, this.stretchLost - late)
    this.countedLost -= late
    this.counted -= late
  }

  /** The path was seen to lose this share, whatever was sent. */
  isOwn(share: number): void {
    this.least = new RecentLeast()
    this.least.measured(share, this.countedAtMs)
  }

  /** So much is lost that it pays to do something against it beforehand. */
  get isLossy(): boolean {
    return this.share >= lossyShare
  }

  /** What the path loses by its nature; all of it as long as there is nothing to compare with. */
  get own(): number {
    return Math.min(this.share, this.least.value)
  }

  /** What is lost beyond that. */
  get excess(): number {
    return this.share - this.own
  }

  /**
   * What was long ago stands for less. A link with little traffic, most of which goes twice once much is lost and says nothing
   * then (doubling.ts), would be taken for a lossy one minutes after the path has mended.
   */
  private fade(nowMs: number): void {
    if (this.packets > smoothedPacketsLeast) {
      const remaining = Math.max(0, 1 - (nowMs - this.countedAtMs) / smoothedMs)
      this.packets = Math.max(this.packets * remaining, smoothedPacketsLeast)
    }
    this.countedAtMs = nowMs
  }

  private step(isLost: 0 | 1): void {
    this.packets = Math.min(this.packets + 1, smoothedPackets)
    this.share += (isLost - this.share) / this.packets
  }
}
