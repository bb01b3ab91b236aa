/**
 * Within The Window: what is in flight never exceeds the window at the moment a datagram leaves (RFC 8085 section 3.1; the
 * window is the lesser of what the receiver has room for and what the path bears). A window may shrink below what is in
 * flight already; then nothing more goes. Three kinds go regardless of it: the only one in flight, or a window smaller than
 * a datagram would end it all; what asks for no acknowledgement; and probes without content, two for each timeout.
 */
import { envelopeBytes, readEnvelope } from '../../../codec/envelope.js'
import { paddingOverheadBytes } from '../../../codec/fragment.js'
import type { TransportLink } from '../../transport/link.js'
import { violated } from './violation.js'

const probeBytes = envelopeBytes + paddingOverheadBytes

/** `bytes` leave now, on one of these links of `who`, to the address with this key. */
export function checkWithinWindow(who: string, links: Iterable<TransportLink>, bytes: Uint8Array, to: string): void {
  if (bytes.length <= probeBytes) return
  const here: TransportLink[] = []
  for (const link of links) if (link.address.key === to) here.push(link)
  if (!here.some(isFull)) return
  const envelope = readEnvelope(bytes)
  if (typeof envelope === 'string' || envelope.asksForAcknowledgement === 'no') return
  // Of several links to one address (a client that has started again has the port of its predecessor) it may have left on
  // any whose last number this is.
  const left = here.filter(({ sent }) => sent.lastNumber === envelope.packetNumber)
  const [link] = left
  if (link === undefined || !left.every(isFull)) return
  const { sent, windowBytes } = link
  violated(
    'Within The Window',
    `${who} sends ${bytes.length} bytes to ${to}: ${sent.inFlightBytes} are in flight, the window is ${windowBytes}`,
  )
}

function isFull({ sent, windowBytes }: TransportLink): boolean {
  return sent.inFlightBytes > windowBytes && sent.inFlight > 1
}
