import t from 'tap'
import { encodeNamed } from '../../src/raft/admitted.js'
import type { Entry, EntryKind, Message, Named } from '../../src/raft/types.js'
import { replay } from '../../src/sim/search/replay.js'
import { accept, append, Bench, requestVote, voteReply, type Start } from '../support/raft-servers.js'

const [own, x, c, y] = [11, 12, 13, 22]
const founders: Named[] = [
  { id: 1, incarnation: own },
  { id: 2, incarnation: x },
]

function entry(index: number, term: number, kind: EntryKind, named: readonly Named[] = []): Entry {
  return { index, term, kind, payload: encodeNamed(named), record: null }
}

function receive(bench: Bench, message: Message, incarnation: number): Message[] {
  return bench.do(raft => raft.receive(bench.nowMs, message, incarnation))
}

/** A server of the incarnation `own` with an empty log. */
function fresh(start: Start = {}): Bench {
  return new Bench({ incarnation: own, ...start })
}

/** S1 leads term 1, elected by S2; nothing has been answered yet. */
function founder(): Bench {
  const bench = fresh()
  bench.timeout()
  receive(bench, voteReply(2, 1, { preVote: true, term: 0 }), x)
  receive(bench, voteReply(2, 1), x)
  return bench
}

function kindsOf({ raft }: Bench): string[] {
  const { log } = raft.server
  return log.range(1, log.lastIndex).map(({ kind }) => kind)
}

function standingsOf({ raft }: Bench): unknown {
  const { standings } = raft.server.log.admitted
  return standings && [...standings].map(([id, { incarnation, counts }]) => [id, incarnation, counts])
}

/** S1 follows S2 in term 1 and holds what is given. */
function follower(entries: readonly Entry[], start: Start = {}): Bench {
  const bench = fresh(start)
  receive(bench, append(2, 1, [0, 0], [], { entries }), x)
  bench.nowMs += 1_000
  return bench
}

void t.test('the first leader opens with the founding, which names those who elected it', t => {
  const bench = founder()
  t.same(kindsOf(bench), ['found'])
  t.same(standingsOf(bench), [
    [1, own, true],
    [2, x, true],
  ])
  const without = new Bench()
  without.lead()
  t.same(kindsOf(without), ['noop'], 'where incarnations are not told apart nobody is named')
  t.end()
})

void t.test(
  'behind a backup the first leader founds the restored cluster, and whoever lost its disk waits for that',
  t => {
    const restored = fresh({ snapshot: [7, 3] })
    restored.timeout()
    receive(restored, voteReply(2, 4, { preVote: true, term: 3 }), x)
    receive(restored, voteReply(2, 4), x)
    const { log } = restored.raft.server
    t.same(
      log.range(8, log.lastIndex).map(({ kind }) => kind),
      ['found'],
    )
    t.same(standingsOf(restored), [
      [1, own, true],
      [2, x, true],
    ])
    const repaired = fresh({ snapshot: [7, 3], mayFound: false })
    t.match(receive(repaired, requestVote(2, 4, [7, 3]), x), [{ type: 'RequestVoteReply', granted: false }])
    t.equal(repaired.raft.status.isRecovering, true)
    t.end()
  },
)

void t.test('regression_a_founder_that_had_not_heard_of_the_founding_refused_its_vote_for_ever', t => {
  // Of two servers both have to vote: S2 led and opened with the founding, and all lost power before S1 had it.
  const ask = (voterIncarnation: number, start: Start = {}): Message[] => {
    const bench = fresh({ voters: [1, 2], term: 1, votedFor: 2, ...start })
    return receive(bench, requestVote(2, 2, [1, 1], { voterIncarnation }), x)
  }
  t.match(ask(own), [{ type: 'RequestVoteReply', granted: true }], 'the log of the candidate names this directory')
  t.match(ask(0), [{ granted: false }], 'it names none of this server')
  t.match(ask(y), [{ granted: false }], 'it names another')
  t.match(ask(own, { mayFound: false }), [{ granted: false }], 'what was made for repair waits for its own entry')
  t.end()
})

