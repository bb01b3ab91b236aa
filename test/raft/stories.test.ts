/**
 * What happens in a cluster, told in a few lines: who leads, who steps down and why. Servers bear letters in the order in
 * which they enter the story, so that a line says what happened and not which seed was taken.
 */
import t from 'tap'
import type { ServerId } from '../../src/raft/types.js'
import { RaftCluster, type RaftClusterOptions } from '../support/raft-cluster.js'
import { electionTimeoutMs } from '../support/raft-servers.js'

/** A cluster at rest under a leader: `leader` if one is named. */
function atRest(options: RaftClusterOptions, leader: ServerId = 0): RaftCluster {
  const cluster = new RaftCluster(options)
  while (!cluster.runUntil(() => cluster.isSettled, 10_000)) throw new Error('a cluster without faults comes to rest')
  if (leader !== 0 && cluster.leaderId !== leader) {
    cluster.transfer(cluster.leaderId, leader)
    cluster.runUntil(() => cluster.isSettled && cluster.leaderId === leader, 10_000)
  }
  return cluster
}

/** Elections won and lost, and what the test itself says; terms count from the first one told. */
function outline(cluster: RaftCluster, fromLine = 0): string[] {
  const letters = new Map<string, string>()
  let firstTerm = 0
  const told = cluster.story
    .slice(fromLine)
    .filter(line => /^S\d+ leader in|no majority|is in term|^S\d+ hands over|crashes|starts again|^=/.test(line))
    .map(line => line.replace(/ in term \d+: (server S?\d+ leads)/, ': $1'))
  return told.map(line =>
    line
      .replace(/S(\d+)|\bserver (\d+)/g, (_, a?: string, b?: string) => {
        const id = a ?? b ?? ''
        const letter = letters.get(id) ?? String.fromCharCode(65 + letters.size)
        letters.set(id, letter)
        return letter
      })
      .replace(/term (\d+)/g, (_, digits: string) => {
        if (firstTerm === 0) firstTerm = Number(digits)
        return `term ${Number(digits) - firstTerm + 1}`
      }),
  )
}

function others(cluster: RaftCluster, ...without: ServerId[]): ServerId[] {
  return cluster.ids.filter(id => !without.includes(id))
}

function termOf(cluster: RaftCluster): number {
  return Math.max(...cluster.ids.map(id => cluster.raft(id).currentTerm))
}

void t.test('an election', t => {
  const cluster = atRest({ servers: 3, seed: 11 })
  t.same(outline(cluster), ['A leader in term 1: elected by 2 of 3 servers'])
  t.equal(cluster.story.filter(line => line.endsWith('commits up to 1')).length, 3, 'everybody learns of the no-op')
  t.same(
    others(cluster, cluster.leaderId).map(id => cluster.raft(id).leaderId),
    [cluster.leaderId, cluster.leaderId],
  )
  t.end()
})

void t.test('a leader fails; another takes over; it comes back and follows', t => {
  const cluster = atRest({ servers: 3, seed: 12 })
  const first = cluster.leaderId
  cluster.propose(first, 'kept')
  cluster.runUntil(() => cluster.checks.acknowledgedIndex === 2, 100)
  cluster.propose(first, 'never sent')
  cluster.crash(first)
  t.ok(cluster.runUntil(() => cluster.leaderId !== 0, 6 * electionTimeoutMs))
  cluster.restart(first)
  t.ok(cluster.runUntil(() => cluster.isSettled, 1_000))
  t.same(outline(cluster), [
    'A leader in term 1: elected by 2 of 3 servers',
    'A crashes',
    'B leader in term 2: elected by 2 of 3 servers',
    'A starts again',
  ])
  t.same(cluster.terms(first), [1, 1, 2])
  t.end()
})

