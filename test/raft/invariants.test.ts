/** The invariants are checked by breaking each: one that cannot fail proves nothing. */
import t from 'tap'
import { checkState, checkStep, stateBefore } from '../../src/raft/invariants.js'
import { hold, type Gap } from '../../src/raft/held-appends.js'
import { entriesBytes, type Log } from '../../src/raft/log.js'
import type { Follower, Leader, Server } from '../../src/raft/server.js'
import { accept, append, Bench, entryOf, metaOf, requestVote } from '../support/raft-servers.js'

function follower(): Server {
  const bench = new Bench({ term: 5, log: [1, 4, 4], votedFor: 2 })
  bench.receive(append(2, 5, [3, 4], [5], { leaderCommit: 3 }))
  return bench.raft.server
}

function leader(): Server & { role: Leader } {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.lead()
  bench.receive(accept(2, 5, 3))
  const { server } = bench.raft
  if (server.role.name !== 'leader') throw new Error('it leads')
  return server as Server & { role: Leader }
}

function replaceEntry(log: Log, index: number, term: number): void {
  log.truncateFrom(index)
  log.append(entryOf(index, term))
}

function holdMany(gap: Gap): void {
  for (let prevLogIndex = 8; prevLogIndex < 300; prevLogIndex++) {
    const message = append(2, 5, [prevLogIndex, 5], [5])
    gap.held.push(message)
    gap.heldBytes += entriesBytes(message.entries)
  }
}

