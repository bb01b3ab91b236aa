import t from 'tap'
import fc from 'fast-check'
import * as formatLimits from '../../codec/limits.js'
import { decodeResult, encodeCommand } from '../../src/kv/commands.js'
import { KvStore } from '../../src/kv/store.js'
import { defaultSessionLimits } from '../../src/session/limits.js'
import { Sessions } from '../../src/session/sessions.js'
import type { ExecuteCommand, SessionCommand } from '../../src/session/types.js'
import { ListMachine, request, restored, SessionsUser, show, snapshotHex } from './rig.js'

void t.test('the limits are those of the formats', t => {
  t.equal(defaultSessionLimits.sessionsMax, formatLimits.sessionsMax)
  t.equal(defaultSessionLimits.sequenceWindow, formatLimits.sequenceWindow)
  t.equal(defaultSessionLimits.resultBytesMax, formatLimits.resultBytesMax)
  t.end()
})

void t.test('D04: a repeat gets the stored result and is not executed again', t => {
  const user = new SessionsUser()
  const id = user.open()
  t.equal(user.execute(id, 1, 'a'), 'a@2')
  t.equal(user.execute(id, 1, 'a'), 'a@2')
  t.equal(user.execute(id, 2, 'b'), 'b@4')
  t.equal(user.execute(id, 1, 'a'), 'a@2', 'an older one that is not answered yet, too')
  t.same(user.machine.executed, ['a', 'b'])
  t.equal(user.execute(id, 1, 'other'), 'request-mismatch')
  t.equal(user.sessions.repeats, 2, 'copies in the log are counted, what bears the number of another is none')
  t.end()
})

void t.test(
  'D13: failures are results like others: a repeat gets the same answer although the state has changed',
  t => {
    const sessions = new Sessions(new KvStore())
    sessions.apply({ kind: 'open' }, 1)
    const key = Buffer.from('k')
    const value = { type: 0, bytes: Buffer.from('v') } as const
    const cas = encodeCommand({ op: 'cas', key, expected: { by: 'value', value }, value })
    const run = (sequence: number, command: Uint8Array) => {
      const outcome = sessions.apply({ kind: 'execute', sessionId: 1, sequence, answeredUpTo: 0, command }, 1)
      return outcome.code === 'ok' ? decodeResult(outcome.result) : outcome
    }
    t.same(run(1, cas), { status: 'mismatch', revision: 0 })
    t.same(run(2, encodeCommand({ op: 'delete', key })), { status: 'not-found', revision: 0 })
    t.same(run(3, Buffer.from('nonsense')), { status: 'invalid', revision: 0 })
    t.same(run(4, encodeCommand({ op: 'put', key, value })), { status: 'ok', revision: 5 })
    t.same(run(1, cas), { status: 'mismatch', revision: 0 })
    t.same(run(2, encodeCommand({ op: 'delete', key })), { status: 'not-found', revision: 0 })
    t.same(run(3, Buffer.from('nonsense')), { status: 'invalid', revision: 0 })
    t.same(run(5, cas), { status: 'ok', revision: 9 })
    t.end()
  },
)

void t.test('the same number with other bytes is refused', t => {
  const user = new SessionsUser()
  const id = user.open()
  user.execute(id, 1, 'a')
  t.equal(user.execute(id, 1, 'b'), 'request-mismatch')
  t.equal(user.execute(id, 1, 'a'), 'a@2', 'the stored result stays')
  t.same(user.machine.executed, ['a'])
  t.end()
})

void t.test('D05: requests may come in any order within the window', t => {
  const user = new SessionsUser()
  const id = user.open()
  for (const sequence of [2, 4, 1, 3]) user.execute(id, sequence, `r${sequence}`)
  t.same(user.machine.executed, ['r2', 'r4', 'r1', 'r3'])
  t.end()
})

void t.test('answeredUpTo forgets results; what is at or below it is dropped', t => {
  const user = new SessionsUser()
  const id = user.open()
  for (const sequence of [1, 2, 3]) user.execute(id, sequence, `r${sequence}`)
  t.equal(user.execute(id, 4, 'r4', 2), 'r4@5')
  t.equal(user.execute(id, 1, 'r1'), 'already-answered')
  t.equal(user.execute(id, 2, 'other'), 'already-answered')
  t.equal(user.execute(id, 3, 'r3'), 'r3@4', 'the next one is still there')
  t.equal(user.execute(id, 0, 'zero'), 'already-answered', 'numbers begin at 1')
  t.same(user.machine.executed, ['r1', 'r2', 'r3', 'r4'])
  t.end()
})