void t.test('E10: a leader that was cut off comes back under another one, and disturbs nobody', t => {
  const cluster = atRest({ servers: 5, seed: 13 })
  const first = cluster.leaderId
  cluster.propose(first, 'before')
  cluster.runFor(50)
  cluster.isolate(first)
  cluster.propose(first, 'lost')
  cluster.runFor(10 * electionTimeoutMs)
  const second = cluster.leaderId
  const term = termOf(cluster)
  cluster.say('= healed')
  cluster.heal()
  t.ok(cluster.runUntil(() => cluster.isSettled, 1_000))
  cluster.runFor(10 * electionTimeoutMs)
  t.same([cluster.leaderId, termOf(cluster)], [second, term], 'pre-votes let no term grow')
  t.same(outline(cluster), [
    'A leader in term 1: elected by 3 of 5 servers',
    'A follower in term 1: no majority has answered within the election timeout',
    'B leader in term 2: elected by 3 of 5 servers',
    '= healed',
    'A follower in term 2: B is in term 2',
  ])
  t.same(cluster.terms(first), [1, 1, 2], 'what it took alone was replaced')
  t.end()
})

void t.test("E12: Howard's five servers: 4 hears only 2, 5 hears only 3", t => {
  const cluster = atRest({ servers: 5, seed: 14 }, 3)
  const links = [
    [1, 2],
    [1, 3],
    [2, 3],
    [2, 4],
    [3, 5],
  ] as const
  cluster.connectOnly(links)
  cluster.runFor(20 * electionTimeoutMs)
  const leader = cluster.leaderId
  const term = termOf(cluster)
  t.ok([1, 2, 3].includes(leader), `S${leader} leads`)
  cluster.runFor(30_000)
  t.same([cluster.leaderId, termOf(cluster)], [leader, term], 'one leader for the last 30 s')
  const index = cluster.propose(leader, 'after')
  t.ok(cluster.runUntil(() => cluster.checks.committed.length === index, 100))
  t.end()
})

/** The star: everybody is linked to 2 only, and 4 leads. */
function star(): RaftCluster {
  const cluster = atRest({ servers: 5, seed: 15 }, 4)
  cluster.connectOnly([
    [2, 1],
    [2, 3],
    [2, 4],
    [2, 5],
  ])
  return cluster
}

void t.test('E13: the star: check-quorum ends a leader that only the hub hears, and the hub is elected', t => {
  const cluster = star()
  const fromLine = cluster.lines.length
  t.ok(cluster.runUntil(() => cluster.raft(2).isLeader, 8 * electionTimeoutMs))
  const index = cluster.propose(2, 'through the hub')
  t.ok(cluster.runUntil(() => cluster.checks.committed.length === index, 100))
  t.same(outline(cluster, fromLine), [
    'A follower in term 1: no majority has answered within the election timeout',
    'B leader in term 2: elected by 3 of 5 servers',
  ])
  t.end()
})

void t.test('E13, the control: with pre-votes alone the star would never come to work again', t => {
  const cluster = star()
  const committed = cluster.checks.committed.length
  cluster.propose(4, 'in vain')
  for (let step = 0; step < 40 * electionTimeoutMs; step += 5) {
    // As if every peer had just answered: check-quorum finds nothing.
    for (const peer of cluster.leaderRole(4).peers.values()) peer.lastHeardMs = cluster.nowMs
    cluster.runFor(5)
  }
  t.equal(cluster.leaderId, 4, 'the hub hears it, and so refuses everybody and never stands')
  t.equal(cluster.checks.committed.length, committed)
  t.end()
})

void t.test("E14: one-way loss: nobody's answers reach the leader", t => {
  const cluster = atRest({ servers: 5, seed: 16 })
  const first = cluster.leaderId
  for (const id of others(cluster, first)) cluster.cut(id, first)
  t.ok(
    cluster.runUntil(() => !cluster.raft(first).isLeader, 2 * electionTimeoutMs),
    'it steps down',
  )
  t.ok(cluster.runUntil(() => cluster.leaderId !== 0, 8 * electionTimeoutMs))
  const second = cluster.leaderId
  const term = termOf(cluster)
  cluster.runFor(50 * electionTimeoutMs)
  t.same([cluster.leaderId, termOf(cluster)], [second, term], 'the pre-votes of the deaf one are refused')
  const index = cluster.propose(second, 'writes go on')
  t.ok(cluster.runUntil(() => cluster.checks.committed.length === index, 100))
  t.end()
})

