import t from 'tap'
import type { ClientMessage } from '../../codec/client-types.js'
import { commandBytesMax, valueBytesMax } from '../../codec/limits.js'
import { RealClock } from '../../src/base/real-clock.js'
import type { ClientCore } from '../../src/client/client-core.js'
import { Client } from '../../src/client/client.js'
import { parseEndpoints } from '../../src/client/connect.js'
import {
  BusyError,
  FailedError,
  KeyTooLargeError,
  UnavailableError,
  UnknownOutcomeError,
  UsageError,
  ValueTooLargeError,
} from '../../src/client/errors.js'
import type { Done, RequestOutcome } from '../../src/client/request.js'
import type { ClientOptions } from '../../src/client/types.js'
import { KvStore } from '../../src/kv/store.js'
import type { StateMachine } from '../../src/session/types.js'
import { pathSizes } from '../../src/transport/path-size.js'
import { Transport } from '../../src/transport/transport.js'
import { FakeClock } from '../support/fake-clock.js'
import { open } from '../support/real-sockets.js'

interface StoreServer {
  readonly endpoint: string
  readonly received: ClientMessage[]
  /** It receives and does not answer any more. */
  mute: boolean
  close(): Promise<void>
}

/** A "cluster" of one: a state machine behind a real socket, without a log. */
async function storeServer(store: Pick<StateMachine, 'apply' | 'query'> = new KvStore()): Promise<StoreServer> {
  const clock = new RealClock()
  const socket = await open('127.0.0.1')
  const options = {
    clusterId: 5,
    sender: 1,
    incarnation: 1,
    bootNonce: 1,
    datagramSizes: pathSizes(socket.address, null),
  }
  const transport = new Transport(socket, clock, options, () => 42)
  let revision = 0
  const server: StoreServer = {
    endpoint: socket.address.key,
    received: [],
    mute: false,
    close: () => new Promise(resolve => transport.close(resolve)),
  }
  transport.onHello = (from, nonce) => {
    const members = [{ id: 1, address: socket.address.key }]
    transport.welcome(from, { type: 'Welcome', nonce, token: 0, leaderId: 1, members })
  }
  transport.onMessage = (link, message) => {
    const request = message as ClientMessage
    server.received.push(request)
    if (server.mute) return
    const answer = { type: 'Answer', sessionId: 0, code: 'ok', leaderId: 0, result: new Uint8Array(0) } as const
    if (request.type === 'OpenSession') {
      transport.send(link, { ...answer, to: 'open', requestId: request.requestId, sessionId: 9 })
    } else if (request.type === 'Write') {
      const result = store.apply(request.command, { index: 1, revision: ++revision })
      transport.send(link, { ...answer, to: 'write', requestId: request.sequence, sessionId: 9, result })
    } else if (request.type === 'Read') {
      transport.send(link, { ...answer, to: 'read', requestId: request.requestId, result: store.query(request.query) })
    } else if (request.type === 'StatusRequest') {
      const result = new TextEncoder().encode(JSON.stringify({ id: 1, role: 'leader' }))
      transport.send(link, { ...answer, to: 'status', requestId: request.requestId, result })
    }
    clock.endOfTurn(() => transport.flush())
  }
  return server
}

