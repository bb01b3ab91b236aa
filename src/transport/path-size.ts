/**
 * How large a datagram may be on the way to an address: the sizes that are worth trying there (path-probe.ts tries them),
 * from the interfaces of this machine. No IP fragmentation is relied on, because one lost fragment loses the whole datagram
 * (RFC 8085 section 3.2); so no size is tried that the interface itself would cut in pieces.
 */
import { datagramBytesLoopback, datagramBytesUnknownPath } from '../../codec/limits.js'
import { interfaceMtuBytes } from './interface-mtu.js'
import { isIPv6, isLoopback, isWildcard } from './address.js'
import type { Address } from './socket.js'

/** What an MTU holds besides the payload: the IP header (20 and 40 bytes, without options) and 8 of UDP. */
const headerBytesIPv4 = 28
const headerBytesIPv6 = 48

/** MTU of Ethernet without jumbo frames: what the path bears when it does not bear the interface's own. */
const ethernetMtuBytes = 1_500

export interface PathKnowledge {
  /** MTU of the interface that the socket is bound to, or the smallest of those it may use; null where it is not known. */
  readonly mtuBytes: number | null
  /** Payload bytes set by the operator, who knows the network: rules for every path. Null for "find out". */
  readonly datagramBytes: number | null
}

/** Payload bytes to try, ascending, for a socket bound to `own` that sends to `to`. The first is used without trying. */
export function datagramSizes(own: Address, to: Address, known: PathKnowledge): readonly number[] {
  if (known.datagramBytes !== null) return [known.datagramBytes]
  if (isLoopback(to) && (isLoopback(own) || isWildcard(own))) return [datagramBytesLoopback]
  const headerBytes = isIPv6(to) ? headerBytesIPv6 : headerBytesIPv4
  const mtuBytes = known.mtuBytes ?? ethernetMtuBytes
  const sizes = [datagramBytesUnknownPath]
  for (const mtu of [Math.min(mtuBytes, ethernetMtuBytes), mtuBytes]) {
    const size = Math.min(mtu - headerBytes, datagramBytesLoopback)
    // Below what every IPv6 path carries there is nothing to gain: such an MTU belongs to some interface not on the way.
    if (size > sizes.at(-1)!) sizes.push(size)
  }
  return sizes
}

/** The same for a socket on this machine, whose interfaces are looked at now. `datagramBytes` as in PathKnowledge. */
export function pathSizes(own: Address, datagramBytes: number | null): (to: Address) => readonly number[] {
  const known: PathKnowledge = { mtuBytes: interfaceMtuBytes(own.host), datagramBytes }
  return to => datagramSizes(own, to, known)
}