void t.test('the third server is admitted a moment later: retire, committed without it, and then admit', t => {
  const bench = founder()
  receive(bench, accept(3, 1, 1), c)
  t.same(kindsOf(bench), ['found', 'retire'])
  t.equal(bench.raft.commitIndex, 0, 'what it acknowledges does not count')
  receive(bench, accept(3, 1, 2), c)
  t.equal(bench.raft.commitIndex, 0)
  receive(bench, accept(2, 1, 2), x)
  t.equal(bench.raft.commitIndex, 2)
  t.same(kindsOf(bench), ['found', 'retire', 'admit'])
  receive(bench, accept(3, 1, 3), c)
  t.equal(bench.raft.commitIndex, 3, 'from the entry that admits it on it counts')
  t.same(bench.raft.status.isRecovering, false)
  t.end()
})

void t.test('a server that comes back in another incarnation: what the one before acknowledged is its no more', t => {
  const bench = founder()
  receive(bench, accept(2, 1, 1), x)
  t.equal(bench.raft.commitIndex, 1)
  receive(bench, accept(2, 1, 0, 0, { rejected: true, conflictIndex: 1 }), y)
  t.same(kindsOf(bench), ['found', 'retire'])
  t.same(standingsOf(bench), [
    [1, own, true],
    [2, y, false],
  ])
  t.match(bench.raft.status.peers[0], { id: 2, matchIndex: 0 })
  receive(bench, accept(2, 1, 2), x)
  t.match(bench.raft.status.peers[0], { matchIndex: 0 }, 'a late word of the one before counts no more')
  receive(bench, accept(2, 1, 2), y)
  t.equal(bench.raft.commitIndex, 1, 'S3 is needed, and it is not admitted')
  bench.tickAt(bench.nowMs)
  t.equal(bench.role, 'follower', 'nobody who counts is there: it leads no more')
  t.end()
})

void t.test('who is not admitted neither votes for a candidate with a log nor campaigns', t => {
  const found = entry(1, 1, 'found', [
    { id: 2, incarnation: x },
    { id: 3, incarnation: c },
  ])
  const bench = follower([found])
  t.ok(bench.raft.status.isRecovering)
  t.match(receive(bench, requestVote(3, 2, [1, 1]), c), [{ granted: false }])
  t.match(receive(bench, requestVote(3, 3, [0, 0]), c), [{ granted: false }], 'nor for one with a shorter log')
  t.same(bench.timeout(), [])
  t.equal(bench.role, 'follower')
  const retire = entry(2, 1, 'retire', [{ id: 1, incarnation: own }])
  const retired = follower([found, retire])
  t.match(receive(retired, requestVote(3, 2, [2, 1]), c), [{ granted: false }], 'retire is no admission')
  const admitted = follower([found, retire, entry(3, 1, 'admit', [{ id: 1, incarnation: own }])])
  t.notOk(admitted.raft.status.isRecovering)
  t.match(receive(admitted, requestVote(3, 1, [3, 1]), c), [{ granted: false }], 'not in the term that admits it')
  t.match(receive(admitted, requestVote(3, 2, [3, 1]), c), [{ granted: true }])
  t.end()
})

void t.test('it votes only when it holds durably what admits it', t => {
  const bench = fresh()
  bench.holdsWrites = true
  receive(bench, append(2, 1, [0, 0], [], { entries: [entry(1, 1, 'found', founders)] }), x)
  bench.nowMs += 1_000
  t.match(receive(bench, requestVote(2, 2, [1, 1]), x), [{ granted: false }])
  bench.persist()
  t.match(receive(bench, requestVote(2, 3, [1, 1]), x), [{ granted: true }])
  t.end()
})

void t.test('an empty server votes for the founding only, and one that is to be repaired for nothing', t => {
  t.match(receive(fresh(), requestVote(2, 1, [1, 1]), x), [{ granted: false }], 'a log: founded long ago')
  t.match(receive(fresh(), requestVote(2, 1, [0, 0]), x), [{ granted: true }])
  const repaired = fresh({ mayFound: false })
  t.ok(repaired.raft.status.isRecovering)
  t.match(receive(repaired, requestVote(2, 1, [0, 0]), x), [{ granted: false }])
  t.same(repaired.timeout(), [], 'nor does it ask for votes')
  t.end()
})

void t.test('M14: two servers with new disks found no second cluster', t => {
  const bench = fresh({ mayFound: false })
  for (let timeouts = 0; timeouts < 5; timeouts++) t.same(bench.timeout(), [])
  t.equal(bench.raft.currentTerm, 0)
  t.end()
})

