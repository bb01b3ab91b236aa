/** The shell itself: what a turn carries out and when, how it ends. Whole clusters are in scenarios/. */
import t from 'tap'
import { ReplicatedState } from '../../src/node/replicated-state.js'
import { writeOf } from '../support/story-client.js'
import { electionTimeoutMs, Story } from '../support/story.js'

void t.test('a stop that is asked for again, or of a server that has stopped, calls back', t => {
  const story = new Story({ seed: 20, servers: 1 })
  story.elect()
  const node = story.node(1)
  const stopped: string[] = []
  node.stop(() => stopped.push('first'))
  node.stop(() => stopped.push('regression_second'))
  story.runFor(0.02)
  node.stop(() => stopped.push('while closing'))
  t.strictSame(stopped, [])
  story.runFor(100)
  node.stop(() => stopped.push('afterwards'))
  t.strictSame(stopped, ['first', 'regression_second', 'while closing', 'afterwards'])
  t.end()
})

void t.test('regression_a_stop_calls_back_when_the_server_breaks_meanwhile', t => {
  const story = new Story({ seed: 21 })
  const leaderId = story.elect()
  story.runFor(100)
  for (const other of story.others(leaderId)) story.process(other).kill()
  const raw = story.rawClient()
  raw.greet(leaderId)
  const leader = story.process(leaderId)
  leader.disk.isFailing = true
  leader.disk.slowness = 20
  raw.send(leaderId, { type: 'OpenSession', requestId: 1 })
  story.runFor(0.9)
  const order: string[] = []
  story.node(leaderId).stop(() => order.push(`stopped, ${leader.failure === null ? 'sound' : 'broken'}`))
  story.runFor(200)
  t.strictSame(order, ['stopped, broken'])
  t.match(leader.failure?.message, /EIO/)
  leader.disk.isFailing = false
  leader.disk.slowness = 1
  leader.start()
  story.until('the lock is let go of', () => leader.node !== null)
  t.end()
})

void t.test('regression_a_disk_that_fails_while_a_server_stops_is_told_of', t => {
  const story = new Story({ seed: 22, servers: 1 })
  story.elect()
  story.process(1).disk.isFailing = true
  let stopped = false
  story.node(1).stop(() => (stopped = true))
  story.runFor(50)
  t.ok(stopped)
  t.match(story.process(1).failure?.message, /EIO/)
  t.end()
})

void t.test('C11: a machine that throws ends its server with its error', t => {
  const story = new Story({ seed: 23, servers: 1 })
  story.elect()
  const { state } = story.node(1)
  state.apply = entry => {
    if (entry.kind === 'commands') throw new Error('a bug')
    return ReplicatedState.prototype.apply.call(state, entry)
  }
  t.throws(() => story.put('a', '1', 0, 300), /a bug/, 'the simulator reports it')
  t.match(story.process(1).failure?.message, /a bug/)
  t.notOk(story.process(1).isRunning)
  t.end()
})

void t.test('E04: term and vote are durable before a vote leaves, and so are they before a candidate asks', t => {
  const story = new Story({ seed: 24, start: [1], diskFromMs: 1, diskToMs: 1.01 })
  const peer = story.impersonate(2)
  const server = story.process(1)
  story.until('it runs', () => server.node !== null)
  server.disk.slowness = 30
  const heard: string[] = []
  peer.onMessage = (_link, message) => heard.push(`${message.type} ${Math.round(story.nowMs - askedMs)}`)
  const askedMs = story.nowMs
  peer.send(peer.peer(1)!, {
    type: 'RequestVote',
    term: 3,
    from: 2,
    campaignTerm: 3,
    lastLogIndex: 0,
    lastLogTerm: 0,
    preVote: false,
    leadershipTransfer: false,
    voterIncarnation: 0,
  })
  peer.flush()
  story.runFor(55)
  t.strictSame(heard, [], 'two slots are written, one after the other')
  story.runFor(20)
  t.match(heard[0], /^RequestVoteReply 6\d$/)
  // Had it forgotten, it would vote for another in the same term.
  server.crash()
  server.disk.slowness = 1
  server.start()
  story.until('it is back', () => server.node !== null)
  t.equal(story.raft(1).currentTerm, 3)
  t.end()
})

void t.test('a client that asks the wrong server while nobody leads is told so, and finds the leader later', t => {
  const story = new Story({ seed: 25, start: [1] })
  story.runFor(50)
  const raw = story.rawClient()
  raw.greet(1)
  const answer = raw.call(1, writeOf(1, 1, 'b', '1'))
  t.match(answer, { to: 'write', code: 'not-leader', leaderId: 0, requestId: 1, sessionId: 1 })
  story.process(2).start()
  t.equal(story.put('a', '1'), 'ok')
  t.end()
})

void t.test('regression_the_term_moves_on_while_a_hard_state_is_saved', t => {
  const story = new Story({ seed: 17, start: [1], diskFromMs: 1, diskToMs: 1.01 })
  const peer = story.impersonate(2)
  t.equal(story.process(1).node, null)
  story.until('it runs', () => story.process(1).node !== null)
  story.runFor(20)
  story.process(1).disk.slowness = 10
  const entry = { index: 1, term: 5, kind: 'noop' as const, payload: new Uint8Array(0), record: null }
  const common = {
    type: 'AppendEntries',
    from: 2,
    prevLogIndex: 0,
    prevLogTerm: 0,
    leaderCommit: 0,
    readRound: 0,
    matchIndex: 0,
    incarnation: 0,
  } as const
  // Term 5 and its entry come in one ready; before that term is durable there is a term 6.
  peer.send(peer.peer(1)!, { ...common, term: 5, entries: [entry] })
  peer.flush()
  story.runFor(3)
  peer.send(peer.peer(1)!, { ...common, term: 6, entries: [] })
  peer.flush()
  story.runFor(100)
  t.equal(story.process(1).failure, null)
  t.equal(story.raft(1).currentTerm, 6)
  t.equal(story.raft(1).persistedIndex, 1)
  t.end()
})

void t.test('regression_a_flood_does_not_stop_the_time', t => {
  const story = new Story({ seed: 18, start: [1], receiveBufferBytes: 4_000_000 })
  const server = story.process(1)
  story.until('it runs', () => server.node !== null)
  story.cluster.pause(server)
  story.runFor(5 * electionTimeoutMs)
  const flood = 40 * 32
  for (let i = 0; i < flood; i++) {
    story.cluster.network.inject(Uint8Array.of(1, 2, 3), story.process(2).address, server.address, 2)
  }
  story.runFor(1)
  const readAtElection: number[] = []
  const received = (): number => story.node(1).status().transport.datagramsReceived
  story.onRole = () => readAtElection.push(received())
  story.cluster.resume(server)
  story.runFor(3)
  t.equal(received(), flood)
  t.equal(readAtElection.length, 1, 'it asked whether it could be elected')
  t.ok(readAtElection[0]! >= 8 * 32 && readAtElection[0]! <= 10 * 32, `after ${readAtElection[0]} datagrams`)
  t.end()
})
