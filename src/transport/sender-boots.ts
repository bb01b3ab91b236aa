/**
 * Which boot of the other side is the living one. A process that restarts draws a new boot nonce and numbers its packets
 * anew, so a late or recorded datagram of a former boot cannot be judged by its number. Nonces are random and have no
 * order. What has an order is what is acknowledged: packet numbers of this side never repeat, in no boot of it, so a
 * datagram that acknowledges a number beyond all acknowledged so far was made after that number was sent, by somebody
 * alive. Hence:
 * - The boot that acknowledged the highest number lives. Another one takes its place only by acknowledging a higher one;
 *   no recording can do that.
 * - The boots that lived before it are refused, the last eight of them. If one lives after all (two processes with one
 *   identity), its next acknowledgement brings it back: no single datagram can lock a server out.
 * - A boot of which nothing is known and that proves nothing may have just started, so it is heard, within a replay
 *   window of its own, but it displaces nobody, and begins no message in fragments (incoming.ts).
 * - A number far beyond all true ones makes every true one look too old: a single forged datagram would make this side deaf.
 *   So a boot of which nothing but that is heard for a while is believed anew.
 *
 * What is left: a recording of a boot that this process never knew is heard once per packet. That is harmless, as
 * consensus and sessions bear messages of any age; only authentication could tell it from a newly started server.
 */
import { ReplayWindow } from './replay-window.js'

const formerBootsMax = 8

/** When nothing but what is too old came of a boot for so long, it is the window that is wrong. Above any lateness. */
export const deafMsMax = 2_000

interface Boot {
  readonly nonce: number
  window: ReplayWindow
  heardAtMs: number
}

export class SenderBoots {
  private living: Boot | null = null
  /** Heard and not proven. */
  private newcomer: Boot | null = null
  private heardLast: Boot | null = null
  private former: number[] = []

  /** The highest packet number that arrived of the boot heard last: what is acknowledged to it. 0 before the first. */
  get highestReceived(): number {
    return this.heardLast === null ? 0 : this.heardLast.window.highest
  }

  /** The boot heard last; 0 before the first. */
  get heardNonce(): number {
    return this.heardLast?.nonce ?? 0
  }

  /** The living boot; 0 before the first. */
  get livingNonce(): number {
    return this.living?.nonce ?? 0
  }

  /** Which of the 32 packets below `number` of that boot arrived (replay-window.ts). */
  bitsBelow(number: number): number {
    return this.heardLast === null ? 0 : this.heardLast.window.bitsBelow(number)
  }

  /**
   * Whether to listen to this datagram: its number is new, and its boot is not a former one. `provesLiving` says that it
   * acknowledges a packet beyond all that were acknowledged before.
   */
  accept(nonce: number, packetNumber: number, provesLiving: boolean, nowMs: number): boolean {
    const boot = this.bootOf(nonce, provesLiving)
    if (boot === null) return false
    if (boot.window.isPast(packetNumber) && nowMs >= boot.heardAtMs + deafMsMax) boot.window = new ReplayWindow()
    if (!boot.window.accept(packetNumber)) return false
    boot.heardAtMs = nowMs
    if (provesLiving && boot !== this.living) this.succeed(boot)
    this.heardLast = boot
    return true
  }

  private bootOf(nonce: number, provesLiving: boolean): Boot | null {
    if (this.living === null) this.living = newBoot(nonce)
    if (nonce === this.living.nonce) return this.living
    if (nonce === this.newcomer?.nonce) return this.newcomer
    if (this.former.includes(nonce) && !provesLiving) return null
    this.newcomer = newBoot(nonce)
    return this.newcomer
  }

  private succeed(boot: Boot): void {
    if (this.living !== null) this.former.push(this.living.nonce)
    this.former = this.former.filter(nonce => nonce !== boot.nonce).slice(-formerBootsMax)
    this.living = boot
    this.newcomer = null
  }
}

function newBoot(nonce: number): Boot {
  return { nonce, window: new ReplayWindow(), heardAtMs: -Infinity }
}