void t.test('a vote counts only from the incarnation that the log of the candidate names', t => {
  const bench = follower([entry(1, 1, 'found', founders)])
  bench.timeout()
  receive(bench, voteReply(2, 2, { preVote: true, term: 1 }), y)
  t.equal(bench.role, 'pre-candidate')
  receive(bench, voteReply(3, 2, { preVote: true, term: 1 }), c)
  t.equal(bench.role, 'pre-candidate', 'S3 was never admitted')
  receive(bench, voteReply(2, 2, { preVote: true, term: 1 }), x)
  t.equal(bench.role, 'candidate')
  receive(bench, voteReply(2, 2), y)
  t.equal(bench.role, 'candidate')
  receive(bench, voteReply(2, 2), x)
  t.equal(bench.role, 'leader')
  t.end()
})

void t.test('what admits a server goes with a truncation', t => {
  const found = entry(1, 1, 'found', [
    { id: 2, incarnation: x },
    { id: 3, incarnation: c },
  ])
  const self: Named[] = [{ id: 1, incarnation: own }]
  const bench = follower([found, entry(2, 1, 'retire', self), entry(3, 1, 'admit', self)])
  t.notOk(bench.raft.status.isRecovering)
  receive(bench, append(3, 2, [2, 1], [2]), c)
  t.ok(bench.raft.status.isRecovering)
  receive(bench, append(3, 2, [1, 1], [2, 2]), c)
  t.same(standingsOf(bench), [
    [2, x, true],
    [3, c, true],
  ])
  t.end()
})

void t.test('a snapshot says who is admitted, and a server starts from what it says', t => {
  const bench = founder()
  receive(bench, accept(3, 1, 1), c)
  receive(bench, accept(2, 1, 2), x)
  t.same(bench.raft.admittedAt(2), founders)
  const admitted = [...founders, { id: 3, incarnation: c }]
  t.same(bench.raft.admittedAt(3), admitted)
  const restored = new Bench({ incarnation: own, snapshot: [3, 1] })
  restored.raft.server.log.restoreAdmitted(3, 1, admitted)
  t.notOk(restored.raft.status.isRecovering)
  t.same(restored.raft.admittedAt(3), admitted)
  const other = new Bench({ incarnation: y, snapshot: [3, 1] })
  other.raft.server.log.restoreAdmitted(3, 1, admitted)
  t.ok(other.raft.status.isRecovering)
  t.end()
})

void t.test('a retire of a former leader admits nobody: the next one begins anew', t => {
  const retire = entry(2, 1, 'retire', [{ id: 3, incarnation: c }])
  const bench = follower([entry(1, 1, 'found', founders), retire])
  bench.timeout()
  receive(bench, voteReply(2, 2, { preVote: true, term: 1 }), x)
  receive(bench, voteReply(2, 2), x)
  receive(bench, accept(2, 2, 3), x)
  t.equal(bench.raft.commitIndex, 3)
  receive(bench, accept(3, 2, 3), c)
  t.same(kindsOf(bench), ['found', 'retire', 'noop', 'retire'])
  t.end()
})

void t.test('leadership is not handed to who is not admitted', t => {
  const bench = founder()
  receive(bench, accept(3, 1, 1), c)
  bench.do(raft => raft.transferLeadership(bench.nowMs, 3))
  t.equal(bench.raft.server.role.name === 'leader' && bench.raft.server.role.transfer, null)
  t.end()
})

void t.test('story: a voter of term 2 loses its disk, the leader of term 1 admits it, and term 2 has one leader', t => {
  const admits = 'd1>2:A d2>1:a d1>3:A d3>1:a d1>2:A d2>1:a d1>3:A d3>1:a'
  const options = { budgets: {}, wipes: 1, appendEntriesMax: 4, linkMessagesMax: 1 }
  const text = `s1 d1>2:V d2>1:v d1>3:A d3>1:a ${admits} s3 d3>2:V d2>3:v c2.15 h1 d1>2:A d2>1:j d1>2:A d2>1:a`
  const { space, state, breach } = replay(options, text)
  t.equal(breach, null)
  const leader = space.nodeOf(state, 1).raft
  t.ok(leader.server.log.lastEntry?.kind === 'retire' && leader.commitIndex < leader.server.log.lastIndex)
  const wiped = space.nodeOf(state, 2).raft
  t.ok(wiped.status.isRecovering, 'it holds all that S1 has, and that is not committed without it')
  const stood = replay(options, `${text} s1 s1 d1>2:V`)
  t.equal(stood.breach, null)
  t.equal(stood.space.nodeOf(stood.state, 1).raft.isLeader, false)
  t.equal(stood.space.nodeOf(stood.state, 3).raft.isLeader, true)
  t.end()
})
