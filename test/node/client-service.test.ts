import t from 'tap'
import type { Answer, ClientMessage } from '../../codec/client-types.js'
import { commandBytesMax } from '../../codec/limits.js'
import { encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import { KvStore } from '../../src/kv/store.js'
import { ClientService } from '../../src/node/client-service.js'
import { ReplicatedState } from '../../src/node/replicated-state.js'
import { Raft } from '../../src/raft/raft.js'
import { isEmpty } from '../../src/raft/ready.js'
import type { Entry } from '../../src/raft/types.js'
import type { Asked } from '../../src/node/snapshot-taker.js'
import type { HeldSnapshot } from '../../src/storage/held-snapshot.js'
import { Sessions } from '../../src/session/sessions.js'
import type { StateMachine } from '../../src/session/types.js'
import type { Link, TransportApi, WireMessage } from '../../src/transport/types.js'
import { shownEntry } from '../codec/checks.js'
import { putCommand } from '../support/story-client.js'

const link = { owner: 'one client' } as unknown as Link
const otherLink = { owner: 'another' } as unknown as Link
const nothing = new Uint8Array(0)
const meta = { lastIncludedIndex: 5, lastIncludedTerm: 1, voters: [1], totalBytes: 100, hash: 3 }
const query = encodeQuery({ op: 'get', key: Buffer.from('a') })

/** A service over a real raft whose disk and peers are the test's. */
class Rig {
  readonly raft: Raft
  readonly state: ReplicatedState
  readonly service: ClientService
  readonly answers: { readonly link: Link; readonly answer: Answer }[] = []
  readonly appended: Entry[] = []
  /** Who waits for a snapshot that is being taken. */
  readonly asked: Asked[] = []
  /** Those for whom no more answers may wait. */
  readonly full = new Set<Link>()
  statusesMade = 0
  entryBytesMax = 1_000
  private lastWriteId = 0

  constructor(voters: number[] = [1], machine: StateMachine = new KvStore(), uncommittedBytesMax = 1_000_000) {
    const options = { id: 1, voters, incarnation: 0, mayFound: true, seed: 1, heartbeatMs: 10, electionTimeoutMs: 100 }
    this.raft = new Raft(
      {
        ...options,
        uncommittedBytesMax,
        unpersistedBytesMax: 1_000_000,
        appendBytesMax: 1_000,
        windowBytesMax: 10_000,
      },
      {
        hardState: { currentTerm: 0, votedFor: 0 },
        snapshotIndex: 0,
        snapshotTerm: 0,
        baseIndex: 0,
        baseTerm: 0,
        entries: [],
      },
      0,
    )
    this.state = new ReplicatedState(new Sessions(machine))
    const transport = {
      send: (to: Link, message: WireMessage) => {
        if (message.type === 'Answer') this.answers.push({ link: to, answer: message })
        return true
      },
      mayAnswer: (to: Link) => !this.full.has(to),
    } as unknown as TransportApi
    const snapshots = {
      ask: (asked: Asked) => void this.asked.push(asked),
      hold: () => ({ meta, release: () => undefined }) as unknown as HeldSnapshot,
      identity: { serverId: 1, clusterId: 7, incarnation: 9 },
      now: () => 0,
      guard: (step: () => void) => step(),
    }
    this.service = new ClientService(this.raft, this.state, transport, snapshots, () => {
      this.statusesMade++
      return '{"role":"leader"}'
    })
  }

  /** A leader of term 1 with nothing to do; of three servers, if it is not alone. */
  static leading(voters: number[] = [1], machine?: StateMachine, uncommittedBytesMax?: number): Rig {
    const rig = new Rig(voters, machine, uncommittedBytesMax)
    rig.raft.tick(1_000)
    rig.turn()
    for (const preVote of [true, false]) {
      const { currentTerm: term } = rig.raft
      const campaignTerm = preVote ? term + 1 : term
      rig.raft.receive(1_000, { type: 'RequestVoteReply', term, from: 2, campaignTerm, granted: true, preVote })
      rig.turn()
    }
    rig.persist()
    return rig
  }

  /** A turn as a node has it, except that nothing is durable yet. */
  turn(): void {
    this.service.proposeNewCommands(this.entryBytesMax)
    for (;;) {
      const ready = this.raft.takeReady(1_000)
      if (isEmpty(ready)) return
      if (ready.append !== null) {
        this.lastWriteId = ready.append.writeId
        this.appended.push(...ready.append.entries)
      }
      for (const entry of ready.committed) this.service.apply(entry)
      this.service.confirmReads(ready.reads)
      this.service.loseReads(ready.readsLost)
    }
  }

  /** The disk is done, and so is that of server 2 where there is one. */
  persist(readRound = 0): void {
    this.raft.persisted(this.lastWriteId)
    if (this.raft.server.voters.length > 1 && this.raft.isLeader) {
      const { lastLogIndex, term } = this.raft.status
      this.raft.receive(1_000, {
        type: 'AppendEntriesReply',
        term,
        from: 2,
        prevLogIndex: lastLogIndex,
        matchIndex: lastLogIndex,
        rejected: false,
        conflictIndex: 0,
        conflictTerm: 0,
        readRound,
      })
    }
    this.turn()
  }

  /** A leader of term 2 speaks up. */
  depose(): void {
    const { lastLogIndex } = this.raft.status
    this.raft.receive(1_000, {
      type: 'AppendEntries',
      term: 2,
      from: 2,
      prevLogIndex: lastLogIndex,
      prevLogTerm: 1,
      leaderCommit: 0,
      readRound: 0,
      matchIndex: 0,
      incarnation: 0,
      entries: [],
    })
    this.service.loseLeadership()
    this.turn()
  }

  receive(message: ClientMessage, from = link): void {
    this.service.receive(from, message)
  }

  /** Answers since the last call, as text. */
  take(): string[] {
    return this.answers.splice(0).map(({ answer }) => `${answer.to} ${answer.requestId} ${answer.code}`)
  }

  open(): number {
    this.receive({ type: 'OpenSession', requestId: 1 })
    this.turn()
    this.persist()
    const { answer } = this.answers.pop()!
    return answer.sessionId
  }

  get held(): number {
    const { waiters, reads, confirmedReads, newCommands } = this.service as unknown as {
      waiters: { byIndex: Map<number, unknown>; bySession: Map<number, unknown>; opening: Map<unknown, unknown> }
      reads: Map<number, unknown>
      confirmedReads: unknown[]
      newCommands: unknown[]
    }
    const { byIndex, bySession, opening } = waiters
    return byIndex.size + bySession.size + opening.size + reads.size + confirmedReads.length + newCommands.length
  }
}

function put(sessionId: number, sequence: number, value = 'v'): ClientMessage {
  return { type: 'Write', sessionId, sequence, answeredUpTo: 0, command: encodeCommand(putCommand('a', value)) }
}

void t.test('a write is answered when it is durable and committed, not before; a repeat comes from the table', t => {
  const rig = Rig.leading()
  const session = rig.open()
  rig.receive(put(session, 1))
  rig.turn()
  t.strictSame(rig.take(), [])
  rig.persist()
  t.strictSame(rig.take(), ['write 1 ok'])
  const entries = rig.appended.length
  rig.receive(put(session, 1))
  t.strictSame(rig.take(), ['write 1 ok'])
  rig.receive(put(session, 1, 'other'))
  t.strictSame(rig.take(), ['write 1 request-mismatch'])
  rig.receive({ ...put(session, 2), answeredUpTo: 1 } as ClientMessage)
  rig.turn()
  rig.persist()
  t.strictSame(rig.take(), ['write 2 ok'])
  rig.receive(put(session, 1))
  t.strictSame(rig.take(), [], 'what the client has needs no answer')
  t.equal(rig.appended.length, entries + 1)
  t.equal(rig.held, 0)
  t.end()
})

void t.test('a leader waits for a majority, its own disk alone is none', t => {
  const rig = Rig.leading([1, 2, 3])
  const session = rig.open()
  rig.receive(put(session, 1))
  rig.turn()
  rig.raft.persisted(rig.appended.length)
  rig.turn()
  t.strictSame(rig.take(), [])
  rig.persist()
  t.strictSame(rig.take(), ['write 1 ok'])
  t.end()
})

void t.test('outcomes of the session are told as they are', t => {
  const rig = Rig.leading()
  const session = rig.open()
  rig.receive(put(session + 1, 1))
  rig.receive(put(session, 20_000))
  rig.receive({
    type: 'Write',
    sessionId: session,
    sequence: 2,
    answeredUpTo: 0,
    command: new Uint8Array(commandBytesMax + 1),
  })
  rig.turn()
  rig.persist()
  t.strictSame(rig.take().sort(), ['write 1 session-expired', 'write 2 bad-request', 'write 20000 sequence-too-far'])
  t.end()
})

void t.test('who does not lead names who does, but tells of what it has and of itself', t => {
  const rig = Rig.leading([1, 2, 3])
  const session = rig.open()
  rig.receive(put(session, 1))
  rig.turn()
  rig.persist()
  rig.depose()
  rig.take()
  rig.receive(put(session, 2))
  rig.receive({ type: 'OpenSession', requestId: 5 })
  rig.receive({ type: 'Read', requestId: 6, stale: false, query })
  t.strictSame(
    rig.answers.map(({ answer }) => [answer.to, answer.code, answer.leaderId]),
    [
      ['write', 'not-leader', 2],
      ['open', 'not-leader', 2],
      ['read', 'not-leader', 2],
    ],
  )
  rig.answers.length = 0
  rig.receive(put(session, 1))
  rig.receive({ type: 'Read', requestId: 7, stale: true, query })
  rig.receive({ type: 'StatusRequest', requestId: 8 })
  rig.receive({ type: 'Hello', nonce: 1 })
  t.strictSame(rig.take(), ['write 1 ok', 'read 7 ok', 'status 8 ok'])
  t.end()
})

void t.test('D14: a repeat attaches to the copy that is under way, unless its bytes are others', t => {
  const rig = Rig.leading()
  const session = rig.open()
  const { length } = rig.appended
  rig.receive(put(session, 1))
  rig.receive(put(session, 1), otherLink)
  rig.turn()
  rig.receive(put(session, 1), otherLink)
  rig.receive(put(session, 1, 'other'))
  rig.turn()
  rig.persist()
  t.equal(rig.appended.length, length + 2, 'one entry for the request, one to refuse the other bytes')
  t.strictSame(
    rig.answers.map(({ link, answer }) => [link.owner, answer.code]),
    [
      ['another', 'ok'],
      ['one client', 'request-mismatch'],
    ],
  )
  t.equal(rig.held, 0)
  rig.receive(put(session, 2))
  rig.turn()
  rig.receive(put(session, 2), otherLink)
  t.equal(rig.appended.length, length + 3)
  rig.answers.length = 0
  rig.service.loseLeadership()
  t.strictSame(
    rig.answers.map(({ link, answer }) => [link.owner, answer.code]),
    [['another', 'not-leader']],
    'one answer, and nobody waits any more',
  )
  t.equal(rig.held, 0)
  t.end()
})

void t.test('commands of a turn share entries as far as they fit a datagram, a larger one goes alone', t => {
  const rig = Rig.leading()
  const session = rig.open()
  rig.entryBytesMax = 300
  const { length } = rig.appended
  for (let sequence = 1; sequence <= 10; sequence++) rig.receive(put(session, sequence, 'x'.repeat(50)))
  rig.receive(put(session, 11, 'x'.repeat(5_000)))
  rig.receive(put(session, 12))
  rig.turn()
  const sizes = rig.appended.slice(length).map(({ payload }) => payload.length)
  t.ok(sizes.slice(0, -2).every(size => size <= 300 + 4))
  t.equal(sizes.length, 6)
  t.ok(sizes.at(-2)! > 5_000)
  rig.persist()
  t.equal(rig.take().length, 12)
  t.end()
})

void t.test('X03: an entry of another leader at the place of a command answers nobody with its success', t => {
  const rig = Rig.leading([1, 2, 3])
  const session = rig.open()
  rig.receive(put(session, 1))
  rig.turn()
  const mine = rig.appended.at(-1)!
  rig.service.apply({ ...shownEntry(mine), term: 2 })
  t.strictSame(rig.take(), ['write 1 not-leader'])
  t.equal(rig.held, 0)
  t.end()
})

void t.test('X03: a hundred writes whose entries are overwritten are told so once each, and none of a success', t => {
  const rig = Rig.leading([1, 2, 3])
  const session = rig.open()
  const { length } = rig.appended
  const requests = Array.from({ length: 100 }, (_, place) => place + 1)
  for (const sequence of requests) {
    rig.receive(put(session, sequence))
    rig.turn()
  }
  const mine = rig.appended.slice(length)
  t.equal(mine.length, 100)
  rig.depose()
  for (const entry of mine) rig.service.apply({ ...shownEntry(entry), term: 2 })
  t.strictSame(
    rig.take(),
    requests.map(sequence => `write ${sequence} not-leader`),
  )
  t.equal(rig.held, 0)
  // The other leader's entries were the same requests: a repeat, here or anywhere, finds them done.
  t.strictSame(
    requests.map(sequence => rig.state.sessions.lookup(session, sequence, encodeCommand(putCommand('a', 'v')))?.code),
    requests.map(() => 'ok'),
  )
  t.end()
})

void t.test('L04: reads wait for the confirmation of their leader and for their index', t => {
  const rig = Rig.leading([1, 2, 3])
  const session = rig.open()
  rig.receive(put(session, 1, 'x'))
  rig.turn()
  rig.persist()
  rig.take()
  rig.receive({ type: 'Read', requestId: 6, stale: false, query })
  rig.turn()
  t.strictSame(rig.take(), [])
  rig.persist(1)
  t.strictSame(rig.take(), ['read 6 ok'])

  rig.receive({ type: 'Read', requestId: 7, stale: false, query })
  const { lastApplied } = rig.state
  rig.service.confirmReads([{ token: 2, readIndex: lastApplied + 1 }])
  t.strictSame(rig.take(), [], 'not before what it must see is applied')
  rig.service.apply({ index: lastApplied + 1, term: 1, kind: 'noop', payload: nothing, record: null })
  rig.service.confirmReads([])
  t.strictSame(rig.take(), ['read 7 ok'])
  t.end()
})

void t.test('X03: a lost leadership answers everybody who waits, and nothing is held however often it is lost', t => {
  const rig = Rig.leading([1, 2, 3])
  const session = rig.open()
  rig.receive(put(session, 1))
  rig.receive({ type: 'OpenSession', requestId: 3 })
  rig.receive({ type: 'Read', requestId: 4, stale: false, query })
  rig.turn()
  rig.depose()
  t.strictSame(rig.take().sort(), ['open 3 not-leader', 'read 4 not-leader', 'write 1 not-leader'])
  rig.receive(put(session, 2))
  t.strictSame(rig.take(), ['write 2 not-leader'])
  t.equal(rig.held, 0)
  t.end()
})

void t.test('regression_what_may_not_wait_is_not_made: thousands of reads of large values in one datagram', t => {
  const machine = new KvStore()
  const rig = Rig.leading([1], machine)
  let made = 0
  machine.query = asked => {
    made++
    return KvStore.prototype.query.call(machine, asked)
  }
  const askAll = () => {
    rig.receive({ type: 'Read', requestId: 1, stale: true, query })
    rig.receive({ type: 'Read', requestId: 2, stale: false, query })
    rig.receive({ type: 'StatusRequest', requestId: 3 })
    rig.turn()
  }
  rig.full.add(link)
  askAll()
  t.strictSame([rig.take(), made, rig.statusesMade, rig.held], [[], 0, 0, 0])
  rig.full.clear()
  askAll()
  t.strictSame([rig.take().sort(), made], [['read 1 ok', 'read 2 ok', 'status 3 ok'], 2])
  t.end()
})

void t.test('all who ask for the status in one turn get the same', t => {
  const rig = Rig.leading()
  for (let requestId = 1; requestId <= 3; requestId++) rig.receive({ type: 'StatusRequest', requestId })
  t.strictSame([rig.take().length, rig.statusesMade], [3, 1])
  rig.service.beginTurn()
  rig.receive({ type: 'StatusRequest', requestId: 4 })
  t.strictSame([rig.take().length, rig.statusesMade], [1, 2])
  t.end()
})

void t.test('who asks too much at once is asked to come back', t => {
  const full = Rig.leading([1, 2, 3], new KvStore(), 1_500)
  const session = full.open()
  for (let sequence = 1; sequence <= 5; sequence++) {
    full.receive(put(session, sequence, 'x'.repeat(900)))
    full.turn()
  }
  t.strictSame(full.take(), ['write 3 busy', 'write 4 busy', 'write 5 busy'], 'the log holds too much uncommitted')
  full.persist()
  t.strictSame(full.take(), ['write 1 ok', 'write 2 ok'])
  full.receive(put(session, 3))
  full.turn()
  full.persist()
  t.strictSame(full.take(), ['write 3 ok'])
  t.equal(full.held, 0)

  const flooded = Rig.leading()
  for (let i = 0; i < 65_537; i++) flooded.receive({ type: 'OpenSession', requestId: i })
  t.strictSame(flooded.take(), ['open 65536 busy'])
  t.end()
})

void t.test('regression_a_query_that_a_machine_chokes_on_ends_the_query_and_not_the_server', t => {
  const machine: StateMachine = {
    apply: () => nothing,
    query: () => {
      throw new Error('what is this?')
    },
    snapshot: () => [],
    restore: () => undefined,
  }
  const rig = Rig.leading([1], machine)
  rig.receive({ type: 'Read', requestId: 1, stale: true, query })
  rig.receive({ type: 'Read', requestId: 2, stale: false, query })
  rig.turn()
  t.strictSame(rig.take(), ['read 1 bad-request', 'read 2 bad-request'])
  t.end()
})

void t.test('regression_a_query_that_gave_no_bytes_or_too_many_ended_the_server_or_was_never_answered', t => {
  const gives = [undefined, 'abc', Promise.resolve(nothing), new Uint8Array(3 * 2 ** 20)]
  const machine: StateMachine = {
    apply: () => nothing,
    query: () => gives.shift() as Uint8Array,
    snapshot: () => [],
    restore: () => undefined,
  }
  const rig = Rig.leading([1], machine)
  for (let requestId = 1; requestId <= 4; requestId++) {
    rig.receive({ type: 'Read', requestId, stale: true, query })
    rig.turn()
    t.strictSame(rig.take(), [`read ${requestId} bad-request`])
  }
  t.end()
})

void t.test('regression_repeated_open_session_filled_the_log: a repeat attaches to the one under way', t => {
  const rig = Rig.leading([1, 2, 3])
  const before = rig.raft.status.lastLogIndex
  for (let copy = 0; copy < 5; copy++) {
    rig.receive({ type: 'OpenSession', requestId: 7 })
    rig.turn()
  }
  t.equal(rig.raft.status.lastLogIndex, before + 1, 'five copies, one entry')
  rig.receive({ type: 'OpenSession', requestId: 8 })
  rig.turn()
  t.equal(rig.raft.status.lastLogIndex, before + 2, 'another request is another session')
  t.end()
})

void t.test('what becomes of copies is counted: suppressed, answered from the table, or dropped', t => {
  const rig = Rig.leading()
  const session = rig.open()
  rig.receive(put(session, 1))
  rig.receive(put(session, 1), otherLink)
  rig.turn()
  rig.receive(put(session, 1))
  t.match(
    rig.service.requests,
    { received: 4, repeats: 2, suppressed: 2, answeredFromTable: 0 },
    'with the one to open',
  )
  rig.persist()
  rig.receive(put(session, 1))
  rig.receive(put(session, 1, 'other'))
  t.match(rig.service.requests, { received: 6, repeats: 3, answeredFromTable: 1, mismatched: 1 })
  rig.receive({ ...put(session, 2), answeredUpTo: 1 } as ClientMessage)
  rig.turn()
  rig.persist()
  rig.receive(put(session, 1))
  rig.receive({ type: 'OpenSession', requestId: 9 })
  rig.receive({ type: 'OpenSession', requestId: 9 })
  rig.receive({ type: 'Read', requestId: 3, stale: true, query })
  t.strictSame(rig.service.requests, {
    received: 10,
    repeats: 5,
    suppressed: 3,
    answeredFromTable: 1,
    alreadyAnswered: 1,
    mismatched: 1,
    redirected: 0,
    noSpace: 0,
    busy: 0,
    repeatsInLog: 0,
  })
  t.end()
})

void t.test('requests that are not taken are counted: no leader, no room', t => {
  const follower = new Rig([1, 2, 3])
  follower.receive(put(1, 1))
  follower.receive({ type: 'OpenSession', requestId: 1 })
  t.match(follower.service.requests, { received: 2, repeats: 0, redirected: 2, busy: 0 })

  const full = Rig.leading([1, 2, 3], new KvStore(), 1_500)
  const session = full.open()
  for (let sequence = 1; sequence <= 5; sequence++) {
    full.receive(put(session, sequence, 'x'.repeat(900)))
    full.turn()
  }
  t.match(full.service.requests, { received: 6, redirected: 0, busy: 3 })

  const flooded = Rig.leading()
  for (let i = 0; i < 65_537; i++) flooded.receive({ type: 'OpenSession', requestId: i })
  t.match(flooded.service.requests, { received: 65_537, busy: 1 })
  t.end()
})

void t.test('a snapshot that is to be read is taken when the leader is confirmed, and not by others', t => {
  const wish = { lastIncludedIndex: 0, hash: 0, offset: 0 } as const
  const rig = Rig.leading([1, 2, 3])
  rig.open()
  rig.answers.length = 0
  rig.receive({ type: 'SnapshotRequest', requestId: 1, act: 'hold', ...wish })
  rig.receive({ type: 'SnapshotRequest', requestId: 1, act: 'hold', ...wish })
  t.strictSame(rig.take(), ['snapshot 1 busy'], 'a repeat comes again later')
  rig.turn()
  t.equal(rig.asked.length, 0, 'nobody has confirmed')
  rig.depose()
  t.strictSame(rig.take(), ['snapshot 1 not-leader'])
  rig.receive({ type: 'SnapshotRequest', requestId: 1, act: 'hold', ...wish })
  t.strictSame(rig.take(), ['snapshot 1 not-leader'], 'asked again')
  rig.receive({ type: 'SnapshotRequest', requestId: 2, act: 'take', ...wish })
  t.equal(rig.asked.length, 1, 'anybody takes one of what it has applied')

  const alone = Rig.leading()
  alone.receive({ type: 'SnapshotRequest', requestId: 1, act: 'hold', ...wish })
  alone.turn()
  alone.persist()
  t.equal(alone.asked.length, 1)
  alone.asked[0]?.(meta)
  alone.receive({ type: 'SnapshotRequest', requestId: 2, act: 'read', ...wish, lastIncludedIndex: 4 })
  alone.service.advance()
  t.strictSame(alone.take(), ['snapshot 1 ok', 'snapshot 2 no-snapshot'])
  t.end()
})
