/**
 * The paper ("In Search of an Understandable Consensus Algorithm", extended version), sentence by sentence: each test
 * quotes what it checks. Figures 7 and 8 are played exactly as drawn.
 */
import t from 'tap'
import type { ServerId } from '../../src/raft/types.js'
import { RaftCluster } from '../support/raft-cluster.js'
import {
  accept,
  append,
  Bench,
  electionTimeoutMs,
  heartbeatMs,
  requestVote,
  voteReply,
} from '../support/raft-servers.js'

/** Figure 7: the term of each entry. Server 1 is the leader for term 8 above, 2 to 7 are (a) to (f). */
const figure7 = {
  S: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
  a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
  b: [1, 1, 1, 4],
  c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  e: [1, 1, 1, 4, 4, 4, 4],
  f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
} as const
type Name = keyof typeof figure7
const names = Object.keys(figure7) as Name[]
const idOf = (name: Name): ServerId => names.indexOf(name) + 1
const sevenVoters = names.map(idOf)
const logs7 = new Map(names.map(name => [idOf(name), figure7[name]]))

void t.test('E01, Figure 7: who gets whose vote in term 8', t => {
  const granted: Record<Name, string> = { S: 'abef', a: 'bef', b: 'f', c: 'Sabef', d: 'Sabcef', e: 'bf', f: '' }
  for (const candidate of names) {
    const log = figure7[candidate]
    const request = requestVote(idOf(candidate), 8, [log.length, log.at(-1)!])
    let votes = ''
    for (const voter of names) {
      if (voter === candidate) continue
      const bench = new Bench({ id: idOf(voter), voters: sevenVoters, term: 7, log: figure7[voter] })
      const { electionDeadlineMs } = bench.raft.server
      bench.nowMs = 30
      const [answer] = bench.receive(request)
      if (answer?.type === 'RequestVoteReply' && answer.granted) votes += voter
      else t.equal(bench.raft.server.electionDeadlineMs, electionDeadlineMs, `${voter} refuses and goes on waiting`)
      t.equal(bench.raft.currentTerm, 8, `${voter} moves to term 8`)
    }
    t.equal(votes, granted[candidate], `votes for ${candidate}`)
  }
  t.end()
})

void t.test('E01, Figure 7: S, a, c and d can win, b, e and f cannot', t => {
  for (const candidate of names) {
    const cluster = new RaftCluster({ servers: 7, delayMs: [0, 0], logs: logs7, term: 7, timers: false })
    cluster.stand(idOf(candidate))
    const wins = ['S', 'a', 'c', 'd'].includes(candidate)
    t.equal(cluster.leaderId, wins ? idOf(candidate) : 0, candidate)
    t.equal(cluster.raft(idOf(candidate)).currentTerm, wins ? 8 : 7, 'who cannot win does not disturb: pre-vote')
  }
  t.end()
})

void t.test(
  'R01, Figure 7: "the leader handles inconsistencies by forcing the followers\' logs to duplicate its own"',
  t => {
    const cluster = new RaftCluster({ servers: 7, delayMs: [0, 0], logs: logs7, term: 7, timers: false })
    const rejections = new Map<ServerId, number>()
    cluster.onSent = (from, _, message) => {
      if (message.type !== 'AppendEntriesReply' || !message.rejected) return
      rejections.set(from, (rejections.get(from) ?? 0) + 1)
    }
    cluster.stand(idOf('S'))
    const expected: Record<Name, number> = { S: 0, a: 1, b: 1, c: 0, d: 0, e: 2, f: 2 }
    for (const name of names) {
      t.same(cluster.terms(idOf(name)), [...figure7.S, 8], `the log of ${name}`)
      t.equal(rejections.get(idOf(name)) ?? 0, expected[name], `${name}: rejections with the conflicting term`)
    }
    t.equal(cluster.checks.committed.length, 11)
    t.end()
  },
)

