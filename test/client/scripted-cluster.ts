/**
 * Servers that answer as a test tells them to, over real transports and a fake network. Left alone they behave as a
 * cluster does: the leader opens sessions and executes each write once, the others name the leader.
 */
import type { Answer, AnswerCode, ClientMessage, OpenSession, Read, Write } from '../../codec/client-types.js'
import type { ClientCoreOptions } from '../../src/client/client-core.js'
import { ClientCore } from '../../src/client/client-core.js'
import type { RequestOutcome } from '../../src/client/request.js'
import { parseAddress } from '../../src/transport/address.js'
import type { Address } from '../../src/transport/socket.js'
import { Transport } from '../../src/transport/transport.js'
import type { Link } from '../../src/transport/types.js'
import { FakeClock } from '../support/fake-clock.js'
import type { FakeNetworkOptions } from '../support/fake-network.js'
import { FakeNetwork } from '../support/fake-network.js'

const clusterId = 77
const nothing = new Uint8Array(0)

export class ScriptedCluster {
  readonly clock = new FakeClock()
  readonly network: FakeNetwork
  readonly servers: ScriptedServer[]
  leaderId = 1
  /** How long a write or a read takes at the leader. */
  serviceMs = 0
  /** Every execution of a write, in order: "SESSION/SEQUENCE:COMMAND". */
  readonly executed: string[] = []
  private readonly results = new Map<string, Uint8Array>()
  private readonly sessions = new Set<number>()
  private nextSession = 100

  constructor(options: Partial<FakeNetworkOptions> = {}, size = 3) {
    this.network = new FakeNetwork(this.clock, options)
    this.servers = Array.from({ length: size }, (_, i) => new ScriptedServer(this, i + 1))
    for (const server of this.servers) server.start()
  }

  server(id: number): ScriptedServer {
    return this.servers[id - 1]!
  }

  openSession(): number {
    this.sessions.add(this.nextSession)
    return this.nextSession++
  }

  evictSessions(): void {
    this.sessions.clear()
  }

  /** Exactly once, as src/session does it; null: no such session. */
  execute({ sessionId, sequence, command }: Write): Uint8Array | null {
    if (!this.sessions.has(sessionId)) return null
    const name = `${sessionId}/${sequence}`
    const known = this.results.get(name)
    if (known !== undefined) return known
    this.executed.push(`${name}:${new TextDecoder().decode(command)}`)
    this.results.set(name, command)
    return command
  }

  /** A client that knows the servers with these ids, all by default. */
  client(options: Partial<ClientCoreOptions> & { knows?: number[]; port?: number } = {}): ClientCore {
    const socket = this.network.open(options.port ?? 9_000)
    const transport = new Transport(
      socket,
      this.clock,
      { clusterId: 0, sender: 0, incarnation: 0, bootNonce: 12_345, datagramSizes: () => [1_200] },
      null,
    )
    const known = options.knows ?? this.servers.map(({ id }) => id)
    return new ClientCore(transport, this.clock, {
      endpoints: known.map(id => this.server(id).address),
      seed: 1,
      resolve: (text, found) => found(parseAddress(text)),
      ...options,
    })
  }

  /** Requests that any server received, of one type if named. */
  received<Type extends ClientMessage['type']>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    return this.servers.flatMap(server => server.receivedOf(type))
  }
}

export class ScriptedServer {
  readonly id: number
  readonly address: Address
  /** Whom it names when it does not lead; by default who does. */
  hint: number | null = null
  /** Handles a request instead of the server; false: the server does it after all. */
  script: (request: ClientMessage, link: Link) => boolean = () => false
  readonly received: { readonly atMs: number; readonly request: ClientMessage }[] = []
  private readonly cluster: ScriptedCluster
  private transport: Transport | null = null
  private starts = 0

  constructor(cluster: ScriptedCluster, id: number) {
    this.cluster = cluster
    this.id = id
    this.address = parseAddress(`127.0.0.1:${7_400 + id}`)!
  }