void t.test('within a state', t => {
  const breaks: [RegExp, (server: Server) => void][] = [
    [/lastApplied <= commitIndex/, server => (server.lastApplied = 4)],
    [/commitIndex <= lastLogIndex/, server => (server.commitIndex = 5)],
    [/handed to storage is persisted/, server => (server.persistedIndex = 9)],
    [/in the log was handed/, server => (server.handedIndex = 9)],
    [/no entry has a term above/, server => (server.currentTerm = 3)],
    [
      /claims nothing that was replaced/,
      server => (server.outstandingWrites = [{ writeId: 1, bytes: 30, lastIndex: 9 }]),
    ],
    [/handed out in order/, server => (server.outstandingWrites = [{ writeId: 77, bytes: 30, lastIndex: 1 }])],
    [/verifiedIndex <= lastLogIndex/, server => server.role.name === 'follower' && (server.role.verifiedIndex = 9)],
    [/was verified is acknowledged/, server => server.role.name === 'follower' && (server.role.reportedMatchIndex = 9)],
  ]
  for (const [message, change] of breaks) {
    const server = follower()
    checkState(server)
    change(server)
    t.throws(() => checkState(server), message)
  }
  const snapshotBreaks: [RegExp, (server: Server) => void][] = [
    [/is in a snapshot/, ({ log }) => log.resetTo(4, 5)],
    [/agrees with the snapshot/, server => (server.snapshotTerm = 3)],
    [/covers is applied/, server => Object.assign(server, { snapshotIndex: 4, snapshotTerm: 5 })],
    [/covers is durable/, server => (server.persistedIndex = 1)],
    [/nothing is applied while/, server => (server.installing = { meta: metaOf([3, 4]), resetsLog: false })],
    [/agrees with the snapshot is kept/, server => (server.installing = { meta: metaOf([4, 5]), resetsLog: true })],
    [/agrees with the snapshot is kept/, server => (server.installing = { meta: metaOf([4, 4]), resetsLog: false })],
  ]
  for (const [message, change] of snapshotBreaks) {
    const { server } = new Bench({ term: 5, base: [1, 1], snapshot: [3, 4], log: [4, 4, 5] }).raft
    checkState(server)
    change(server)
    t.throws(() => checkState(server), message)
  }
  const gapBreaks: [RegExp, (role: Follower, gap: Gap) => void][] = [
    [/nothing is held before/, role => Object.assign(role, { verifiedIndex: 0, reportedMatchIndex: 0 })],
    [/a gap lies beyond the end/, (_, gap) => (gap.prevLogIndex = 4)],
    [/beyond the end of the log, in order/, (_, gap) => gap.held.reverse()],
    [/beyond the end of the log, in order/, (_, gap) => (gap.held[0] = append(2, 5, [4, 5], [5]))],
    [/of this term's leader/, (_, gap) => (gap.held[0] = append(2, 4, [5, 4], [4]))],
    [/of this term's leader/, (_, gap) => (gap.held[0] = append(3, 5, [5, 5], [5]))],
    [/bytes that are held are counted/, (_, gap) => gap.heldBytes++],
    [/what is held is bounded/, (_, gap) => holdMany(gap)],
  ]
  for (const [message, change] of gapBreaks) {
    const server = follower()
    const { role } = server
    if (role.name !== 'follower') throw new Error('it follows')
    for (const prevLogIndex of [5, 7]) hold(server, role, append(2, 5, [prevLogIndex, 5], [5]), 0)
    checkState(server)
    change(role, role.gap!)
    t.throws(() => checkState(server), message)
  }
  const leaderBreaks: [RegExp, (server: Server & { role: Leader }) => void][] = [
    [/leads its own term/, server => (server.currentTerm = 6)],
    [/voted for itself/, server => (server.votedFor = 3)],
    [/nextIndex > matchIndex/, ({ role }) => (role.peers.get(2)!.nextIndex = 3)],
    [/matched was accepted/, ({ role }) => (role.peers.get(2)!.acceptedIndex = 1)],
    [/does not pass the end/, ({ role }) => (role.peers.get(2)!.nextIndex = 5)],
    [
      /is in the log, or it needs a snapshot/,
      server => {
        Object.assign(server, { snapshotIndex: 3, snapshotTerm: 5 })
        server.log.compactTo(3)
        server.role.peers.get(3)!.nextIndex = 3
      },
    ],
    [
      /no entries go to a peer/,
      ({ role }) => Object.assign(role.peers.get(2)!, { state: 'snapshot', inflightBytes: 9 }),
    ],
    [/a majority holds/, ({ role }) => (role.peers.get(2)!.matchIndex = 2)],
  ]
  for (const [message, change] of leaderBreaks) {
    const server = leader()
    checkState(server)
    change(server)
    t.throws(() => checkState(server), message)
  }
  t.end()
})

void t.test('between two states', t => {
  const breaks: [RegExp, (server: Server) => void][] = [
    [/currentTerm never goes back/, server => (server.currentTerm = 4)],
    [/commitIndex never goes back/, server => (server.commitIndex = 2)],
    [/lastApplied never goes back/, server => (server.lastApplied = 2)],
    [/one vote in a term/, server => (server.votedFor = 3)],
    [/a committed entry is never replaced/, ({ log }) => replaceEntry(log, 3, 5)],
  ]
  for (const [message, change] of breaks) {
    const server = follower()
    const before = stateBefore(server)
    change(server)
    t.throws(() => checkStep(before, server), message)
  }
  const snapshotBreaks: [RegExp, (server: Server) => void][] = [
    [/a snapshot never goes back/, server => (server.snapshotIndex = 2)],
    [/base of the log never goes back/, ({ log }) => Object.defineProperty(log, 'baseIndex', { value: 0 })],
    [/behind a snapshot that agree with it stay/, ({ log }) => log.resetTo(4, 5)],
  ]
  for (const [message, change] of snapshotBreaks) {
    const { server } = new Bench({ term: 5, base: [1, 1], snapshot: [3, 4], log: [4, 4, 5, 5] }).raft
    server.installing = { meta: metaOf([4, 5]), resetsLog: false }
    const before = stateBefore(server)
    change(server)
    t.throws(() => checkStep(before, server), message)
  }
  const leaderBreaks: [RegExp, (server: Server & { role: Leader }) => void][] = [
    [/log of a leader only grows/, ({ log }) => log.truncateFrom(3)],
    [/its entries stay/, ({ log }) => replaceEntry(log, 3, 6)],
    [/matchIndex never goes back/, ({ role }) => (role.peers.get(2)!.matchIndex = 1)],
  ]
  for (const [message, change] of leaderBreaks) {
    const server = leader()
    const before = stateBefore(server)
    change(server)
    t.throws(() => checkStep(before, server), message)
  }
  t.end()
})

void t.test('a vote in a later term is no second vote', t => {
  const bench = new Bench({ term: 5, log: [1], votedFor: 2 })
  bench.receive(requestVote(3, 6, [1, 1]))
  t.same([bench.raft.currentTerm, bench.raft.server.votedFor], [6, 3])
  t.end()
})