void t.test('what the class says, against a store', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(async () => {
    await client.close()
    await server.close()
  })

  t.equal(await client.get('a'), null)
  t.strictSame(await client.put('a', { level: 3 }), { revision: 1 })
  const found = await client.get('a')
  t.strictSame(found, { value: { level: 3 }, revision: 1, type: 'msgpack' })
  t.strictSame(await client.put('t', 'text'), { revision: 2 })
  t.strictSame(await client.getRaw('t'), { bytes: new TextEncoder().encode('text'), revision: 2, type: 'text' })
  t.strictSame(await client.get('t', { stale: true }), { value: 'text', revision: 2, type: 'text' })

  t.strictSame(await client.compareAndSet('a', found, 'new'), { swapped: true, revision: 3 })
  t.strictSame(await client.compareAndSet('a', found, 'newer'), { swapped: false, revision: 3 })
  t.strictSame(await client.compareAndSet('a', { value: 'new' }, 'newer'), { swapped: true, revision: 5 })
  t.strictSame(await client.compareAndSet('a', { value: new TextEncoder().encode('newer') }, 0), {
    swapped: false,
    revision: 5,
  })
  t.strictSame(await client.compareAndSet('a', null, 0), { swapped: false, revision: 5 })
  t.strictSame(await client.compareAndSet('b', null, 0), { swapped: true, revision: 8 })
  await t.rejects(client.compareAndSet('b', undefined as unknown as null, 0), UsageError)

  t.strictSame(await client.delete('b'), { existed: true, revision: 9 })
  t.strictSame(await client.delete('b'), { existed: false, revision: 0 })
  t.strictSame(await client.status(), [{ id: 1, role: 'leader' }])

  await t.rejects(client.put('', 1), UsageError)
  await t.rejects(client.put('k'.repeat(2_000), 1), KeyTooLargeError)
  await t.rejects(client.put('k', undefined), UsageError)
  await t.rejects(client.put('k', new Uint8Array(valueBytesMax + 1)), ValueTooLargeError)
  await t.rejects(client.get('k', { timeoutMs: 0 }), UsageError)
  await t.rejects(
    client.query(new Uint8Array([250])).then(() => client.execute(new Uint8Array(commandBytesMax + 1))),
    UsageError,
  )
})

void t.test('the largest key and value go through', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: [server.endpoint] })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const key = 'k'.repeat(1_024)
  const value = new Uint8Array(valueBytesMax).fill(7)
  await client.put(key, value)
  t.strictSame((await client.get(key))?.value, value)
})

void t.test('a scan goes through all pages, in order, up to its limit', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const names = Array.from({ length: 2_500 }, (_, i) => `s/${String(i).padStart(5, '0')}`)
  await Promise.all([...names, 'r', 't'].map(name => client.put(name, name)))
  const keys: unknown[] = []
  for await (const { key, value } of client.scan('s/')) {
    if (key !== value) t.fail(`${String(key)} has another value`)
    keys.push(key)
  }
  t.strictSame(keys, names)
  const few: unknown[] = []
  for await (const { key } of client.scan('s/', { limit: 1_001 })) few.push(key)
  t.strictSame(few, names.slice(0, 1_001))
  for await (const record of client.scan('', { limit: 0 })) t.fail(`limit 0 gave ${String(record.key)}`)
  await t.rejects(client.scan('', { limit: -1 }).next(), UsageError)
})

void t.test('nobody there: unavailable, naming the endpoints and what starts a cluster', async t => {
  const socket = await open('127.0.0.1')
  const endpoint = socket.address.key
  await new Promise<void>(resolve => socket.close(resolve))
  await t.rejects(Client.connect({ endpoints: endpoint, timeoutMs: 50 }), {
    code: 'unavailable',
    message: new RegExp(`${endpoint.replaceAll('.', '\\.')}.*50 ms.*raftgram dev`),
  })
})

void t.test(
  'an unknown outcome is no failure; a timeout, an abort and close are told apart by what was sent',
  async t => {
    const server = await storeServer()
    const client = await Client.connect({ endpoints: server.endpoint })
    t.teardown(() => Promise.all([client.close(), server.close()]))
    await client.put('a', 1)
    server.mute = true
    await t.rejects(client.put('a', 2, { timeoutMs: 50 }), UnknownOutcomeError)
    await t.rejects(client.get('a', { timeoutMs: 50 }), UnavailableError)

    const abort = new AbortController()
    const aborted = client.put('a', 3, { signal: abort.signal })
    const before = server.received.length
    while (server.received.length === before) await new Promise(resolve => setImmediate(resolve))
    abort.abort()
    await t.rejects(aborted, UnknownOutcomeError)
    await t.rejects(client.put('a', 4, { signal: abort.signal }), UnavailableError, 'aborted before: never sent')

    const atClose = client.put('a', 5)
    const readAtClose = client.get('a')
    const ends = [t.rejects(atClose, UnavailableError), t.rejects(readAtClose, UnavailableError)]
    await client.close()
    await client.close()
    await Promise.all(ends)
    await t.rejects(client.put('a', 6), UnavailableError)
    t.notOk(new UnknownOutcomeError('') instanceof FailedError)
    t.ok(new BusyError('') instanceof FailedError)
  },
)

