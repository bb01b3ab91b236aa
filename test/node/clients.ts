/** Clients of a simulated cluster: one that speaks in keys and values of text, and one whose every datagram is the test's. */
import type { Answer, ClientMessage } from '../../codec/client-types.js'
import type { ClientCore } from '../../src/client/client-core.js'
import type { Outcome } from '../../src/client/request.js'
import { decodeAnswer, decodeResult, encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import type { KvCommand, KvResult } from '../../src/kv/types.js'
import type { Address } from '../../src/transport/socket.js'
import type { Transport } from '../../src/transport/transport.js'
import type { Cluster } from './rig.js'

/** How an operation ended: what the store said, or the code of a failure. */
export type Answered<T> = T | { readonly failed: Exclude<Outcome['code'], 'ok'> }

/** A client that speaks in keys and values of text. */
export class Client {
  readonly core: ClientCore
  readonly address: Address
  private readonly cluster: Cluster

  constructor(cluster: Cluster, core: ClientCore, address: Address) {
    this.cluster = cluster
    this.core = core
    this.address = address
  }

  send(command: KvCommand, timeoutMs: number, done: (answered: Answered<KvResult>) => void): void {
    this.core.write(encodeCommand(command), this.cluster.clock.now() + timeoutMs, outcome => {
      done(outcome.code === 'ok' ? decodeResult(outcome.result)! : { failed: outcome.code })
    })
  }

  ask(
    key: string,
    options: { readonly stale: boolean; readonly timeoutMs: number },
    done: (answered: Answered<{ readonly value: string | null }>) => void,
  ): void {
    const { stale, timeoutMs } = options
    const query = encodeQuery({ op: 'get', key: Buffer.from(key) })
    this.core.read(query, { stale }, this.cluster.clock.now() + timeoutMs, outcome => {
      if (outcome.code !== 'ok') return done({ failed: outcome.code })
      done({ value: foundIn(outcome.result) })
    })
  }

  /** Puts and turns the clock until there is an answer: 'ok', another status, or the code of the failure. */
  put(key: string, value: string, timeoutMs = 5_000): string {
    return this.wait(done => {
      this.send(putCommand(key, value), timeoutMs, answered =>
        done('failed' in answered ? answered.failed : answered.status),
      )
    })
  }

  /** Reads and turns the clock until there is an answer: the value, null, or the code of the failure in brackets. */
  get(key: string, timeoutMs = 5_000, stale = false): string | null {
    return this.wait(done => {
      this.ask(key, { stale, timeoutMs }, answered =>
        done('failed' in answered ? `<${answered.failed}>` : answered.value),
      )
    })
  }

  private wait<T>(begin: (done: (answer: T) => void) => void): T {
    const answers: T[] = []
    begin(answer => answers.push(answer))
    if (!this.cluster.runUntil(() => answers.length > 0, 60_000)) throw new Error('a call that never calls back')
    return answers[0]!
  }
}

/** What a client sends as bytes of a session's request, and everything that comes back. */
export class RawClient {
  readonly answers: Answer[] = []
  onAnswer: (answer: Answer) => void = answer => this.answers.push(answer)
  private readonly cluster: Cluster
  private readonly transport: Transport

  constructor(cluster: Cluster, transport: Transport) {
    this.cluster = cluster
    this.transport = transport
    transport.onMessage = (_link, message) => {
      if (message.type === 'Answer') this.onAnswer(message)
    }
  }

  /** Proves its address to a server; again after each start of that. */
  greet(id: number): void {
    this.send(id, { type: 'Hello', nonce: 1 + this.cluster.clock.now() })
    this.cluster.runFor(5)
  }

  send(id: number, message: ClientMessage): void {
    this.transport.send(this.transport.linkTo(this.cluster.server(id).address), message)
    this.transport.flush()
  }

  /** Sends it and waits for its answer; null where none comes. */
  call(id: number, message: ClientMessage, withinMs = 500): Answer | null {
    const before = this.answers.length
    this.send(id, message)
    return this.cluster.runUntil(() => this.answers.length > before, withinMs) ? this.answers[before]! : null
  }

  /** Opens a session at the leader. */
  openSession(leaderId: number): number {
    const answer = this.call(leaderId, { type: 'OpenSession', requestId: 1 })
    if (answer?.code !== 'ok') throw new Error(`no session: ${JSON.stringify(answer)}`)
    return answer.sessionId
  }
}

/** The value in the answer to a get, null for none. */
export function foundIn(bytes: Uint8Array): string | null {
  const answer = decodeAnswer(bytes)
  if (answer?.op !== 'get') throw new Error('a get is answered by a record')
  return answer.found === null ? null : latin1(answer.found.value.bytes)
}

export function putCommand(key: string, value: string): KvCommand {
  return { op: 'put', key: Buffer.from(key), value: { type: 1, bytes: Buffer.from(value) } }
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
