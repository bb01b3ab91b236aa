import t from 'tap'
import { viewOf } from '../../codec/cursor.js'
import { type Envelope, envelopeBytes, writeEnvelope } from '../../codec/envelope.js'
import type { TransportMessage, WireMessage } from '../../codec/messages.js'
import { encodeCommand, encodeQuery } from '../../src/kv/commands.js'
import { describeDatagram, describeMessage } from '../../src/sim/describe-datagram.js'
import { drawPlan } from '../../src/sim/draw-plan.js'
import { installSnapshot, metaOf, snapshotReply } from '../support/raft-servers.js'
import { traced } from './rig.js'

const key = Buffer.from('k1')
const value = { type: 1, bytes: Buffer.from('4-17........') } as const
const write = (command: Parameters<typeof encodeCommand>[0]) => {
  const message = { type: 'Write', sessionId: 7, sequence: 3, answeredUpTo: 0, command: encodeCommand(command) }
  return message as WireMessage
}
const read = (query: Uint8Array, stale: boolean) => ({ type: 'Read', requestId: 1, stale, query }) as WireMessage

/** Of a message only what is told of it. */
function some(message: object): TransportMessage {
  return message as TransportMessage
}

void t.test('each kind of message in a few words', t => {
  const vote = { type: 'RequestVote', term: 4, from: 1, campaignTerm: 5, lastLogIndex: 9, lastLogTerm: 3 }
  const append = { type: 'AppendEntries', term: 4, prevLogIndex: 5, prevLogTerm: 2, leaderCommit: 4 }
  const reply = {
    type: 'AppendEntriesReply',
    term: 4,
    prevLogIndex: 5,
    matchIndex: 5,
    conflictIndex: 3,
    conflictTerm: 1,
  }
  const answer = { type: 'Answer', sessionId: 7, requestId: 3, code: 'ok' }
  const cases: [message: TransportMessage, text: string][] = [
    [some({ ...vote, preVote: true, leadershipTransfer: false }), 'PreVote t5 last 9/3'],
    [some({ ...vote, preVote: false, leadershipTransfer: true }), 'RequestVote t5 last 9/3 (handed over)'],
    [
      some({ type: 'RequestVoteReply', term: 5, campaignTerm: 5, granted: true, preVote: false }),
      'RequestVoteReply t5 granted',
    ],
    [
      some({ type: 'RequestVoteReply', term: 6, campaignTerm: 5, granted: false, preVote: true }),
      'PreVoteReply t5 refused, term 6',
    ],
    [some({ ...append, entries: [], readRound: 0 }), 'AppendEntries t4 prev 5/2 heartbeat commit 4'],
    [some({ ...append, entries: [1, 2], readRound: 8 }), 'AppendEntries t4 prev 5/2 +2 commit 4 read 8'],
    [some({ ...reply, rejected: false }), 'AppendEntriesReply t4 match 5 of 5'],
    [some({ ...reply, rejected: true }), 'AppendEntriesReply t4 rejects 5, try 3/1'],
    [some({ type: 'TimeoutNow', term: 4 }), 'TimeoutNow t4'],
    [
      some(installSnapshot(1, 4, [9, 3], { offset: 10, data: key, totalBytes: 50 })),
      'InstallSnapshot t4 of 9/3 bytes 10..12 of 50',
    ],
    [some(snapshotReply(1, 4, metaOf([9, 3]), { nextOffset: 12 })), 'InstallSnapshotReply t4 of 9/3 up to 12'],
    [some(snapshotReply(1, 4, metaOf([9, 3]), { persisted: true })), 'InstallSnapshotReply t4 of 9/3 persisted'],
    [some({ type: 'Hello' }), 'Hello'],
    [some({ type: 'OpenSession' }), 'OpenSession'],
    [some({ type: 'StatusRequest' }), 'StatusRequest'],
    [some({ type: 'SnapshotRequest', act: 'hold' }), 'SnapshotRequest hold'],
    [some({ type: 'Welcome', leaderId: 0 }), 'Welcome, leader unknown'],
    [some({ type: 'Welcome', leaderId: 2 }), 'Welcome, leader s2'],
    [some({ type: 'Unwelcome' }), 'Unwelcome'],
    [some({ ...answer, to: 'write' }), 'Answer to write 7#3: ok'],
    [some({ ...answer, to: 'read', code: 'not-leader' }), 'Answer to read: not-leader'],
    [
      some({ type: 'Fragment', messageId: 2 ** 32 + 7, count: 3, index: 2, bytes: key }),
      'Fragment 3 of 3 of message 7, 2 bytes',
    ],
    [some({ type: 'Padding', bytes: 900 }), 'Padding, 900 bytes'],
    [write({ op: 'put', key, value }), 'Write 7#3 put k1 4-17'],
    [write({ op: 'cas', key, expected: { by: 'absent' }, value }), 'Write 7#3 cas k1 4-17'],
    [write({ op: 'delete', key }), 'Write 7#3 delete k1'],
    [some({ ...write({ op: 'delete', key }), command: Uint8Array.of(255) }), 'Write 7#3 (no command of the store)'],
    [read(encodeQuery({ op: 'get', key }), false), 'Read get k1'],
    [read(encodeQuery({ op: 'get', key }), true), 'Read get k1 (stale allowed)'],
    [read(Uint8Array.of(255), false), 'Read scan'],
  ]
  for (const [message, text] of cases) t.equal(describeMessage(message), text)
  t.end()
})

void t.test('what is no datagram says so', t => {
  t.match(describeDatagram(new Uint8Array(3)), [/^no datagram: /])
  t.match(describeDatagram(new Uint8Array(200)), [/^no datagram: /])
  t.end()
})

void t.test('one without messages acknowledges', t => {
  const ids = { clusterId: 1, sender: 2, incarnation: 3, bootNonce: 4, packetNumber: 5, ackedPacketNumber: 2 ** 32 + 6 }
  const acks = { asksForAcknowledgement: 'soon' as const, isFollowed: false, ackedBitsLow: 0, ackedBitsHigh: 0 }
  const envelope: Envelope = { kind: 'peer', ...ids, ...acks, receiveWindowBytes: 1_000 }
  const bytes = new Uint8Array(envelopeBytes)
  writeEnvelope(bytes, viewOf(bytes), envelope, envelopeBytes)
  t.same(describeDatagram(bytes), ['acknowledges 6'])
  t.end()
})

void t.test('datagrams of real runs are described, one text per message', t => {
  const texts = new Set<string>()
  for (const seed of [3, 5, 12]) {
    for (const event of traced(drawPlan(seed, { durationMs: 4_000 })).events) {
      if (event.kind === 'send') for (const text of event.messages) texts.add(text.split(' ')[0]!)
    }
  }
  for (const word of ['PreVote', 'RequestVote', 'RequestVoteReply', 'AppendEntries', 'AppendEntriesReply']) {
    t.ok(texts.has(word), word)
  }
  for (const word of ['Hello', 'Welcome,', 'OpenSession', 'Write', 'Read', 'Answer']) t.ok(texts.has(word), word)
  t.end()
})
