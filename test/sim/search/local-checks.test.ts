/** The checks of one server on promises made by hand. */
import t from 'tap'
import type { HardState, Message, OutgoingMessage } from '../../../src/raft/types.js'
import { InvariantError } from '../../../src/base/assert.js'
import { breachOf, checkAcknowledged, checkHardState, checkLeaving } from '../../../src/sim/search/local-checks.js'
import { startNode, type Node } from '../../../src/sim/search/node.js'
import { settingsOf } from '../../../src/sim/search/options.js'
import { accept, entriesOf, requestVote, voteReply } from '../../support/raft-servers.js'

function breach(check: () => void): string | undefined {
  try {
    check()
  } catch (error) {
    return breachOf(error).invariant
  }
  return undefined
}

function node(hardState: HardState, terms: number[] = [], durable = terms): Node {
  const disk = { hardState, entries: entriesOf(terms), snapshotIndex: 0, baseIndex: 0 }
  const started = startNode(1, 0, settingsOf({ budgets: {} }), disk)
  return { ...started, entries: entriesOf(durable) }
}

const to2 = (message: Message): OutgoingMessage => ({ to: 2, message })

void t.test('One Vote Per Term: no vote leaves that is not on disk', t => {
  const voted = node({ currentTerm: 3, votedFor: 2 })
  t.equal(
    breach(() => checkLeaving(to2(voteReply(1, 3)), voted)),
    undefined,
  )
  const other = node({ currentTerm: 3, votedFor: 3 })
  t.equal(
    breach(() => checkLeaving(to2(voteReply(1, 3)), other)),
    'One Vote Per Term',
  )
  t.equal(
    breach(() => checkLeaving(to2(voteReply(1, 3, { granted: false })), other)),
    undefined,
    'a refusal',
  )
  t.equal(
    breach(() => checkLeaving(to2(voteReply(1, 4, { preVote: true, term: 3 })), other)),
    undefined,
    'a pre-vote',
  )
  t.equal(
    breach(() => checkLeaving(to2(requestVote(1, 3, [0, 0])), other)),
    'One Vote Per Term',
    'for itself',
  )
  t.end()
})

void t.test('One Vote Per Term and Monotonic: what is on disk', t => {
  const before = { currentTerm: 3, votedFor: 2 }
  t.equal(
    breach(() => checkHardState(1, before, { currentTerm: 3, votedFor: 3 })),
    'One Vote Per Term',
  )
  t.equal(
    breach(() => checkHardState(1, before, { currentTerm: 3, votedFor: 0 })),
    'One Vote Per Term',
  )
  t.equal(
    breach(() => checkHardState(1, before, { currentTerm: 2, votedFor: 2 })),
    'Monotonic',
  )
  t.equal(
    breach(() => checkHardState(1, before, { currentTerm: 4, votedFor: 0 })),
    undefined,
  )
  t.end()
})

void t.test('Monotonic: no term leaves that is not on disk', t => {
  t.equal(
    breach(() => checkLeaving(to2(accept(1, 4, 0)), node({ currentTerm: 3, votedFor: 0 }))),
    'Monotonic',
  )
  t.end()
})

void t.test('Acknowledged Is Durable: no acknowledgement without the entry on disk', t => {
  const hardState = { currentTerm: 3, votedFor: 0 }
  const acknowledge = (some: Node) => () => checkAcknowledged(some.raft.server, some, [to2(accept(1, 3, 2, 2))])
  t.equal(breach(acknowledge(node(hardState, [1, 2]))), undefined)
  t.equal(breach(acknowledge(node(hardState, [1, 2], [1]))), 'Acknowledged Is Durable', 'missing')
  t.equal(breach(acknowledge(node(hardState, [1, 2], [1, 1]))), 'Acknowledged Is Durable', 'another one')
  t.end()
})

void t.test('assertions of the core have names; errors of the search itself are not breaches', t => {
  const named = (what: string) => breachOf(new InvariantError(`broken invariant: ${what}`)).invariant
  t.equal(named('commitIndex never goes back'), 'Monotonic')
  t.equal(named('one vote in a term (K16)'), 'One Vote Per Term')
  t.equal(named('Leader Append-Only: its entries stay'), 'Leader Append-Only')
  t.equal(named('a committed entry is never replaced'), 'State Machine Safety')
  t.equal(named('lastApplied <= commitIndex'), 'Server State')
  t.throws(() => breachOf(new RangeError('no such server')), RangeError)
  t.end()
})
