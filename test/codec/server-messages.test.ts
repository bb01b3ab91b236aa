import fc from 'fast-check'
import t from 'tap'
import type { AnswerCode, Member, ServerMessage, Welcome } from '../../codec/client-types.js'
import { clientMessageBytes } from '../../codec/client-messages.js'
import { helloBytes } from '../../codec/limits.js'
import { serverMessageBytes } from '../../codec/server-messages.js'
import { awkwardIds, hex, join, text, tooLargeIds, uint } from './bytes.js'
import { anyBytes, anyId, anyRecord, checkGolden, checkMessages, datagramOf, receive, receiveBytes } from './checks.js'

const codes: readonly AnswerCode[] = [
  'ok',
  'not-leader',
  'busy',
  'session-expired',
  'request-mismatch',
  'sequence-too-far',
  'bad-request',
  'no-space',
  'no-snapshot',
]
const kinds = ['open', 'write', 'read', 'status', 'snapshot'] as const

const serverId = fc.integer({ min: 1, max: 65_535 })
const member: fc.Arbitrary<Member> = anyRecord({
  id: serverId,
  address: fc.stringMatching(/^[!-~]{1,64}$/),
})
const welcome: fc.Arbitrary<ServerMessage> = anyRecord({
  type: fc.constant('Welcome'),
  nonce: anyId(),
  token: anyId(),
  leaderId: fc.nat(65_535),
  members: fc.array(member, { maxLength: 7 }),
})
const unwelcome: fc.Arbitrary<ServerMessage> = fc.constant({ type: 'Unwelcome' })
const answer: fc.Arbitrary<ServerMessage> = anyRecord({
  type: fc.constant('Answer'),
  to: fc.constantFrom(...kinds),
  requestId: anyId(),
  sessionId: anyId(),
  code: fc.constantFrom(...codes),
  leaderId: fc.nat(65_535),
  result: anyBytes(60),
})

for (const [name, arbitrary] of Object.entries({ welcome, unwelcome, answer })) {
  void t.test(`B01, B02: ${name}: round trip, one form, every truncation and every flipped bit`, t => {
    checkMessages(t, 'answer', arbitrary)
    t.end()
  })
}

const id = (value: number | bigint) => uint(value, 8)
const message = (type: number, ...body: Uint8Array[]) =>
  receiveBytes('answer', join(uint(type, 1), uint(join(...body).length, 3), ...body))

void t.test('golden bytes', t => {
  const members = [
    { id: 1, address: 'a:1' },
    { id: 0x0203, address: '[::1]:80' },
  ]
  checkGolden(
    t,
    'answer',
    { type: 'Welcome', nonce: 0x11, token: 0x12, leaderId: 2, members },
    `20 250000 1100000000000000 1200000000000000 0200 0200  0100 03 613a31  0302 08 5b3a3a315d3a3830`,
  )
  checkGolden(t, 'answer', { type: 'Unwelcome' }, '21 000000')
  checkGolden(
    t,
    'answer',
    { type: 'Answer', to: 'read', requestId: 5, sessionId: 0, code: 'ok', leaderId: 0, result: hex('c0ffee') },
    '22 170000 03 01 0000 0500000000000000 0000000000000000 c0ffee',
  )
  kinds.forEach((to, toAt) => {
    codes.forEach((code, codeAt) => {
      const result = message(0x22, hex(`0${toAt + 1} 0${codeAt + 1} ffff`), id(5), id(6))
      t.match(result, { to, code, leaderId: 65_535, requestId: 5, sessionId: 6 }, `${to} ${code}`)
    })
  })
  t.end()
})

void t.test('Z01: a Welcome names the members that fit into a Hello, and never more', t => {
  const longest = (at: number) => ({ id: at, address: `${'h'.repeat(60)}:${100 + at}` })
  const seven: Welcome = {
    type: 'Welcome',
    nonce: 1,
    token: 2,
    leaderId: 3,
    members: [1, 2, 3, 4, 5, 6, 7].map(longest),
  }
  t.equal(serverMessageBytes(seven), helloBytes, 'seven of the longest fill it')
  t.strictSame(receive(datagramOf('answer', [seven]))?.[0], seven)
  const eight = { ...seven, members: [...seven.members, longest(8)] }
  t.equal(serverMessageBytes(eight), helloBytes)
  t.strictSame(receive(datagramOf('answer', [eight]))?.[0], seven, 'the eighth is left out')
  const odd = {
    ...seven,
    members: ['', 'x'.repeat(65), 'hëst:1', 'ho st:1', 'ok:1'].map(address => ({ id: 1, address })),
  }
  t.match(receive(datagramOf('answer', [odd]))?.[0], { members: [{ address: 'ok:1' }] }, 'so are those without bytes')
  t.end()
})

