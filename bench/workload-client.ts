/**
 * One client of a random workload: asks one thing after the other on few keys, keeps going through failures, and tells
 * what became of each. It has a socket and a session of its own. Every value is written once in the whole run, so that a
 * value read says which write was seen.
 */
import { setTimeout } from 'node:timers/promises'
import type { Prng } from '../src/base/prng.js'
import { Client } from '../src/client/client.js'
import { RaftgramError, UnknownOutcomeError } from '../src/client/errors.js'
import type { ClientOptions } from '../src/client/types.js'
import type { Operation } from './history.js'

/** Weights of the operations. */
export interface Mix {
  readonly put: number
  readonly get: number
  readonly cas: number
  readonly delete: number
}

export interface WorkloadClientOptions {
  /** Names the client in the history and in the values that it writes. */
  readonly name: number
  readonly connection: ClientOptions
  readonly keys: readonly string[]
  readonly mix: Mix
  readonly prng: Prng
  /** Time from the start of one operation to the start of the next at least, in ms. */
  readonly intervalMs: number
  /** Nanoseconds of the clock that all clients share. */
  readonly nowNs: () => number
  readonly onOperation: (operation: Operation) => void
}

/** A cluster that does not answer is asked again after so long. */
const reconnectPauseMs = 200

/** What was asked, before it is known what became of it. */
type Asked = Pick<Operation, 'op' | 'key' | 'value' | 'expected'>

export class WorkloadClient {
  private readonly options: WorkloadClientOptions
  /** What this client last read or wrote under each key; null: absent. */
  private readonly known = new Map<string, string | null>()
  private client: Client | null = null
  private writes = 0
  private readonly stopping = new AbortController()

  constructor(options: WorkloadClientOptions) {
    this.options = options
  }

  /** Resolves after `stop`, when the last operation has ended. Rejects with what is no failure of the cluster: a bug. */
  async run(): Promise<void> {
    const { intervalMs } = this.options
    while (!this.stopping.signal.aborted) {
      const startMs = performance.now()
      this.client ??= await this.connect()
      if (this.client === null) {
        await this.sleep(reconnectPauseMs)
        continue
      }
      await this.operate(this.client)
      const restMs = intervalMs - (performance.now() - startMs)
      if (restMs > 0) await this.sleep(restMs)
    }
    await this.client?.close()
  }

  /** Begins nothing more and waits for what is under way. */
  stop(): void {
    this.stopping.abort()
  }

  /** Gives up what is under way: a write that was sent ends as unknown. */
  abort(): void {
    this.stopping.abort()
    void this.client?.close()
  }

  /** Shorter when it is stopped meanwhile. */
  private async sleep(ms: number): Promise<void> {
    const { signal } = this.stopping
    await setTimeout(ms, undefined, { signal }).catch(() => undefined)
  }

  private async connect(): Promise<Client | null> {
    try {
      return await Client.connect(this.options.connection)
    } catch (error) {
      if (error instanceof RaftgramError) return null
      throw error
    }
  }

  private async operate(client: Client): Promise<void> {
    const { name, nowNs, onOperation } = this.options
    const asked = this.choose()
    const start = nowNs()
    try {
      const output = await this.ask(client, asked)
      onOperation({ client: name, ...asked, ...output, start, end: nowNs(), status: 'ok' })
    } catch (error) {
      const end = nowNs()
      if (error instanceof UnknownOutcomeError) onOperation({ client: name, ...asked, start, status: 'unknown' })
      else if (error instanceof RaftgramError) onOperation({ client: name, ...asked, start, end, status: 'fail' })
      else throw error
    }
  }

  private choose(): Asked {
    const { prng, keys, mix, name } = this.options
    const key = keys[prng.below(keys.length)]!
    const op = chooseByWeight(mix, prng)
    switch (op) {
      case 'get':
      case 'delete':
        return { op, key }
      case 'put':
        return { op, key, value: `${name}-${++this.writes}` }
      case 'cas':
        return { op, key, value: `${name}-${++this.writes}`, expected: this.known.get(key) ?? null }
    }
  }

  private async ask(client: Client, { op, key, value, expected }: Asked): Promise<Pick<Operation, 'output'>> {
    switch (op) {
      case 'get': {
        const found = await client.get(key)
        const output = found === null ? null : String(found.value)
        this.known.set(key, output)
        return { output }
      }
      case 'put':
        await client.put(key, value)
        this.known.set(key, value!)
        return {}
      case 'delete': {
        const { existed } = await client.delete(key)
        this.known.set(key, null)
        return { output: existed }
      }
      case 'cas': {
        const found = expected === null ? null : { value: expected }
        const { swapped } = await client.compareAndSet(key, found, value)
        if (swapped) this.known.set(key, value!)
        return { output: swapped }
      }
    }
  }
}

/** Reads every key once, with a client that has seen nothing: a write that was lost shows here at the latest. */
export async function readAll(
  options: Pick<WorkloadClientOptions, 'connection' | 'keys' | 'nowNs' | 'onOperation'>,
): Promise<void> {
  const { connection, keys, nowNs, onOperation } = options
  const client = await Client.connect(connection)
  try {
    for (const key of keys) {
      const start = nowNs()
      const found = await client.get(key)
      const output = found === null ? null : String(found.value)
      onOperation({ client: 'final', op: 'get', key, output, start, end: nowNs(), status: 'ok' })
    }
  } finally {
    await client.close()
  }
}

function chooseByWeight(mix: Mix, prng: Prng): Operation['op'] {
  const total = mix.put + mix.get + mix.cas + mix.delete
  let drawn = prng.below(total)
  for (const op of ['put', 'get', 'cas'] as const) {
    if (drawn < mix[op]) return op
    drawn -= mix[op]
  }
  return 'delete'
}
