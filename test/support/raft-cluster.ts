/**
 * A small deterministic cluster of `Raft` cores: virtual milliseconds, a network and disks that fail on demand, and the
 * checks of raft-checks.ts after every fact. Equal options and equal calls give equal runs. Everything due at one instant
 * is delivered before the servers it reached take their turn, as in an event loop.
 */
import { assert } from '../../src/base/assert.js'
import { checkState, checkStep, stateBefore } from '../../src/raft/invariants.js'
import { Raft } from '../../src/raft/raft.js'
import { isEmpty } from '../../src/raft/ready.js'
import type { Leader } from '../../src/raft/server.js'
import type { LogIndex, Message, RaftOptions, Ready, Refusal, ServerId } from '../../src/raft/types.js'
import { RaftChecks, type RaftDisk } from './raft-checks.js'
import { RaftNetwork, type NetworkOptions, type Span } from './raft-network.js'
import { entriesOf, raftOptions } from './raft-servers.js'

export interface RaftClusterOptions extends NetworkOptions {
  readonly raft?: Partial<RaftOptions>
  /** How long until an append is durable, and from then until its completion is told. */
  readonly writeMs?: Span
  readonly completionMs?: Span
  readonly hardStateMs?: Span
  /** Terms of the entries that a server begins with, all durable, and its hard state; votedFor is 0. */
  readonly logs?: ReadonlyMap<ServerId, readonly number[]>
  readonly term?: number
  /** false: nobody's timer fires; a test moves the time and calls `stand`. */
  readonly timers?: boolean
}

interface SimulatedServer {
  readonly id: ServerId
  readonly options: RaftOptions
  readonly disk: RaftDisk
  raft: Raft | null
  /** Counts lives: what was under way in a former one is lost. */
  life: number
  timerMs: number
  isSavingHardState: boolean
  crashAfterHardState: boolean
  /** Appends that are not durable yet, in order. */
  writes: NonNullable<Ready['append']>[]
  /** What waits while the process is stopped, or null while it runs. */
  paused: (() => void)[] | null
  appliedIndex: LogIndex
}

export class RaftCluster extends RaftNetwork {
  readonly options: RaftClusterOptions
  readonly checks = new RaftChecks()
  /** Called for every message that a server sends, lost or not. */
  onSent: (from: ServerId, to: ServerId, message: Message) => void = () => undefined
  readonly lines: { readonly atMs: number; readonly text: string }[] = []
  messages = 0
  /** Every delivery goes in: equal fingerprints are equal runs. */
  fingerprint = 0
  readonly reads = new Map<
    number,
    { readonly at: ServerId; readonly floor: LogIndex; outcome: LogIndex | 'lost' | null }
  >()
  private readonly servers = new Map<ServerId, SimulatedServer>()
  private readonly dirty = new Set<SimulatedServer>()
  private nextToken = 1

  constructor(options: RaftClusterOptions) {
    super(options)
    this.options = options
    for (const id of this.ids) {
      const entries = entriesOf(options.logs?.get(id) ?? [])
      const lastTerm = entries[entries.length - 1]?.term ?? 0
      this.checks.begin(entries)
      this.servers.set(id, {
        id,
        options: raftOptions({ id, voters: this.ids, seed: options.seed ?? 1, ...options.raft }),
        disk: { hardState: { currentTerm: options.term ?? lastTerm, votedFor: 0 }, entries },
        raft: null,
        life: 0,
        timerMs: Infinity,
        isSavingHardState: false,
        crashAfterHardState: false,
        writes: [],
        paused: null,
        appliedIndex: 0,
      })
    }
    for (const id of this.ids) this.start(id)
  }

  // --- what a test asks -------------------------------------------------------------------------------------------

  raft(id: ServerId): Raft {
    const { raft } = this.sim(id)
    assert(raft !== null, `S${id} runs`)
    return raft
  }

  isUp(id: ServerId): boolean {
    return this.sim(id).raft !== null
  }

  /** Is it up, and not paused? */
  isRunning(id: ServerId): boolean {
    return this.isUp(id) && this.sim(id).paused === null
  }

