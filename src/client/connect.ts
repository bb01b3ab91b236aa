/** From the endpoints that a user names to a running ClientCore: names become addresses, once, and a socket is opened. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import { lookupAddress } from '../transport/address-lookup.js'
import { isIPv6, parseHostPort } from '../transport/address.js'
import { pathSizes } from '../transport/path-size.js'
import type { Address, Socket } from '../transport/socket.js'
import { openUdpSocket } from '../transport/socket-udp.js'
import { Transport } from '../transport/transport.js'
import { ClientCore } from './client-core.js'
import { UnavailableError, UsageError } from './errors.js'
import type { PendingLimits } from './pending.js'

export interface CoreSettings {
  /** "HOST:PORT" each. */
  readonly endpoints: readonly string[]
  readonly limits: Partial<PendingLimits>
  /** Payload bytes of a datagram on every path; null: found out. */
  readonly datagramBytesMax: number | null
}

/** Splits "HOST:PORT,HOST:PORT" and takes out what stands there twice. Throws UsageError for what is no endpoint. */
export function parseEndpoints(endpoints: string | readonly string[]): readonly string[] {
  const texts = typeof endpoints === 'string' ? endpoints.split(',') : endpoints
  if (!isTexts(texts)) throw new UsageError('endpoints are HOST:PORT, in an array of strings or with commas between')
  const unique = new Set(texts.map(text => text.trim()).filter(text => text !== ''))
  if (unique.size === 0) throw new UsageError('no endpoints: give at least one server as HOST:PORT')
  for (const text of unique) {
    if (parseHostPort(text) === null) {
      throw new UsageError(`not an endpoint: ${JSON.stringify(text)}: write it as HOST:PORT, e.g. 127.0.0.1:7401`)
    }
  }
  return [...unique]
}

/**
 * Opens a socket and a core over it. Rejects with UnavailableError where no name has an address or no socket can be
 * opened. Names are looked up here and never again; one without an address is left out while others have one.
 */
export async function openCore(clock: Clock, settings: CoreSettings): Promise<ClientCore> {
  const found = await Promise.all(settings.endpoints.map(text => addressOf(text)))
  const addresses = found.filter((address): address is Address => !(address instanceof Error))
  const [first] = addresses
  if (first === undefined) {
    const reasons = found.filter(address => address instanceof Error)
    throw new UnavailableError(
      `no server can be found: ${reasons.map(({ message }) => message).join(', ')}: mend the endpoints, or write IP addresses`,
    )
  }
  // One socket speaks one version of IP: the first endpoint's decides.
  const speaks = (address: Address) => isIPv6(address) === isIPv6(first)
  const socket = await openSocket(isIPv6(first) ? '::' : '0.0.0.0')
  const transport = new Transport(
    socket,
    clock,
    {
      clusterId: 0,
      sender: 0,
      incarnation: 0,
      bootNonce: randomId(),
      numbersSecret: randomId(),
      datagramSizes: pathSizes(socket.address, settings.datagramBytesMax),
    },
    null,
  )
  return new ClientCore(transport, clock, {
    endpoints: addresses.filter(speaks),
    seed: randomId(),
    limits: settings.limits,
    resolve: (text, got) =>
      lookupAddress(text, (_error, address) => got(address !== null && speaks(address) ? address : null)),
  })
}

/** The compiler may not have seen what a program gives. */
function isTexts(texts: unknown): texts is readonly string[] {
  return Array.isArray(texts) && texts.every(text => typeof text === 'string')
}

function addressOf(text: string): Promise<Address | Error> {
  return new Promise(resolve => {
    lookupAddress(text, (error, address) => resolve(address ?? error ?? new Error(`no address: ${text}`)))
  })
}

function openSocket(host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    openUdpSocket({ host, port: 0 }, (error, socket) => {
      if (socket !== null) resolve(socket)
      else reject(new UnavailableError(error?.message ?? 'the socket could not be opened', { cause: error }))
    })
  })
}

/** A random whole number of [1, 2^48]. */
function randomId(): number {
  return randomBytes(6).readUIntBE(0, 6) + 1
}
