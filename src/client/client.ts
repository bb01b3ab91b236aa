/** The public face of a client: promises, JavaScript values, errors. What it rests on is in client-core.ts. */
import type { Clock } from '../base/clock.js'
import { RealClock } from '../base/real-clock.js'
import { decodeAnswer, decodeResult, encodeCommand, encodeQuery } from '../kv/commands.js'
import { answerBytesMax, pageRecordsMax } from '../kv/limits.js'
import type { KvAnswer, KvCommand, KvQuery, KvResult, Value } from '../kv/types.js'
import type { ServerStatus } from '../node/status.js'
import type { ClientCore, KnownServer } from './client-core.js'
import { openCore, parseEndpoints } from './connect.js'
import type { RaftgramError } from './errors.js'
import { BusyError, NoSpaceError, UnavailableError, UnknownOutcomeError, UsageError } from './errors.js'
import type { ExpectedValue } from './expected.js'
import { encodeExpected } from './expected.js'
import {
  checkCall,
  checkDatagramBytes,
  checkLimits,
  checkNames,
  checkScanLimit,
  checkStale,
  checkTimeout,
  copyOfBytes,
} from './options.js'
import type { PendingLimits } from './pending.js'
import type { Done, RequestOutcome, Request } from './request.js'
import type { ValueTypeName } from './values.js'
import { decodeKey, decodeValue, encodeKey, encodePrefix, encodeValue, typeName } from './values.js'

export type { ExpectedValue } from './expected.js'

export interface ClientOptions {
  /** Servers as "HOST:PORT", in an array or with commas between. One that answers is enough: it names the others. */
  readonly endpoints: string | readonly string[]
  /** How long a call may take, connecting included, in ms. Default 5000. */
  readonly timeoutMs?: number
  /** What may be outstanding and waiting; beyond it calls are refused as `busy`. */
  readonly limits?: Partial<PendingLimits>
  /** Payload bytes of a datagram on every path, where what is found out by default is wrong. */
  readonly datagramBytesMax?: number
}

export interface CallOptions {
  /** How long this call may take, in ms. Default: the client's. */
  readonly timeoutMs?: number
  /** Gives the call up when aborted, as its timeout would: a write that was sent has then an unknown outcome. */
  readonly signal?: AbortSignal
}

export interface ReadOptions extends CallOptions {
  /** Answered by whichever server is asked, from what it has applied: quicker, and perhaps old. Default false. */
  readonly stale?: boolean
}

export interface ScanOptions extends ReadOptions {
  /** So many records at most. Default: all. */
  readonly limit?: number
}

/** A value, and the revision at which it was written. Revisions grow with every write to the store. */
export interface Found {
  readonly value: unknown
  readonly revision: number
  readonly type: ValueTypeName
}

/** A value as it is stored. */
export interface FoundRaw {
  readonly bytes: Uint8Array
  readonly revision: number
  readonly type: ValueTypeName
}

export interface ScannedRecord extends Found {
  /** A string where the key is UTF-8, else its bytes. */
  readonly key: string | Uint8Array
}

/** What a server says of itself, or that it said nothing in time (`id` 0 where it never did). */
export type ServerReport =
  ServerStatus | { readonly id: number; readonly address: string; readonly role: 'unreachable' }

const connectOptions = { endpoints: 0, timeoutMs: 0, limits: 0, datagramBytesMax: 0 } satisfies Record<
  keyof ClientOptions,
  0
>
const defaultTimeoutMs = 5_000
/** A status is asked of servers that may be down: waiting long for them says nothing more. */
const statusTimeoutMsMax = 1_000
const notOfTheStore =
  'its answer is none of the key-value store of this version: the servers seem to run another state machine, ' +
  'which the library reaches with execute and query'
const decoder = new TextDecoder()

