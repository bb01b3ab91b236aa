/**
 * Whether to believe that a datagram in a peer's name is the peer's, by where it came from. Anybody who reaches this port
 * can write a peer's id and even its boot nonce, which stands in every datagram; who is not on the way between the two
 * cannot so easily send from the peer's address. But behind a translator of addresses (a container's published port) a
 * peer is reached at one address and speaks from another. So
 * - who was ever heard at its own address is heard nowhere else, however long it is silent: followers have little to say to
 *   each other. A server that starts asks all others for a word, so it is known soon who can be heard there;
 * - who was not may speak from anywhere;
 * - and when it then speaks at its own address, what others said in its name is forgotten.
 * Heard at its own address is who acknowledges what had not been acknowledged: all is sent there, so it has arrived there. One
 * datagram that was recorded and comes with a forged source address would otherwise cut off a peer behind a translator for good.
 * Who reads along and forges source addresses is not kept out: only authentication can do that.
 */
import type { Address } from './socket.js'

/**
 * `unproven`: it may be the peer at its own address, and should be asked for a word. `returned`: it is, after others had spoken
 * in its name.
 */
export type Believed = 'yes' | 'no' | 'unproven' | 'returned'

export class PeerSource {
  private readonly ownKey: string
  private state: 'not heard' | 'heard elsewhere' | 'heard at home' = 'not heard'

  constructor(own: Address) {
    this.ownKey = own.key
  }

  /** A datagram in the peer's name came from there. `provesLiving`: it acknowledges more than any before (sender-boots.ts). */
  heard(from: Address, provesLiving: boolean): Believed {
    const before = this.state
    if (from.key !== this.ownKey) {
      if (before === 'heard at home') return 'no'
      this.state = 'heard elsewhere'
      return 'yes'
    }
    if (!provesLiving) return before === 'heard at home' ? 'yes' : 'unproven'
    this.state = 'heard at home'
    return before === 'heard elsewhere' ? 'returned' : 'yes'
  }
}
