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

  /** Whether this number is too old to be told from a copy. */
  isPast(packetNumber: number): boolean {
    return packetNumber + windowBits <= this.highest
  }

  /** Whether this number arrives for the first time; it has then arrived. */
  accept(packetNumber: number): boolean {
    if (this.isPast(packetNumber)) return false
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

  /** Which of the 32 numbers below `number` arrived: bit i stands for number - 1 - i. */
  bitsBelow(number: number): number {
    const first = number - bitsPerWord
    if (first + windowBits <= this.highest) return 0
    const shift = first < 0 ? ((first % bitsPerWord) + bitsPerWord) % bitsPerWord : first % bitsPerWord
    const word = Math.floor(first / bitsPerWord)
    const low = word < 0 ? 0 : this.seen[word % words]!
    const high = word + 1 < 0 ? 0 : this.seen[(word + 1) % words]!
    // Bit i of `ascending` stands for first + i: the other way round.
    const ascending = shift === 0 ? low : (low >>> shift) | (high << (bitsPerWord - shift))
    return reversed(ascending)
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

/** The 32 bits of a word, the highest first. */
function reversed(bits: number): number {
  let word = ((bits >>> 1) & 0x5555_5555) | ((bits & 0x5555_5555) << 1)
  word = ((word >>> 2) & 0x3333_3333) | ((word & 0x3333_3333) << 2)
  word = ((word >>> 4) & 0x0f0f_0f0f) | ((word & 0x0f0f_0f0f) << 4)
  word = ((word >>> 8) & 0x00ff_00ff) | ((word & 0x00ff_00ff) << 8)
  return ((word >>> 16) | (word << 16)) >>> 0
}
