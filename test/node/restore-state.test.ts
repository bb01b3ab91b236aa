import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { KvStore } from '../../src/kv/store.js'
import { encodeCommand } from '../../src/kv/commands.js'
import { readInto, StartingState } from '../../src/node/restore-state.js'
import type { ReplicatedState } from '../../src/node/replicated-state.js'
import type { SnapshotMeta } from '../../src/raft/types.js'
import type { SnapshotReader } from '../../src/kv/snapshot-reader.js'
import { Sessions } from '../../src/session/sessions.js'
import type { Restorer } from '../../src/session/types.js'
import { StorageError } from '../../src/storage/storage-error.js'

const newest = { lastIncludedIndex: 12, lastIncludedTerm: 2, voters: [1], totalBytes: 1, hash: 1 }

function bodyOf(sessions: Sessions): Uint8Array[] {
  return [...sessions.snapshot()].map(chunk => chunk.slice())
}

function snapshotsOf(chunks: readonly Uint8Array[], error: StorageError | null = null) {
  const readBody = (onChunk: (payload: Uint8Array) => void, done: (error: StorageError | null) => void): void => {
    for (const chunk of chunks) onChunk(chunk)
    done(error)
  }
  return { readBody }
}

function someSessions(): Sessions {
  const sessions = new Sessions(new KvStore())
  sessions.apply({ kind: 'open' }, 1)
  const value = { type: 0, bytes: Uint8Array.of(1) } as const
  const command = encodeCommand({ op: 'put', key: Uint8Array.of(7), value })
  sessions.apply({ kind: 'execute', sessionId: 1, sequence: 1, answeredUpTo: 0, command }, 2)
  return sessions
}

function startedFrom(chunks: readonly Uint8Array[], meta: SnapshotMeta | null = newest): ReplicatedState | Error {
  const starting = new StartingState(new KvStore())
  for (const chunk of chunks) starting.push(chunk)
  return starting.end(meta)
}

void t.test('the state is that of the snapshot, as of its last entry', t => {
  const sessions = someSessions()
  t.match(startedFrom(bodyOf(sessions)), { lastApplied: 12, sessions: { stateHash: sessions.stateHash } })
  t.end()
})

void t.test('without a snapshot it is the state in which everything begins', t => {
  t.match(startedFrom([], null), { lastApplied: 0, sessions: { sessionCount: 0 } })
  t.end()
})

void t.test('bytes that are no whole state are an error, told in the end and not to whoever reads them', t => {
  const body = bodyOf(someSessions())
  for (const chunks of [[], body.slice(0, -1), [Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)]])
    t.match(startedFrom(chunks), { message: /broken invariant/ })
  t.end()
})

void t.test('of a snapshot that proves to be damaged in the end, nothing is in the machine', t => {
  const machine = new KvStore()
  const starting = new StartingState(machine)
  for (const chunk of bodyOf(someSessions())) starting.push(chunk)
  t.equal(machine.stateHash, new KvStore().stateHash)
  t.end()
})

void t.test('what the disk says is an error, whatever was pushed before', t => {
  const sessions = new Sessions(new KvStore())
  readInto(snapshotsOf(bodyOf(someSessions()), new StorageError('io', 'broken')), sessions.restorer(), error => {
    t.equal(error?.message, 'broken')
  })
  t.equal(sessions.sessionCount, 0)
  t.end()
})

void t.test('after a chunk that makes no sense nothing more is pushed', t => {
  const pushed: number[] = []
  const restorer = {
    push: (chunk: Uint8Array) => {
      pushed.push(chunk[0]!)
      if (chunk[0] === 2) throw new Error('no sense')
    },
    end: () => t.fail('it has not ended'),
  }
  readInto(snapshotsOf([1, 2, 3].map(byte => Uint8Array.of(byte))), restorer, error => {
    t.equal(error?.message, 'no sense')
  })
  t.same(pushed, [1, 2])
  t.end()
})

void t.test('regression_what_a_state_was_made_of_goes_with_the_end_of_the_start', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const made: WeakRef<Restorer>[] = []
  class Machine extends KvStore {
    override restorer(): SnapshotReader {
      const restorer = super.restorer()
      made.push(new WeakRef(restorer))
      return restorer
    }
  }
  const starting = new StartingState(new Machine())
  for (const chunk of bodyOf(someSessions())) starting.push(chunk)
  const state = starting.end(newest)
  t.notOk(state instanceof Error)
  // What a WeakRef was just asked for stays until the end of the turn.
  await new Promise<void>(resolve => setImmediate(resolve))
  collect()
  t.equal(made.length, 1)
  t.equal(made[0]?.deref(), undefined)
  t.ok(starting, 'although whoever began it keeps it')
  t.end()
})