void t.test(
  'R01, Figure 7: entries are cut by a conflicting entry only: c and d keep theirs until entry 11 arrives',
  t => {
    const expected: [Name, cutFrom: number, cut: number][] = [
      ['a', 10, 0],
      ['b', 5, 0],
      ['c', 11, 1],
      ['d', 11, 2],
      ['e', 6, 2],
      ['f', 4, 8],
    ]
    for (const [name, from, cut] of expected) {
      const bench = new Bench({ id: idOf(name), voters: sevenVoters, term: 7, log: figure7[name] })
      const { length } = figure7[name]
      const match = from - 1
      bench.receive(append(1, 8, [match, figure7.S[match - 1]!]))
      t.equal(bench.terms.length, length, `${name} cuts nothing for a heartbeat`)
      const whole = [...figure7.S, 8]
      const before = bench.raft.server.log.range(1, length)
      bench.receive(append(1, 8, [match, figure7.S[match - 1]!], whole.slice(match)))
      t.same(bench.terms, whole)
      const kept = before.filter(entry => bench.raft.server.log.termAt(entry.index) === entry.term)
      t.equal(length - kept.length, cut, `${name} loses ${cut}`)
    }
    t.end()
  },
)

/** Server `id` stands until it leads: the first time it may only learn in which term the others are. */
function win(cluster: RaftCluster, id: ServerId): void {
  for (let attempt = 0; attempt < 3 && cluster.leaderId !== id; attempt++) cluster.stand(id)
}

/** Figure 8 up to (b): entry 1 everywhere; each new leader's own entry is the one that opens its term. */
function figure8(): RaftCluster {
  const ones = new Map([1, 2, 3, 4, 5].map((id): [ServerId, number[]] => [id, [1]]))
  // One entry per message, so that the second can be delivered without the third.
  const cluster = new RaftCluster({
    servers: 5,
    delayMs: [0, 0],
    logs: ones,
    timers: false,
    raft: { appendBytesMax: 1 },
  })
  // (a) "S1 is leader and partially replicates the log entry at index 2"
  cluster.allow = (_, to, message) => message.type !== 'AppendEntries' || to === 2
  win(cluster, 1)
  // (b) "S1 crashes; S5 is elected leader for term 3 with votes from S3, S4, and itself, and accepts a different entry"
  cluster.crash(1)
  cluster.allow = (_, __, message) => message.type !== 'AppendEntries'
  win(cluster, 5)
  return cluster
}

/** (c) "S5 crashes; S1 restarts, is elected leader, and continues replication". */
function figure8c(): RaftCluster {
  const cluster = figure8()
  cluster.crash(5)
  cluster.restart(1)
  cluster.allow = (_, to, message) => {
    if (message.type !== 'AppendEntries') return true
    return to === 2 || to === 3 ? message.entries.every(entry => entry.index <= 2) : false
  }
  win(cluster, 1)
  cluster.wake(1, heartbeatMs)
  return cluster
}

void t.test('Figure 8 (a) and (b)', t => {
  const cluster = figure8()
  t.equal(cluster.leaderId, 5)
  t.equal(cluster.raft(5).currentTerm, 3)
  cluster.restart(1)
  t.same(
    [1, 2, 3, 4, 5].map(id => cluster.terms(id)),
    [[1, 2], [1, 2], [1], [1], [1, 3]],
  )
  t.same(cluster.checks.committed, [])
  const s2 = new Bench({ id: 2, voters: [1, 2, 3, 4, 5], log: [1, 2] })
  t.match(s2.receive(requestVote(5, 3, [1, 1])), [{ granted: false }], 'S2 would have refused S5')
  t.end()
})

void t.test(
  'C01, Figure 8 (c): "the log entry from term 2 has been replicated on a majority of the servers, but it is not committed"',
  t => {
    const cluster = figure8c()
    t.same(
      [1, 2, 3, 4].map(id => cluster.terms(id)),
      [[1, 2, 4], [1, 2], [1, 2], [1]],
    )
    t.same([cluster.leaderId, cluster.raft(1).currentTerm], [1, 4])
    const peers = cluster.leaderRole(1).peers
    t.same(
      [2, 3].map(id => peers.get(id)?.matchIndex),
      [2, 2],
      'and the leader knows it',
    )
    t.equal(cluster.raft(1).commitIndex, 0)
    t.end()
  },
)

