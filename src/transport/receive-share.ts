/**
 * What this side lets each other have in flight to it. All that is sent at once must fit the one socket buffer, so a third
 * of it is divided among those who may send. The other two thirds are for what the windows cannot see: a pause in which
 * datagrams count as gone but wait in the buffer (sent-packets.ts), shares promised before more senders came, and drivers
 * that charge more for a datagram than was measured.
 *
 *      | peers: at least half | all others alike, or those who send much: half of the rest |   two thirds for the unseen   |
 *
 * Peers have half of it for themselves, whatever clients there are: servers are slower without it, and so is every client.
 * Those who send much share half of the rest, however many send little: a thousand who say a word every second have no use
 * for a thousandth of the buffer, and what each of them lacks is much to the one that works.
 */

/** Who was heard within this time, twice over, counts as a sender. */
const periodMs = 2_000

/** Who sends so many datagrams in a period sends much. */
export const busyDatagrams = 64

const promisedShare = 1 / 3

/** What one sender has sent of late. */
export class SenderActivity {
  periodStartMs = -Infinity
  datagrams = 0
  /** Sent much in this period or in the one before. */
  isBusy = false
}

export class ReceiveShare {
  private readonly promisedBytes: number
  private periodStartMs = -Infinity
  private senders = 0
  private sendersBefore = 0
  private busy = 0
  private busyBefore = 0

  /** `receiveBufferBytes` in the kernel's own accounting. */
  constructor(receiveBufferBytes: number) {
    this.promisedBytes = receiveBufferBytes * promisedShare
  }

  /** A datagram came of someone who is no peer: those count as senders whether they are heard or not. */
  heard(sender: SenderActivity, nowMs: number): void {
    this.goOn(nowMs)
    if (sender.periodStartMs !== this.periodStartMs) {
      sender.isBusy = sender.datagrams >= busyDatagrams && this.periodStartMs - sender.periodStartMs < 2 * periodMs
      sender.periodStartMs = this.periodStartMs
      sender.datagrams = 0
      this.senders++
    }
    if (++sender.datagrams !== busyDatagrams) return
    sender.isBusy = true
    this.busy++
  }

  /** The window to advertise to each of so many peers. */
  peerWindowBytes(peers: number, nowMs: number): number {
    this.goOn(nowMs)
    return Math.floor(this.bytesOfAPeer(peers, this.sendersOfLate))
  }

  /** The window to advertise to somebody else, beside so many peers. */
  windowBytes(sender: SenderActivity | null, peers: number, nowMs: number): number {
    this.goOn(nowMs)
    // Whoever comes first is not told that there is nothing.
    const senders = Math.max(1, this.sendersOfLate)
    const allBytes = this.promisedBytes - peers * this.bytesOfAPeer(peers, senders)
    const alikeBytes = allBytes / senders
    const busyBytes = allBytes / 2 / Math.max(1, this.busy, this.busyBefore)
    return Math.floor(sender?.isBusy === true ? Math.max(alikeBytes, busyBytes) : alikeBytes)
  }

  private get sendersOfLate(): number {
    return Math.max(this.senders, this.sendersBefore)
  }

  private bytesOfAPeer(peers: number, senders: number): number {
    return this.promisedBytes / Math.max(1, Math.min(peers + senders, 2 * peers))
  }

  private goOn(nowMs: number): void {
    const sinceMs = nowMs - this.periodStartMs
    if (sinceMs < periodMs) return
    this.sendersBefore = sinceMs < 2 * periodMs ? this.senders : 0
    this.busyBefore = sinceMs < 2 * periodMs ? this.busy : 0
    this.senders = 0
    this.busy = 0
    this.periodStartMs = nowMs
  }
}
