/** Bytes of the network that were changed on purpose: every message there is, every byte of it, every other value. */
import assert from 'node:assert/strict'
import t from 'tap'
import { type EnvelopeKind, envelopeBytes, readEnvelope } from '../../codec/envelope.js'
import type { WireMessage } from '../../codec/messages.js'
import { Prng } from '../../src/base/prng.js'
import { awkwardIds, hex, hexOf, join } from '../codec/bytes.js'
import { datagramOf, isCanonical, receive, seal } from '../codec/checks.js'
import { accept, append, rejectAt, requestVote, voteReply } from '../support/raft-servers.js'

const messages: Record<EnvelopeKind, WireMessage[]> = {
  peer: [
    requestVote(3, 7, [9, 6]),
    requestVote(3, 7, [9, 6], { preVote: true, campaignTerm: 8 }),
    voteReply(3, 7),
    append(3, 7, [9, 6], [6, 7, 7], { leaderCommit: 8, readRound: 2 }),
    append(3, 7, [0, 0]),
    accept(3, 7, 9, 8, { readRound: 3 }),
    rejectAt(3, 7, 9, [5, 4]),
    { type: 'TimeoutNow', term: 7, from: 3 },
  ],
  request: [
    { type: 'Hello', nonce: 5 },
    { type: 'OpenSession', requestId: 5 },
    { type: 'Write', sessionId: 1, sequence: 3, answeredUpTo: 2, command: hex('01020304') },
    { type: 'Read', requestId: 5, stale: true, query: hex('0102') },
    { type: 'StatusRequest', requestId: 5 },
  ],
  answer: [
    {
      type: 'Welcome',
      nonce: 5,
      token: 6,
      leaderId: 2,
      members: [
        { id: 1, address: '127.0.0.1:1' },
        { id: 2, address: '[::1]:2' },
      ],
    },
    { type: 'Unwelcome' },
    { type: 'Answer', to: 'write', requestId: 3, sessionId: 1, code: 'ok', leaderId: 0, result: hex('c0ffee') },
  ],
}

for (const kind of ['peer', 'request', 'answer'] as const) {
  void t.test(
    `B01: ${kind}: every byte changed to every other value is refused, or another message in its one form`,
    t => {
      let refused = 0
      let others = 0
      for (const message of messages[kind]) {
        const datagram = datagramOf(kind, [message])
        // A Hello is padded with hundreds of zeros, and one is as good as another.
        const end = Math.min(datagram.length, envelopeBytes + 120)
        for (let at: number = envelopeBytes; at < end; at++) {
          for (let change = 1; change < 256; change++) {
            const changed = datagram.slice()
            changed[at]! ^= change
            assert.ok(typeof readEnvelope(changed) === 'string', `byte ${at} of ${message.type}: the checksum passes`)
            seal(kind, changed, changed.length)
            assert.ok(isCanonical(kind, changed), `byte ${at} of ${message.type} changed by ${change}`)
            if (receive(changed) === null) refused++
            else others++
          }
        }
      }
      t.ok(refused > 1_000 && (others > 1_000 || kind === 'request'), `${refused} refused, ${others} understood`)
      t.end()
    },
  )
}

void t.test('B01: bytes moved, doubled, dropped and mixed from several messages never throw', t => {
  const random = new Prng(1, 1)
  const all = Object.entries(messages).flatMap(([kind, list]) =>
    list.map(message => ({ kind: kind as EnvelopeKind, bytes: datagramOf(kind as EnvelopeKind, [message]) })),
  )
  let understood = 0
  for (let run = 0; run < 200_000; run++) {
    const { kind, bytes } = all[random.below(all.length)]!
    const other = all[random.below(all.length)]!.bytes
    const from = random.below(bytes.length + 1)
    const to = random.below(other.length + 1)
    const mixed = join(bytes.subarray(0, from), other.subarray(to), bytes.subarray(random.below(bytes.length)))
    for (let changes = random.below(4); changes > 0; changes--) {
      if (mixed.length > 0) mixed[random.below(mixed.length)] = random.below(256)
    }
    if (random.fraction() < 0.9 && mixed.length >= envelopeBytes) seal(kind, mixed, mixed.length)
    assert.ok(isCanonical(kind, mixed), `run ${run}: ${hexOf(mixed)}`)
    if (receive(mixed) !== null) understood++
  }
  t.ok(understood > 500, `${understood} of them are datagrams`)
  t.end()
})

void t.test('B02: a hundred thousand random messages come back as they were, from one form in bytes', t => {
  const random = new Prng(2, 1)
  const id = (): number => {
    const size = random.below(4)
    return size === 0 ? awkwardIds[1 + random.below(awkwardIds.length - 1)]! : random.below(2 ** (10 * size + 8)) + 1
  }
  const bytes = (): Uint8Array => Uint8Array.from({ length: random.below(12) }, () => random.below(256))
  const makers: (() => [EnvelopeKind, WireMessage])[] = [
    () => ['peer', accept(3, id(), id(), id(), { readRound: id() })],
    () => ['peer', requestVote(3, 2 ** 52, [id(), 1 + random.below(9)])],
    () => ['peer', voteReply(3, id(), { granted: random.below(2) === 0 })],
    () => ['request', { type: 'Read', requestId: id(), stale: random.below(2) === 0, query: bytes() }],
    () => ['request', { type: 'OpenSession', requestId: id() }],
    () => [
      'answer',
      { type: 'Answer', to: 'read', requestId: id(), sessionId: id(), code: 'busy', leaderId: 3, result: bytes() },
    ],
  ]
  for (let run = 0; run < 100_000; run++) {
    const [kind, message] = makers[run % makers.length]!()
    const datagram = datagramOf(kind, [message])
    const back = receive(datagram)
    assert.deepStrictEqual(back, [message])
    assert.equal(hexOf(datagramOf(kind, [message])), hexOf(datagram), `run ${run}: one form`)
  }
  t.pass()
  t.end()
})
