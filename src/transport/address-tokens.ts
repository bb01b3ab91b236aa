/**
 * Proof that a client receives at the address it sends from, without a record per address: the token is a keyed hash of
 * the address, handed out in the Welcome and carried by every request (RFC 9000 section 8.1 does the same). Until it is
 * shown, nothing larger is sent to an address than what came from it, so a forged sender cannot turn a server into an
 * amplifier. The secret is drawn at each start: after a restart the tokens of before are refused and clients say Hello
 * again.
 */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { Address } from './socket.js'

/** The token of an address: a whole number of [1, 2^52). */
export type AddressToken = (of: Address) => number

const secretBytes = 32

/** Tokens under a secret that nobody else knows. */
export function drawAddressTokens(): AddressToken {
  // A key object: hashing under a raw key costs several times as much in later versions of Node.
  const secret = createSecretKey(randomBytes(secretBytes))
  return of => {
    const digest = createHmac('sha256', secret).update(of.key).digest()
    return digest.readUIntLE(0, 6) * 16 + (digest[6]! & 15) || 1
  }
}
