/**
 * A server's clients: a link for each that has proven its address, found by address and boot nonce (a new process behind
 * an old port is another client: it must not get the answers of its predecessor). Bounded: who was silent for longest and
 * waits for nothing makes room; where nobody is idle, the host with most links does for one with fewer. Losing its link costs a
 * client nothing but what was learnt of its path, and what waited for it, which it asks for again.
 */
import { messageBytesMax } from '../../codec/limits.js'
import type { TransportLink } from './link.js'
import { outboxBytesMax, type WaitingBytes } from './outbox.js'
import type { SenderActivity } from './receive-share.js'
import type { Address } from './socket.js'
import type { TransportStatus } from './types.js'

export const clientLinksMax = 4_096

/** One address can prove itself under any number of boot nonces; more than a few at a time are nobody's restarts. */
const bootsPerAddressMax = 4

/** For every client so much may wait, whatever the others wait for: small answers always have room. */
export const clientShareBytes = 64 * 1024

/**
 * More than its share waits for a client only as long as no more than this waits for all together, and for those of its host no
 * more than is free then: one host leaves a half to others, two leave a third, and so on (Choudhury and Hahne 1998).
 */
export const sharedWaitingBytesMax = 256 * 1024 * 1024

const clientWaitingBytesMax = sharedWaitingBytesMax + clientLinksMax * clientShareBytes

/** How many go at once, so that looking for them costs little for each. */
const forgottenAtOnce = clientLinksMax / 8

export class ClientLinks {
  size = 0
  /** Packet numbers at or below this were used by links that were forgotten. */
  usedNumber: number
  /** What waits for all of them together. */
  readonly waiting: WaitingBytes = { bytes: 0 }
  private readonly byAddress = new Map<string, TransportLink[]>()
  private readonly hosts = new Map<string, HostShare>()

  /** Links made later number their packets above `usedNumber`. */
  constructor(usedNumber: number) {
    this.usedNumber = usedNumber
  }

  find(address: Address, bootNonce: number): TransportLink | undefined {
    const links = this.byAddress.get(address.key)
    if (links === undefined) return undefined
    for (const link of links) if (link.bootNonce === bootNonce) return link
    return undefined
  }

  /** Makes room for one more at this address. False: everybody is busy. */
  makeRoom(address: Address): boolean {
    const here = this.byAddress.get(address.key)
    if (here !== undefined && here.length >= bootsPerAddressMax) this.forget(leastRecentlyHeard(here))
    if (this.size < clientLinksMax) return true
    const idle = [...this].filter(link => isIdle(link)).sort((a, b) => a.lastHeardAtMs - b.lastHeardAtMs)
    for (const link of idle.slice(0, forgottenAtOnce)) this.forget(link)
    return idle.length > 0 || this.takeFromLargestHost(address.host)
  }

  /** What counts that which waits for one client of this host. */
  waitingOf(host: string): HostShare {
    let share = this.hosts.get(host)
    if (share === undefined) this.hosts.set(host, (share = new HostShare(this.waiting)))
    return share
  }

  /**
   * What counts how much comes of this address, if a link is there: boots that follow each other behind one port are one sender,
   * or a few thousand made-up ones a second would leave everybody else a window of one datagram (receive-share.ts).
   */
  activityOf(address: Address): SenderActivity | undefined {
    return this.byAddress.get(address.key)?.[0]?.activity
  }

  add(link: TransportLink): void {
    const { key } = link.address
    const links = this.byAddress.get(key)
    if (links === undefined) this.byAddress.set(key, [link])
    else links.push(link)
    this.waitingOf(link.address.host).links++
    this.size++
  }

  /** Whether `bytes` more may wait for this one. */
  hasRoomFor(link: TransportLink, bytes: number): boolean {
    if (link.outbox.bytes + bytes <= clientShareBytes) return true
    const freeBytes = sharedWaitingBytesMax - this.waiting.bytes
    return bytes <= freeBytes && this.waitingOf(link.address.host).bytes + bytes <= freeBytes
  }

  /** Whether an answer of any size may wait for this one, if hardly anything does, or whatever waits already. */
  hasRoomForAny(link: TransportLink): boolean {
    const { bytes } = link.outbox
    if (bytes <= clientShareBytes / 2) return true
    return bytes + messageBytesMax <= outboxBytesMax && this.hasRoomFor(link, messageBytesMax)
  }

  get status(): Pick<
    TransportStatus,
    'clientLinks' | 'clientLinksMax' | 'clientWaitingBytes' | 'clientWaitingBytesMax'
  > {
    const { size: clientLinks, waiting } = this
    return { clientLinks, clientLinksMax, clientWaitingBytes: waiting.bytes, clientWaitingBytesMax }
  }

  *[Symbol.iterator](): IterableIterator<TransportLink> {
    for (const links of this.byAddress.values()) yield* links
  }

  /** Forgets a link of the host that has most, if this host would not have as many then. */
  private takeFromLargestHost(host: string): boolean {
    let largest: string | null = null
    let most = (this.hosts.get(host)?.links ?? 0) + 1
    for (const [other, { links }] of this.hosts) if (links > most) [largest, most] = [other, links]
    if (largest === null) return false
    this.forget(leastRecentlyHeard([...this].filter(({ address }) => address.host === largest)))
    return true
  }

  /**
   * A link made again for the same client must not use a packet number twice, or the client would take its answers for
   * copies: so all later links begin above the highest number of any that went.
   */
  private forget(link: TransportLink): void {
    const { host, key } = link.address
    const others = this.byAddress.get(key)!.filter(other => other !== link)
    if (others.length === 0) this.byAddress.delete(key)
    else this.byAddress.set(key, others)
    link.isForgotten = true
    link.outbox.clear()
    if (--this.waitingOf(host).links === 0) this.hosts.delete(host)
    link.reassembly.clear()
    this.usedNumber = Math.max(this.usedNumber, link.sent.lastNumber, link.lastMessageId)
    this.size--
  }
}

/** What one host has of all. */
class HostShare implements WaitingBytes {
  links = 0
  private ownBytes = 0
  private readonly all: WaitingBytes

  constructor(all: WaitingBytes) {
    this.all = all
  }

  get bytes(): number {
    return this.ownBytes
  }

  set bytes(bytes: number) {
    this.all.bytes += bytes - this.ownBytes
    this.ownBytes = bytes
  }
}

function isIdle(link: TransportLink): boolean {
  return link.outbox.isEmpty && link.sent.inFlight === 0
}

function leastRecentlyHeard(links: readonly TransportLink[]): TransportLink {
  return links.reduce((least, link) => (link.lastHeardAtMs < least.lastHeardAtMs ? link : least))
}
