/** A server with a sick disk leaves elections to the others, for a while. */
import t from 'tap'
import { timeoutsAsideMax } from '../../src/raft/stand-aside.js'
import { append, Bench, requestVote } from '../support/raft-servers.js'

/** How often it lets its election timeout pass before it stands. */
function timeoutsAside(bench: Bench): number {
  let passed = 0
  while (bench.timeout().every(({ type }) => type !== 'RequestVote')) passed++
  return passed
}

void t.test('it stands only after some timeouts in which nobody led', t => {
  for (const disk of ['full', 'stalled'] as const) {
    const bench = new Bench({ term: 4, log: [1, 4] })
    bench.do(raft => raft.diskChanged(bench.nowMs, disk))
    t.equal(timeoutsAside(bench), timeoutsAsideMax)
    t.equal(bench.role, 'pre-candidate')
    t.equal(timeoutsAside(bench), 0, 'and from then on like any other')
    bench.receive(append(2, 5, [2, 4]))
    t.equal(timeoutsAside(bench), timeoutsAsideMax, 'a leader was heard in between')
  }
  const sound = new Bench({ term: 4, log: [1, 4] })
  t.equal(timeoutsAside(sound), 0)
  t.end()
})

void t.test('who is alone has nobody to leave it to', t => {
  const bench = new Bench({ voters: [1] })
  bench.do(raft => raft.diskChanged(bench.nowMs, 'full'))
  bench.timeout()
  t.equal(bench.role, 'leader')
  t.end()
})

void t.test('a campaign ends at its timeout when the disk has become sick, and it votes for others', t => {
  const bench = new Bench({ term: 4, log: [1, 4] })
  bench.timeout()
  t.equal(bench.role, 'pre-candidate')
  bench.do(raft => raft.diskChanged(bench.nowMs, 'stalled'))
  bench.timeout()
  t.equal(bench.role, 'follower')
  const [answer] = bench.receive(requestVote(2, 5, [2, 4]))
  t.match(answer, { type: 'RequestVoteReply', granted: true })
  bench.do(raft => raft.diskChanged(bench.nowMs, 'sound'))
  t.equal(timeoutsAside(bench), 0, 'a sound disk waits for nobody')
  t.end()
})
