import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { KvStore } from '../../src/kv/store.js'
import { encodeCommand } from '../../src/kv/commands.js'
import { Sessions } from '../../src/session/sessions.js'
import { ListMachine, restored, SessionsUser, snapshotHex } from './rig.js'

/** Sessions that take several chunks: many small ones, and one with thousands of results. */
function filled(limits = {}): SessionsUser {
  const user = new SessionsUser(limits)
  for (let i = 0; i < 2_000; i++) user.execute(user.open(), 1, `first of ${i}`)
  for (let sequence = 2; sequence <= 4_000; sequence++) user.execute(1_000, sequence, `many ${sequence}`)
  return user
}

void t.test('chunks are of at most 64 KiB, whatever the machine gives', t => {
  const user = filled()
  const sizes = [...user.sessions.snapshot()].map(chunk => chunk.length)
  t.ok(sizes.length > 3 && Math.max(...sizes) <= 65_536)

  const large = new SessionsUser()
  large.execute(large.open(), 1, 'x'.repeat(200_000).slice(0, 900))
  large.machine.executed.push('y'.repeat(200_000), '', 'z'.repeat(65_536))
  const chunks = [...large.sessions.snapshot()]
  t.ok(Math.max(...chunks.map(chunk => chunk.length)) <= 65_536)
  t.same(restored(chunks).machine.executed, large.machine.executed, 'the machine gets its own chunks back')
  t.end()
})

void t.test('how the chunks are cut means nothing', t => {
  const user = filled()
  const bytes = Buffer.concat([...user.sessions.snapshot()])
  for (const size of [1_000_000, 4_099, 7]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    const again = restored(chunks)
    t.equal(again.sessions.stateHash, user.sessions.stateHash)
    t.equal(snapshotHex(again.sessions), bytes.toString('hex'))
  }
  t.end()
})

void t.test('a walk shows the state as of the moment when it was made, whatever is applied meanwhile', t => {
  for (let seed = 1; seed <= 3; seed++) {
    const prng = new Prng(seed)
    const user = filled({ sessionsMax: 2_000 })
    const walks: { hex: string; chunks: Uint8Array[]; walk: Iterator<Uint8Array> }[] = []
    for (let step = 0; step < 1_000; step++) {
      if (prng.below(5) === 0) user.open()
      const id = prng.below(10) === 0 ? 1_000 : 1 + prng.below(2_400)
      user.execute(id, 4_001 + prng.below(200), 'x', prng.below(10) === 0 ? prng.below(4_000) : 0)
      if (step % 200 === 0) {
        walks.push({ hex: snapshotHex(user.sessions), chunks: [], walk: user.sessions.snapshot() })
      }
      for (const { chunks, walk } of walks) {
        if (prng.below(50) > 0) continue
        const next = walk.next()
        if (next.done !== true) chunks.push(next.value)
      }
    }
    for (const { hex, chunks, walk } of walks) {
      for (let next = walk.next(); next.done !== true; next = walk.next()) chunks.push(next.value)
      t.equal(Buffer.concat(chunks).toString('hex'), hex)
    }
    t.equal(restored(user.sessions.snapshot()).sessions.stateHash, user.sessions.stateHash)
  }
  t.end()
})

void t.test('a restore in the middle of a walk does not touch it', t => {
  const user = filled()
  const before = snapshotHex(user.sessions)
  const walk = user.sessions.snapshot()
  const chunks = [walk.next().value!]
  user.sessions.restore(new SessionsUser().sessions.snapshot())
  user.execute(user.open(), 1, 'x')
  for (const chunk of walk) chunks.push(chunk)
  t.equal(Buffer.concat(chunks).toString('hex'), before)
  t.end()
})

void t.test('a walk that is left ends that of the machine, too', t => {
  let ended = 0
  const machine = new ListMachine()
  machine.snapshot = function* () {
    try {
      for (;;) yield Buffer.from('endless')
    } finally {
      ended++
    }
  }
  const sessions = new Sessions(machine)
  for (const chunk of sessions.snapshot()) {
    t.ok(chunk.length > 0)
    break
  }
  t.equal(ended, 1)
  const walk = sessions.snapshot()
  walk.return?.()
  t.same(walk.next(), { done: true, value: undefined })
  t.equal(ended, 2)
  t.end()
})

void t.test('over the key-value store: many chunks, exact', t => {
  const sessions = new Sessions(new KvStore())
  sessions.apply({ kind: 'open' }, 1)
  for (let sequence = 1; sequence <= 1_000; sequence++) {
    const value = { type: 0, bytes: new Uint8Array(500).fill(sequence) } as const
    const command = encodeCommand({ op: 'put', key: Buffer.from(`k${sequence % 600}`), value })
    sessions.apply({ kind: 'execute', sessionId: 1, sequence, answeredUpTo: sequence - 1, command }, sequence)
  }
  const again = new Sessions(new KvStore())
  again.restore(sessions.snapshot())
  t.equal(again.stateHash, sessions.stateHash)
  t.equal(snapshotHex(again), snapshotHex(sessions))
  t.end()
})