  disk(id: ServerId): RaftDisk {
    return this.sim(id).disk
  }

  /** The leader of the highest term among the running ones, or 0. */
  get leaderId(): ServerId {
    const leaders = this.ids.filter(id => this.isUp(id) && this.raft(id).isLeader)
    return leaders.sort((a, b) => this.raft(b).currentTerm - this.raft(a).currentTerm)[0] ?? 0
  }

  leaderRole(id: ServerId): Leader {
    const { role } = this.raft(id).server
    assert(role.name === 'leader', `S${id} leads`)
    return role
  }

  /** The terms of the entries in the log of a server, from index 1. */
  terms(id: ServerId): number[] {
    const { log } = this.raft(id).server
    return log.range(1, log.lastIndex).map(entry => entry.term)
  }

  /** What was said, one line per event, without times. */
  get story(): string[] {
    return this.lines.map(line => line.text)
  }

  /** The same with the milliseconds, for people. */
  get timedStory(): string {
    return this.lines.map(({ atMs, text }) => `${atMs.toFixed(1).padStart(8)} ${text}`).join('\n')
  }

  /** All servers that run have the same log, all of it committed, under one leader? */
  get isSettled(): boolean {
    const leader = this.leaderId
    if (leader === 0) return false
    const { log, currentTerm } = this.raft(leader).server
    return this.ids.every(id => {
      if (!this.isUp(id)) return true
      const { server, leaderId } = this.raft(id)
      return (
        leaderId === leader &&
        server.currentTerm === currentTerm &&
        server.log.lastIndex === log.lastIndex &&
        server.log.lastTerm === log.lastTerm &&
        server.lastApplied === log.lastIndex
      )
    })
  }

  // --- what a test does -------------------------------------------------------------------------------------------

  /** A client proposes at `id`; a server that is down or stopped takes nothing. */
  propose(id: ServerId, text = `${this.messages}`): LogIndex | Refusal {
    if (!this.isRunning(id)) return 'not-leader'
    return this.fact(this.sim(id), raft => raft.propose(new TextEncoder().encode(text)))
  }

  /** A client reads at `id`: the token under which `reads` holds the outcome, or the refusal. */
  read(id: ServerId): number | Refusal {
    if (!this.isRunning(id)) return 'not-leader'
    const token = this.nextToken++
    const refusal = this.fact(this.sim(id), raft => raft.readIndex(token))
    if (refusal !== null) return refusal
    this.reads.set(token, { at: id, floor: this.checks.committed.length, outcome: null })
    return token
  }

  transfer(from: ServerId, to: ServerId): void {
    this.fact(this.sim(from), raft => raft.transferLeadership(this.nowMs, to))
  }

  /** The election timeout of `id` passes now: time moves to where nobody has heard of a leader lately. */
  stand(id: ServerId): void {
    const { server } = this.raft(id)
    this.nowMs = Math.max(this.nowMs + server.options.electionTimeoutMs, server.electionDeadlineMs)
    this.fact(this.sim(id), raft => raft.tick(this.nowMs))
    this.settle()
  }

  /** Time passes for `id` alone, for clusters whose timers do not run. */
  wake(id: ServerId, afterMs: number): void {
    this.nowMs += afterMs
    this.fact(this.sim(id), raft => raft.tick(this.nowMs))
    this.settle()
  }

  /** Hands `message` to its receiver now, whatever the network would do. */
  inject(to: ServerId, message: Message): void {
    this.tellFact(this.sim(to), raft => raft.receive(this.nowMs, message))
  }

  /** The power of `id` fails: what is not durable is lost, or only its first append survives, told to nobody. */
  crash(id: ServerId, keepsFirstWrite = false): void {
    const sim = this.sim(id)
    if (sim.raft === null) return
    const [first] = sim.writes
    if (keepsFirstWrite && first !== undefined) this.write(sim, first)
    this.say(`S${id} crashes`)
    Object.assign(sim, { raft: null, life: sim.life + 1, paused: null, isSavingHardState: false, writes: [] })
    sim.crashAfterHardState = false
    this.dirty.delete(sim)
    for (const [token, read] of this.reads) if (read.at === id && read.outcome === null) this.reads.delete(token)
  }