void t.test('a server that is down is reported as unreachable', async t => {
  const server = await storeServer()
  const gone = await open('127.0.0.1')
  const endpoints = [gone.address.key, server.endpoint]
  const client = await Client.connect({ endpoints })
  t.teardown(() => Promise.all([client.close(), server.close(), new Promise<void>(done => gone.close(done))]))
  t.strictSame(await client.status({ timeoutMs: 100 }), [
    { id: 0, address: gone.address.key, role: 'unreachable' },
    { id: 1, role: 'leader' },
  ])
})

void t.test('endpoints are HOST:PORT, in an array or with commas', t => {
  t.strictSame(parseEndpoints('a:1, b:2,a:1,'), ['a:1', 'b:2'])
  t.strictSame(parseEndpoints(['[::1]:7401']), ['[::1]:7401'])
  for (const wrong of ['', [], 'a', 'a:b', ['a:1', ':2'], '::1:7401']) {
    t.throws(() => parseEndpoints(wrong), { code: 'usage' })
  }
  t.end()
})

void t.test('regression_a_wrong_option_is_refused_before_anything_is_sent', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const usage = { code: 'usage', message: /^[^\n]+$/ }
  const wrong = (value: unknown): never => value as never
  await client.put('a', 1)
  const before = server.received.length
  for (const options of [{ signal: 5 }, { signal: {} }, { timeoutMs: '5' }, { timeoutMs: NaN }, null, 5]) {
    await t.rejects(client.get('a', wrong(options)), usage)
    await t.rejects(client.put('a', 2, wrong(options)), usage)
    await t.rejects(client.status(wrong(options)), usage)
    await t.rejects(client.scan('', wrong(options)).next(), usage)
  }
  await t.rejects(client.get('a', wrong({ stale: 'yes' })), usage)
  await t.rejects(client.scan('', wrong({ limit: '5' })).next(), usage)
  for (const expected of [{ revision: -1 }, { revision: -1, value: 1 }, { revision: 0.5 }, 5, {}]) {
    await t.rejects(client.compareAndSet('a', wrong(expected), 2), usage)
  }
  for (const value of [Promise.resolve(1), { f: () => 1 }]) await t.rejects(client.put('a', value), usage)
  const tooLarge = new Uint8Array(valueBytesMax + 1)
  await t.rejects(client.compareAndSet('a', { value: tooLarge }, 2), { code: 'value-too-large' })
  await t.rejects(client.compareAndSet('a', { value: 1 }, tooLarge), { code: 'value-too-large' })
  t.equal(server.received.length, before)
  t.strictSame((await client.get('a'))?.value, 1)
})

void t.test('regression_bytes_that_are_none_do_not_stop_the_client', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const detached = new Uint8Array(8)
  structuredClone(detached, { transfer: [detached.buffer] })
  for (const bytes of ['x', null, undefined, 5, [1], {}, new DataView(new ArrayBuffer(1)), detached]) {
    await t.rejects(client.execute(bytes as Uint8Array), { code: 'usage', message: /^a command / })
    await t.rejects(client.query(bytes as Uint8Array), { code: 'usage', message: /^a query / })
  }
  t.strictSame(await client.put('a', 1, { timeoutMs: 2_000 }), { revision: 1 })
})

void t.test('regression_the_bytes_of_a_command_are_those_at_the_call', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const command = Uint8Array.of(1, 2, 3)
  const executed = client.execute(command)
  structuredClone(command, { transfer: [command.buffer] })
  await executed
  const write = server.received.find(request => request.type === 'Write')
  t.strictSame(write?.command.byteLength, 3)
})

void t.test('regression_a_closed_client_says_so_and_advises_no_other_try', async t => {
  const server = await storeServer()
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(() => server.close())
  server.mute = true
  const closed = { code: 'unavailable', message: /^(?!.*again).*the client is closed$/ }
  const pending = t.rejects(client.get('a'), closed)
  await client.close()
  await pending
  const calls: Promise<unknown>[] = [client.put('a', 1), client.get('a'), client.delete('a'), client.status()]
  for (const call of calls) {
    await t.rejects(call, closed)
  }
  await t.rejects(client.scan().next(), closed)
})

