/**
 * Packet numbers of a link begin at a place that follows from the boot nonce, 2^32 apart, so an acknowledgement meant for a
 * former process on this address is told from one for this process; see sender-boots.ts for what hangs on that.
 */

/** Boots choose among 2^20 ranges of 2^32 packet numbers. */
const numberRanges = 2 ** 20
const numbersPerRange = 2 ** 32

export class OwnNumbers {
  readonly first: number

  constructor(bootNonce: number) {
    this.first = (bootNonce % numberRanges) * numbersPerRange + 1
  }

  /** Whether a packet number lies in the range of this boot. */
  include(packetNumber: number): boolean {
    return packetNumber >= this.first && packetNumber < this.first + numbersPerRange
  }
}