  /** `id` crashes as soon as its next hard state is durable, before any message of the same ready leaves. */
  crashAfterHardState(id: ServerId): void {
    this.sim(id).crashAfterHardState = true
  }

  /** Starts `id` from its disk if it is down, and takes back a crash that was ordered. */
  restart(id: ServerId): void {
    this.sim(id).crashAfterHardState = false
    if (this.isUp(id)) return
    this.say(`S${id} starts again`)
    this.start(id)
  }

  pause(id: ServerId): void {
    this.sim(id).paused ??= []
  }

  /** What waited is read first, then time is told: the shell drains its socket before it ticks. */
  resume(id: ServerId): void {
    const sim = this.sim(id)
    const waiting = sim.paused ?? []
    sim.paused = null
    for (const run of waiting) run()
    if (sim.raft !== null) this.fact(sim, raft => raft.tick(this.nowMs))
  }

  say(text: string): void {
    this.lines.push({ atMs: this.nowMs, text })
  }

  // --- the machinery ----------------------------------------------------------------------------------------------

  private sim(id: ServerId): SimulatedServer {
    const sim = this.servers.get(id)
    assert(sim !== undefined, `S${id} exists`)
    return sim
  }

  private start(id: ServerId): void {
    const sim = this.sim(id)
    const { hardState, entries } = sim.disk
    const recovered = { hardState, snapshotIndex: 0, snapshotTerm: 0, baseIndex: 0, baseTerm: 0, entries: [...entries] }
    sim.raft = new Raft(sim.options, recovered, this.nowMs)
    sim.timerMs = Infinity
    sim.appliedIndex = 0
    this.dirty.add(sim)
  }

  protected override takeTurns(): void {
    for (const sim of [...this.dirty].sort((a, b) => a.id - b.id)) {
      this.dirty.delete(sim)
      this.turn(sim)
    }
  }

  /** A fact reaches `id` now, when it runs again, or never if it is down. */
  private tellFact(sim: SimulatedServer, change: (raft: Raft) => void): void {
    const { life } = sim
    if (sim.paused === null) {
      if (sim.raft !== null) this.fact(sim, change)
      return
    }
    sim.paused.push(() => {
      if (life === sim.life) this.tellFact(sim, change)
    })
  }

  /** Every change of a core goes through here and is checked. */
  private fact<Answer>(sim: SimulatedServer, change: (raft: Raft) => Answer): Answer {
    const raft = this.raft(sim.id)
    const { server } = raft
    const before = stateBefore(server)
    const answer = change(raft)
    checkState(server)
    checkStep(before, server)
    this.checks.afterFact(server)
    this.dirty.add(sim)
    return answer
  }

  private turn(sim: SimulatedServer): void {
    for (let readies = 0; ; readies++) {
      if (sim.raft === null || sim.paused !== null || sim.isSavingHardState) return
      assert(readies < 100, 'a turn ends')
      const { server } = sim.raft
      const before = stateBefore(server)
      const ready = sim.raft.takeReady(this.nowMs)
      checkState(server)
      checkStep(before, server)
      this.checks.derived(server, ready.messages, sim.disk)
      if (isEmpty(ready)) return this.setTimer(sim, ready.deadline)
      this.tell(sim, ready)
      if (ready.hardState === null) this.carryOut(sim, ready)
      else this.saveHardState(sim, ready)
    }
  }

  private setTimer(sim: SimulatedServer, deadlineMs: number): void {
    if (this.options.timers === false || sim.timerMs === deadlineMs || deadlineMs === Infinity) return
    sim.timerMs = deadlineMs
    const { life } = sim
    this.at(Math.max(0, deadlineMs - this.nowMs), () => {
      if (life !== sim.life || sim.timerMs !== deadlineMs) return
      sim.timerMs = Infinity
      this.tellFact(sim, raft => raft.tick(this.nowMs))
    })
  }

