/**
 * A made-up run for the timeline: it looks like Raft and obeys nothing. An election, losses, a slow disk, a partition
 * with a second leader, a crash and a restart, clients who are answered well and badly, and, if wanted, a violation.
 */
import { Prng } from '../../../src/base/prng.js'
import type { LossReason, TraceEvent } from '../../../src/sim/trace.js'

export interface SyntheticOptions {
  readonly seed: number
  readonly servers: number
  readonly clients: number
  readonly durationMs: number
  readonly heartbeatMs: number
  readonly askEveryMs: number
  readonly isViolated: boolean
}

/** What kinds of event share: all but the fields that the generator fills in. */
type Told<E = TraceEvent> = E extends unknown ? Omit<E, 'n' | 'at' | 'cause'> : never

interface Due {
  readonly at: number
  readonly cause: number
  readonly act: () => void
}

/** All events of the run. */
export function syntheticRun(options: SyntheticOptions): TraceEvent[] {
  const run = new SyntheticRun(options)
  run.play()
  return run.events
}

class SyntheticRun {
  readonly events: TraceEvent[] = []
  private readonly options: SyntheticOptions
  private readonly prng: Prng
  private readonly servers: string[]
  private readonly clients: string[]
  private readonly due: Due[] = []
  private readonly down = new Set<string>()
  private readonly cutOff = new Set<string>()
  private at = 0
  private n = 0
  private cause = 0
  private datagrams = 0
  private operations = 0
  private index = 0
  private leader = ''
  private term = 0

  constructor(options: SyntheticOptions) {
    this.options = options
    this.prng = new Prng(options.seed)
    this.servers = Array.from({ length: options.servers }, (_, i) => `s${i + 1}`)
    this.clients = Array.from({ length: options.clients }, (_, i) => `c${i + 1}`)
  }

  play(): void {
    const { durationMs, isViolated, seed, askEveryMs, heartbeatMs } = this.options
    const { servers, clients } = this
    this.n = 1
    this.tell({ kind: 'run', seed, servers, clients, durationMs, healedMs: durationMs * 0.85 })
    for (const lane of servers) this.plan(0, () => this.start(lane))
    this.plan(160, () => this.campaign('s1'))
    this.plan(durationMs * 0.2, () => this.fault('disk of s2 is slow', ['s2'], durationMs * 0.15))
    this.plan(durationMs * 0.4, () => this.cut())
    this.plan(durationMs * 0.4 + 200, () => this.campaign('s2'))
    this.plan(durationMs * 0.55, () => this.heal())
    this.plan(durationMs * 0.65, () => this.crash('s3'))
    this.plan(durationMs * 0.75, () => this.start('s3'))
    for (let at = 300; at < durationMs; at += heartbeatMs) this.plan(at, () => this.heartbeat())
    for (const lane of clients) {
      for (let at = 320; at < durationMs - 50; at += this.prng.between(0.5, 1.5) * askEveryMs) {
        this.plan(at, () => this.ask(lane))
      }
    }
    this.due.sort((a, b) => b.at - a.at)
    for (let next = this.due.pop(); next !== undefined && next.at <= durationMs; next = this.due.pop()) {
      this.at = next.at
      this.cause = next.cause
      this.n++
      next.act()
    }
    this.at = Math.max(this.at, durationMs)
    this.n++
    const told = isViolated
      ? ({
          outcome: 'safety',
          invariant: 'LogMatching',
          message: `s1 and s2 hold different entries at index ${this.index}: </script> term ${this.term} and ${this.term - 1}`,
        } as const)
      : ({ outcome: 'passed', invariant: '', message: '' } as const)
    this.tell({ kind: 'end', ...told })
  }

  private tell(event: Told): void {
    this.events.push({ n: this.n, at: this.at, cause: this.cause, ...event })
  }

  private plan(at: number, act: () => void): void {
    this.due.push({ at, cause: 0, act })
  }

  /** Later, because of this step. The list is kept with the next at its end. */
  private later(delayMs: number, act: () => void): void {
    const at = this.at + delayMs
    let place = this.due.length
    while (place > 0 && this.due[place - 1]!.at < at) place--
    this.due.splice(place, 0, { at, cause: this.n, act })
  }

  private start(lane: string): void {
    this.down.delete(lane)
    this.tell({ kind: 'start', lane, why: '' })
    this.tell({ kind: 'role', lane, role: 'follower', term: this.term })
  }

  private crash(lane: string): void {
    this.down.add(lane)
    this.tell({ kind: 'crash', lane, why: 'power lost after write 17' })
  }

  private fault(what: string, lanes: string[], forMs: number): void {
    this.tell({ kind: 'fault', what, lanes, forMs })
  }

  private cut(): void {
    this.cutOff.add('s1')
    this.fault(`cut s1 | ${this.servers.slice(1).join(' ')}`, this.servers, this.options.durationMs * 0.15)
  }

  private heal(): void {
    this.cutOff.clear()
    this.fault('healed', this.servers, 0)
    this.later(3, () => this.tell({ kind: 'role', lane: 's1', role: 'follower', term: this.term }))
  }

