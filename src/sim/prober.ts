/**
 * Reads from any server, whoever leads: it has to refuse unless it does. Clients of the usual kind follow the leader, so
 * they seldom ask one that was deposed and does not know; this one asks nobody else.
 */
import { Prng } from '../base/prng.js'
import { encodeQuery } from '../kv/commands.js'
import type { Address } from '../transport/socket.js'
import { Transport } from '../transport/transport.js'
import { SimClock, stepKinds } from './clock.js'
import type { Operation } from './linearizability/history.js'
import type { Kernel } from './kernel.js'
import { Life } from './kernel.js'
import { foundIn, operationOf } from './load.js'
import type { SimNetwork } from './network.js'
import { SimSocket } from './socket.js'

export interface ProberOptions {
  readonly kernel: Kernel
  readonly network: SimNetwork
  readonly seed: number
  readonly lane: number
  readonly address: Address
  readonly servers: readonly Address[]
  readonly keys: number
  /** As the history calls it. */
  readonly name: string
  readonly history: Operation[]
  /** Between two questions, at most. */
  readonly pauseMs: number
}

/** Every so many questions it proves its address again: servers forget it when they start. */
const helloEvery = 6

export class Prober {
  answered = 0
  private readonly options: ProberOptions
  private readonly prng: Prng
  private readonly life: Life
  private readonly transport: Transport
  private readonly asked = new Map<number, { readonly key: string; readonly start: number }>()
  private isOver = false

  constructor(options: ProberOptions) {
    const { kernel, network, seed, lane, address } = options
    this.options = options
    this.prng = new Prng(seed, 300 + lane)
    this.life = new Life(lane)
    const clock = new SimClock(kernel, this.life, { rate: 1, offsetMs: 0, turnMs: 0.02 })
    const socket = new SimSocket(kernel, network, this.life, clock, address)
    const identity = { clusterId: 0, sender: 0, incarnation: 0, bootNonce: this.prng.id() }
    this.transport = new Transport(socket, clock, { ...identity, datagramSizes: () => [1_200] }, null)
    this.transport.onMessage = (_link, message) => {
      if (message.type === 'Answer' && message.to === 'read') this.told(message.requestId, message.code, message.result)
    }
    this.askAgain(1)
  }

  end(): void {
    this.isOver = true
  }

  private askAgain(requestId: number): void {
    const { kernel, pauseMs } = this.options
    const atMs = kernel.nowMs + this.prng.between(pauseMs / 4, pauseMs)
    kernel.at(atMs, this.life, stepKinds.plan, () => this.ask(requestId))
  }

  private ask(requestId: number): void {
    if (this.isOver) return
    const { prng, transport } = this
    const { kernel, servers, keys } = this.options
    const key = `k${prng.below(keys)}`
    const link = transport.linkTo(servers[prng.below(servers.length)]!)
    if (prng.below(helloEvery) === 0 || link.token === 0) transport.send(link, { type: 'Hello', nonce: requestId })
    this.asked.set(requestId, { key, start: kernel.nowMs })
    const query = encodeQuery({ op: 'get', key: Buffer.from(key) })
    transport.send(link, { type: 'Read', requestId, stale: false, query })
    transport.flush()
    this.askAgain(requestId + 1)
  }

  private told(requestId: number, code: string, result: Uint8Array): void {
    const asked = this.asked.get(requestId)
    if (asked === undefined) return
    this.asked.delete(requestId)
    if (code !== 'ok' || this.isOver) return
    this.answered++
    const { kernel, history, name } = this.options
    const ending = { status: 'ok' as const, output: foundIn(result) }
    const fields = { op: 'get' as const, key: asked.key }
    history.push(operationOf(history.length + 1, name, fields, asked.start, kernel.nowMs, ending))
  }
}
