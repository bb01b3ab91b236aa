import t from 'tap'
import type { AppendEntries, Message } from '../../src/raft/types.js'
import { RaftCluster } from '../support/raft-cluster.js'
import { accept, Bench, electionTimeoutMs, heartbeatMs, rejectAt, type Start } from '../support/raft-servers.js'

/** The leader of term 5 of two servers, so that everything it sends goes to S2; its no-op has index 11. */
function leader(some: Start = {}): Bench {
  const bench = new Bench({ term: 4, voters: [1, 2], log: [1, 1, 1, 4, 4, 4, 4, 4, 4, 4], ...some })
  bench.lead()
  return bench
}

/** The same once S2 has everything. */
function following(some: Start = {}): Bench {
  const bench = leader(some)
  bench.receive(accept(2, 5, 11))
  return bench
}

function peerOf(bench: Bench) {
  const { role } = bench.raft.server
  if (role.name !== 'leader') throw new Error('it leads')
  return role.peers.get(2)!
}

/** "prev+entries" of every AppendEntries. */
function appends(messages: readonly Message[]): string[] {
  const sent = messages.filter((message): message is AppendEntries => message.type === 'AppendEntries')
  return sent.map(message => `${message.prevLogIndex}+${message.entries.length}`)
}

function propose(bench: Bench, count: number): void {
  for (let each = 0; each < count; each++) bench.change(raft => raft.propose(new Uint8Array(22)))
}

void t.test('a new leader probes each peer from the end of its log, one message at a time', t => {
  const bench = leader()
  t.equal(peerOf(bench).state, 'probe')
  propose(bench, 3)
  t.same(bench.take(), [], 'one probe is on its way')
  const sent = bench.receive(accept(2, 5, 11))
  t.same(appends(sent), ['11+3'])
  t.equal(peerOf(bench).state, 'replicate')
  t.end()
})

void t.test('pipelining: proposals leave without waiting for acknowledgements, batched by turn', t => {
  const bench = following()
  propose(bench, 2)
  t.same(appends(bench.take()), ['11+2'])
  propose(bench, 1)
  t.same(appends(bench.take()), ['13+1'])
  t.equal(peerOf(bench).nextIndex, 15)
  t.equal(peerOf(bench).matchIndex, 11)
  t.end()
})

void t.test('appends hold whole entries up to appendBytesMax; the window of bytes is respected', t => {
  const bench = following({ appendBytesMax: 100, windowBytesMax: 250 })
  propose(bench, 20)
  t.same(appends(bench.take()), ['11+2', '13+2'], 'of 100 bytes each: a third would be 300')
  t.ok(peerOf(bench).inflightBytes <= 250)
  t.same(appends(bench.receive(accept(2, 5, 13, 11))), ['15+2'], 'what is accepted makes room, durable or not')
  t.same(appends(bench.do(raft => raft.setPath(2, 500, 1_000))), ['17+10', '27+4'], 'a wider path is used at once')
  t.end()
})

void t.test('an entry larger than a message goes alone', t => {
  const bench = following({ appendBytesMax: 100, windowBytesMax: 250 })
  bench.change(raft => raft.propose(new Uint8Array(5_000)))
  propose(bench, 1)
  t.same(appends(bench.take()), ['11+1'])
  t.end()
})

void t.test('a timeout sends one probe again, not the window', t => {
  const bench = following({ appendBytesMax: 100, windowBytesMax: 1_000 })
  propose(bench, 20)
  t.equal(appends(bench.take()).length, 10)
  t.same(appends(bench.tickAt(2 * heartbeatMs + bench.nowMs)).slice(0, 1), ['11+2'])
  t.same([peerOf(bench).state, peerOf(bench).inflightBytes], ['probe', 0])
  t.same(appends(bench.receive(accept(2, 5, 13))).slice(0, 1), ['13+2'], 'its answer opens the window')
  t.end()
})