void t.test(
  'C02, Figure 8 (d): "S5 could be elected leader (with votes from S2, S3, and S4) and overwrite the entry with its own entry from term 3"',
  t => {
    const cluster = figure8c()
    cluster.crash(1)
    cluster.restart(5)
    const votes: ServerId[] = []
    cluster.onSent = (from, _, message) => {
      if (message.type === 'RequestVoteReply' && message.granted && !message.preVote) votes.push(from)
    }
    cluster.allow = () => true
    cluster.stand(5)
    cluster.stand(5)
    t.same([cluster.leaderId, cluster.raft(5).currentTerm], [5, 5])
    t.same(votes.sort(), [2, 3, 4])
    cluster.restart(1)
    cluster.wake(5, electionTimeoutMs / 2)
    t.same(
      [1, 2, 3, 4, 5].map(id => cluster.terms(id)),
      Array(5).fill([1, 3, 5]),
    )
    t.same(
      cluster.checks.committed.map(entry => entry.term),
      [1, 3, 5],
      'nothing that was applied is undone',
    )
    const s1 = new Bench({ id: 1, voters: [1, 2, 3, 4, 5], log: [1, 2, 4] })
    t.match(s1.receive(requestVote(5, 5, [2, 3])), [{ granted: false }], 'S1 would have refused S5')
    t.end()
  },
)

void t.test(
  'C03, Figure 8 (e): "if S1 replicates an entry from its current term on a majority of the servers before crashing, then this entry is committed (S5 cannot win an election)"',
  t => {
    const cluster = figure8c()
    cluster.allow = (_, to, message) => message.type !== 'AppendEntries' || to === 2 || to === 3
    cluster.wake(1, electionTimeoutMs / 2)
    t.same(
      [1, 2, 3, 4].map(id => cluster.terms(id)),
      [[1, 2, 4], [1, 2, 4], [1, 2, 4], [1]],
    )
    t.equal(cluster.raft(1).commitIndex, 3, 'entry 3, and with it entry 2')
    cluster.crash(1)
    cluster.restart(5)
    cluster.allow = () => true
    for (let attempt = 0; attempt < 5; attempt++) cluster.stand(5)
    t.equal(cluster.leaderId, 0)
    for (const [id, log] of [
      [2, [1, 2, 4]],
      [3, [1, 2, 4]],
      [4, [1]],
    ] as const) {
      const voter = new Bench({ id, voters: [1, 2, 3, 4, 5], term: 4, log })
      t.match(voter.receive(requestVote(5, 5, [2, 3])), [{ granted: id === 4 }], `S${id}`)
    }
    cluster.stand(2)
    t.equal(cluster.leaderId, 2, 'S2 can')
    t.end()
  },
)

void t.test(
  '5.1: "If a candidate or leader discovers that its term is out of date, it immediately reverts to follower state"',
  t => {
    const bench = new Bench({ term: 4 })
    bench.lead()
    bench.receive(accept(2, 6, 0, 0, { rejected: true }))
    t.same([bench.role, bench.raft.currentTerm], ['follower', 6])
    t.end()
  },
)

void t.test('5.1: "If a server receives a request with a stale term number, it rejects the request"', t => {
  const bench = new Bench({ term: 4, log: [1] })
  t.match(bench.receive(append(2, 3, [1, 1])), [{ rejected: true, term: 4 }])
  t.match(bench.receive(requestVote(2, 3, [9, 3])), [{ granted: false, term: 4 }])
  t.end()
})

void t.test(
  '5.2: "A server remains in follower state as long as it receives valid RPCs from a leader or candidate"',
  t => {
    const bench = new Bench({ term: 4, log: [1] })
    for (let time = 1; time < 20; time++) {
      bench.tickAt(time * (electionTimeoutMs - 1))
      bench.receive(append(2, 4, [1, 1]))
    }
    t.equal(bench.role, 'follower')
    bench.timeout()
    t.equal(bench.role, 'pre-candidate')
    t.end()
  },
)

void t.test(
  '5.2: "Leaders send periodic heartbeats (AppendEntries RPCs that carry no log entries) to all followers"',
  t => {
    const cluster = new RaftCluster({ servers: 3 })
    cluster.runUntil(() => cluster.isSettled, 2_000)
    const { leaderId } = cluster
    const heartbeats: ServerId[] = []
    cluster.onSent = (from, to, message) => {
      if (from === leaderId && message.type === 'AppendEntries' && message.entries.length === 0) heartbeats.push(to)
    }
    cluster.runFor(10 * heartbeatMs)
    for (const id of cluster.ids) {
      if (id !== leaderId) t.ok([9, 10, 11].includes(heartbeats.filter(to => to === id).length), `to S${id}`)
    }
    t.end()
  },
)

