/**
 * A story about a whole cluster: the simulator of src/sim with a calm plan, and what a test does to it, in words. Nothing
 * goes wrong by itself; every datagram, disk and process is the test's to spoil. The invariants are asked after each step,
 * as in every simulated run, and what clients were told is judged for linearizability at the end.
 */
import { decodeResult, encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import type { Node } from '../../src/node/node.js'
import { campaign } from '../../src/raft/election.js'
import type { Server } from '../../src/raft/server.js'
import { SimClock, stepKinds } from '../../src/sim/clock.js'
import { SimCluster } from '../../src/sim/cluster.js'
import { stormMessagesMax } from '../../src/sim/invariants/no-storm.js'
import { checkHistory } from '../../src/sim/linearizability/linearizability.js'
import { foundIn, operationOf } from '../../src/sim/load.js'
import type { LinkQuality } from '../../src/sim/network.js'
import { perfectLinks } from '../../src/sim/network.js'
import type { Load, SimPlan } from '../../src/sim/plan.js'
import type { ServerProcess } from '../../src/sim/server-process.js'
import { clusterId } from '../../src/sim/server-process.js'
import { Life } from '../../src/sim/kernel.js'
import { SimSocket } from '../../src/sim/socket.js'
import { Transport } from '../../src/transport/transport.js'
import type { TransportMessage } from '../../codec/messages.js'
import { StoryClient } from './story-client.js'
import { messagesOf, StoryMail } from './story-mail.js'

export const heartbeatMs = 30
export const electionTimeoutMs = 150

export interface StoryOptions extends Partial<Omit<SimPlan, 'load' | 'links'>> {
  readonly load?: Partial<Load>
  readonly links?: Partial<LinkQuality>
  /** Servers that run from the beginning; all by default. */
  readonly start?: readonly number[]
}

/** Which messages a script is about. */
export type Rule = (message: TransportMessage, from: number, to: number) => boolean

/** What a client asked, and its end once there is one. */
export interface Asked {
  code: 'pending' | 'ok' | 'unknown-outcome' | 'unavailable' | 'busy' | 'bad-request' | 'no-space' | 'no-snapshot'
  /** Of a get that was answered. */
  value: string | null
  /** Of a write that was executed. */
  revision: number
  readonly sinceMs: number
  tookMs: number
}

const clientsMax = 4

export class Story {
  readonly cluster: SimCluster
  /** What happened, a line each: who leads, who is a follower again, who starts and ends. */
  readonly told: string[] = []
  /** Called when a server has come into another role. */
  onRole: (id: number) => void = () => undefined
  private readonly trace: string[] = []
  private readonly drops = new Set<Rule>()
  private readonly mails = new Set<StoryMail>()
  private readonly standsAtOnce = new Set<number>()
  private readonly undo: (() => void)[] = []
  private readonly messagesSent = new Map<string, number>()
  private clientsAsked = 0

  constructor(options: StoryOptions = {}) {
    const { load, links, start, ...plan } = options
    const servers = plan.servers ?? 3
    this.cluster = new SimCluster(
      {
        seed: 1,
        servers,
        healedMs: 0,
        heartbeatMs,
        electionTimeoutMs,
        clockRates: Array.from({ length: servers }, () => 1),
        turnMs: 0.02,
        diskFromMs: 0.05,
        diskToMs: 0.5,
        segmentBytes: 65_536,
        snapshotEveryBytes: 1_000_000_000,
        datagramSizes: [1_200],
        uncommittedBytesMax: 1_000_000,
        unpersistedBytesMax: 1_000_000,
        receiveBufferBytes: 425_984,
        faults: [],
        lyingDisks: false,
        ...plan,
        links: { ...perfectLinks, ...links },
        load: {
          clients: clientsMax,
          keys: 4,
          outstanding: 1,
          pauseMs: 20,
          valueBytes: 16,
          largeShare: 0,
          largeBytes: 20_000,
          timeoutMs: 40 * electionTimeoutMs,
          putShare: 0.5,
          casShare: 0.1,
          deleteShare: 0,
          ...load,
        },
      },
      false,
    )
    const { cluster } = this
    cluster.prober.end()
    cluster.invariants.watch = {
      roleChanged: ({ id, role, currentTerm }) => {
        this.onRole(id)
        if (role.name === 'leader') this.tell(`s${id} leads term ${currentTerm}`)
        if (role.name === 'pre-candidate' && this.standsAtOnce.has(id)) {
          this.at(this.nowMs, () => {
            if (this.process(id).node?.raft.server.role === role) this.campaign(id)
          })
        }
      },
      logChanged: () => undefined,
      committed: () => undefined,
    }
    cluster.watch = {
      process: (lane, what) => {
        if (lane <= servers) this.tell(`s${lane} ${what}`)
      },
      disk: () => undefined,
      invoked: () => undefined,
      answered: () => undefined,
      fault: () => undefined,
    }
    cluster.network.filter = (from, to, bytes) => this.isDropped(from, to, bytes)
    for (const server of cluster.servers) if (start?.includes(server.id) !== false) server.start()
  }

  get nowMs(): number {
    return this.cluster.kernel.nowMs
  }

  get ids(): readonly number[] {
    return this.cluster.servers.map(({ id }) => id)
  }

  process(id: number): ServerProcess {
    return this.cluster.server(id)
  }

  node(id: number): Node {
    const { node } = this.cluster.server(id)
    if (node === null) throw new Error(`server ${id} does not run`)
    return node
  }

  /** The record of the consensus core: for what a test compares. */
  raft(id: number): Server {
    return this.node(id).raft.server
  }

  /** Who leads the highest term, 0 for nobody. */
  get leaderId(): number {
    return this.cluster.leader?.id ?? 0
  }

  /** All that lead some term, or think so. */
  get leaders(): readonly number[] {
    return this.ids.filter(id => this.process(id).node?.raft.isLeader === true)
  }

  others(...without: number[]): number[] {
    return this.ids.filter(id => !without.includes(id))
  }

  get highestTerm(): number {
    return Math.max(...this.cluster.servers.map(({ node }) => node?.raft.currentTerm ?? 0))
  }

  /** The log of a server as the paper draws it: the terms of its entries. */
  termsOf(id: number): number[] {
    const { log } = this.raft(id)
    return Array.from({ length: log.lastIndex }, (_, i) => log.termAt(i + 1)!)
  }

  // Time

  runFor(durationMs: number): void {
    this.cluster.runUntil(this.nowMs + durationMs)
  }

  /** Turns the clock until `reached`; how long it took. Throws, with what happened last, when it takes longer. */
  until(what: string, reached: () => boolean, withinMs = 40 * electionTimeoutMs): number {
    const sinceMs = this.nowMs
    while (!reached()) {
      if (this.nowMs - sinceMs >= withinMs) {
        throw new Error(`not within ${withinMs} ms: ${what}\n${this.trace.slice(-30).join('\n')}\n${this.state()}`)
      }
      this.cluster.runUntil(this.nowMs + 1)
    }
    return this.nowMs - sinceMs
  }

  /** Calls `act` at this time. */
  at(atMs: number, act: () => void): void {
    this.cluster.kernel.at(atMs, null, stepKinds.plan, act)
  }

  /** Until there is a leader whose no-op is committed. `id`: only this one may stand. */
  elect(id = 0, withinMs?: number): number {
    const mend = id === 0 ? null : this.onlyCandidate(id)
    this.until(
      `${id === 0 ? 'somebody' : `s${id}`} leads`,
      () => {
        const { leaderId } = this
        if (leaderId === 0 || (id !== 0 && leaderId !== id)) return false
        const { role, commitIndex } = this.raft(leaderId)
        return role.name === 'leader' && commitIndex >= role.openingIndex
      },
      withinMs,
    )
    mend?.()
    return this.leaderId
  }

  /** Stands for election at once, in whatever role, without asking first: what a server without PreVote does. */
  campaign(id: number): void {
    campaign(this.raft(id), false, this.process(id).nowMs)
    this.takeTurn(id)
  }

  /** The state of its core was changed from outside: it is to see what follows. */
  takeTurn(id: number): void {
    this.node(id)['scheduleTurn']()
  }

  /** From now on this server has no PreVote: each time it would ask first, it stands. */
  withoutPreVote(id: number): void {
    this.standsAtOnce.add(id)
  }

  /** Asks the leader to hand over. */
  transfer(to: number): void {
    const { leaderId } = this
    this.node(leaderId).raft.transferLeadership(this.process(leaderId).nowMs, to)
    this.takeTurn(leaderId)
  }

  /** One leader, and all servers have applied the same, which is all there is. */
  get isSettled(): boolean {
    const { leaderId } = this
    if (leaderId === 0) return false
    const { log, currentTerm } = this.raft(leaderId)
    return this.cluster.servers.every(
      ({ node }) =>
        node?.raft.leaderId === leaderId &&
        node.raft.currentTerm === currentTerm &&
        node.state.lastApplied === log.lastIndex &&
        node.raft.server.log.lastIndex === log.lastIndex,
    )
  }

  settle(withinMs?: number): number {
    return this.until('all servers agree', () => this.isSettled, withinMs)
  }

  // Links

  /** Both directions between two lanes. */
  cut(a: number, b: number): void {
    this.cutOneWay(a, b)
    this.cutOneWay(b, a)
  }

  cutOneWay(from: number, to: number): void {
    const { network } = this.cluster
    network.cut(from, to)
    this.undo.push(() => network.heal(from, to))
  }

  /** From all other servers. Clients still reach it, unless they are given as others. */
  isolate(id: number, others: readonly number[] = this.others(id)): void {
    for (const other of others) this.cut(id, other)
  }

  /** Only these links between servers remain. */
  onlyLinks(...links: readonly (readonly [number, number])[]): void {
    for (const a of this.ids) {
      for (const b of this.ids) {
        const isLinked = links.some(([one, other]) => (one === a && other === b) || (one === b && other === a))
        if (a < b && !isLinked) this.cut(a, b)
      }
    }
  }

  /** Mends every cut. */
  heal(): void {
    for (const mend of this.undo.splice(0)) mend()
  }

  setLinks(links: Partial<LinkQuality>): void {
    const { network } = this.cluster
    network.quality = { ...network.quality, ...links }
  }

  /** Loses each datagram with such a message in it. The result ends that. */
  drop(rule: Rule): () => void {
    this.drops.add(rule)
    return () => void this.drops.delete(rule)
  }

  /** Keeps each datagram with such a message from arriving, for later. */
  hold(rule: Rule): StoryMail {
    const mail = new StoryMail(this)
    mail.end = this.drop((message, from, to) => {
      if (!rule(message, from, to)) return false
      mail.isTaken = true
      return true
    })
    this.mails.add(mail)
    return mail
  }

  /** Writes down each datagram with such a message in it, which goes its way. */
  record(rule: Rule): StoryMail {
    const mail = new StoryMail(this)
    const recorder = (from: number, to: number, bytes: Uint8Array): void => {
      if (messagesOf(bytes).some(message => rule(message, from, to))) {
        mail.datagrams.push({ bytes: bytes.slice(), from, to, atMs: this.nowMs })
      }
    }
    this.cluster.network.recorders.add(recorder)
    mail.end = () => void this.cluster.network.recorders.delete(recorder)
    return mail
  }

  /** Counts messages by type from now on. */
  countMessages(): ReadonlyMap<string, number> {
    const { messagesSent } = this
    messagesSent.clear()
    this.cluster.network.recorders.add((_from, _to, bytes) => {
      for (const { type } of messagesOf(bytes)) messagesSent.set(type, (messagesSent.get(type) ?? 0) + 1)
    })
    return messagesSent
  }

  /** Nobody else may stand for election. The result ends that. */
  onlyCandidate(id: number): () => void {
    return this.drop((message, from) => message.type === 'RequestVote' && from !== id)
  }

  private isDropped(from: number, to: number, bytes: Uint8Array): boolean {
    if (this.drops.size === 0) return false
    let isDropped = false
    for (const message of messagesOf(bytes)) {
      for (const rule of this.drops) if (rule(message, from, to)) isDropped = true
    }
    for (const mail of this.mails) {
      if (mail.isTaken) mail.datagrams.push({ bytes: bytes.slice(), from, to, atMs: this.nowMs })
      mail.isTaken = false
    }
    return isDropped
  }

  /** A transport in the place of a server that does not run. */
  impersonate(id: number): Transport {
    const { kernel, network } = this.cluster
    const life = new Life(id)
    const clock = new SimClock(kernel, life, { rate: 1, offsetMs: 0, turnMs: 0.02 })
    const socket = new SimSocket(kernel, network, life, clock, this.process(id).address)
    const identity = { clusterId, sender: id, incarnation: id, bootNonce: id }
    const transport = new Transport(socket, clock, { ...identity, datagramSizes: () => [1_200] }, () => 1)
    for (const other of this.others(id)) transport.addPeer(other, this.process(other).address)
    return transport
  }

  // Clients

  /** A client that repeats nothing and follows nobody: each datagram is the test's. */
  rawClient(): StoryClient {
    const place = clientsMax - 1 - this.clientsAsked++
    const client = this.cluster.clients[place]!
    client.kill()
    return new StoryClient(this, client.life.lane)
  }

  /** Lane of a client of the usual kind. */
  clientLane(client = 0): number {
    return this.cluster.clients[client]!.life.lane
  }

  /** Begins a put. Values of one story differ, so that it is known which put was executed. */
  beginPut(key: string, value: string, client = 0, timeoutMs = 60 * electionTimeoutMs): Asked {
    const { core, clock } = this.cluster.clients[client]!
    const command = encodeCommand({
      op: 'put',
      key: Buffer.from(key),
      value: { type: 1, bytes: Buffer.from(value) },
    })
    const asked = this.newAsked()
    core.write(command, clock.now() + timeoutMs, outcome => {
      this.ended(asked, outcome.code)
      const result = outcome.code === 'ok' ? decodeResult(outcome.result)! : null
      if (result?.status === 'ok') {
        asked.revision = result.revision
        this.cluster.invariants.exactlyOnce.acknowledged(result.revision, command)
      }
      const status = outcome.code === 'ok' ? 'ok' : outcome.code === 'unknown-outcome' ? 'unknown' : 'fail'
      this.write({ op: 'put', key, value }, client, asked, { status })
    })
    return asked
  }

  /** Begins a get: linearizable, unless stale is allowed. */
  beginGet(key: string, client = 0, timeoutMs = 60 * electionTimeoutMs): Asked {
    const { core, clock } = this.cluster.clients[client]!
    const asked = this.newAsked()
    const query = encodeQuery({ op: 'get', key: Buffer.from(key) })
    core.read(query, { stale: false }, clock.now() + timeoutMs, outcome => {
      this.ended(asked, outcome.code)
      if (outcome.code !== 'ok') return
      asked.value = foundIn(outcome.result)
      this.write({ op: 'get', key }, client, asked, { status: 'ok', output: asked.value })
    })
    return asked
  }

  /** Puts, and turns the clock until there is an end: its code. */
  put(key: string, value: string, client = 0, timeoutMs?: number): Asked['code'] {
    return this.end(this.beginPut(key, value, client, timeoutMs)).code
  }

  /** Reads, and turns the clock until there is an end: the value, null for none, or the code of a refusal. */
  get(key: string, client = 0, timeoutMs?: number): string | null {
    const { code, value } = this.end(this.beginGet(key, client, timeoutMs))
    return code === 'ok' ? value : `(${code})`
  }

  end(asked: Asked): Asked {
    this.until('an answer', () => asked.code !== 'pending', 100 * electionTimeoutMs)
    return asked
  }

  /** The clients of the plan's load begin to ask. */
  beginLoad(clients = this.cluster.plan.load.clients - this.clientsAsked): void {
    for (const client of this.cluster.clients.slice(0, clients)) this.cluster.load.begin(client)
  }

  /** They stop, and have their last answers. */
  endLoad(withinMs?: number): void {
    const { load } = this.cluster
    load.end()
    this.until('the load has its answers', () => load.outstanding === 0, withinMs ?? 100 * electionTimeoutMs)
  }

  /** Everything mended and running: the servers agree within a bound, and what clients were told is linearizable. */
  judge(): void {
    this.heal()
    this.drops.clear()
    this.setLinks({ ...perfectLinks })
    for (const server of this.cluster.servers) {
      this.cluster.resume(server)
      if (!server.isRunning) server.start()
    }
    this.cluster.load.end()
    this.until('the load has its answers', () => this.cluster.load.outstanding === 0, 100 * electionTimeoutMs)
    this.settle()
    this.judgeHistory()
    const messagesMax = stormMessagesMax(this.cluster)
    if (this.cluster.peerMessages > messagesMax) {
      throw new Error(`a storm: ${this.cluster.peerMessages} messages between servers, the bound is ${messagesMax}`)
    }
  }

  judgeHistory(): void {
    const verdict = checkHistory(this.cluster.load.history)
    if (verdict.verdict !== 'linearizable') throw new Error(`the history is ${JSON.stringify(verdict)}`)
  }

  private newAsked(): Asked {
    this.cluster.load.begun++ // for the bound on storms
    return { code: 'pending', value: null, revision: 0, sinceMs: this.nowMs, tookMs: 0 }
  }

  private ended(asked: Asked, code: Asked['code']): void {
    asked.code = code
    asked.tookMs = this.nowMs - asked.sinceMs
  }

  private write(
    fields: Parameters<typeof operationOf>[2],
    client: number,
    asked: Asked,
    ending: Parameters<typeof operationOf>[5],
  ): void {
    const { history } = this.cluster.load
    history.push(operationOf(history.length + 1, `c${client}`, fields, asked.sinceMs, this.nowMs, ending))
  }

  private tell(line: string): void {
    this.told.push(line)
    this.trace.push(`${this.nowMs.toFixed(1)} ${line}`)
  }

  private state(): string {
    return this.cluster.servers
      .map(({ id, node }) => {
        if (node === null) return `s${id} does not run`
        const { role, currentTerm, commitIndex, log } = node.raft.server
        return `s${id} ${role.name} of term ${currentTerm}, committed ${commitIndex} of ${log.lastIndex}`
      })
      .join('\n')
  }
}
