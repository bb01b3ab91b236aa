/**
 * What this side lets each other have in flight to it. All that is sent at once must fit the one socket buffer, so a third
 * of it is divided among those who may send. The other two thirds are for what the windows cannot see: a pause in which
 * datagrams count as gone but wait in the buffer (sent-packets.ts), shares promised before more senders came, and drivers
 * that charge more for a datagram than was measured.
 */

/** Who was heard within this time, twice over, counts as a sender. */
const periodMs = 2_000

const promisedShare = 1 / 3

export class ReceiveShare {
  private readonly receiveBufferBytes: number
  private periodStartMs = -Infinity
  private heardInPeriod = 0
  private heardInPeriodBefore = 0

  /** `receiveBufferBytes` in the kernel's own accounting. */
  constructor(receiveBufferBytes: number) {
    this.receiveBufferBytes = receiveBufferBytes
  }

  /** A datagram came from someone who was heard at `lastHeardAtMs` before. */
  heard(lastHeardAtMs: number, nowMs: number): void {
    this.goOn(nowMs)
    if (lastHeardAtMs < this.periodStartMs) this.heardInPeriod++
  }

  /** The window to advertise to each; `standing` senders count whether they were heard or not. */
  windowBytes(standing: number, nowMs: number): number {
    this.goOn(nowMs)
    const senders = standing + Math.max(this.heardInPeriod, this.heardInPeriodBefore)
    return Math.floor((this.receiveBufferBytes * promisedShare) / Math.max(1, senders))
  }

  private goOn(nowMs: number): void {
    const sinceMs = nowMs - this.periodStartMs
    if (sinceMs < periodMs) return
    this.heardInPeriodBefore = sinceMs < 2 * periodMs ? this.heardInPeriod : 0
    this.heardInPeriod = 0
    this.periodStartMs = nowMs
  }
}