void t.test('D04: answeredUpTo never goes back: a delayed copy with an older one brings nothing to life', t => {
  const user = new SessionsUser()
  const id = user.open()
  user.execute(id, 1, 'a', 0)
  user.execute(id, 2, 'b', 1)
  t.equal(user.execute(id, 2, 'b', 0), 'b@3')
  t.equal(user.execute(id, 1, 'a', 0), 'already-answered')
  t.same(user.machine.executed, ['a', 'b'])
  t.end()
})

void t.test('a command that says it is answered itself is dropped; a long jump forgets everything', t => {
  const user = new SessionsUser()
  const id = user.open()
  user.execute(id, 1, 'a')
  t.equal(user.execute(id, 9, 'b', 2 ** 52), 'already-answered')
  t.equal(user.execute(id, 1, 'a'), 'already-answered')
  t.equal(user.execute(id, 2 ** 52 + 1, 'c'), 'c@5')
  t.end()
})

void t.test('a number beyond the window is refused, and the window moves with answeredUpTo', t => {
  const user = new SessionsUser()
  const id = user.open()
  t.equal(user.execute(id, 16_385, 'a'), 'sequence-too-far')
  t.equal(user.execute(id, 16_384, 'b'), 'b@3')
  t.equal(user.execute(id, 16_385, 'a', 1), 'a@4')
  t.same(user.machine.executed, ['b', 'a'])
  t.end()
})

void t.test('a session is never opened implicitly', t => {
  const user = new SessionsUser()
  t.equal(user.execute(1, 1, 'a'), 'session-expired')
  t.equal(user.open(), 1)
  t.equal(user.execute(2, 1, 'a'), 'session-expired')
  t.same(user.machine.executed, [])
  t.end()
})

void t.test(
  'D07: the least recently used session goes, in the order of the log, and its late commands are not executed',
  t => {
    const user = new SessionsUser({ sessionsMax: 3 })
    const [a, b, c] = [user.open(), user.open(), user.open()]
    user.execute(a, 1, 'a1')
    user.execute(b, 1, 'b1')
    user.execute(c, 1, 'c1')
    user.execute(a, 1, 'a1')
    user.execute(b, 2 ** 40, 'far')
    t.equal(user.open(), 4, 'a repeat and a refusal are uses as well, so c goes')
    t.equal(user.sessions.sessionCount, 3)
    t.equal(user.execute(c, 1, 'c1'), 'session-expired')
    t.equal(user.execute(c, 2, 'c2'), 'session-expired')
    t.equal(user.execute(a, 2, 'a2'), 'a2@12')
    t.equal(user.execute(b, 2, 'b2'), 'b2@13')
    t.same(user.machine.executed, ['a1', 'b1', 'c1', 'a2', 'b2'])
    t.same([user.open(), user.open(), user.open()], [5, 6, 7], 'ids are never used again')
    t.equal(user.execute(4, 1, 'x'), 'session-expired')
    t.end()
  },
)

void t.test('a lookup is no use of a session: it happens on one server only', t => {
  const user = new SessionsUser({ sessionsMax: 2 })
  const [a, b] = [user.open(), user.open()]
  user.lookup(a, 1, 'x')
  user.open()
  t.equal(user.execute(a, 1, 'x'), 'session-expired')
  t.equal(user.execute(b, 1, 'x'), 'x@5')
  t.end()
})

void t.test('stored results are bounded as a whole; the session in use stays', t => {
  const user = new SessionsUser({ storedBytesMax: 1_000 })
  const [a, b] = [user.open(), user.open()]
  for (let sequence = 1; sequence <= 3; sequence++) user.execute(a, sequence, 'a')
  for (let sequence = 1; sequence <= 20; sequence++) user.execute(b, sequence, 'b')
  t.equal(user.execute(a, 1, 'a'), 'session-expired')
  t.match(user.execute(b, 1, 'b'), /^b@/, 'alone, it may keep its window')
  const c = user.open()
  t.equal(user.sessions.sessionCount, 1)
  for (let sequence = 1; sequence <= 100; sequence++) user.execute(c, sequence, 'c', sequence - 1)
  user.open()
  t.equal(user.sessions.sessionCount, 2, 'what is answered takes no room')
  t.end()
})