void t.test(
  '5.2: "the majority rule ensures that at most one candidate can win the election for a particular term"',
  t => {
    for (let seed = 1; seed <= 40; seed++) {
      // All time out together, and half of the messages of the split election are lost.
      const cluster = new RaftCluster({ servers: 5, seed, loss: 0.5, raft: { electionTimeoutMs: 60 } })
      cluster.runFor(600)
      cluster.loss = 0
      if (!cluster.runUntil(() => cluster.isSettled, 4_000)) t.fail(`seed ${seed}: no leader`)
    }
    t.end()
  },
)

void t.test('5.3, Leader Append-Only: "a leader never overwrites or deletes entries in its own log"', t => {
  const bench = new Bench({ term: 4, log: [1, 1, 4] })
  bench.lead()
  t.throws(() => bench.receive(append(2, 5, [1, 1], [5])), /does not lead term 5 beside this leader/)
  t.same(bench.terms, [1, 1, 4, 5])
  t.end()
})

void t.test(
  '5.3: "the leader keeps track of the highest index it knows to be committed, and it includes that index in future AppendEntries RPCs"',
  t => {
    const bench = new Bench({ term: 4, log: [1] })
    bench.lead()
    bench.receive(accept(2, 5, 2))
    t.match(bench.tickAt(bench.nowMs + heartbeatMs), Array(2).fill({ type: 'AppendEntries', leaderCommit: 2 }))
    t.end()
  },
)

void t.test(
  '5.4.1: "If the logs have last entries with different terms, then the log with the later term is more up-to-date. If the logs end with the same term, then whichever log is longer is more up-to-date."',
  t => {
    const grants = (last: readonly [number, number]) => {
      const [answer] = new Bench({ term: 6, log: [1, 1, 5, 5] }).receive(requestVote(2, 7, last))
      return answer?.type === 'RequestVoteReply' && answer.granted
    }
    t.same(
      [
        [1, 6],
        [4, 5],
        [5, 5],
        [3, 5],
        [90, 4],
        [0, 0],
      ].map(([index, term]) => grants([index!, term!])),
      [true, true, true, false, false, false],
    )
    t.end()
  },
)

void t.test('5.5: "Raft RPCs are idempotent, so this causes no harm"', t => {
  const once = new Bench({ term: 4, log: [1, 2, 2] })
  const thrice = new Bench({ term: 4, log: [1, 2, 2] })
  const messages = [
    append(2, 4, [1, 1], [4, 4]),
    append(2, 4, [3, 4], [4], { leaderCommit: 3 }),
    append(2, 4, [1, 1], [4]),
  ]
  for (const message of messages) {
    once.receive(message)
    for (let copy = 0; copy < 3; copy++) thrice.receive(message)
  }
  t.same(thrice.terms, once.terms)
  t.equal(thrice.raft.commitIndex, once.raft.commitIndex)
  t.same(
    thrice.readies.flatMap(ready => ready.committed),
    once.readies.flatMap(ready => ready.committed),
  )
  t.end()
})

void t.test('6: "servers disregard RequestVote RPCs when they believe a current leader exists"', t => {
  const bench = new Bench({ term: 4, log: [1] })
  bench.receive(append(2, 4, [1, 1]))
  bench.receive(requestVote(3, 40, [99, 39]))
  t.same([bench.raft.currentTerm, bench.raft.server.votedFor], [4, 0])
  t.end()
})

void t.test(
  '8: "a leader must have the latest information on which entries are committed [...] by having each leader commit a blank no-op entry into the log at the start of its term"',
  t => {
    const bench = new Bench({ term: 4, log: [1, 2, 4] })
    bench.lead()
    for (const from of [2, 3]) bench.receive(voteReply(from, 5))
    t.match(bench.raft.server.log.at(4), { kind: 'noop', term: 5 })
    t.equal(bench.raft.server.log.lastIndex, 4, 'one, however many votes come')
    bench.receive(accept(2, 5, 4))
    t.equal(bench.raft.commitIndex, 4)
    t.end()
  },
)