void t.test('R17: the timeout of an unheard probe doubles; heartbeats go on meanwhile', t => {
  const bench = leader()
  const began = bench.nowMs
  const probes: number[] = []
  let heartbeats = 0
  // The other half of two servers is silent, so check-quorum would end this leadership: it is not told of the time.
  for (bench.nowMs = began; bench.nowMs < began + 95; bench.nowMs++) {
    for (const sent of appends(bench.take())) {
      if (sent === '10+1') probes.push(bench.nowMs - began)
      else heartbeats++
    }
  }
  t.same(probes, [2 * heartbeatMs, 2 * heartbeatMs + electionTimeoutMs / 2], 'twice as long, but for the limit')
  t.ok(heartbeats >= 2, `${heartbeats} heartbeats`)
  t.end()
})

void t.test('R13: a rejection counts only of what is outstanding, and never leads below matchIndex', t => {
  const bench = following()
  const { nextIndex } = peerOf(bench)
  t.same(bench.receive(rejectAt(2, 5, 10, [5, 4])), [], 'a late copy, below what matches')
  t.same([peerOf(bench).nextIndex, peerOf(bench).state], [nextIndex, 'replicate'])
  propose(bench, 1)
  bench.take()
  t.same(appends(bench.receive(rejectAt(2, 5, 12, [2, 0]))), [], 'it left before what is known to be accepted')
  t.equal(peerOf(bench).state, 'replicate')
  bench.receive(accept(2, 5, 12, 11))
  t.same(appends(bench.receive(rejectAt(2, 5, 12, [2, 0]))), ['11+1'], 'the peer lost what was not durable')
  t.end()
})

void t.test('R03: the answer to a first message that arrives after that to a second takes nothing back', t => {
  const bench = following()
  propose(bench, 2)
  bench.take()
  bench.receive(accept(2, 5, 13, 13))
  t.same([peerOf(bench).matchIndex, peerOf(bench).nextIndex], [13, 14])
  t.same(appends(bench.receive(accept(2, 5, 12, 11))), [])
  t.same([peerOf(bench).matchIndex, peerOf(bench).nextIndex, bench.raft.commitIndex], [13, 14, 13])
  t.end()
})

void t.test('R18: a rejection moves the probe once, however often it is copied', t => {
  const bench = leader()
  const rejection = rejectAt(2, 5, 10, [4, 0])
  t.same(appends(bench.receive(rejection)), ['3+8'])
  for (let copy = 0; copy < 5; copy++) t.same(bench.receive(rejection), [])
  t.equal(peerOf(bench).nextIndex, 4)
  t.end()
})

void t.test('a rejection leads back by whole terms (section 5.3)', t => {
  const known = leader()
  t.same(appends(known.receive(rejectAt(2, 5, 10, [2, 1]))), ['3+8'], 'after our last entry of that term')
  const unknown = leader()
  t.same(appends(unknown.receive(rejectAt(2, 5, 10, [7, 3]))), ['6+5'], 'or at the first of theirs')
  const short = leader()
  t.same(appends(short.receive(rejectAt(2, 5, 10, [1, 0]))), ['0+11'])
  t.end()
})

void t.test('the rejection of a message of a former term says nothing of this one', t => {
  const bench = leader()
  t.same(bench.receive(rejectAt(2, 5, 10, [0, 0])), [])
  t.equal(peerOf(bench).nextIndex, 11)
  t.end()
})

void t.test('where the log is compacted a rejection asks for a snapshot, and only heartbeats go (S11)', t => {
  const bench = leader({ snapshot: [10, 4], log: [] })
  t.same(bench.receive(rejectAt(2, 5, 10, [3, 0])), [])
  t.same([peerOf(bench).state, bench.raft.snapshotsWanted], ['snapshot', [2]])
  t.same(bench.receive(rejectAt(2, 5, 10, [3, 0])), [], 'a copy changes nothing')
  const sent: string[] = []
  for (let beats = 0; beats < 4; beats++) {
    bench.nowMs += heartbeatMs
    sent.push(...appends(bench.take()))
    bench.receive(accept(2, 5, 0))
  }
  t.same(sent, ['0+0', '0+0', '0+0', '0+0'])
  t.end()
})

