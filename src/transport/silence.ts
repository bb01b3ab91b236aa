/**
 * What it means that the other side is silent (RFC 9002 section 6.2), by probe timeouts in a row:
 *
 *      one                          it is asked for a word; each timeout is twice the one before, up to a quarter of the silence
 *      three, or nobody ever spoke  absence rather than loss: what is lost meanwhile says nothing of the path
 *      seven, for a second at least nobody is there: nothing is repeated, and little is sent until there is a word
 *
 * Who had not been heard of for a second and now is may have been cut off, and is asked at once.
 */
import type { RoundTrip } from './round-trip.js'
import type { SentPackets } from './sent-packets.js'

/** So many probe timeouts in a row are absence rather than loss. */
const absentProbes = 3

/** After so many in vain, and so long, nobody is there. The timeouts alone of a quick path pass in a fifth of a second. */
const probesMax = 6
const hopelessAfterMs = 1_000

/**
 * RFC 9002 would double for ever. When the path heals, this is what its users still wait: no more than a quarter of what they
 * have waited already, and of a short silence not even that. Two small datagrams per probe burden no path.
 */
const probeTimeoutMsMax = 500
const probeTimeoutMsMaxAtFirst = 100
const silenceShare = 1 / 4

export class Silence {
  /** Probe timeouts in a row. */
  probes = 0
  /** When something of ours was last acknowledged. */
  lastNewsAtMs = -Infinity
  /** How soon the last datagram in flight is to be acknowledged. */
  lastAsked: 'soon' | 'at once' = 'soon'
  private readonly sent: SentPackets
  private readonly roundTrip: RoundTrip
  private probedAtMs = 0
  /** When the first of these timeouts passed. */
  private beganAtMs = 0

  constructor(sent: SentPackets, roundTrip: RoundTrip) {
    this.sent = sent
    this.roundTrip = roundTrip
  }

  /** The other side was heard of lately, however much of what is in flight is lost. */
  get isBrief(): boolean {
    return this.probes < absentProbes
  }

  /** When the other side is asked for a word about what is in flight; Infinity with nothing in flight. */
  get probeAtMs(): number {
    if (this.sent.inFlight === 0) return Infinity
    const firstMs = this.roundTrip.probeTimeoutMs(this.lastAsked)
    return this.sinceMs + Math.min(firstMs * 2 ** this.probes, Math.max(firstMs, this.timeoutMsMax))
  }

  /** Nobody is there, as far as one can tell: what was sent meanwhile says nothing of the path. */
  get isAbsence(): boolean {
    return this.lastNewsAtMs === -Infinity || !this.isBrief
  }

  /** So many times in vain that nothing is to be hoped for. */
  get isHopeless(): boolean {
    return this.probes > probesMax && this.probedAtMs >= this.beganAtMs + hopelessAfterMs
  }

  /** The other side has acknowledged something. */
  ends(nowMs: number): void {
    this.probes = 0
    this.lastNewsAtMs = nowMs
  }

  /** Something came from there, `quietMs` after the last. Whether ours arrive there is not known: it stays an absence until then. */
  heard(quietMs: number, nowMs: number): void {
    if (this.isBrief || quietMs < hopelessAfterMs) return
    this.probes = absentProbes
    this.beganAtMs = nowMs
    this.probedAtMs = -Infinity
  }

  /** A probe timeout has passed. */
  goesOn(nowMs: number): void {
    if (this.probes === 0) this.beganAtMs = nowMs
    this.probedAtMs = nowMs
    this.probes++
  }

  private get timeoutMsMax(): number {
    const silentMs = this.probedAtMs - this.beganAtMs
    return Math.min(Math.max(silentMs * silenceShare, probeTimeoutMsMaxAtFirst), probeTimeoutMsMax)
  }

  /**
   * What goes puts the first timeout off, because it asks for a word, too; but not those that follow: or a leader whose
   * heartbeats go more often than that would never notice that nobody is there, and keep all of them in flight.
   */
  private get sinceMs(): number {
    const isProbing = this.probes > 0 && !this.isHopeless
    return isProbing ? Math.max(this.probedAtMs, this.sent.oldestSentAtMs) : this.sent.lastSentAtMs
  }
}