void t.test('the revision moves with every command, executed or not', t => {
  const user = new SessionsUser()
  const id = user.open()
  user.execute(id, 1, 'a')
  user.execute(id, 1, 'a')
  user.execute(id, 1, 'mismatch')
  user.execute(99, 1, 'expired')
  user.execute(id, 10 ** 6, 'far')
  t.equal(user.sessions.revision, 6)
  t.equal(user.execute(id, 2, 'b', 1), 'b@7')
  t.same(user.machine.contexts, [
    { index: 2, revision: 2 },
    { index: 7, revision: 7 },
  ])
  t.end()
})

void t.test('lookup: the stored result, a refusal, or nothing; it changes nothing', t => {
  const user = new SessionsUser()
  const id = user.open()
  user.execute(id, 1, 'a')
  user.execute(id, 2, 'b', 1)
  const { stateHash, revision } = user.sessions
  t.equal(user.lookup(id, 2, 'b'), 'b@3')
  t.equal(user.lookup(id, 2, 'c'), 'request-mismatch')
  t.equal(user.lookup(id, 1, 'a'), 'already-answered')
  t.equal(user.lookup(id, 3, 'c'), null)
  t.equal(user.lookup(id, 10 ** 6, 'c'), null)
  t.equal(user.lookup(id + 1, 1, 'a'), null, 'only the leader may conclude that a session is not there')
  t.equal(user.sessions.stateHash, stateHash)
  t.equal(user.sessions.revision, revision)
  t.end()
})

void t.test('a stored result does not change with what the machine or the caller does to its bytes', t => {
  const shared = Buffer.from('result')
  const machine = new ListMachine()
  machine.apply = () => shared
  const sessions = new Sessions(machine)
  sessions.apply({ kind: 'open' }, 1)
  const command = request(1, 1, 'a')
  t.equal(show(sessions.apply(command, 2)), 'result')
  shared.fill(0)
  command.command.fill(0x61)
  t.equal(show(sessions.apply(request(1, 1, 'a'), 3)), 'result')
  t.end()
})

void t.test('C11: an exception of the machine passes through; a result that is too large is a broken invariant', t => {
  const machine = new ListMachine()
  const sessions = new Sessions(machine)
  sessions.apply({ kind: 'open' }, 1)
  machine.apply = () => new Uint8Array(1_025)
  t.throws(
    () => sessions.apply(request(1, 1, 'a'), 2),
    /apply of the state machine gave 1025 bytes: it must return a Uint8Array of at most 1024 bytes/,
  )
  machine.apply = () => {
    throw new Error('a bug')
  }
  t.throws(() => sessions.apply(request(1, 2, 'a'), 3), /a bug/)
  t.end()
})

void t.test('D16: queries need no session', t => {
  const user = new SessionsUser()
  user.execute(user.open(), 1, 'a')
  t.equal(Buffer.from(user.sessions.query(new Uint8Array(0))).toString(), 'a')
  t.end()
})

/** Commands as an unreliable network and careless clients bring them into a log. */
const command: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'open' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('execute' as const),
      sessionId: fc.integer({ min: 1, max: 6 }),
      sequence: fc.integer({ min: 0, max: 9 }),
      answeredUpTo: fc.integer({ min: 0, max: 4 }),
      command: fc.constantFrom('x', 'y').map(text => Buffer.from(text)),
    }),
  },
)

/** The rules once more, in the slowest and plainest words. */
class NaiveSessions {
  sessions: { id: number; answeredUpTo: number; results: [sequence: number, text: string, result: string][] }[] = []
  opened = 0
  revision = 0
  executions: string[] = []

  apply(command: SessionCommand): string {
    this.revision++
    if (command.kind === 'open') {
      this.sessions.push({ id: ++this.opened, answeredUpTo: 0, results: [] })
      if (this.sessions.length > 3) this.sessions.shift()
      return 'opened'
    }
    return this.execute(command)
  }

