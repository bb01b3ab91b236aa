/**
 * Whether to believe that a datagram in a peer's name is the peer's, by where it came from. Anybody who reaches this port
 * can write a peer's id and even its boot nonce, which stands in every datagram; who is not on the way between the two
 * cannot so easily send from the peer's address. But behind a translator of addresses (a container's published port) a
 * peer is reached at one address and speaks from another. So
 * - who was heard at its own address lately is heard nowhere else;
 * - who was not may speak from anywhere;
 * - and when it then speaks at its own address, what others made of the link is forgotten.
 * Who can forge source addresses is not kept out: only authentication can do that.
 */
import type { Address } from './socket.js'

/** Lately: a server that lives says something several times in this. */
export const atHomeMs = 5_000

/** `returned`: it is the peer, after others had spoken in its name. */
export type Believed = 'yes' | 'no' | 'returned'

export class PeerSource {
  private readonly ownKey: string
  private heardAtHomeMs = -Infinity
  private wasHeardElsewhere = false

  constructor(own: Address) {
    this.ownKey = own.key
  }

  /** A datagram in the peer's name came from there. */
  heard(from: Address, nowMs: number): Believed {
    if (from.key !== this.ownKey) {
      if (nowMs < this.heardAtHomeMs + atHomeMs) return 'no'
      this.wasHeardElsewhere = true
      return 'yes'
    }
    this.heardAtHomeMs = nowMs
    if (!this.wasHeardElsewhere) return 'yes'
    this.wasHeardElsewhere = false
    return 'returned'
  }
}
