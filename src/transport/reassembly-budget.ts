/**
 * Bytes of unfinished messages that several senders hold together, with a bound, and fair between hosts: where there is no
 * room, the host that holds most gives up what was silent for longest, as long as it holds more than the one that asks would
 * then. So whoever fills the memory takes it from those of his own host, on however many ports he speaks, and what a host
 * with little has begun is never pushed out. Between senders of one host nobody makes room for another.
 */

/** The half of it that its peers share, or all others: what clients have begun must never keep servers from one another. */
const shareBytesMax = 32 * 1024 * 1024

/** What the senders of one transport may hold together. */
export const reassemblyBytesMax = 2 * shareBytesMax

/** A sender, as what it holds is counted. */
export interface Holder {
  /** The IP address that it speaks from. */
  readonly host: string
  readonly bytes: number
  /** When its oldest message is due to be given up for its silence; Infinity with none. */
  readonly expiresAtMs: number
  giveUpOldest(): void
}

interface HostShare {
  bytes: number
  /** Those that hold anything. */
  readonly holders: Set<Holder>
}

export class ReassemblyBudget {
  bytes = 0
  readonly bytesMax: number
  private readonly hosts = new Map<string, HostShare>()

  constructor(bytesMax = shareBytesMax) {
    this.bytesMax = bytesMax
  }

  /** What a holder holds has grown by so many bytes, or shrunk. */
  charge(holder: Holder, bytes: number): void {
    this.bytes += bytes
    const { host } = holder
    let share = this.hosts.get(host)
    if (share === undefined) this.hosts.set(host, (share = { bytes: 0, holders: new Set() }))
    share.bytes += bytes
    if (holder.bytes > 0) share.holders.add(holder)
    else share.holders.delete(holder)
    if (share.holders.size === 0) this.hosts.delete(host)
  }

  /** Makes room for `bytes` of this host, as far as others hold more than it would. */
  makeRoom(host: string, bytes: number): void {
    while (this.bytes + bytes > this.bytesMax) {
      const wouldHoldBytes = (this.hosts.get(host)?.bytes ?? 0) + bytes
      let most: HostShare | null = null
      for (const share of this.hosts.values()) if (share.bytes > (most?.bytes ?? wouldHoldBytes)) most = share
      if (most === null) return
      let oldest: Holder | null = null
      for (const holder of most.holders) if (holder.expiresAtMs < (oldest?.expiresAtMs ?? Infinity)) oldest = holder
      oldest!.giveUpOldest()
    }
  }
}
