/**
 * Whole Or Not At All: a message that does not fit every datagram is handed out as its sender said it, or not at all: never
 * with a piece missing, foreign or out of place. Compared by a hash of all its bytes, which have one form.
 */
import { viewOf } from '../../../codec/cursor.js'
import { envelopeBytes } from '../../../codec/envelope.js'
import { datagramBytesUnknownPath } from '../../../codec/limits.js'
import { encodeMessage, messageBytes } from '../../../codec/messages.js'
import { hashBytes } from '../../base/hash.js'
import type { WireMessage } from '../../transport/types.js'
import { violated } from './violation.js'

export class WholeMessages {
  /** Large messages handed out so far. */
  handedOut = 0
  /** By sender: hashes of the large messages that it said to anybody, because datagrams may reach the wrong process. */
  private readonly said = new Map<string, Set<number>>()
  private readonly watched = new Set<string>()

  /** From now on all that the process at this address says is told to this. */
  watches(address: string): void {
    this.watched.add(address)
  }

  /** A process queues a message for another. */
  says(from: string, message: WireMessage): void {
    const hash = hashOfLarge(message)
    if (hash === null) return
    const known = this.said.get(from)
    if (known === undefined) this.said.set(from, new Set([hash]))
    else known.add(hash)
  }

  /** A process is handed a message in the name of another. */
  hears(from: string, to: string, message: WireMessage): void {
    const hash = hashOfLarge(message)
    if (hash === null || !this.watched.has(from)) return
    this.handedOut++
    if (this.said.get(from)?.has(hash) === true) return
    violated(
      'Whole Or Not At All',
      `from ${from} to ${to} came a message ${message.type} of ${messageBytes(message)} bytes that was never said`,
    )
  }
}

/** Null for a message that goes in one datagram whatever the path. */
function hashOfLarge(message: WireMessage): number | null {
  const bytes = messageBytes(message)
  if (envelopeBytes + bytes <= datagramBytesUnknownPath) return null
  const encoded = new Uint8Array(bytes)
  encodeMessage(message, encoded, viewOf(encoded), 0)
  return hashBytes(encoded, 0)
}
