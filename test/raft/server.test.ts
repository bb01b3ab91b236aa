import t from 'tap'
import { createServer, leaderIdOf, peersOf, resetElectionTimer } from '../../src/raft/server.js'
import { electionTimeoutMs, entriesOf, raftOptions } from '../support/raft-servers.js'

const nothing = {
  hardState: { currentTerm: 0, votedFor: 0 },
  snapshotIndex: 0,
  snapshotTerm: 0,
  baseIndex: 0,
  baseTerm: 0,
  entries: [],
}

/** `rounds` election timeouts of a server. */
function timeouts(id: number, seed: number, rounds: number): number[] {
  const server = createServer(raftOptions({ id, seed, voters: [1, 2, 3, 4, 5] }), nothing, 0)
  return Array.from({ length: rounds }, () => {
    resetElectionTimer(server, 0)
    return server.electionDeadlineMs
  })
}

void t.test('E26: timeouts spread over the whole interval, and servers with one seed do not share them', t => {
  const all = [1, 2, 3, 4, 5].map(id => timeouts(id, 7, 1_000))
  for (const [place, drawn] of all.entries()) {
    const tenths = new Set(drawn.map(ms => Math.floor((10 * (ms - electionTimeoutMs)) / electionTimeoutMs)))
    t.same([...tenths].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], `S${place + 1} draws from all of [t, 2t)`)
  }
  let close = 0
  for (let round = 0; round < 1_000; round++) {
    const [first, second] = all.map(drawn => drawn[round]!).sort((a, b) => a - b)
    if (second! - first! < electionTimeoutMs / 100) close++
  }
  t.ok(close < 200, `the first two of five are rarely together: ${close} of 1,000 rounds`)
  t.strictSame(timeouts(2, 7, 5), timeouts(2, 7, 5), 'equal seeds give equal timeouts')
  t.not(timeouts(2, 7, 1)[0], timeouts(2, 8, 1)[0])
  t.end()
})

void t.test('the interval grows with failed campaigns, up to a bound', t => {
  const longest = (failedCampaigns: number) => {
    const server = createServer(raftOptions(), nothing, 0)
    server.failedCampaigns = failedCampaigns
    const drawn = Array.from({ length: 500 }, () => {
      resetElectionTimer(server, 0)
      return server.electionDeadlineMs
    })
    t.ok(Math.min(...drawn) >= electionTimeoutMs, 'never before the minimum')
    return Math.max(...drawn)
  }
  t.ok(longest(4) > 1.5 * longest(0))
  t.ok(longest(1_000) <= 5 * electionTimeoutMs)
  t.end()
})

void t.test('who is the only voter waits for nobody', t => {
  t.equal(createServer(raftOptions({ voters: [1] }), nothing, 50).electionDeadlineMs, 50)
  t.ok(createServer(raftOptions({ voters: [1, 2] }), nothing, 50).electionDeadlineMs >= 50 + electionTimeoutMs)
  t.end()
})

void t.test('C13, R23: what was recovered is durable, and nothing beyond the snapshot is known to be committed', t => {
  const entries = entriesOf([3, 3, 5], 5)
  const hardState = { currentTerm: 6, votedFor: 3 }
  const server = createServer(
    raftOptions(),
    { hardState, snapshotIndex: 4, snapshotTerm: 2, baseIndex: 4, baseTerm: 2, entries },
    50,
  )
  t.same([server.currentTerm, server.votedFor], [6, 3])
  t.same([server.persistedIndex, server.handedIndex, server.commitIndex, server.lastApplied], [7, 7, 4, 4])
  t.same([server.role.name, leaderIdOf(server)], ['follower', 0])
  t.ok(server.electionDeadlineMs >= 50 + electionTimeoutMs)
  t.same(peersOf(server), [2, 3])
  t.end()
})