void t.test('a machine need not read all of its chunks', t => {
  const user = new SessionsUser()
  user.machine.executed = ['one', 'two', 'three']
  const other = new SessionsUser()
  other.machine.restore = chunks => {
    for (const chunk of chunks) {
      t.equal(Buffer.from(chunk).toString(), 'one')
      break
    }
  }
  other.sessions.restore(user.sessions.snapshot())
  t.equal(other.sessions.revision, 0)
  t.end()
})

void t.test('restore refuses what is no whole snapshot', t => {
  const user = new SessionsUser()
  user.execute(user.open(), 1, 'a')
  const bytes = Buffer.concat([...user.sessions.snapshot()])
  for (let length = 0; length < bytes.length; length++) t.throws(() => restored([bytes.subarray(0, length)]))
  t.throws(() => restored([bytes, Buffer.from('x')]), /ends with its end/)
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 1
    // The machine's own bytes are not in any hash here: this machine has none.
    if (at < bytes.length - 6) t.throws(() => restored([damaged]), `byte ${at}`)
  }
  t.end()
})

/** Sessions over a store, and what is done to them by its number. */
function overStore(): { sessions: Sessions; put: (n: number) => void } {
  const sessions = new Sessions(new KvStore())
  for (let i = 0; i < 20; i++) sessions.apply({ kind: 'open' }, 1)
  const put = (n: number) => {
    const value = { type: 0, bytes: new Uint8Array(n % 900).fill(n) } as const
    const command = encodeCommand({ op: 'put', key: Buffer.from(`k${(n * 31) % 700}`), value })
    sessions.apply({ kind: 'execute', sessionId: 1 + (n % 20), sequence: n, answeredUpTo: n - 500, command }, n)
  }
  for (let n = 1; n <= 2_000; n++) put(n)
  return { sessions, put }
}

void t.test('walks made at the same place of the log give equal bytes, however fast they are walked', t => {
  const bytes = [1, 40, 1_000].map(pace => {
    const { sessions, put } = overStore()
    const walk = sessions.snapshot()
    const chunks: Uint8Array[] = []
    let n = 2_000
    for (const chunk of walk) {
      chunks.push(chunk)
      for (let i = 0; i < pace; i++) put(++n)
    }
    t.ok(chunks.length > 3)
    return Buffer.concat(chunks).toString('hex')
  })
  t.equal(bytes[1], bytes[0])
  t.equal(bytes[2], bytes[0])
  t.equal(bytes[0], snapshotHex(overStore().sessions))
  t.end()
})

void t.test('a restorer takes bytes cut anyhow, and changes nothing before its end', t => {
  const { sessions: source } = overStore()
  const bytes = Buffer.concat([...source.snapshot()])
  for (const size of [1_000_003, 65_536, 1_000, 13]) {
    const target = new Sessions(new KvStore())
    target.apply({ kind: 'open' }, 1)
    const before = snapshotHex(target)
    const restorer = target.restorer()
    const lent = Buffer.alloc(size)
    for (let at = 0; at < bytes.length; at += size) {
      restorer.push(lent.subarray(0, bytes.copy(lent, 0, at, at + size)))
      lent.fill(0xee)
    }
    t.equal(snapshotHex(target), before)
    restorer.end()
    t.equal(target.stateHash, source.stateHash)
    t.equal(target.storedBytes, source.storedBytes)
    t.equal(snapshotHex(target), bytes.toString('hex'))
  }
  t.end()
})

void t.test('what is no whole snapshot leaves the old state as it was', t => {
  const small = new Sessions(new KvStore())
  small.apply({ kind: 'open' }, 1)
  const value = { type: 0, bytes: Buffer.from('v') } as const
  const command = encodeCommand({ op: 'put', key: Buffer.from('k'), value })
  small.apply({ kind: 'execute', sessionId: 1, sequence: 1, answeredUpTo: 0, command }, 2)
  const bytes = Buffer.concat([...small.snapshot()])

  const { sessions, put } = overStore()
  const before = snapshotHex(sessions)
  const attempt = (damaged: Uint8Array) => () => {
    sessions.restore([damaged])
  }
  for (let at = 0; at < bytes.length; at++) {
    t.throws(attempt(bytes.subarray(0, at)), `cut at ${at}`)
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 1
    // The last 43 bytes are header and record of the store, and the end. The store's revision is in no hash.
    const inStore = at - (bytes.length - 43)
    if (inStore < 4 || inStore >= 12) t.throws(attempt(damaged), `byte ${at}`)
  }
  t.throws(attempt(Buffer.concat([bytes, Buffer.of(0)])), /ends with its end/)
  t.equal(snapshotHex(sessions), before)
  put(2_001)
  t.not(snapshotHex(sessions), before)
  t.end()
})
