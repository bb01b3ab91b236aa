/**
 * What this side owes the other: word of the datagrams that asked for one. It travels with the next datagram that goes
 * that way, and alone when that would be too late (RFC 9000 section 13.2):
 * - at the end of the turn when a number is missing, or a missing one came: the other side repairs by that; or when it is
 *   asked for at once;
 * - at the end of the turn when much has come: the other side's window is filling up;
 * - after two milliseconds in any other case.
 *
 * An envelope names the highest number that came and which of the 64 below it did. Where datagrams overtake each other by more
 * than that, or so many come in a turn, empty ones go before it that name the rest: or what had arrived would be sent again.
 * What is said may be lost. Where eight come at a time, the next eight words say it again. Where many do, and the way back is
 * lossy, the two words after it do so, too (RFC 9000 section 13.2.3: ranges are sent until their acknowledgement is).
 */
import { chargedBytes } from './kernel-charge.js'
import { acknowledgedBits } from './sent-packets.js'

/** Any reply of a server that has nothing to wait for goes sooner; the other side's probe timeout allows for it. */
export const acknowledgementDelayMsMax = 2

/** So many datagrams are acknowledged without company: less than the ten that may go at first (congestion.ts). */
const packetsMax = 8

/** So is this share of the window that was promised. */
const windowShare = 1 / 4

const none: readonly number[] = []

export class Acknowledgement {
  private bytes = 0
  private sinceMs = Infinity
  private isUrgent = false
  /** The numbers that came since, no more than come in a turn. */
  private owed: number[] = []
  /** Those of the word before, and of the one before that. */
  private said: number[] = []
  private saidBefore: number[] = []

  /** A datagram came that asks for word. `isUrgent`: it is to be given in this turn. */
  owe(packetNumber: number, payloadBytes: number, isUrgent: boolean, nowMs: number): void {
    this.bytes += chargedBytes(payloadBytes)
    this.sinceMs = Math.min(this.sinceMs, nowMs)
    this.owed.push(packetNumber)
    if (isUrgent) this.isUrgent = true
  }

  /** A datagram goes that says all that came, or what came up to a number; what is lower than it reaches was said before. */
  given(upTo = Infinity): void {
    if (this.owed.some(number => number > upTo)) return
    this.bytes = 0
    this.sinceMs = Infinity
    this.isUrgent = false
    if (this.owed.length === 0) return
    // They change places: this is on the way of every datagram.
    const { owed, said, saidBefore } = this
    this.owed = saidBefore
    this.owed.length = 0
    this.said = owed
    this.saidBefore = said
  }

  /**
   * Of those that came since: which to name before the highest, whose envelope does not reach down to all; ascending.
   * `isLossy`: words to the other side get lost, so the last two are said again.
   */
  furtherNumbers(highestReceived: number, isLossy: boolean): readonly number[] {
    let reach = highestReceived - acknowledgedBits
    const isAgain = isLossy && this.owed.length >= packetsMax
    const named = isAgain ? [...this.owed, ...this.said, ...this.saidBefore] : this.owed
    if (named.every(number => number >= reach)) return none
    const numbers: number[] = []
    for (const number of named.toSorted((a, b) => b - a)) {
      if (number >= reach) continue
      numbers.unshift(number)
      reach = number - acknowledgedBits
    }
    return numbers
  }

  /** When it is due, if nothing goes that way before: -Infinity for now, Infinity where nothing is owed. */
  dueAtMs(promisedWindowBytes: number): number {
    if (this.owed.length === 0) return Infinity
    const isMuch = this.owed.length >= packetsMax || this.bytes > promisedWindowBytes * windowShare
    return this.isUrgent || isMuch ? -Infinity : this.sinceMs + acknowledgementDelayMsMax
  }
}
