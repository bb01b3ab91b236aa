/** The shell itself: what a turn carries out and when, how it ends. Whole clusters are in cluster.test.ts. */
import t from 'tap'
import { encodeCommand } from '../../src/kv/commands.js'
import { putCommand } from './clients.js'
import { electionTimeoutMs } from './process.js'
import { Cluster } from './rig.js'

void t.test('a stop that is asked for again, or of a server that has stopped, calls back', t => {
  const cluster = new Cluster({ seed: 20, size: 1 })
  t.ok(cluster.runUntil(() => cluster.leader !== null))
  const node = cluster.server(1).node!
  const stopped: string[] = []
  node.stop(() => stopped.push('first'))
  node.stop(() => stopped.push('regression_second'))
  cluster.runFor(0.02)
  node.stop(() => stopped.push('while closing'))
  t.strictSame(stopped, [])
  cluster.runFor(100)
  node.stop(() => stopped.push('afterwards'))
  t.strictSame(stopped, ['first', 'regression_second', 'while closing', 'afterwards'])
  t.end()
})

void t.test('regression_a_stop_calls_back_when_the_server_breaks_meanwhile', t => {
  const cluster = new Cluster({ seed: 21 })
  const leader = cluster.elect()
  cluster.runFor(100)
  for (const other of cluster.followers()) other.kill()
  cluster.mayFail.add(leader.id)
  leader.disk.fault = () => 'EIO'
  const raw = cluster.rawClient()
  raw.greet(leader.id)
  leader.diskMs = { from: 5, to: 6 }
  raw.send(leader.id, { type: 'OpenSession', requestId: 1 })
  cluster.runFor(1)
  const order: string[] = []
  leader.stop(() => order.push(`stopped, ${leader.failure === null ? 'sound' : 'broken'}`))
  cluster.runFor(20)
  t.strictSame(order, ['stopped, broken'])
  t.match(leader.failure?.message, /EIO/)
  leader.disk.fault = () => null
  leader.start()
  t.ok(
    cluster.runUntil(() => leader.node !== null),
    'the lock is let go of',
  )
  t.end()
})

void t.test('regression_a_disk_that_fails_while_a_server_stops_is_told_of', t => {
  const cluster = new Cluster({ seed: 22, size: 1 })
  const server = cluster.server(1)
  cluster.mayFail.add(1)
  t.ok(cluster.runUntil(() => cluster.leader !== null))
  cluster.runFor(3)
  server.disk.fault = ({ kind }) => (kind === 'write' ? 'EIO' : null)
  let stopped = false
  server.stop(() => (stopped = true))
  cluster.runFor(50)
  t.ok(stopped)
  t.match(server.failure?.message, /EIO/)
  t.end()
})

void t.test('C11: a machine that throws ends its server with its error', t => {
  const cluster = new Cluster({ seed: 23, size: 1 })
  cluster.mayFail.add(1)
  cluster.onApply = () => {
    throw new Error('a bug')
  }
  cluster.elect()
  const client = cluster.client()
  t.equal(client.put('a', '1', 300), 'unknown-outcome')
  t.match(cluster.server(1).failure?.message, /a bug/)
  t.notOk(cluster.server(1).isRunning)
  t.end()
})

void t.test('E04: term and vote are durable before a vote leaves, and so are they before a candidate asks', t => {
  const cluster = new Cluster({ seed: 24, start: [1] })
  const peer = cluster.impersonate(2)
  const server = cluster.server(1)
  t.ok(cluster.runUntil(() => server.node !== null))
  server.diskMs = { from: 30, to: 31 }
  const heard: string[] = []
  peer.onMessage = (_link, message) => heard.push(`${message.type} ${Math.round(cluster.clock.now() - asked)}`)
  const asked = cluster.clock.now()
  peer.send(peer.peer(1)!, {
    type: 'RequestVote',
    term: 3,
    from: 2,
    campaignTerm: 3,
    lastLogIndex: 0,
    lastLogTerm: 0,
    preVote: false,
    leadershipTransfer: false,
  })
  peer.flush()
  cluster.runFor(55)
  t.strictSame(heard, [], 'two slots are written, one after the other')
  cluster.runFor(20)
  t.match(heard[0], /^RequestVoteReply 6\d$/)
  // Had it forgotten, it would vote for another in the same term.
  server.crash()
  server.start()
  t.ok(cluster.runUntil(() => server.node !== null))
  t.equal(cluster.statusOf(1)?.term, 3)
  t.end()
})

void t.test('a client that asks the wrong server while nobody leads is told so, and finds the leader later', t => {
  const cluster = new Cluster({ seed: 25, start: [1] })
  cluster.runFor(50)
  const raw = cluster.rawClient()
  raw.greet(1)
  const command = encodeCommand(putCommand('a', '1'))
  const answer = raw.call(1, { type: 'Write', sessionId: 1, sequence: 1, answeredUpTo: 0, command })
  t.match(answer, { to: 'write', code: 'not-leader', leaderId: 0, requestId: 1, sessionId: 1 })
  cluster.server(2).start()
  const client = cluster.client()
  t.equal(client.put('a', '1'), 'ok')
  t.end()
})

void t.test('regression_the_term_moves_on_while_a_hard_state_is_saved', t => {
  const cluster = new Cluster({ seed: 17, start: [1] })
  const peer = cluster.impersonate(2)
  const { node, disk } = cluster.server(1)
  t.equal(node, null)
  cluster.runFor(50)
  cluster.server(1).diskMs = { from: 10, to: 11 }
  const entry = { index: 1, term: 5, kind: 'noop' as const, payload: new Uint8Array(0), record: null }
  const common = {
    type: 'AppendEntries',
    from: 2,
    prevLogIndex: 0,
    prevLogTerm: 0,
    leaderCommit: 0,
    readRound: 0,
  } as const
  // Term 5 and its entry come in one ready; before that term is durable there is a term 6.
  peer.send(peer.peer(1)!, { ...common, term: 5, entries: [entry] })
  peer.flush()
  cluster.runFor(3)
  peer.send(peer.peer(1)!, { ...common, term: 6, entries: [] })
  peer.flush()
  cluster.runFor(100)
  t.equal(cluster.server(1).failure, null)
  t.equal(cluster.statusOf(1)?.term, 6)
  t.equal(cluster.statusOf(1)?.persistedIndex, 1)
  t.ok(disk.paths().length > 0)
  t.end()
})

void t.test('regression_a_flood_does_not_stop_the_time', t => {
  const cluster = new Cluster({ seed: 18, start: [1] })
  const server = cluster.server(1)
  t.ok(cluster.runUntil(() => server.node !== null))
  server.pause()
  const flood = 40 * 32
  for (let i = 0; i < flood; i++) {
    cluster.network.carry(Uint8Array.of(1, 2, 3), cluster.server(2).address, server.address)
  }
  cluster.runFor(5 * electionTimeoutMs)
  const readAtElection: number[] = []
  cluster.onLine = () => readAtElection.push(server.datagramsRead)
  server.resume()
  cluster.runFor(1)
  t.equal(server.datagramsRead, flood)
  t.equal(readAtElection.length, 1, 'it asked whether it could be elected')
  t.ok(readAtElection[0]! >= 8 * 32 && readAtElection[0]! <= 10 * 32, `after ${readAtElection[0]} datagrams`)
  t.end()
})
