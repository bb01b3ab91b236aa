import t from 'tap'
import type { TransportMessage } from '../../codec/messages.js'
import type { AppendEntries, AppendEntriesReply } from '../../src/raft/types.js'
import { LastSaid } from '../../src/transport/repeats.js'
import { bulkMessage, peerMessage } from '../support/transports.js'
import { metaOf, snapshotReply } from '../support/raft-servers.js'

const append = (change: Partial<AppendEntries> = {}): AppendEntries => ({
  ...(bulkMessage(1, 5, 10) as AppendEntries),
  ...change,
})
const heartbeat = (change: Partial<AppendEntries> = {}) => append({ entries: [], ...change })
const reply = (change: Partial<AppendEntriesReply> = {}): AppendEntriesReply => ({
  ...(peerMessage(1, 5) as AppendEntriesReply),
  ...change,
})
const vote: TransportMessage = {
  ...{ type: 'RequestVote', term: 3, from: 1, campaignTerm: 3, lastLogIndex: 4, lastLogTerm: 2 },
  ...{ preVote: false, leadershipTransfer: false, voterIncarnation: 0 },
}
const grant: TransportMessage = {
  ...{ type: 'RequestVoteReply', term: 3, from: 1, campaignTerm: 3, granted: true, preVote: false },
}
const wait = (message: TransportMessage, isAbandoned?: boolean) => ({
  ...{ message, bytes: 10, queuedAtMs: 0 },
  losses: 0,
  parted: isAbandoned === undefined ? null : { isAbandoned },
})

void t.test('a heartbeat without news asks for nothing, one with news does', t => {
  const said = new LastSaid()
  t.ok(said.asksForAcknowledgement(heartbeat()), 'the first')
  t.notOk(said.asksForAcknowledgement(heartbeat()))
  for (const change of [{ leaderCommit: 4 }, { readRound: 9 }, { term: 2 }, { prevLogIndex: 4 }]) {
    t.ok(said.asksForAcknowledgement(heartbeat(change)), JSON.stringify(change))
    t.notOk(said.asksForAcknowledgement(heartbeat(change)))
  }
  t.ok(said.asksForAcknowledgement(append()), 'entries always')
  t.ok(said.asksForAcknowledgement(append()))
  t.notOk(said.asksForAcknowledgement(heartbeat({ prevLogIndex: 6 })), 'behind the entries that went')
  t.end()
})

void t.test('a reply that says the same asks for nothing, a rejection always does', t => {
  const said = new LastSaid()
  t.ok(said.asksForAcknowledgement(reply()))
  t.notOk(said.asksForAcknowledgement(reply()))
  for (const change of [{ matchIndex: 4 }, { readRound: 9 }, { term: 2 }, { prevLogIndex: 4 }]) {
    t.ok(said.asksForAcknowledgement(reply(change)), JSON.stringify(change))
  }
  t.ok(said.asksForAcknowledgement(reply({ rejected: true })))
  t.ok(said.asksForAcknowledgement(reply({ rejected: true })))
  t.end()
})

void t.test('what something newer has replaced is not repeated', t => {
  for (const [older, newer] of [
    [reply(), reply({ matchIndex: 9 })],
    [heartbeat(), heartbeat({ leaderCommit: 4 })],
    [vote, { ...vote }],
    [grant, { ...grant }],
    [snapshotReply(1, 3, metaOf([4, 2])), snapshotReply(1, 3, metaOf([4, 2]), { nextOffset: 9 })],
  ] as [TransportMessage, TransportMessage][]) {
    const said = new LastSaid()
    said.asksForAcknowledgement(older)
    t.ok(said.stillMatters(wait(older)), `${older.type}, the last that was said`)
    said.asksForAcknowledgement(newer)
    t.notOk(said.stillMatters(wait(older)), `${older.type}, replaced`)
    t.ok(said.stillMatters(wait(newer)))
  }
  t.end()
})

void t.test('entries are repeated as long as their term is', t => {
  const said = new LastSaid()
  said.asksForAcknowledgement(append())
  said.asksForAcknowledgement(append({ prevLogIndex: 6 }))
  said.asksForAcknowledgement(heartbeat({ prevLogIndex: 7 }))
  t.ok(said.stillMatters(wait(append())))
  said.asksForAcknowledgement(heartbeat({ term: 2 }))
  t.notOk(said.stillMatters(wait(append())))
  t.end()
})

void t.test(
  'what clients and servers say is repeated; a handing over and padding are not, nor abandoned fragments',
  t => {
    const said = new LastSaid()
    t.ok(said.stillMatters(wait({ type: 'StatusRequest', requestId: 1 })))
    t.ok(said.stillMatters(wait({ type: 'Unwelcome' })))
    t.notOk(said.stillMatters(wait({ type: 'TimeoutNow', term: 1, from: 1 })))
    t.notOk(said.stillMatters(wait({ type: 'Padding', bytes: 3 })))
    const fragment: TransportMessage = { type: 'Fragment', messageId: 1, count: 2, index: 0, bytes: new Uint8Array(3) }
    t.ok(said.stillMatters(wait(fragment, false)))
    t.notOk(said.stillMatters(wait(fragment, true)))
    t.end()
  },
)
