import t from 'tap'
import { KvStore } from '../../src/kv/store.js'
import { encodeCommand } from '../../src/kv/commands.js'
import { readInto, restoreState } from '../../src/node/restore-state.js'
import { Sessions } from '../../src/session/sessions.js'
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
  return { newest, readBody }
}

function someSessions(): Sessions {
  const sessions = new Sessions(new KvStore())
  sessions.apply({ kind: 'open' }, 1)
  const value = { type: 0, bytes: Uint8Array.of(1) } as const
  const command = encodeCommand({ op: 'put', key: Uint8Array.of(7), value })
  sessions.apply({ kind: 'execute', sessionId: 1, sequence: 1, answeredUpTo: 0, command }, 2)
  return sessions
}

void t.test('the state is that of the snapshot, as of its last entry', t => {
  const sessions = someSessions()
  restoreState(snapshotsOf(bodyOf(sessions)), new KvStore(), (error, state) => {
    t.equal(error, null)
    t.equal(state?.lastApplied, 12)
    t.equal(state?.sessions.stateHash, sessions.stateHash)
  })
  t.end()
})

void t.test('without a snapshot it is the state in which everything begins', t => {
  restoreState({ ...snapshotsOf([]), newest: null }, new KvStore(), (error, state) => {
    t.equal(error, null)
    t.equal(state?.lastApplied, 0)
    t.equal(state?.sessions.sessionCount, 0)
  })
  t.end()
})

void t.test('what the disk says, and what the bytes are not, is an error', t => {
  const body = bodyOf(someSessions())
  const errors: (string | undefined)[] = []
  const restore = (snapshots: ReturnType<typeof snapshotsOf>): void => {
    restoreState(snapshots, new KvStore(), (error, state) => {
      t.equal(state, null)
      errors.push(error?.message)
    })
  }
  restore(snapshotsOf(body, new StorageError('io', 'broken')))
  restore(snapshotsOf(body.slice(0, -1)))
  restore(snapshotsOf([Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)]))
  t.match(errors, ['broken', /broken invariant/, /broken invariant/])
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