/**
 * A client of a cluster. It finds the leader, repeats what gets lost, and each write is executed exactly once, also
 * when it is repeated to another leader.
 *
 * - Reads are linearizable unless they ask for `stale`: they see every write that was answered before they were asked.
 * - Calls made without awaiting the former have no order between them: await one where the next depends on it.
 * - Every method rejects with a RaftgramError. UnknownOutcomeError means that a write was sent but not answered: it may
 *   have been executed once, may yet be, or never; or that a state machine other than the store executed it. Any other
 *   error means that nothing happened and nothing will.
 *
 * @example
 * const client = await Client.connect({ endpoints: '127.0.0.1:7401,127.0.0.1:7402,127.0.0.1:7403' })
 * await client.put('config/mode', { level: 3 })
 * const found = await client.get('config/mode')
 * await client.compareAndSet('config/mode', found, { level: 4 })
 * await client.close()
 */
export class Client {
  private readonly core: ClientCore
  private readonly clock: Clock
  private readonly timeoutMs: number
  private closing: Promise<void> | null = null

  /** Over a core that is there already, e.g. in a simulation. Programs use `Client.connect`. */
  constructor(core: ClientCore, clock: Clock, timeoutMs = defaultTimeoutMs) {
    this.core = core
    this.clock = clock
    this.timeoutMs = timeoutMs
  }

  /**
   * Resolves as soon as one server has answered. Rejects with UnavailableError when none does in time, UsageError for
   * endpoints that are none and for options that are unknown, of wrong types or out of range.
   */
  static async connect(options: ClientOptions): Promise<Client> {
    checkNames(options, Object.keys(connectOptions), 'the options of Client.connect')
    const endpoints = parseEndpoints(options.endpoints)
    const timeoutMs = checkTimeout(options.timeoutMs ?? defaultTimeoutMs)
    const limits = checkLimits(options.limits)
    const datagramBytesMax = checkDatagramBytes(options.datagramBytesMax)
    const clock = new RealClock()
    const core = await openCore(clock, { endpoints, limits, datagramBytesMax })
    const client = new Client(core, clock, timeoutMs)
    try {
      await client.call({}, 'connecting', (deadlineMs, done) => core.connect(deadlineMs, done))
    } catch (error) {
      await client.close()
      throw new UnavailableError(
        `no server answered at ${endpoints.join(', ')} within ${timeoutMs} ms: ` +
          'mend the endpoints, or start a cluster with: npx raftgram dev',
        { cause: error },
      )
    }
    return client
  }

  /**
   * Writes a value: a Uint8Array is kept as bytes, a string as text, anything else as msgpack.
   * As msgpack a Map comes back as a plain object (its keys as strings), an object of a class as a plain one, and -0 as 0
   * (only a typed array keeps it). Functions, symbols, Promises and weak collections are refused, also inside.
   * Rejects with KeyTooLargeError (1,024 bytes), ValueTooLargeError (1 MiB), UsageError; see the class.
   */
  async put(key: string | Uint8Array, value: unknown, options: CallOptions = {}): Promise<{ revision: number }> {
    const command: KvCommand = { op: 'put', key: encodeKey(key), value: encodeValue(value) }
    const { revision } = await this.command(command, options)
    return { revision }
  }

  /** The value of a key, or null. Rejects with UsageError where its bytes are not what its type says. */
  async get(key: string | Uint8Array, options: ReadOptions = {}): Promise<Found | null> {
    const found = await this.find(key, options)
    return found === null ? null : foundOf(found.value, found.revision)
  }

  /** The value of a key as it is stored, or null. */
  async getRaw(key: string | Uint8Array, options: ReadOptions = {}): Promise<FoundRaw | null> {
    const found = await this.find(key, options)
    if (found === null) return null
    return { bytes: found.value.bytes, revision: found.revision, type: typeName(found.value.type) }
  }

  /** Deletes a key. `revision` is that of the deletion, 0 where there was nothing. */
  async delete(key: string | Uint8Array, options: CallOptions = {}): Promise<{ existed: boolean; revision: number }> {
    const { status, revision } = await this.command({ op: 'delete', key: encodeKey(key) }, options)
    return { existed: status === 'ok', revision }
  }

