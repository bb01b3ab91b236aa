/**
 * Names become addresses here, once, and never on the way of a datagram: a slow name server would otherwise let sends
 * pile up behind it. The owner looks a name up again when it sees fit, e.g. when nobody answers there any more.
 */
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { addressOf, parseHostPort } from './address.js'
import type { Address } from './socket.js'

/**
 * Gives the address of "HOST:PORT", where the host may be a name; of a name with several addresses an IPv4 one if there
 * is any, because that is what a server listens on by default. `got` is called once, at once for an IP literal.
 */
export function lookupAddress(text: string, got: (error: Error | null, address: Address | null) => void): void {
  const parsed = parseHostPort(text)
  if (parsed === null) {
    got(new Error(`not HOST:PORT: ${text}`), null)
    return
  }
  const { host, port } = parsed
  if (isIP(host) !== 0) {
    got(null, addressOf(host, port))
    return
  }
  lookup(host, { all: true }, (error, found) => {
    const best = error === null ? (found.find(({ family }) => family === 4) ?? found[0]) : undefined
    if (best === undefined) got(new Error(`no address is known for ${host}${error ? ` (${error.code})` : ''}`), null)
    else got(null, addressOf(best.address, port))
  })
}
