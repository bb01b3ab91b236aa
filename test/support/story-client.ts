/** A client of a story that repeats nothing and follows nobody: what it says, and to whom, is the test's. */
import { Prng } from '../../src/base/prng.js'
import { SimClock } from '../../src/sim/clock.js'
import { Life } from '../../src/sim/kernel.js'
import { operationOf } from '../../src/sim/load.js'
import { SimSocket } from '../../src/sim/socket.js'
import { Transport } from '../../src/transport/transport.js'
import { decodeCommand, encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import type { KvCommand } from '../../src/kv/types.js'
import type { Answer, ClientMessage } from '../../codec/client-types.js'
import type { Story } from './story.js'

export interface TimedAnswer extends Answer {
  readonly atMs: number
  readonly from: number
}

export class StoryClient {
  readonly lane: number
  readonly answers: TimedAnswer[] = []
  private readonly story: Story
  private readonly transport: Transport
  private readonly written = new Set<string>()
  private welcomes = 0
  private nextRequestId = 1_000

  constructor(story: Story, lane: number) {
    this.story = story
    this.lane = lane
    const { kernel, network, plan } = story.cluster
    const life = new Life(lane)
    const clock = new SimClock(kernel, life, { rate: 1, offsetMs: 0, turnMs: 0.02 })
    const socket = new SimSocket(kernel, network, life, clock, story.cluster.addressOfLane(lane))
    const identity = { clusterId: 0, sender: 0, incarnation: 0, bootNonce: new Prng(plan.seed, 500 + lane).id() }
    this.transport = new Transport(socket, clock, { ...identity, datagramSizes: () => [1_200] }, null)
    this.transport.onMessage = (link, message) => {
      if (message.type === 'Welcome') this.welcomes++
      if (message.type === 'Answer') {
        this.answers.push({ ...message, result: message.result.slice(), atMs: kernel.nowMs, from: link.serverId })
      }
    }
  }

  /** Says hello, until it is welcome. */
  greet(...ids: number[]): void {
    for (const id of ids) {
      const before = this.welcomes
      this.send(id, { type: 'Hello', nonce: this.nextRequestId++ })
      this.story.until(`s${id} welcomes a client`, () => this.welcomes > before)
    }
  }

  send(id: number, message: ClientMessage): void {
    this.note(message)
    const link = this.transport.linkTo(this.story.process(id).address)
    this.transport.send(link, message)
    this.transport.flush()
  }

  /** A write may be executed at any time from now on, or never; both count as operations for the bound on storms. */
  private note(message: ClientMessage): void {
    const { load, kernel } = this.story.cluster
    if (message.type !== 'Hello') load.begun++
    if (message.type !== 'Write') return
    const name = `${message.sessionId} ${message.sequence} ${Buffer.from(message.command).toString('hex')}`
    const command = decodeCommand(message.command)
    if (this.written.has(name) || command?.op !== 'put') return
    this.written.add(name)
    const [key, value] = [command.key, command.value.bytes].map(bytes => Buffer.from(bytes).toString())
    const fields = { op: 'put', key: key!, value: value! } as const
    load.history.push(
      operationOf(load.history.length + 1, `raw${this.lane}`, fields, kernel.nowMs, 0, { status: 'unknown' }),
    )
  }

  openSession(id: number): number {
    return this.call(id, { type: 'OpenSession', requestId: this.nextRequestId++ }).sessionId
  }

  /** Sends, and turns the clock until the answer comes. */
  call(id: number, message: ClientMessage): TimedAnswer {
    const before = this.answers.length
    this.send(id, message)
    this.story.until(`s${id} answers a ${message.type}`, () => this.answers.length > before)
    return this.answers[this.answers.length - 1]!
  }

  read(key: string, stale = false): ClientMessage {
    const query = encodeQuery({ op: 'get', key: Buffer.from(key) })
    return { type: 'Read', requestId: this.nextRequestId++, stale, query }
  }
}

export function putCommand(key: string, value: string): KvCommand {
  return { op: 'put', key: Buffer.from(key), value: { type: 1, bytes: Buffer.from(value) } }
}

/** A put as a request of a session. */
export function writeOf(
  sessionId: number,
  sequence: number,
  key: string,
  value: string,
  answeredUpTo = 0,
): Extract<ClientMessage, { type: 'Write' }> {
  return { type: 'Write', sessionId, sequence, answeredUpTo, command: encodeCommand(putCommand(key, value)) }
}
