/**
 * Packet numbers of a link begin at a place that follows from the boot nonce, 2^32 apart, so an acknowledgement meant for a
 * former process on this address is told from one for this process; see sender-boots.ts for what hangs on that.
 *
 * Where in its range a boot begins is a secret, for the nonce stands in every datagram: who acknowledges what was sent has heard it,
 * or somebody who did. A blind guess is right once in a hundred million times.
 */

/** Boots choose among 2^20 ranges of 2^32 packet numbers. */
const numberRanges = 2 ** 20
const numbersPerRange = 2 ** 32

/** Half of a range is left for a day of 20,000 datagrams a second. What goes beyond is taken for another boot's, which harms nobody. */
const secretStarts = 2 ** 31

export class OwnNumbers {
  readonly first: number
  private readonly rangeStart: number

  /** `secret`: any whole number, drawn as the nonce is. */
  constructor(bootNonce: number, secret: number) {
    this.rangeStart = (bootNonce % numberRanges) * numbersPerRange
    this.first = this.rangeStart + 1 + (secret % secretStarts)
  }

  /** Whether a packet number lies in the range of this boot. */
  include(packetNumber: number): boolean {
    return packetNumber > this.rangeStart && packetNumber <= this.rangeStart + numbersPerRange
  }
}
