/**
 * Which packet numbers of one boot of a sender have arrived, in 1,056 bits: a copy of a datagram, made by the network or
 * by an attacker who recorded it, is recognised, and what is too old to be told from a copy counts as one. The bits lie in
 * a ring of words that is cleared as it is entered, so nothing is ever shifted (RFC 6479).
 */

/** One word more than the window, because the word that is being entered was cleared as a whole. */
const words = 33
const bitsPerWord = 32
const windowBits = (words - 1) * bitsPerWord

export class ReplayWindow {
  /** The highest number that arrived, 0 before the first. */
  highest = 0
  private readonly seen = new Uint32Array(words)

  /** Whether this number arrives for the first time; it has then arrived. */
  accept(packetNumber: number): boolean {
    if (packetNumber + windowBits <= this.highest) return false
    const word = Math.floor(packetNumber / bitsPerWord)
    const at = word % words
    const bit = 1 << (packetNumber % bitsPerWord)
    if (packetNumber > this.highest) {
      this.enter(Math.floor(this.highest / bitsPerWord), word)
      this.highest = packetNumber
    } else if ((this.seen[at]! & bit) !== 0) {
      return false
    }
    this.seen[at]! |= bit
    return true
  }

  /** Clears the words after `from` up to `to`. */
  private enter(from: number, to: number): void {
    if (to - from >= words) {
      this.seen.fill(0)
      return
    }
    for (let word = from + 1; word <= to; word++) this.seen[word % words] = 0
  }
}