  /**
   * Writes a value if the key is as expected: null: absent; what `get` gave: unchanged since (by revision, so also not
   * changed and changed back); `{ value }`: holds an equal value, by type and bytes (for msgpack the order of an
   * object's keys counts). `revision` is that of the record as it now stands, 0 where it is absent.
   */
  async compareAndSet(
    key: string | Uint8Array,
    expected: ExpectedValue,
    value: unknown,
    options: CallOptions = {},
  ): Promise<{ swapped: boolean; revision: number }> {
    const expects = encodeExpected(expected)
    const command: KvCommand = { op: 'cas', key: encodeKey(key), expected: expects, value: encodeValue(value) }
    const { status, revision } = await this.command(command, options)
    return { swapped: status === 'ok', revision }
  }

  /**
   * The records whose keys begin with `prefix`, in the order of the keys' bytes, fetched page by page. Each page is one
   * read; together they are no snapshot: what is written meanwhile may or may not be seen.
   */
  async *scan(prefix: string | Uint8Array = '', options: ScanOptions = {}): AsyncGenerator<ScannedRecord, void> {
    const prefixBytes = encodePrefix(prefix)
    let left = checkScanLimit(options)
    let after: Uint8Array = new Uint8Array(0)
    while (left > 0) {
      const limit = Math.min(left, pageRecordsMax)
      const query: KvQuery = { op: 'scan', prefix: prefixBytes, after, limit, bytesMax: answerBytesMax }
      const page = await this.ask(query, 'scan', options)
      for (const { key, value, revision } of page.records) {
        after = key
        left--
        yield { key: decodeKey(key), ...foundOf(value, revision) }
      }
      if (!page.more || page.records.length === 0) return
    }
  }

  /** Asks every server known, the learnt ones too, for its status; in the order of ids. Never rejects for one that is down. */
  async status(options: CallOptions = {}): Promise<ServerReport[]> {
    const { signal, ...checked } = checkCall(options, this.timeoutMs)
    this.checkOpen('the status')
    const timeoutMs = Math.min(checked.timeoutMs, statusTimeoutMsMax)
    const asked = signal === undefined ? { timeoutMs } : { timeoutMs, signal }
    const reports = await Promise.all(this.core.servers.map(server => this.reportOf(server, asked)))
    // A server may be known by two addresses (a name of its own, and the cluster's).
    const byName = new Map<number | string, ServerReport>()
    for (const report of reports) {
      const name = report.id === 0 ? report.address : report.id
      if (report.role !== 'unreachable' || !byName.has(name)) byName.set(name, report)
    }
    return [...byName.values()].sort((a, b) => a.id - b.id)
  }

  /**
   * Executes a command of another state machine than the key-value store, exactly once; resolves with what its `apply`
   * returned. The built-in store answers with status bytes of its own, also to a command that it does not understand:
   * use `put`, `delete` and `compareAndSet` for it. The bytes are copied. Rejects with UsageError for what is no
   * Uint8Array; see the class.
   */
  async execute(command: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return this.write(copyOfBytes(command, 'a command'), options)
  }

  /**
   * Asks another state machine than the key-value store; resolves with what its `query` returned. The built-in store
   * answers with bytes of its own: use `get` and `scan` for it. The bytes are copied. Rejects with UsageError for what
   * is no Uint8Array; see the class.
   */
  async query(request: Uint8Array, options: ReadOptions = {}): Promise<Uint8Array> {
    return this.read(copyOfBytes(request, 'a query'), options)
  }

  /** Ends what is pending (as a timeout would) and closes the socket. Never rejects; may be called twice. */
  close(): Promise<void> {
    this.closing ??= new Promise(resolve => this.core.close(resolve))
    return this.closing
  }

  private write(command: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return this.call(options, 'the write', (deadlineMs, done) => this.core.write(command, deadlineMs, done))
  }

  private async read(query: Uint8Array, options: ReadOptions, answerBytes = 0): Promise<Uint8Array> {
    const read = { stale: checkStale(options), answerBytes }
    return this.call(options, 'the read', (deadlineMs, done) => this.core.read(query, read, deadlineMs, done))
  }

