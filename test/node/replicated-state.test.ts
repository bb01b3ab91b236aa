import t from 'tap'
import { decodeResult, encodeCommand } from '../../src/kv/commands.js'
import { KvStore } from '../../src/kv/store.js'
import { ReplicatedState } from '../../src/node/replicated-state.js'
import type { Entry } from '../../src/raft/types.js'
import { Sessions } from '../../src/session/sessions.js'
import type { SessionCommand } from '../../src/session/types.js'
import { encodeCommands } from '../codec/checks.js'
import { putCommand } from '../support/story-client.js'

function entry(index: number, commands: readonly SessionCommand[]): Entry {
  return { index, term: 1, kind: 'commands', payload: encodeCommands(commands), record: null }
}

function put(sequence: number, value: string): SessionCommand {
  return { kind: 'execute', sessionId: 1, sequence, answeredUpTo: 0, command: encodeCommand(putCommand('a', value)) }
}

function newState(): ReplicatedState {
  return new ReplicatedState(new Sessions(new KvStore()))
}

void t.test('the commands of an entry are applied in their order, each with an outcome of its own', t => {
  const state = newState()
  t.strictSame(state.apply({ index: 1, term: 1, kind: 'noop', payload: new Uint8Array(0), record: null }), [])
  const outcomes = state.apply(entry(2, [{ kind: 'open' }, put(1, 'x'), put(2, 'y'), put(1, 'x')]))
  t.strictSame(
    outcomes.map(outcome => (outcome.code === 'ok' ? decodeResult(outcome.result)?.revision : outcome.code)),
    ['opened', 2, 3, 2],
  )
  t.equal(state.lastApplied, 2)
  t.equal(state.sessions.revision, 4)
  t.end()
})

void t.test('C11: entries come in order and hold commands, or the server must not go on', t => {
  const state = newState()
  t.throws(() => state.apply(entry(2, [])), /entry 2 is applied after 0/)
  state.apply(entry(1, []))
  t.throws(() => state.apply(entry(1, [])), /entry 1 is applied after 1/)
  const damaged: Entry = { ...entry(2, [{ kind: 'open' }]), payload: Uint8Array.of(1, 2, 3) }
  t.throws(() => state.apply(damaged), /committed entry 2 holds commands/)
  t.equal(state.lastApplied, 1)
  t.end()
})

void t.test('C12: the same log gives the same bytes, whatever time, chance and place are', t => {
  const run = (): string => {
    const state = newState()
    state.apply(entry(1, [{ kind: 'open' }]))
    for (let index = 2; index <= 300; index++) state.apply(entry(index, [put(index - 1, `${index % 7}`)]))
    return Buffer.concat([...state.sessions.snapshot()]).toString('hex')
  }
  const here = run()
  const { now } = Date
  const { random } = Math
  const { TZ, LANG } = process.env
  t.teardown(() => {
    Object.assign(Date, { now })
    Object.assign(Math, { random })
    for (const [name, value] of Object.entries({ TZ, LANG })) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  })
  Object.assign(Date, { now: () => 7 })
  Object.assign(Math, { random: () => 0.999 })
  Object.assign(process.env, { TZ: 'Pacific/Apia', LANG: 'tr_TR.UTF-8' })
  t.equal(run(), here)
  t.end()
})

void t.test('every 4,096 entries the hash of the state is kept', t => {
  const [one, other] = [newState(), newState()]
  for (const state of [one, other]) {
    state.apply(entry(1, [{ kind: 'open' }]))
    for (let index = 2; index <= 4_100; index++) state.apply(entry(index, [put(index, `${index}`)]))
    t.equal(state.checkpointIndex, 4_096)
  }
  t.equal(one.checkpointHash, other.checkpointHash)
  t.not(one.checkpointHash, one.sessions.stateHash, 'it is that of the checkpoint, not of now')
  t.end()
})

void t.test('a state restored elsewhere goes on behind the last entry of the snapshot', t => {
  const one = newState()
  one.apply(entry(1, [{ kind: 'open' }]))
  one.apply(entry(2, [put(1, 'x')]))
  const { index, chunks } = one.snapshot()
  one.apply(entry(3, [put(2, 'y')]))
  t.equal(index, 2)
  const other = newState()
  other.sessions.restore(chunks)
  other.restored(index)
  t.throws(() => other.apply(entry(2, [])), /entry 2 is applied after 2/)
  other.apply(entry(3, [put(2, 'y')]))
  t.equal(other.sessions.stateHash, one.sessions.stateHash)
  t.end()
})
