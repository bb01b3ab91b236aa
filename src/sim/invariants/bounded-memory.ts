/**
 * Bounded Memory (K11): whatever is lost, copied, cut or forged, what waits, what is remembered and what is half received
 * stays below its bounds, and what is counted is what is there.
 */
import type { Gap } from '../../raft/held-appends.js'
import { heldBytesMax, heldMessagesMax } from '../../raft/held-appends.js'
import { entriesBytes } from '../../raft/log.js'
import type { TransportLink } from '../../transport/link.js'
import { outboxBytesMax, type WaitingBytes } from '../../transport/outbox.js'
import type { ReassemblyBudget } from '../../transport/reassembly-budget.js'
import { linkReassemblyBytesMax, unfinishedMax } from '../../transport/reassembly.js'
import { violated } from './violation.js'

/** A datagram sent before is either acknowledged, or lost and forgotten, or nobody is there: probes end after 3 s of its clock and turns. */
const rememberedMsMax = 10_000

/** How often links are looked at. */
export const memoryCheckMs = 250

/** Of one link, by the checks of the last `rememberedMsMax`, the oldest first: the number sent last. */
interface Seen {
  readonly numbers: number[]
}

export class BoundedMemory {
  private readonly seen = new WeakMap<TransportLink, Seen>()

  /** All links of the transport of `who`, every memoryCheckMs; `receiveBufferBytes`: no window is ever larger. */
  checkLinks(who: string, links: readonly TransportLink[], receiveBufferBytes: number): void {
    const held = new Map<ReassemblyBudget, number>()
    const waiting = new Map<WaitingBytes, number>()
    for (const link of links) {
      const { outbox, sent, reassembly } = link
      const where = `${who} to ${link.address.key}`
      bounded(`${where}: bytes that wait`, outbox.bytes, outboxBytesMax + receiveBufferBytes)
      bounded(`${where}: bytes of unfinished messages`, reassembly.bytes, linkReassemblyBytesMax)
      bounded(`${where}: unfinished messages`, reassembly.unfinished, unfinishedMax)
      if (outbox.bytes < 0 || reassembly.bytes < 0 || sent.inFlightBytes < 0) broken(`${where}: a count is below 0`)
      if ((sent.inFlight === 0) !== (sent.inFlightBytes === 0)) {
        broken(`${where}: ${sent.inFlight} datagrams of ${sent.inFlightBytes} bytes are in flight`)
      }
      if ((reassembly.unfinished === 0) !== (reassembly.bytes === 0)) {
        broken(`${where}: ${reassembly.unfinished} unfinished messages hold ${reassembly.bytes} bytes`)
      }
      this.checkRemembered(where, link)
      const budget = reassembly['budget']
      held.set(budget, (held.get(budget) ?? 0) + reassembly.bytes)
      const all = outbox['all']
      waiting.set(all, (waiting.get(all) ?? 0) + outbox.bytes)
    }
    for (const [budget, bytes] of held) {
      bounded(`${who}: bytes of all unfinished messages`, bytes, budget.bytesMax)
      if (budget.bytes !== bytes) broken(`${who}: unfinished messages hold ${bytes} bytes, ${budget.bytes} are counted`)
    }
    for (const [all, bytes] of waiting) {
      if (all.bytes !== bytes) broken(`${who}: ${bytes} bytes wait, ${all.bytes} are counted`)
    }
  }

  /** What a follower keeps before its turn. */
  checkGap(who: string, gap: Gap | null): void {
    if (gap === null) return
    bounded(`${who}: held messages`, gap.held.length, heldMessagesMax)
    bounded(`${who}: bytes of held messages`, gap.heldBytes, heldBytesMax)
    const bytes = gap.held.reduce((sum, { entries }) => sum + entriesBytes(entries), 0)
    if (bytes !== gap.heldBytes) broken(`${who}: held messages have ${bytes} bytes, ${gap.heldBytes} are counted`)
  }

  /** What a client keeps of requests: those that were asked and have no answer, and its session's own. */
  checkPending(who: string, pending: number, asked: number): void {
    bounded(`${who}: requests kept`, pending, asked + 1)
  }

  private checkRemembered(where: string, link: TransportLink): void {
    const seen = this.seen.get(link) ?? { numbers: [] }
    this.seen.set(link, seen)
    const { sent } = link
    // What is not used is not tidied up either.
    if (seen.numbers.at(-1) === sent.lastNumber) return
    seen.numbers.push(sent.lastNumber)
    if (seen.numbers.length <= rememberedMsMax / memoryCheckMs) return
    const recent = sent.lastNumber - seen.numbers.shift()!
    bounded(`${where}: datagrams remembered`, sent.watched, recent)
  }
}

function bounded(what: string, value: number, most: number): void {
  if (value > most) broken(`${what}: ${value}, the bound is ${most}`)
}

function broken(message: string): never {
  violated('Bounded Memory', message)
}