void t.test('regression_options_of_connect_that_cannot_be_are_usage_errors', async t => {
  const endpoints = '127.0.0.1:1'
  const cases: unknown[] = [undefined, null, 5, [], {}]
  for (const wrong of [null, 5, [null], [5], {}]) cases.push({ endpoints: wrong })
  for (const timeoutMs of ['5', 0, -1, NaN, {}]) cases.push({ endpoints, timeoutMs })
  for (const limits of [null, 5, { waitingMax: '5' }, { outstandingMax: 0 }, { outstandingMax: 16_384 }]) {
    cases.push({ endpoints, limits })
  }
  for (const datagramBytesMax of ['1200', 1_199, 60_001, NaN]) cases.push({ endpoints, datagramBytesMax })
  for (const options of cases) {
    await t.rejects(
      Client.connect(options as ClientOptions),
      { name: 'UsageError', code: 'usage', message: /^[^\n]+$/ },
      JSON.stringify(options),
    )
  }
})

void t.test('regression_a_misspelt_option_is_refused_with_the_nearest', async t => {
  const server = await storeServer()
  const endpoints = server.endpoint
  const client = await Client.connect({ endpoints })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const wrong = (value: unknown): never => value as never
  const did = (name: string) => ({ name: 'UsageError', code: 'usage', message: new RegExp(`did you mean ${name}\\?$`) })
  await t.rejects(Client.connect(wrong({ endpoints, timeoutMS: 5 })), did('timeoutMs'))
  await t.rejects(Client.connect(wrong({ endpoint: endpoints })), did('endpoints'))
  await t.rejects(Client.connect(wrong({ endpoints, limits: { waitingMx: 5 } })), did('waitingMax'))
  const before = server.received.length
  await t.rejects(client.put('a', 1, wrong({ timeout: 5 })), did('timeoutMs'))
  await t.rejects(client.get('a', wrong({ stael: true })), did('stale'))
  await t.rejects(client.scan('', wrong({ limits: 5 })).next(), did('limit'))
  await t.rejects(client.status(wrong({ singal: new AbortController().signal })), did('signal'))
  t.equal(server.received.length, before)
  await client.put('a', 1, wrong({ stale: true, limit: 5, timeoutMs: 2_000 }))
})

void t.test('regression_an_error_says_what_to_mend_and_nothing_of_the_inside', async t => {
  await t.rejects(Client.connect({ endpoints: 'a..b:7401' }), {
    code: 'unavailable',
    message: /no address is known for a\.\.b \(.*\): mend the endpoints, or write IP addresses$/,
  })
  const core = {
    write: (_command: Uint8Array, _deadlineMs: number, done: Done) => done(outcome),
  } as unknown as ClientCore
  const client = new Client(core, new FakeClock())
  let outcome: RequestOutcome = { code: 'unavailable', why: 'no leader answered in time' }
  await t.rejects(client.put('k', 1, { timeoutMs: 4_937 }), {
    message: 'the write had no effect, it may be tried again: no leader answered in time',
  })
  outcome = { code: 'unknown-outcome', why: 'no answer came in time' }
  await t.rejects(client.put('k', 1, { timeoutMs: 4_937 }), {
    message: /^the write was sent but its outcome is unknown \(no answer came in time\): it may have been executed/,
  })
})

void t.test('regression_a_write_that_another_state_machine_carried_out_is_not_called_refused', async t => {
  let applied = 0
  const counter = { apply: () => Uint8Array.of(++applied), query: () => Uint8Array.of(applied + 100) }
  const server = await storeServer(counter)
  const client = await Client.connect({ endpoints: server.endpoint })
  t.teardown(() => Promise.all([client.close(), server.close()]))
  const carriedOut = { code: 'unknown-outcome', message: /^the write was carried out, but .*another state machine/ }
  await t.rejects(client.put('a', 1), carriedOut)
  await t.rejects(client.delete('a'), carriedOut)
  await t.rejects(client.compareAndSet('a', null, 1), carriedOut)
  t.equal(applied, 3)
  const noAnswer = { code: 'usage', message: /^the read was carried out, but .*another state machine/ }
  await t.rejects(client.get('a'), noAnswer)
  await t.rejects(client.scan().next(), noAnswer)
  t.strictSame(await client.query(Uint8Array.of(1)), Uint8Array.of(103))
})