  receivedOf<Type extends ClientMessage['type']>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    return this.received
      .map(({ request }) => request)
      .filter((request): request is Extract<ClientMessage, { type: Type }> => request.type === type)
  }

  start(): void {
    const { cluster, id } = this
    this.starts++
    const secret = id * 1_000 + this.starts
    const transport = new Transport(
      cluster.network.open(this.address.port),
      cluster.clock,
      { clusterId, sender: id, incarnation: id, bootNonce: secret, datagramSizes: () => [1_200] },
      () => secret,
    )
    this.transport = transport
    transport.onHello = (from, nonce) => {
      const members = cluster.servers.map(server => ({ id: server.id, address: server.address.key }))
      transport.welcome(from, { type: 'Welcome', nonce, token: 0, leaderId: this.hint ?? cluster.leaderId, members })
    }
    transport.onMessage = (link, message) => {
      const request = message as ClientMessage
      this.received.push({ atMs: cluster.clock.now(), request })
      if (!this.script(request, link)) this.serve(request, link)
    }
  }

  /** As kill -9 does: its socket is gone, and after a start so is what it knew of clients. */
  kill(): void {
    this.transport?.close(() => undefined)
    this.transport = null
  }

  answer(link: Link, request: ClientMessage, code: AnswerCode, fields: Partial<Answer> = {}): void {
    if (request.type === 'Hello') throw new Error('a Hello is welcomed, not answered')
    const answer: Answer = {
      type: 'Answer',
      to: kinds[request.type],
      requestId: request.type === 'Write' ? request.sequence : request.requestId,
      sessionId: request.type === 'Write' ? request.sessionId : 0,
      code,
      leaderId: 0,
      result: nothing,
      ...fields,
    }
    const { transport } = this
    transport?.send(link, answer)
    this.cluster.clock.endOfTurn(() => transport?.flush())
  }

  /** What a server does. */
  serve(request: ClientMessage, link: Link): void {
    const { cluster } = this
    if (request.type === 'StatusRequest') {
      const result = new TextEncoder().encode(JSON.stringify({ id: this.id, role: 'follower' }))
      this.answer(link, request, 'ok', { result })
    } else if (request.type === 'Read' && request.stale) {
      this.answer(link, request, 'ok', { result: request.query })
    } else if (this.id !== cluster.leaderId) {
      this.answer(link, request, 'not-leader', { leaderId: this.hint ?? cluster.leaderId })
    } else if (cluster.serviceMs > 0) {
      cluster.clock.at(cluster.clock.now() + cluster.serviceMs, () => this.lead(request as OpenSession, link))
    } else {
      this.lead(request as OpenSession, link)
    }
  }

  private lead(request: OpenSession | Write | Read, link: Link): void {
    const { cluster } = this
    switch (request.type) {
      case 'OpenSession':
        return this.answer(link, request, 'ok', { sessionId: cluster.openSession() })
      case 'Read':
        return this.answer(link, request, 'ok', { result: request.query })
      case 'Write': {
        const result = cluster.execute(request)
        if (result === null) this.answer(link, request, 'session-expired')
        else this.answer(link, request, 'ok', { result })
      }
    }
  }
}

const kinds = {
  OpenSession: 'open',
  Write: 'write',
  Read: 'read',
  StatusRequest: 'status',
  SnapshotRequest: 'snapshot',
} as const

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Where the outcomes of many calls end up, as text: the result of those that are ok, the code of the others. */
export class Outcomes {
  readonly all: string[] = []
  readonly done = (outcome: RequestOutcome): void => {
    this.all.push(outcome.code === 'ok' ? `ok ${new TextDecoder().decode(outcome.result)}` : outcome.code)
  }

  count(outcome: string): number {
    return this.all.filter(one => one.split(' ')[0] === outcome).length
  }
}

/** A client that knows the leader, and how long it takes: five writes are answered. */
export function warmedUp(cluster: ScriptedCluster): ClientCore {
  const client = cluster.client()
  const outcomes = new Outcomes()
  for (let i = 0; i < 5; i++) {
    client.write(bytes('warm-up'), cluster.clock.now() + 10_000, outcomes.done)
    cluster.clock.runFor(100)
  }
  if (outcomes.count('ok') !== 5) throw new Error('the warm-up writes were not answered')
  return client
}
