/** The public face of a client: promises, JavaScript values, errors. What it rests on is in client-core.ts. */
import type { Clock } from '../base/clock.js'
import { RealClock } from '../base/real-clock.js'
import { decodeAnswer, decodeResult, encodeCommand, encodeQuery } from '../kv/commands.js'
import { answerBytesMax, pageRecordsMax } from '../kv/limits.js'
import type { KvAnswer, KvCommand, KvQuery, KvResult, Value } from '../kv/types.js'
import { Calls } from './calls.js'
import type { ClientCore } from './client-core.js'
import { openCore, parseEndpoints } from './connect.js'
import { UnavailableError, UnknownOutcomeError, UsageError } from './errors.js'
import type { ExpectedValue } from './expected.js'
import { encodeExpected } from './expected.js'
import {
  checkDatagramBytes,
  checkLimits,
  checkNames,
  checkScanLimit,
  checkStale,
  checkTimeout,
  copyOfBytes,
} from './options.js'
import { serverReports, type ServerReport } from './server-reports.js'
import type { CallOptions, ClientOptions, Found, FoundRaw, ReadOptions, ScanOptions, ScannedRecord } from './types.js'
import { decodeKey, decodeValue, encodeKey, encodePrefix, encodeValue, typeName } from './values.js'

const connectOptions = { endpoints: 0, timeoutMs: 0, limits: 0, datagramBytesMax: 0 } satisfies Record<
  keyof ClientOptions,
  0
>
const defaultTimeoutMs = 5_000
const notOfTheStore =
  'its answer is none of the key-value store of this version: the servers seem to run another state machine, ' +
  'which the library reaches with execute and query'

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
  private readonly calls: Calls

  /** Over a core that is there already, e.g. in a simulation. Programs use `Client.connect`. */
  constructor(core: ClientCore, clock: Clock, timeoutMs = defaultTimeoutMs) {
    this.core = core
    this.calls = new Calls(core, clock, timeoutMs)
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
      await client.calls.answer({}, 'connecting', (deadlineMs, done) => core.connect(deadlineMs, done))
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
    return serverReports(this.core, this.calls, options)
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
    return this.calls.close()
  }

  private write(command: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return this.calls.answer(options, 'the write', (deadlineMs, done) => this.core.write(command, deadlineMs, done))
  }

  private async read(query: Uint8Array, options: ReadOptions): Promise<Uint8Array> {
    const read = { stale: checkStale(options) }
    return this.calls.answer(options, 'the read', (deadlineMs, done) => this.core.read(query, read, deadlineMs, done))
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
    const answer = decodeAnswer(await this.read(encodeQuery(query), options))
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