void t.test('R11: what leaves follows the entry that it names', t => {
  const bench = following({ appendBytesMax: 100 })
  propose(bench, 9)
  const { log } = bench.raft.server
  for (const message of bench.take()) {
    if (message.type !== 'AppendEntries') continue
    t.equal(message.prevLogTerm, log.termAt(message.prevLogIndex))
    t.equal(message.entries[0]?.index, message.prevLogIndex + 1)
  }
  t.end()
})

void t.test('an idle leader sends a heartbeat each interval, and its loss shows', t => {
  const bench = following()
  const began = bench.nowMs
  t.same(appends(bench.tickAt(began + heartbeatMs - 1)), [])
  t.same(appends(bench.tickAt(began + heartbeatMs)), ['11+0'])
  t.same(appends(bench.receive(rejectAt(2, 5, 11, [9, 0]))), ['11+0'].slice(1), 'what matches is durable there')
  propose(bench, 1)
  bench.take()
  bench.tickAt(began + 2 * heartbeatMs)
  t.same(appends(bench.receive(rejectAt(2, 5, 12, [12, 0]))), ['11+1'], 'a heartbeat finds the gap before any timer')
  t.end()
})

void t.test('what was accepted and is not called durable is asked for', t => {
  const bench = following()
  propose(bench, 1)
  bench.take()
  bench.receive(accept(2, 5, 12, 11))
  bench.nowMs += heartbeatMs
  t.same(appends(bench.take()), ['12+0'], 'by the next heartbeat')
  bench.receive(accept(2, 5, 12, 12))
  t.equal(bench.raft.commitIndex, 12)
  t.end()
})

/** 64 messages leave at once on a path of 20 ms and the third of them does not arrive; `sent` counts all with entries. */
function thirdOf64() {
  const cluster = new RaftCluster({
    servers: 2,
    delayMs: [10, 10],
    raft: { appendBytesMax: 50, windowBytesMax: 5_000 },
  })
  cluster.runUntil(() => cluster.isSettled, 5_000)
  const { leaderId } = cluster
  const follower = 3 - leaderId
  const run = { cluster, leaderId, follower, sent: 0, third: [] as Message[] }
  cluster.onSent = (_, __, message) => {
    if (message.type === 'AppendEntries' && message.entries.length > 0) run.sent++
  }
  cluster.allow = (_, to, message) => {
    if (to !== follower || message.type !== 'AppendEntries' || message.entries.length === 0) return true
    if (run.sent === 3) run.third.push(message)
    return run.sent !== 3
  }
  for (let each = 0; each < 64; each++) cluster.propose(leaderId, 'x'.repeat(20))
  cluster.settle()
  return run
}

void t.test('R16: of 64 messages in flight the third is late: nothing is sent again', t => {
  const run = thirdOf64()
  const { cluster, follower } = run
  t.equal(run.sent, 64)
  cluster.runFor(31)
  t.equal(cluster.raft(follower).server.log.lastIndex, 3, 'its successors wait')
  cluster.inject(follower, run.third[0]!)
  cluster.settle()
  t.equal(cluster.raft(follower).server.log.lastIndex, 65, 'and are taken at once')
  t.ok(
    cluster.runUntil(() => cluster.checks.committed.length === 65, 15),
    'the answer travels 10 ms',
  )
  cluster.runFor(200)
  t.equal(run.sent, 64)
  t.end()
})

void t.test('R16: of 64 messages in flight the third never arrives: it is sent again, and nothing else', t => {
  const run = thirdOf64()
  const { cluster } = run
  t.ok(
    cluster.runUntil(() => cluster.checks.committed.length === 65, electionTimeoutMs / 2 + 25),
    'the timer, the probe and its answer',
  )
  cluster.runFor(200)
  t.equal(run.sent, 65)
  t.end()
})

