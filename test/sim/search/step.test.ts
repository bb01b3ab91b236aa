/** Single steps: the durability contract as a search takes it, and time that is taken out of a server. */
import t from 'tap'
import { settingsOf } from '../../../src/sim/search/options.js'
import { nodeText, type Node } from '../../../src/sim/search/node.js'
import { firstNode, takeStep, type Fact } from '../../../src/sim/search/step.js'
import { append, requestVote, voteReply } from '../../support/raft-servers.js'
import type { Message } from '../../../src/raft/types.js'

const later = settingsOf({ budgets: {}, disk: 'later' })
const atOnce = settingsOf({ budgets: {} })

function after(facts: readonly Fact[], settings = later, from = firstNode(1, settings)): Node {
  let node = from
  for (const fact of facts) {
    const result = takeStep(node, fact, settings)
    if (result.breach !== null) throw new Error(`${result.breach.invariant}: ${result.breach.what}`)
    node = result.node
  }
  return node
}

function receive(message: Message, isHeld = false): Fact {
  return { what: 'receive', message, incarnation: 0, isHeld }
}

const lead: Fact[] = [{ what: 'stand' }, receive(voteReply(2, 1))]

void t.test('a vote is on the disk when the reply leaves, and is there after a crash', t => {
  const result = takeStep(firstNode(1, later), receive(requestVote(2, 1, [0, 0])), later)
  t.match(result.messages, [{ to: 2, message: { type: 'RequestVoteReply', granted: true } }])
  t.same(result.node.hardState, { currentTerm: 1, votedFor: 2 })
  const restarted = after([{ what: 'crash', writesKept: 0, isSnapshotKept: false }], later, result.node)
  t.equal(restarted.raft.server.votedFor, 2)
  t.end()
})

void t.test('a crash keeps the first writes under way, as many as it is told to, and no others', t => {
  const node = after([...lead, { what: 'propose', command: 1 }, { what: 'propose', command: 2 }])
  t.equal(node.writes.length, 3)
  t.equal(node.raft.server.persistedIndex, 0)
  for (const writesKept of [0, 1, 2, 3]) {
    const { raft, entries, writes } = after([{ what: 'crash', writesKept, isSnapshotKept: false }], later, node)
    t.same([raft.server.log.lastIndex, entries.length, writes.length], [writesKept, writesKept, 0])
  }
  t.equal(node.writes.length, 3, 'the state before is as it was')
  t.end()
})

void t.test('a write replaces what stands at its place and all that follows', t => {
  const node = after([
    receive(append(2, 1, [0, 0], [1, 1])),
    { what: 'written' },
    receive(append(3, 2, [1, 1], [2])),
    { what: 'written' },
  ])
  t.same(
    node.entries.map(({ term }) => term),
    [1, 2],
  )
  t.end()
})

void t.test('a completion is told for the oldest write only', t => {
  const node = after([...lead, { what: 'propose', command: 1 }, { what: 'written' }])
  t.equal(node.raft.server.persistedIndex, 1)
  t.equal(node.writes.length, 1)
  t.equal(node.writes[0]!.writeId, 1, 'writes are numbered from 1 again')
  t.equal(node.raft.server.outstandingWrites[0]!.writeId, 1)
  t.equal(after([{ what: 'written' }], later, node).raft.server.persistedIndex, 2)
  t.end()
})

void t.test('a heartbeat interval sends heartbeats, a long time sends entries again, and both leave no trace', t => {
  const leader = after(lead, atOnce)
  const heartbeat = takeStep(leader, { what: 'heartbeat' }, atOnce)
  t.same(
    heartbeat.messages.map(({ message }) => message.type === 'AppendEntries' && message.entries.length),
    [0, 0],
  )
  const overdue = takeStep(leader, { what: 'overdue' }, atOnce)
  t.same(
    overdue.messages.map(({ message }) => message.type === 'AppendEntries' && message.entries.length),
    [1, 1],
  )
  t.equal(nodeText(heartbeat.node), nodeText(leader))
  t.equal(nodeText(overdue.node), nodeText(leader))
  t.end()
})

void t.test('a timeout makes a candidate at once, a pre-candidate when pre-votes are asked, and no leader stay', t => {
  t.equal(after([{ what: 'stand' }]).raft.server.role.name, 'candidate')
  const asked = settingsOf({ budgets: {}, preVotes: 'asked' })
  t.equal(after([{ what: 'stand' }], asked).raft.server.role.name, 'pre-candidate')
  t.equal(after([...lead, { what: 'stand' }]).raft.server.role.name, 'follower')
  t.end()
})

void t.test('what is held is answered with the next fact', t => {
  const held = takeStep(firstNode(1, later), receive(requestVote(2, 1, [0, 0]), true), later)
  t.same([held.messages, held.node.hardState.currentTerm], [[], 0])
  const next = takeStep(held.node, receive(requestVote(3, 1, [0, 0])), later)
  t.same(
    next.messages.map(({ to, message }) => [to, message.type === 'RequestVoteReply' && message.granted]),
    [
      [2, true],
      [3, false],
    ],
  )
  t.end()
})

void t.test('a read carries what it must see', t => {
  const leader = after([...lead, { what: 'written' }])
  const { term } = { term: leader.raft.currentTerm }
  const reply = (matchIndex: number, readRound: number): Fact =>
    receive({
      type: 'AppendEntriesReply',
      from: 2,
      term,
      prevLogIndex: matchIndex,
      matchIndex,
      rejected: false,
      conflictIndex: 0,
      conflictTerm: 0,
      readRound,
    })
  const asked = (floor: number) => after([reply(1, 0), { what: 'read', number: 1, floor }], later, leader)
  t.equal(takeStep(asked(1), reply(1, 1), later).breach, null)
  t.match(takeStep(asked(2), reply(1, 1), later).breach, { invariant: 'Linearizable Reads' })
  t.end()
})

void t.test('an assertion of the core is a breach, by the name of what it guards', t => {
  const leader = after(lead)
  const other = takeStep(leader, receive(append(2, 1, [0, 0], [1])), later)
  t.match(other.breach, { invariant: 'Election Safety' })
  t.end()
})
