import t from 'tap'
import { OneVote } from '../../../src/sim/invariants/one-vote.js'
import type { HardState, Message } from '../../../src/raft/types.js'
import { append, requestVote } from '../../support/raft-servers.js'

function grant(term: number, some: Partial<Message> = {}): Message {
  return {
    type: 'RequestVoteReply',
    term,
    from: 1,
    campaignTerm: term,
    granted: true,
    preVote: false,
    ...some,
  } as Message
}

function saved(currentTerm: number, votedFor: number): HardState {
  return { currentTerm, votedFor }
}

void t.test('one vote per term, also of a candidate for itself, and over lives', t => {
  const votes = new OneVote()
  votes.sent(2, grant(5), saved(5, 2))
  votes.sent(2, grant(5), saved(5, 2))
  votes.sent(3, grant(6), saved(6, 3))
  t.throws(() => votes.sent(3, grant(5), null), {
    invariant: 'One Vote Per Term',
    message: /server 1 .*term 5 for 3 and for 2/,
  })
  t.throws(() => votes.sent(2, requestVote(1, 5, [1, 1]), null), {
    invariant: 'One Vote Per Term',
    message: /for 1 and for 2/,
  })
  votes.sent(3, grant(5, { granted: false }), saved(5, 2))
  votes.sent(3, grant(7, { preVote: true, term: 6 }), saved(6, 3))
  t.end()
})

void t.test('term and vote are durable before they are said', t => {
  const invariant = 'Promises Are Durable'
  const refuses = (to: number, message: Message, durable: HardState) =>
    t.throws(() => new OneVote().sent(to, message, durable), { invariant, message: /its disk has/ })
  refuses(2, grant(5), saved(4, 0))
  refuses(2, grant(5), saved(5, 0))
  refuses(2, grant(5), saved(5, 3))
  refuses(2, requestVote(1, 5, [1, 1]), saved(5, 0))
  refuses(2, append(1, 5, [0, 0], []), saved(4, 1))
  refuses(2, append(1, 1, [0, 0], []), saved(0, 0))
  const good = new OneVote()
  good.sent(2, append(1, 5, [0, 0], []), saved(5, 1))
  good.sent(2, requestVote(1, 5, [1, 1]), saved(5, 1))
  good.sent(2, grant(4), saved(5, 1))
  t.end()
})