void t.test("R16, R18: a follower's word of a gap counts unless the transport is at work on it", t => {
  const busy = following({ appendBytesMax: 50 })
  propose(busy, 3)
  t.same(appends(busy.take()), ['11+1', '12+1', '13+1'])
  busy.change(raft => raft.pathAtWork(busy.nowMs, 2))
  t.same(busy.receive(rejectAt(2, 5, 13, [12, 0])), [], 'it is on its way again')
  busy.nowMs += heartbeatMs - 1
  t.same(busy.receive(rejectAt(2, 5, 13, [12, 0])), [])
  t.equal(peerOf(busy).state, 'replicate')
  busy.nowMs += 1
  t.same(appends(busy.receive(rejectAt(2, 5, 13, [12, 0]))), ['11+1'], 'the transport has given up')
  for (let copy = 0; copy < 5; copy++) t.same(busy.receive(rejectAt(2, 5, 13, [12, 0])), [])
  t.same(appends(busy.receive(accept(2, 5, 14))), [], 'the probe closed the gap: all that was held counts')
  t.same([peerOf(busy).state, peerOf(busy).nextIndex], ['replicate', 15])
  t.end()
})

void t.test('while the transport is at work nothing is sent again, but for no longer than an election timeout', t => {
  for (const inflight of [false, true]) {
    const bench = inflight ? following() : leader()
    if (inflight) propose(bench, 1)
    const first = inflight ? '11+1' : '10+1'
    if (inflight) t.same(appends(bench.take()), [first])
    const began = bench.nowMs
    const again: number[] = []
    for (; bench.nowMs < began + 200; bench.nowMs++) {
      bench.change(raft => raft.pathAtWork(bench.nowMs, 2))
      if (appends(bench.take()).includes(first)) again.push(bench.nowMs - began)
    }
    t.equal(again[0], electionTimeoutMs + 2 * heartbeatMs)
  }
  const follower = new Bench({ term: 4, log: [1] })
  follower.change(raft => raft.pathAtWork(0, 2))
  t.same(follower.take(), [], 'who does not lead waits for nobody')
  t.end()
})

void t.test('regression_slow_path: a round trip of more than two heartbeats is learnt all the same', t => {
  const raft = { electionTimeoutMs: 200, heartbeatMs: 25 }
  const cluster = new RaftCluster({ servers: 3, delayMs: [40, 40], writeMs: [1, 2], raft })
  cluster.runUntil(() => cluster.isSettled, 60_000)
  const { leaderId } = cluster
  for (let each = 0; each < 200; each++) {
    cluster.propose(leaderId)
    cluster.runFor(5)
  }
  t.ok(cluster.runUntil(() => cluster.isSettled, 1_000))
  for (const peer of cluster.leaderRole(leaderId).peers.values()) t.ok(peer.roundTripMs > 79, 'a sample was had')
  t.end()
})

void t.test('U05: a path of 80 ms is not taken for a loss: nothing is sent again once the round trip is known', t => {
  const raft = { electionTimeoutMs: 1_000, heartbeatMs: 100 }
  const cluster = new RaftCluster({ servers: 3, delayMs: [40, 40], writeMs: [1, 2], raft })
  cluster.runUntil(() => cluster.isSettled, 60_000)
  const { leaderId } = cluster
  let entries = 0
  cluster.onSent = (_, __, message) => {
    if (message.type === 'AppendEntries') entries += message.entries.length
  }
  for (let each = 0; each < 200; each++) {
    cluster.propose(leaderId)
    cluster.read(leaderId)
    cluster.runFor(5)
  }
  t.ok(cluster.runUntil(() => cluster.isSettled, 1_000))
  t.ok(entries < 1.3 * 2 * 200, `${entries} entries sent for 200 to two peers`)
  for (const peer of cluster.leaderRole(leaderId).peers.values()) {
    t.ok(peer.roundTripMs > 79 && peer.roundTripMs < 90, `a round trip of ${peer.roundTripMs} ms`)
  }
  t.end()
})
