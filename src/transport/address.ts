/**
 * Addresses as values: what "HOST:PORT" means and how two of them are known to be the same. An IPv6 address has many
 * spellings and brackets around it; here it has one spelling, the one in which the kernel names the sender of a datagram.
 */
import { isIP, isIPv4, SocketAddress } from 'node:net'
import type { Address } from './socket.js'

/** What was written as "HOST:PORT", before any name is looked up. `host` has no brackets. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Reads "HOST:PORT" or "[IPV6]:PORT"; null where it is neither, or the port is not 0..65535. */
export function parseHostPort(text: string): HostPort | null {
  const parts = /^(?:\[([^[\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  if (parts === null) return null
  const [, bracketed, plain, digits] = parts
  const host = bracketed ?? plain!
  const port = Number(digits)
  if (port > 65_535) return null
  // Brackets are for what has colons in it, and only for that.
  if ((bracketed !== undefined) !== (isIP(host) === 6)) return null
  return { host, port }
}

/** The address of an IP literal and a port; throws a RangeError where it is not one. */
export function addressOf(host: string, port: number): Address {
  const family = isIP(host)
  if (family === 0) throw new RangeError(`not an IP address: ${host}`)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError(`not a port: ${port}`)
  const spelled = family === 4 ? host : spelledIPv6(host)
  return { host: spelled, port, key: keyOf(spelled, port) }
}

/** Of "HOST:PORT" with an IP literal as host; null for anything else, names included (see address-lookup.ts). */
export function parseAddress(text: string): Address | null {
  const parsed = parseHostPort(text)
  return parsed === null || isIP(parsed.host) === 0 ? null : addressOf(parsed.host, parsed.port)
}

/** As the kernel spells a sender already: no need to spell it again for every datagram. */
export function addressFromKernel(host: string, port: number): Address {
  return { host, port, key: keyOf(host, port) }
}

/** 127.0.0.0/8, ::1, and the former written as IPv6. */
export function isLoopback({ host }: Pick<Address, 'host'>): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  return host === '::1' || host.startsWith('::ffff:127.')
}

/** 0.0.0.0 or ::, "every interface". */
export function isWildcard({ host }: Pick<Address, 'host'>): boolean {
  return host === '0.0.0.0' || host === '::'
}

export function isIPv6({ host }: Pick<Address, 'host'>): boolean {
  return host.includes(':')
}

function keyOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The zone of a link-local address (fe80::1%eth0) is kept as written: it names an interface. */
function spelledIPv6(host: string): string {
  const zoneAt = host.indexOf('%')
  const literal = zoneAt < 0 ? host : host.slice(0, zoneAt)
  const zone = zoneAt < 0 ? '' : host.slice(zoneAt)
  return new SocketAddress({ address: literal, family: 'ipv6' }).address + zone
}
