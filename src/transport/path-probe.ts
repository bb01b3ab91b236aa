/**
 * How large a datagram the way to one other side carries: found out by trying, as Packetization Layer Path MTU Discovery
 * does (RFC 8899). Linux forbids routers to fragment what fits the sender's own interface, so a padded datagram that is
 * larger than some link on the way vanishes, and one that is acknowledged has passed whole. Sizes are tried from below:
 * what every path carries is used until more is known.
 *
 * When large datagrams vanish one after the other while small ones arrive (a route has changed: a black hole), the smallest
 * size is used again, and the search begins anew.
 */

/** How often a size is tried before it is taken for too large. */
const triesMax = 4

/**
 * After this it is tried again, and then after twice as long, up to ten minutes: all tries may have been lost by chance, and
 * a switch may be replaced.
 */
const againAfterMsMin = 1_000
const againAfterMsMax = 600_000

/** So many large datagrams lost in a row, with smaller ones arriving between them, are no accident. */
const lostInRowMax = 10
const arrivedBetween = 2

export class PathProbe {
  /** Payload bytes that the path is known to carry, or is trusted with. */
  datagramBytes: number
  private readonly sizes: readonly number[]
  /** The size that is tried next, by its place in `sizes`. */
  private next = 1
  private tries = 0
  private outstanding = 0
  private tryAtMs = -Infinity
  private againAfterMs = againAfterMsMin
  private lostInRow = 0
  private arrivedSince = 0

  /** `sizes`: to try, ascending; the first is used at once and never doubted. */
  constructor(sizes: readonly number[]) {
    this.sizes = sizes
    this.datagramBytes = sizes[0]!
  }

  /** Payload bytes of the datagram to try now, or 0. To be asked when the other side is known to be there. */
  sizeToTry(nowMs: number): number {
    if (this.next >= this.sizes.length || this.outstanding !== 0 || nowMs < this.tryAtMs) return 0
    return this.sizes[this.next]!
  }

  /** A datagram of `bytes`, as sizeToTry said, went. */
  tried(bytes: number): void {
    this.outstanding = bytes
  }

  /** Datagrams arrived, the largest of them with a payload of `bytes`. */
  arrived(bytes: number): void {
    if (bytes >= this.outstanding && this.outstanding !== 0) {
      this.outstanding = 0
      this.tries = 0
      this.againAfterMs = againAfterMsMin
      this.datagramBytes = this.sizes[this.next]!
      this.next++
    }
    if (bytes > this.sizes[0]!) this.lostInRow = 0
    else if (this.lostInRow > 0) this.arrivedSince++
  }

  /** A datagram with a payload of `bytes` was lost. True: the path carries less than was thought. */
  lost(bytes: number, nowMs: number): boolean {
    if (bytes === this.outstanding && bytes > this.datagramBytes) {
      this.outstanding = 0
      this.tries++
      if (this.tries === triesMax) {
        this.tries = 0
        this.tryAtMs = nowMs + this.againAfterMs
        this.againAfterMs = Math.min(2 * this.againAfterMs, againAfterMsMax)
      }
      return false
    }
    if (bytes <= this.sizes[0]!) return false
    if (this.lostInRow === 0) this.arrivedSince = 0
    this.lostInRow++
    if (this.lostInRow < lostInRowMax || this.arrivedSince < arrivedBetween) return false
    this.beginAnew()
    return true
  }

  /** Nobody was there for a while: who comes back may be reached in another way. */
  silent(): void {
    this.beginAnew()
  }

  private beginAnew(): void {
    this.datagramBytes = this.sizes[0]!
    this.next = 1
    this.tries = 0
    this.outstanding = 0
    this.tryAtMs = -Infinity
    this.againAfterMs = againAfterMsMin
    this.lostInRow = 0
  }
}
