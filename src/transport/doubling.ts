/**
 * Which datagrams go twice at once. Where much is lost, waiting for the loss of one to be noticed costs more than a second
 * copy of it; but copies cost bytes, too, and a network that is full is not helped by more of them. So:
 * - what goes alone, with nothing else on its way whose acknowledgement would show its loss, goes twice on a lossy link:
 *   it is small, and there is little of it (votes, heartbeats, the requests and answers of a client that waits for each);
 * - else every byte that was lost earns a byte of copies, spent on what was lost before, and on the last datagram of a turn,
 *   which nothing follows that would show its loss. Repeats and copies together stay below twice what was lost.
 */

/** So many bytes may be saved up. */
const creditBytesMax = 65_536

/** One of so many that go alone is not doubled: by the others it would never be seen that nothing is lost any more. */
const singleOneOf = 16

/**
 * And so of signs of life: they are all that goes on an idle link, which learns its loss by those that go once. They can be spared
 * their copies, for a follower stands only when all heartbeats of an election timeout are lost.
 */
const singleSignOfLifeOneOf = 4

export interface DatagramPlace {
  /** Nothing else is in flight, and nothing waits. */
  readonly alone: boolean
  /** It says nothing that would be said again, like a heartbeat without news (repeats.ts). */
  readonly signOfLife: boolean
  /** Nothing waits behind it. */
  readonly last: boolean
  /** Something in it was lost before. */
  readonly again: boolean
}

export class Doubling {
  private creditBytes = 0
  private alone = 0

  /** A datagram of so many bytes was lost. */
  lost(bytes: number): void {
    this.creditBytes = Math.min(this.creditBytes + bytes, creditBytesMax)
  }

  /** Whether a datagram of `bytes` on a lossy link goes twice; it then has. */
  double(bytes: number, is: DatagramPlace): boolean {
    if (is.alone) return ++this.alone % (is.signOfLife ? singleSignOfLifeOneOf : singleOneOf) !== 0
    if ((!is.last && !is.again) || this.creditBytes < bytes) return false
    this.creditBytes -= bytes
    return true
  }
}