void t.test('only what a server can mean is accepted', t => {
  const welcomeWith = (count: number, ...members: Uint8Array[]) =>
    message(0x20, id(1), id(2), uint(3, 2), uint(count, 2), ...members)
  const member = (memberId: number, length: number, address: string) =>
    join(uint(memberId, 2), uint(length, 1), text(address))
  t.not(welcomeWith(0), null)
  t.not(welcomeWith(1, member(1, 3, 'a:1')), null)
  t.equal(welcomeWith(65_535), null, 'a count without members')
  t.equal(welcomeWith(0, member(1, 3, 'a:1')), null, 'members without a count')
  t.equal(welcomeWith(1, member(0, 3, 'a:1')), null, 'a member without an id')
  t.equal(welcomeWith(1, member(1, 255, 'a:1')), null, 'an address beyond the end')
  t.equal(welcomeWith(1, member(1, 0, '')), null, 'an empty address')
  t.equal(welcomeWith(1, member(1, 3, 'a\x1b1')), null, 'an address that would write to the terminal')
  t.equal(welcomeWith(1, member(1, 3, 'a\xff1')), null, 'an address that is not ASCII')
  t.equal(welcomeWith(1, member(1, 65, 'a'.repeat(65))), null, 'an address longer than its limit')
  t.equal(welcomeWith(1, member(1, 3, 'a:1'), hex('00')), null, 'a byte after the last member')
  const members = Array.from({ length: 8 }, () => member(1, 64, 'a'.repeat(64)))
  t.equal(welcomeWith(8, ...members), null, 'a Welcome larger than a Hello')
  t.not(welcomeWith(7, ...members.slice(1)), null, 'one as large')
  t.equal(message(0x21, hex('00')), null, 'an Unwelcome with something in it')
  for (const head of ['0001 0000', '0601 0000', '0100 0000', '010a 0000', 'ffff 0000']) {
    t.equal(message(0x22, hex(head), id(1), id(1)), null, `an answer of ${head}`)
  }
  t.equal(message(0x22, hex('0101 0000'), id(1)), null, 'an answer that ends early')
  t.end()
})

void t.test('B04: ids are exact up to 2^53-1 and refused above', t => {
  const welcomeOf = (nonce: number | bigint, token: number | bigint) => message(0x20, id(nonce), id(token), uint(0, 4))
  const answerOf = (requestId: number | bigint, sessionId: number | bigint) =>
    message(0x22, hex('0101 0000'), id(requestId), id(sessionId))
  for (const value of awkwardIds) {
    t.match(welcomeOf(value, value), { nonce: value, token: value })
    t.match(answerOf(value, value), { requestId: value, sessionId: value })
  }
  for (const value of tooLargeIds) {
    for (const [a, b] of [[value, 1] as const, [1, value] as const]) {
      t.equal(welcomeOf(a, b), null, `Welcome ${value.toString()}`)
      t.equal(answerOf(a, b), null, `Answer ${value.toString()}`)
    }
  }
  t.end()
})

void t.test('Z01: no answer to a stranger is larger than what it answers', t => {
  const unwelcomeBytes = serverMessageBytes({ type: 'Unwelcome' })
  t.ok(unwelcomeBytes < clientMessageBytes({ type: 'StatusRequest', requestId: 0 }))
  t.ok(unwelcomeBytes < clientMessageBytes({ type: 'OpenSession', requestId: 0 }))
  t.ok(unwelcomeBytes < clientMessageBytes({ type: 'Read', requestId: 0, stale: false, query: hex('') }))
  t.ok(
    unwelcomeBytes <
      clientMessageBytes({ type: 'Write', sessionId: 1, sequence: 1, answeredUpTo: 0, command: hex('') }),
  )
  t.end()
})
