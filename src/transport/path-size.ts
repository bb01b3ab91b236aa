/**
 * How large a datagram may be on the way to an address. Node can neither forbid fragments nor learn the path's MTU, so
 * what is known are the interfaces of this machine; no IP fragmentation is relied on, because one lost fragment loses the
 * whole datagram (RFC 8085 section 3.2).
 */
import { datagramBytesLoopback, datagramBytesUnknownPath } from '../../codec/limits.js'
import { smallestInterfaceMtuBytes } from './interface-mtu.js'
import { isIPv6, isLoopback, isWildcard } from './address.js'
import type { Address } from './socket.js'

/** What an MTU holds besides the payload: the IP header (20 and 40 bytes, without options) and 8 of UDP. */
const headerBytesIPv4 = 28
const headerBytesIPv6 = 48

/** The payload of an Ethernet frame: larger frames (jumbo) need every switch on the way, so they must be asked for. */
const datagramBytesEthernet = 1_472

export interface PathKnowledge {
  /** Smallest MTU of the interfaces that lead off this machine; null where it is not known. */
  readonly smallestMtuBytes: number | null
  /** Payload bytes set by the operator, who knows the network: rules for every path. Null for "find out". */
  readonly datagramBytes: number | null
}

/** Payload bytes of a datagram from a socket bound to `own` that go to `to` in one piece. */
export function datagramBytesMax(own: Address, to: Address, known: PathKnowledge): number {
  if (known.datagramBytes !== null) return known.datagramBytes
  if (isLoopback(to) && (isLoopback(own) || isWildcard(own))) return datagramBytesLoopback
  if (known.smallestMtuBytes === null) return datagramBytesUnknownPath
  const payload = known.smallestMtuBytes - (isIPv6(to) ? headerBytesIPv6 : headerBytesIPv4)
  // Below what every IPv6 path carries there is nothing to gain: such an MTU belongs to some interface not on the way.
  return Math.max(datagramBytesUnknownPath, Math.min(payload, datagramBytesEthernet))
}

/** The same for a socket on this machine, whose interfaces are looked at now. `datagramBytes` as in PathKnowledge. */
export function pathSizes(own: Address, datagramBytes: number | null): (to: Address) => number {
  const known: PathKnowledge = { smallestMtuBytes: smallestInterfaceMtuBytes(), datagramBytes }
  return to => datagramBytesMax(own, to, known)
}
