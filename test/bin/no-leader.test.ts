import t from 'tap'
import { whyNoLeader } from '../../bin/no-leader.js'

const gone = { role: 'unreachable' } as const

void t.test('nobody leads', t => {
  const says = 'no leader: 2 of 3 servers answered, and none of them leads'
  t.equal(whyNoLeader([{ id: 1, term: 4, leaderId: 0 }, gone, { id: 3, term: 3, leaderId: 0 }]), says)
  // Server 2 led term 3, and 1 has heard of a later one.
  t.equal(whyNoLeader([{ id: 1, term: 4, leaderId: 0 }, gone, { id: 3, term: 3, leaderId: 2 }]), says)
  t.equal(whyNoLeader([gone, gone]), 'no leader: 0 of 2 servers answered, and none of them leads')
  t.end()
})

void t.test('who is said to lead has just answered that it does not', t => {
  t.match(whyNoLeader([{ id: 1, term: 4, leaderId: 3 }, gone, { id: 3, term: 4, leaderId: 0 }]), /^no leader: 2 of 3/)
  t.end()
})

void t.test('regression_a_leader_that_only_this_client_does_not_reach_was_said_not_to_be', t => {
  const says = 'server 2 leads, by what 1, 3 know, but it does not answer here: it is down, or the way from here to it'
  t.equal(whyNoLeader([{ id: 1, term: 4, leaderId: 2 }, gone, { id: 3, term: 4, leaderId: 2 }]), says)
  t.end()
})