  private campaign(lane: string): void {
    this.tell({ kind: 'role', lane, role: 'pre-candidate', term: this.term })
    this.later(6, () => {
      this.term++
      const { term } = this
      this.tell({ kind: 'role', lane, role: 'candidate', term })
      this.tell({ kind: 'disk', lane, operation: 'write', path: 'hard-state', bytes: 64, outcome: 'ok' })
      for (const peer of this.peersOf(lane)) {
        this.send(lane, peer, [`RequestVote t${term} last ${this.index}/${term - 1}`], () => {
          this.tell({ kind: 'role', lane: peer, role: 'follower', term })
          this.send(peer, lane, [`RequestVoteReply t${term} granted`])
        })
      }
      this.later(5, () => {
        this.leader = lane
        this.tell({ kind: 'role', lane, role: 'leader', term })
        this.heartbeat()
      })
    })
  }

  private heartbeat(): void {
    if (this.leader === '') return
    for (const peer of this.peersOf(this.leader)) this.appendTo(peer, 0)
  }

  private appendTo(peer: string, entries: number, then?: () => void): void {
    const { leader, term, index } = this
    const message = `AppendEntries t${term} prev ${index - entries}/${term} +${entries} commit ${index - entries}`
    this.send(leader, peer, entries > 1 ? [message, message] : [message], () => {
      if (entries > 0) this.tell({ kind: 'append', lane: peer, from: index, to: index, term, cut: 0 })
      if (entries > 0) this.later(0.1, () => this.wrote(peer))
      this.send(peer, leader, [`AppendEntriesReply t${term} match ${index}`], then)
    })
  }

  private wrote(lane: string): void {
    const outcome = this.prng.fraction() < 0.01 ? 'ENOSPC' : 'ok'
    this.tell({ kind: 'disk', lane, operation: 'write', path: 'log/0001', bytes: 128, outcome })
  }

  private ask(lane: string): void {
    const operation = ++this.operations
    const what = `put k${this.prng.below(9)} "v${operation}"`
    this.tell({ kind: 'invoke', lane, operation, what })
    const luck = this.prng.fraction()
    const answer = (outcome: 'ok' | 'fail' | 'unknown') => {
      this.tell({
        kind: 'answer',
        lane,
        operation,
        what: outcome === 'ok' ? `revision ${operation}` : outcome,
        outcome,
      })
    }
    if (luck < 0.05 || this.leader === '') this.later(60, () => answer(luck < 0.025 ? 'fail' : 'unknown'))
    else {
      const { leader } = this
      this.send(lane, leader, [`Request ${operation} ${what}`], () => {
        this.index++
        const { index, term } = this
        this.tell({ kind: 'append', lane: leader, from: index, to: index, term, cut: 0 })
        this.peersOf(leader).forEach((peer, i) => {
          this.appendTo(peer, 1, () => {
            if (i !== 1) return
            this.tell({ kind: 'commit', lane: leader, index, term })
            this.send(leader, lane, [`Response ${operation} ok`], () => answer('ok'))
          })
        })
      })
    }
  }

  private send(lane: string, to: string, messages: string[], then?: () => void): void {
    if (this.down.has(lane)) return
    const datagram = ++this.datagrams
    this.tell({ kind: 'send', lane, to, datagram, bytes: 60 + this.prng.below(900), messages })
    const flightMs = this.prng.between(0.3, 1.4)
    const why = this.whyLost(lane, to)
    if (why !== undefined) {
      this.later(why === 'loss' ? 0 : flightMs, () => this.tell({ kind: 'lost', lane: to, from: lane, datagram, why }))
      return
    }
    const deliver = () => this.tell({ kind: 'deliver', lane: to, from: lane, datagram })
    const luck = this.prng.fraction()
    if (luck < 0.02) {
      const how = luck < 0.01 ? 'duplicate' : 'reorder'
      this.tell({ kind: 'mangle', lane: to, datagram, how })
      if (how === 'duplicate') this.later(flightMs * 2, deliver)
    }
    this.later(flightMs, () => {
      deliver()
      then?.()
    })
  }

  private whyLost(from: string, to: string): LossReason | undefined {
    if (this.cutOff.has(from) !== this.cutOff.has(to)) return 'cut'
    if (this.down.has(to)) return 'closed'
    const luck = this.prng.fraction()
    return luck < 0.03 ? 'loss' : luck < 0.035 ? 'overflow' : undefined
  }

  private peersOf(lane: string): string[] {
    return this.servers.filter(other => other !== lane)
  }
}

/** Three servers for two seconds. */
export const small: SyntheticOptions = {
  ...{ seed: 1, servers: 3, clients: 2, durationMs: 2000, heartbeatMs: 50, askEveryMs: 25, isViolated: false },
}

/** Five servers for six seconds, until an invariant is violated. */
export const violated: SyntheticOptions = {
  ...{ seed: 2, servers: 5, clients: 5, durationMs: 6000, heartbeatMs: 50, askEveryMs: 40, isViolated: true },
}

/** Five servers for a minute: some 200,000 events. */
export const large: SyntheticOptions = {
  ...{ seed: 3, servers: 5, clients: 6, durationMs: 60_000, heartbeatMs: 40, askEveryMs: 50, isViolated: true },
}