  private saveHardState(sim: SimulatedServer, ready: Ready): void {
    const { hardState } = ready
    assert(hardState !== null, 'there is a hard state to save')
    sim.isSavingHardState = true
    this.later(sim, this.options.hardStateMs, () => {
      sim.disk.hardState = hardState
      sim.isSavingHardState = false
      if (sim.crashAfterHardState) return this.crash(sim.id)
      this.carryOut(sim, ready)
      this.dirty.add(sim)
    })
  }

  private carryOut(sim: SimulatedServer, ready: Ready): void {
    for (const outgoing of ready.messages) {
      this.checks.leaves(outgoing, sim.disk)
      this.send(sim.id, outgoing.to, outgoing.message)
    }
    if (ready.append !== null) {
      this.checks.appended(this.raft(sim.id).server, ready.append.entries)
      sim.writes.push(ready.append)
      if (sim.writes.length === 1) this.beginWrite(sim)
    }
    for (const entry of ready.committed) {
      assert(entry.index === ++sim.appliedIndex, 'entries are applied in order, each once')
      this.checks.applied(this.raft(sim.id).server, entry)
    }
    for (const { token, readIndex } of ready.reads) {
      const read = this.reads.get(token)
      assert(read?.outcome === null, 'a read is answered once')
      assert(readIndex >= read.floor, `a read sees what was committed before it: ${readIndex}, not ${read.floor}`)
      read.outcome = readIndex
    }
    for (const token of ready.readsLost) {
      const read = this.reads.get(token)
      assert(read?.outcome === null, 'a read is given up once')
      read.outcome = 'lost'
    }
  }

  /** One write is under way at a time; what comes meanwhile waits and goes together, as behind an fsync. */
  private beginWrite(sim: SimulatedServer): void {
    const group = sim.writes.length
    this.later(sim, this.options.writeMs, () => {
      const written = sim.writes.splice(0, group)
      for (const write of written) this.write(sim, write)
      const { writeId } = written[group - 1]!
      this.later(sim, this.options.completionMs, () => this.tellFact(sim, raft => raft.persisted(writeId)))
      if (sim.writes.length > 0) this.beginWrite(sim)
    })
  }

  private write(sim: SimulatedServer, write: NonNullable<Ready['append']>): void {
    const first = write.entries[0]
    assert(first !== undefined && first.index <= sim.disk.entries.length + 1, 'the log on disk has no gap')
    sim.disk.entries.length = first.index - 1
    sim.disk.entries.push(...write.entries)
  }

  private send(from: ServerId, to: ServerId, message: Message): void {
    this.messages++
    this.onSent(from, to, message)
    this.travel(from, to, message, () => {
      this.fingerprint = (Math.imul(this.fingerprint, 31) + from * 7 + to + message.term * 64 + this.nowMs * 1000) | 0
      this.inject(to, message)
    })
  }

  /** `run` after a time drawn from `span`, unless the server dies before. */
  private later(sim: SimulatedServer, span: Span | undefined, run: () => void): void {
    const { life } = sim
    this.at(this.random.between(...(span ?? [0, 0])), () => {
      if (life !== sim.life) return
      if (sim.paused === null) run()
      else sim.paused.push(run)
    })
  }

  private tell(sim: SimulatedServer, ready: Ready): void {
    for (const report of ready.reports) {
      if (report.what === 'role') this.say(`S${sim.id} ${report.role} in term ${report.term}: ${report.why}`)
      if (report.what === 'leader') this.say(`S${sim.id} follows S${report.leaderId} in term ${report.term}`)
      if (report.what === 'refused') this.say(`S${sim.id} refuses S${report.from}: ${report.why}`)
      if (report.what === 'transfer') this.say(`S${sim.id} hands over to S${report.to}: ${report.outcome}`)
    }
    const last = ready.committed[ready.committed.length - 1]
    if (last !== undefined) this.say(`S${sim.id} commits up to ${last.index}`)
  }
}