  private async command(command: KvCommand, options: CallOptions): Promise<KvResult> {
    const result = decodeResult(await this.write(encodeCommand(command), options))
    // Whatever runs there has executed it: to say "no effect" would be to guess.
    if (result === null) throw new UnknownOutcomeError(`the write was carried out, but ${notOfTheStore}`)
    if (result.status === 'invalid') throw new UsageError(`the write had no effect: ${notOfTheStore}`)
    return result
  }

  private async ask<Op extends KvQuery['op']>(
    query: KvQuery,
    op: Op,
    options: ReadOptions,
  ): Promise<Extract<KvAnswer, { op: Op }>> {
    const answerBytes = query.op === 'scan' ? query.bytesMax : 0
    const answer = decodeAnswer(await this.read(encodeQuery(query), options, answerBytes))
    if (!isAnswerTo(op, answer)) throw new UsageError(`the read was carried out, but ${notOfTheStore}`)
    return answer
  }

  private async find(
    key: string | Uint8Array,
    options: ReadOptions,
  ): Promise<{ readonly value: Value; readonly revision: number } | null> {
    const { found } = await this.ask({ op: 'get', key: encodeKey(key) }, 'get', options)
    return found
  }

  private async reportOf(server: KnownServer, options: CallOptions): Promise<ServerReport> {
    const unreachable = { id: server.serverId, address: server.address.key, role: 'unreachable' } as const
    try {
      const json = await this.call(options, 'the status', (deadlineMs, done) =>
        this.core.status(server.address, deadlineMs, done),
      )
      const report: unknown = JSON.parse(decoder.decode(json))
      return typeof report === 'object' && report !== null ? (report as ServerStatus) : unreachable
    } catch {
      return { ...unreachable, id: server.serverId }
    }
  }

  private checkOpen(what: string): void {
    if (this.closing !== null) throw new UnavailableError(`${what} was not sent: the client is closed`)
  }

  /** One request as a promise. `what` begins the sentence of an error. */
  private async call(
    options: CallOptions,
    what: string,
    start: (deadlineMs: number, done: Done) => Request,
  ): Promise<Uint8Array> {
    const { timeoutMs, signal } = checkCall(options, this.timeoutMs)
    this.checkOpen(what)
    if (signal?.aborted === true) throw new UnavailableError(`${what} was not sent: the call was aborted before`)
    let giveUp = (): void => undefined
    // Only `resolve` is called from within the transport: whatever else may throw does so here, and rejects.
    const ended = new Promise<RequestOutcome>(resolve => {
      const request = start(this.clock.now() + timeoutMs, resolve)
      giveUp = () => this.core.cancel(request, 'the call was aborted')
    })
    signal?.addEventListener('abort', giveUp, { once: true })
    const outcome = await ended
    signal?.removeEventListener('abort', giveUp)
    if (outcome.code === 'ok') return outcome.result
    throw this.errorOf(outcome, what)
  }

  private errorOf(outcome: Exclude<RequestOutcome, { code: 'ok' }>, what: string): RaftgramError {
    const { code, why } = outcome
    switch (code) {
      case 'unknown-outcome':
        return new UnknownOutcomeError(
          `${what} was sent but its outcome is unknown (${why}): ` +
            'it may have been executed, once, or may yet be: read to find out',
        )
      case 'unavailable':
        if (this.closing !== null) return new UnavailableError(`${what} had no effect: the client is closed`)
        return new UnavailableError(`${what} had no effect, it may be tried again: ${why}`)
      case 'busy':
        return new BusyError(`${what} had no effect: ${why}: await some of them first`)
      case 'no-space':
        return new NoSpaceError(`${what} had no effect: ${why}; it may be tried again when there is space`)
      case 'bad-request':
      case 'no-snapshot':
        return new UsageError(`${what} had no effect: ${why}`)
    }
  }
}

function foundOf(value: Value, revision: number): Found {
  return { value: decodeValue(value), revision, type: typeName(value.type) }
}

function isAnswerTo<Op extends KvQuery['op']>(
  op: Op,
  answer: KvAnswer | null,
): answer is Extract<KvAnswer, { op: Op }> {
  return answer?.op === op
}
