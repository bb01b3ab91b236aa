/**
 * Datagrams that another side sends one right behind the other: each but the last says that one follows. Who acts on the
 * first at once acts twice, on what could be had together: a leader writes one datagram's entries, and the other fifteen
 * wait for that write and have the next. So whoever acts waits for the end of a burst, if only for a moment: the last may
 * be lost, and a stranger may promise what never comes.
 */

/** All that is waited for the rest of bursts before it is acted upon: less than a write to a disk that syncs takes. */
export const restWaitMs = 1

export class Bursts<Sender> {
  /** Who has sent a part. */
  private readonly unfinished = new Set<Sender>()
  /** When the first burst was begun since somebody acted: no other draws the waiting out. Infinity: none was. */
  private sinceMs = Infinity

  /** The newest datagram of a sender came; an older one, which was overtaken, says nothing of what follows. */
  received(from: Sender, isFollowed: boolean, nowMs: number): void {
    if (!isFollowed) {
      this.unfinished.delete(from)
      return
    }
    this.sinceMs = Math.min(this.sinceMs, nowMs)
    if (nowMs < this.sinceMs + restWaitMs) this.unfinished.add(from)
  }

  /** Until when to wait for the rest of what has come. -Infinity: not at all, and who asked acts now. */
  dueAtMs(nowMs: number): number {
    const dueMs = this.sinceMs + restWaitMs
    if (this.unfinished.size > 0 && nowMs < dueMs) return dueMs
    this.unfinished.clear()
    this.sinceMs = Infinity
    return -Infinity
  }
}