  execute({ sessionId, sequence, answeredUpTo, command }: ExecuteCommand): string {
    const at = this.sessions.findIndex(({ id }) => id === sessionId)
    if (at < 0) return 'session-expired'
    const session = this.sessions.splice(at, 1)[0]!
    this.sessions.push(session)
    session.answeredUpTo = Math.max(session.answeredUpTo, answeredUpTo)
    session.results = session.results.filter(([number]) => number > session.answeredUpTo)
    if (sequence <= session.answeredUpTo) return 'already-answered'
    const text = Buffer.from(command).toString()
    const stored = session.results.find(([number]) => number === sequence)
    if (stored !== undefined) return stored[1] === text ? stored[2] : 'request-mismatch'
    if (sequence > session.answeredUpTo + 5) return 'sequence-too-far'
    this.executions.push(`${sessionId}/${sequence}`)
    session.results.push([sequence, text, `${text}@${this.revision}`])
    return `${text}@${this.revision}`
  }
}

const limits = { sessionsMax: 3, sequenceWindow: 5 }

void t.test(
  'whatever comes in whatever order: as the naive rules say, and each request is executed once at most',
  t => {
    let executions = 0
    fc.assert(
      fc.property(fc.array(command, { minLength: 80, maxLength: 200 }), commands => {
        const user = new SessionsUser(limits)
        const naive = new NaiveSessions()
        for (const [index, command] of commands.entries()) {
          t.equal(show(user.sessions.apply(command, index)), naive.apply(command))
          t.equal(user.sessions.sessionCount, naive.sessions.length)
        }
        t.equal(user.machine.executed.length, naive.executions.length)
        t.equal(new Set(naive.executions).size, naive.executions.length)
        executions += naive.executions.length
      }),
      { seed: 1, numRuns: 200 },
    )
    t.ok(executions > 1_000, `${executions} executions`)
    t.end()
  },
)

void t.test('C12: equal logs give equal states; a restored one goes on as the original does', t => {
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 40, maxLength: 80 }),
      fc.array(command, { minLength: 20, maxLength: 40 }),
      (first, second) => {
        const [one, two] = [new SessionsUser(limits), new SessionsUser(limits)]
        for (const command of first) {
          one.sessions.apply(command, 1)
          two.sessions.apply(command, 1)
        }
        t.equal(one.sessions.stateHash, two.sessions.stateHash)
        t.equal(snapshotHex(one.sessions), snapshotHex(two.sessions))

        const three = restored(one.sessions.snapshot(), limits)
        t.equal(three.sessions.stateHash, one.sessions.stateHash)
        t.equal(three.sessions.revision, one.sessions.revision)
        t.equal(three.sessions.sessionCount, one.sessions.sessionCount)
        for (const command of second) t.same(three.sessions.apply(command, 1), one.sessions.apply(command, 1))
        t.equal(three.sessions.stateHash, one.sessions.stateHash)
        t.same(three.machine.executed, one.machine.executed)
        t.equal(snapshotHex(three.sessions), snapshotHex(one.sessions))
      },
    ),
    { seed: 2, numRuns: 100 },
  )
  t.end()
})

void t.test('S13: the session table is in the snapshot: a repeat after a restore is answered from it', t => {
  const before = new SessionsUser()
  const id = before.open()
  before.execute(id, 1, 'write')
  const after = restored(before.sessions.snapshot())
  t.equal(after.lookup(id, 1, 'write'), 'write@2')
  t.equal(after.execute(id, 1, 'write'), 'write@2')
  t.same(after.machine.executed, ['write'])
  t.equal(after.open(), 2, 'the counter of ids is in it, too')
  t.end()
})

void t.test('the hash moves with every command', t => {
  const user = new SessionsUser()
  const hashes = new Set([user.sessions.stateHash])
  const id = user.open()
  hashes.add(user.sessions.stateHash)
  for (const [sequence, answeredUpTo] of [
    [1, 0],
    [1, 0],
    [2, 0],
    [2, 1],
    [9, 9],
  ] as const) {
    user.execute(id, sequence, 'a', answeredUpTo)
    hashes.add(user.sessions.stateHash)
  }
  t.equal(hashes.size, 7)
  t.end()
})
