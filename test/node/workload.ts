/** Concurrent clients on a simulated cluster, the history of what they were told, and the verdict on it. */
import type { Answer } from '../../codec/client-types.js'
import { Prng } from '../../src/base/prng.js'
import { encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import type { KvCommand, KvResult, Value } from '../../src/kv/types.js'
import type { Operation } from '../../src/sim/history.js'
import { checkHistory } from '../../src/sim/linearizability.js'
import type { Answered, Client, RawClient } from './clients.js'
import { foundIn, putCommand } from './clients.js'
import type { Cluster } from './rig.js'

export interface WorkloadOptions {
  readonly clients: number
  readonly keys: number
  /** Operations that each client has under way at a time. */
  readonly outstanding: number
  readonly timeoutMs: number
  /** Between an answer and the next question, at most. */
  readonly pauseMs: number
}

export const usualWorkload: WorkloadOptions = { clients: 4, keys: 4, outstanding: 2, timeoutMs: 1_500, pauseMs: 30 }

type Fields = Pick<Operation, 'op' | 'key'> & Partial<Pick<Operation, 'value' | 'expected'>>
type Ending = Pick<Operation, 'status'> & Partial<Pick<Operation, 'output'>>

/** A write that was answered, and where the answer says that it stands. */
interface Acknowledged {
  readonly command: Uint8Array
  readonly revision: number
}

export class Workload {
  readonly history: Operation[] = []
  /** Operations that were answered, of those that began. */
  answered = 0
  begun = 0
  private readonly cluster: Cluster
  private readonly options: WorkloadOptions
  private readonly prng: Prng
  private readonly acknowledged: Acknowledged[] = []
  private readonly commands: Uint8Array[] = []
  private readonly clients: readonly Client[]
  private readonly prober: RawClient
  private readonly probes = new Map<number, { readonly key: string; readonly start: number }>()
  private underWay = 0
  private isOver = false
  private written = 0

  constructor(cluster: Cluster, options: Partial<WorkloadOptions> = {}) {
    this.cluster = cluster
    this.options = { ...usualWorkload, ...options }
    this.prng = new Prng(cluster.seed, 77)
    this.clients = Array.from({ length: this.options.clients }, () => cluster.client())
    this.prober = cluster.rawClient()
    this.prober.onAnswer = answer => this.probed(answer)
  }

  begin(): void {
    this.clients.forEach((client, number) => {
      for (let i = 0; i < this.options.outstanding; i++) this.goOn(client, number)
    })
    this.probe(1)
  }

  /** Asks nothing new, and waits for what is under way. */
  end(): void {
    this.isOver = true
    const { cluster } = this
    if (!cluster.runUntil(() => this.underWay === 0, this.options.timeoutMs + 1_000)) {
      throw new Error(`${this.underWay} operations never came to an end`)
    }
  }

  /**
   * Reads every key with a fresh client, then throws where the history has no explanation, a write that was acknowledged
   * is not where the answer put it, or one was executed twice.
   */
  judge(): void {
    const last = this.cluster.client()
    for (let i = 0; i < this.options.keys; i++) {
      const key = `k${i}`
      const start = this.cluster.clock.now()
      const found = last.get(key)
      if (found?.startsWith('<') === true) throw new Error(`after all a read of ${key} failed: ${found}`)
      this.note('last', { op: 'get', key }, start, { status: 'ok', output: found })
    }
    const verdict = checkHistory(this.history)
    if (verdict.verdict !== 'linearizable') throw new Error(`the history is not right: ${JSON.stringify(verdict)}`)
    const { applied } = this.cluster
    for (const { command, revision } of this.acknowledged) {
      const revisions = applied.of(command)
      if (revisions[0] !== revision) throw new Error(`acknowledged at ${revision}, applied at ${revisions.join()}`)
    }
    for (const command of this.commands) {
      const revisions = applied.of(command)
      if (revisions.length > 1) throw new Error(`executed ${revisions.length} times, at ${revisions.join()}`)
    }
  }

  /**
   * Reads from any server, whoever leads: it has to refuse unless it does. Clients of the usual kind follow the leader, so
   * they seldom ask one that was deposed and does not know.
   */
  private probe(requestId: number): void {
    if (this.isOver) return
    const { cluster, prng } = this
    const key = `k${prng.below(this.options.keys)}`
    const id = 1 + prng.below(cluster.servers.length)
    if (prng.below(5) === 0) this.prober.send(id, { type: 'Hello', nonce: requestId })
    this.probes.set(requestId, { key, start: cluster.clock.now() })
    const query = encodeQuery({ op: 'get', key: Buffer.from(key) })
    this.prober.send(id, { type: 'Read', requestId, stale: false, query })
    cluster.clock.at(cluster.clock.now() + prng.between(2, 15), () => this.probe(requestId + 1))
  }

  private probed({ requestId, code, result }: Answer): void {
    const probe = this.probes.get(requestId)
    if (probe === undefined || code !== 'ok') return
    this.probes.delete(requestId)
    this.note('prober', { op: 'get', key: probe.key }, probe.start, { status: 'ok', output: foundIn(result) })
  }

  private goOn(client: Client, number: number): void {
    if (this.isOver) return
    const key = `k${this.prng.below(this.options.keys)}`
    const value = `${number}-${++this.written}`
    const kind = this.prng.below(10)
    const timeoutMs = this.prng.between(this.options.timeoutMs / 3, this.options.timeoutMs)
    this.begun++
    this.underWay++
    const next = (wasAnswered: boolean): void => {
      if (wasAnswered) this.answered++
      this.underWay--
      const pauseMs = this.prng.between(0, this.options.pauseMs)
      this.cluster.clock.at(this.cluster.clock.now() + pauseMs, () => this.goOn(client, number))
    }
    if (kind < 4) this.read(client, number, key, timeoutMs, next)
    else if (kind < 7) this.write(client, number, { op: 'put', key, value }, putCommand(key, value), timeoutMs, next)
    else if (kind < 9) this.compareAndSet(client, number, key, value, timeoutMs, next)
    else this.write(client, number, { op: 'delete', key }, { op: 'delete', key: Buffer.from(key) }, timeoutMs, next)
  }

  private read(client: Client, number: number, key: string, timeoutMs: number, next: (ok: boolean) => void): void {
    const start = this.cluster.clock.now()
    client.ask(key, { stale: false, timeoutMs }, answered => {
      const ok = !('failed' in answered)
      const ending: Ending = ok ? { status: 'ok', output: answered.value } : { status: 'unknown' }
      this.note(number, { op: 'get', key }, start, ending)
      next(ok)
    })
  }

  /** Expects what was last written by somebody, or that there is nothing. */
  private compareAndSet(
    client: Client,
    number: number,
    key: string,
    value: string,
    timeoutMs: number,
    next: (ok: boolean) => void,
  ): void {
    const lately = this.history.findLast(
      ({ key: other, op, status }) => other === key && op === 'get' && status === 'ok',
    )
    const expected = (lately?.output ?? null) as string | null
    const by = expected === null ? { by: 'absent' as const } : { by: 'value' as const, value: textValue(expected) }
    const command: KvCommand = { op: 'cas', key: Buffer.from(key), expected: by, value: textValue(value) }
    this.write(client, number, { op: 'cas', key, value, expected }, command, timeoutMs, next)
  }

  private write(
    client: Client,
    number: number,
    fields: Fields,
    command: KvCommand,
    timeoutMs: number,
    next: (ok: boolean) => void,
  ): void {
    const start = this.cluster.clock.now()
    const bytes = encodeCommand(command)
    // A delete of a key is the same bytes each time, the others carry a value of their own.
    if (command.op !== 'delete') this.commands.push(bytes)
    client.send(command, timeoutMs, answered => {
      this.note(number, fields, start, endingOf(command, answered))
      const ok = !('failed' in answered)
      if (ok && answered.status === 'ok' && command.op !== 'delete') {
        this.acknowledged.push({ command: bytes, revision: answered.revision })
      }
      next(ok)
    })
  }

  private note(client: number | string, fields: Fields, start: number, ending: Ending): void {
    const end = ending.status === 'unknown' ? undefined : this.cluster.clock.now()
    const line = this.history.length + 1
    const absent = { value: undefined, expected: undefined, output: undefined, current: undefined, prev: undefined }
    this.history.push({ line, client, ...absent, ...fields, start, end, ...ending })
  }
}

function endingOf(command: KvCommand, answered: Answered<KvResult>): Ending {
  if ('failed' in answered) return { status: answered.failed === 'unknown-outcome' ? 'unknown' : 'fail' }
  if (command.op === 'put') return { status: 'ok' }
  return { status: 'ok', output: answered.status === 'ok' }
}

function textValue(value: string): Value {
  return { type: 1, bytes: Buffer.from(value) }
}
