/**
 * Who leads, as far as one can tell from outside.
 *
 * A leader is **trusted** from its first answer as a leader until it is silent for a retransmission timeout or says that
 * it is none. To a trusted one everything goes; to another only a probe, one datagram at most, so that a storm of repeats never
 * meets a server that is dead, electing or slow (K13: a timeout sends one probe again, not the whole window).
 *
 * A hint is followed at once, one hop; a second "not me" in a row waits, so that two servers that name each other are
 * not asked in a circle. When no leader is known, or the known one was silent twice, the servers are asked in turn, each
 * time with one request, after pauses of 10 ms growing to 50 ms, and to 1 s when nobody refuses either. Each pause is longer by
 * a quarter, so it is about a quarter of all that came before: what a client waits once the cluster is there again.
 */
import type { Prng } from '../base/prng.js'
import type { Endpoint, Endpoints } from './endpoints.js'

const pauseMsMin = 10
const pauseGrowth = 1.25
/** While servers answer that they do not lead: an election is under way and ends soon. */
const pauseMsMaxElecting = 50
const pauseMsMaxSilent = 1_000
/** A refusal this long ago no longer shows that an election is under way. */
const electingForMs = 1_000
/** So many timeouts of the leader in a row before the others are asked too. */
const silencesBeforeSearch = 2

export class LeaderSearch {
  /** Null when none is known. */
  leader: Endpoint | null = null
  trusted = false
  /** The leader, not trusted, is to be asked again now. */
  probeDue = false
  /** When to ask the next server; has no meaning unless `searching`. */
  stepAtMs = -Infinity
  private readonly endpoints: Endpoints
  private readonly prng: Prng
  private silences = 0
  private probedAtMs = -Infinity
  /** A hint was followed since the last step: the next one waits. */
  private hopped = false
  private hint: Endpoint | null = null
  private steps = 0
  private refusedAtMs = -Infinity

  constructor(endpoints: Endpoints, prng: Prng) {
    this.endpoints = endpoints
    this.prng = prng
  }

  /** Servers are asked in turn already: one request is enough to find out whether one leads. */
  get guessing(): boolean {
    return this.steps > 0
  }

  /** Others than the leader are to be asked. */
  get searching(): boolean {
    return this.leader === null || !this.leader.isWelcome || this.silences >= silencesBeforeSearch
  }

  /** It answered as only a leader does. True: everything pending is to be sent to it now. */
  answeredAsLeader(endpoint: Endpoint): boolean {
    // Of two that claim to lead, the present one is believed until it falls silent or denies it.
    if (this.trusted) return false
    this.follow(endpoint)
    this.trusted = true
    this.silences = 0
    this.probeDue = false
    this.hopped = false
    this.hint = null
    this.steps = 0
    return true
  }

  /** It said, greeted, who leads; null: it does not know. True: as of answeredAsLeader. */
  welcomed(endpoint: Endpoint, leader: Endpoint | null): boolean {
    if (leader === endpoint) return this.answeredAsLeader(endpoint)
    if (this.leader === null && leader !== null) this.follow(leader)
    return false
  }

  /** It said that it does not lead, and perhaps who does. */
  refused(endpoint: Endpoint, hint: Endpoint | null, nowMs: number): void {
    this.refusedAtMs = nowMs
    // The late word of one who is not asked any more.
    if (this.trusted && endpoint !== this.leader) return
    const fallen = endpoint === this.leader
    if (fallen) this.forget()
    // Somebody still hears the leader, so it may be the way from here to it that was closed: it is asked at this pace, too, and not
    // only when its own timeout, doubled by then to a second, has passed.
    if (hint !== null && hint === this.leader) this.probeDue = true
    if (hint !== null && hint !== endpoint && hint !== this.leader) {
      if (!this.hopped) {
        this.hopped = true
        this.follow(hint)
        return
      }
      this.hint = hint
    }
    if (fallen) this.stepAtMs = nowMs + this.pauseMs(nowMs)
  }

  /** A request sent to it at `sentAtMs` had no answer in time, nor had any other since. */
  silent(endpoint: Endpoint, sentAtMs: number): void {
    if (endpoint !== this.leader) return
    // Many requests sent at one time fall due one after the other: that is one silence.
    if (!this.trusted && sentAtMs < this.probedAtMs) return
    this.trusted = false
    this.silences++
    this.probeDue = true
    this.probedAtMs = Infinity
  }

  /** It has forgotten this client: perhaps it was restarted, and leads no longer. */
  unwelcomed(endpoint: Endpoint): void {
    if (endpoint === this.leader) this.follow(endpoint)
  }

  /** A probe is on its way to the leader. */
  probed(nowMs: number): void {
    this.probeDue = false
    this.probedAtMs = nowMs
  }

  /** Whom to ask now, while searching, with one request; null: nobody can be asked. Sets when to ask next. */
  step(nowMs: number): Endpoint | null {
    this.steps++
    this.hopped = false
    this.stepAtMs = nowMs + this.pauseMs(nowMs)
    // A hint, but never twice in a row: where two servers name each other, a third may lead.
    const hinted = this.hint
    this.hint = null
    if (hinted?.isWelcome === true && hinted !== this.leader && this.steps % 2 === 1) return hinted
    return this.endpoints.next(this.leader)
  }

  private follow(endpoint: Endpoint): void {
    if (endpoint !== this.leader) this.silences = 0
    this.leader = endpoint
    this.trusted = false
    this.probeDue = true
    this.probedAtMs = Infinity
  }

  private forget(): void {
    this.leader = null
    this.trusted = false
    this.probeDue = false
    this.silences = 0
  }

  private pauseMs(nowMs: number): number {
    const electing = nowMs - this.refusedAtMs < electingForMs
    const maxMs = electing ? pauseMsMaxElecting : pauseMsMaxSilent
    const pauseMs = Math.min(pauseMsMin * pauseGrowth ** Math.max(this.steps - 1, 0), maxMs)
    return pauseMs * this.prng.between(0.75, 1.25)
  }
}