void t.test('E15: one-way loss: a follower hears nothing and is heard by all', t => {
  const cluster = atRest({ servers: 5, seed: 17 })
  const { leaderId } = cluster
  const term = termOf(cluster)
  const deaf = others(cluster, leaderId)[0]!
  for (const id of others(cluster, deaf)) cluster.cut(id, deaf)
  cluster.runFor(50 * electionTimeoutMs)
  t.same([cluster.leaderId, termOf(cluster)], [leaderId, term])
  t.equal(cluster.raft(deaf).status.role, 'pre-candidate')
  cluster.heal()
  t.ok(cluster.runUntil(() => cluster.isSettled, 4 * electionTimeoutMs))
  t.same([cluster.leaderId, termOf(cluster)], [leaderId, term], 'and nothing was ever disturbed')
  t.end()
})

void t.test('leadership is handed over', t => {
  const cluster = atRest({ servers: 3, seed: 18 })
  const first = cluster.leaderId
  const to = others(cluster, first)[1]!
  cluster.propose(first, 'on its way')
  cluster.transfer(first, to)
  t.ok(cluster.runUntil(() => cluster.isSettled && cluster.leaderId === to, electionTimeoutMs))
  t.same(outline(cluster), [
    'A leader in term 1: elected by 2 of 3 servers',
    'A hands over to B: begun',
    'B leader in term 2: elected by 2 of 3 servers',
  ])
  t.same(cluster.terms(to), [1, 1, 2])
  t.end()
})

void t.test('leadership is handed to a server that dies: the leader goes on', t => {
  const cluster = atRest({ servers: 3, seed: 18 })
  const first = cluster.leaderId
  const to = others(cluster, first)[1]!
  cluster.crash(to)
  cluster.transfer(first, to)
  cluster.runFor(electionTimeoutMs + 1)
  t.equal(typeof cluster.propose(first, 'after'), 'number')
  cluster.runFor(50)
  t.same(outline(cluster), [
    'A leader in term 1: elected by 2 of 3 servers',
    'B crashes',
    'A hands over to B: begun',
    'A hands over to B: given-up',
  ])
  t.end()
})

void t.test('L01: a read at a deposed leader is never answered with what it knows', t => {
  const cluster = atRest({ servers: 5, seed: 19 })
  const first = cluster.leaderId
  cluster.isolate(first)
  const early = cluster.read(first) as number
  t.ok(cluster.runUntil(() => cluster.leaderId !== 0 && cluster.leaderId !== first, 10 * electionTimeoutMs))
  const second = cluster.leaderId
  const written = cluster.propose(second, 'new value') as number
  t.ok(cluster.runUntil(() => cluster.checks.acknowledgedIndex === written, 200))
  t.equal(cluster.reads.get(early)?.outcome, 'lost')
  t.equal(cluster.read(first), 'not-leader')
  const token = cluster.read(second) as number
  cluster.runFor(50)
  t.equal(cluster.reads.get(token)?.outcome, written)
  t.end()
})

void t.test(
  'a candidate crashes between its hard state and its first request: it never stands in that term again',
  t => {
    const cluster = new RaftCluster({ servers: 3, seed: 20, timers: false, delayMs: [0, 0] })
    const asked: number[] = []
    cluster.onSent = (_, __, message) => {
      if (message.type === 'RequestVote' && !message.preVote) asked.push(message.campaignTerm)
    }
    cluster.crashAfterHardState(1)
    cluster.stand(1)
    t.same([cluster.isUp(1), asked], [false, []])
    t.same(cluster.disk(1).hardState, { currentTerm: 1, votedFor: 1 })
    cluster.restart(1)
    cluster.stand(1)
    t.same([cluster.leaderId, asked], [1, [2, 2]])
    t.end()
  },
)

void t.test(
  'a leader that was stopped for three election timeouts learns of its successor, and answers nothing before',
  t => {
    const cluster = atRest({ servers: 3, seed: 21 })
    const first = cluster.leaderId
    const early = cluster.read(first) as number
    cluster.pause(first)
    t.ok(cluster.runUntil(() => cluster.leaderId !== first && cluster.leaderId !== 0, 6 * electionTimeoutMs))
    cluster.propose(cluster.leaderId, 'meanwhile')
    cluster.runFor(3 * electionTimeoutMs)
    cluster.resume(first)
    cluster.runFor(electionTimeoutMs)
    t.ok(cluster.isSettled)
    t.equal(cluster.reads.get(early)?.outcome, 'lost')
    t.not(cluster.leaderId, first)
    t.end()
  },
)
