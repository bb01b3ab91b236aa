/** Figure 7 as a table: every number that follows from it for each follower, votes, rejections and entries lost. */
import t from 'tap'
import type { AppendEntriesReply, Message, ServerId } from '../../src/raft/types.js'
import { Bench, requestVote } from '../support/raft-servers.js'

/** The leader for term 8, as drawn at the top of the figure. */
const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
const voters: ServerId[] = [1, 2, 3, 4, 5, 6, 7]

interface Row {
  readonly name: string
  readonly log: readonly number[]
  /** Does it vote for the leader in term 8? */
  readonly grants: boolean
  /** Rejections until the logs match, if a rejection says only no, and if it says where to look next. */
  readonly plain: number
  readonly hinted: number
  /** Where the logs match in the end, and how many entries the follower loses. */
  readonly match: number
  readonly cut: number
}

const rows: readonly Row[] = [
  { name: 'a', log: [1, 1, 1, 4, 4, 5, 5, 6, 6], grants: true, plain: 1, hinted: 1, match: 9, cut: 0 },
  { name: 'b', log: [1, 1, 1, 4], grants: true, plain: 6, hinted: 1, match: 4, cut: 0 },
  { name: 'c', log: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], grants: false, plain: 0, hinted: 0, match: 10, cut: 1 },
  { name: 'd', log: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], grants: false, plain: 0, hinted: 0, match: 10, cut: 2 },
  { name: 'e', log: [1, 1, 1, 4, 4, 4, 4], grants: true, plain: 5, hinted: 2, match: 5, cut: 2 },
  { name: 'f', log: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], grants: true, plain: 7, hinted: 2, match: 3, cut: 8 },
]

void t.test('E01: the vote of each server of Figure 7 for its leader', t => {
  for (const [place, { name, log, grants }] of rows.entries()) {
    const voter = new Bench({ id: place + 2, voters, term: 7, log })
    t.match(voter.receive(requestVote(1, 8, [10, 6])), [{ granted: grants, term: 8 }], name)
  }
  t.end()
})

interface Repaired {
  readonly rejections: number
  readonly match: number
  readonly cut: number
  readonly terms: readonly number[]
}

/** The leader of term 8 and one follower, alone, until the follower accepts. */
function repair(row: Row, id: ServerId, hints: boolean): Repaired {
  const leader = new Bench({ id: 1, voters, term: 7, log: leaderLog })
  const follower = new Bench({ id, voters, term: 7, log: row.log })
  const [first] = leader.lead()
  const before = row.log.map((_, place) => follower.raft.server.log.at(place + 1))
  let message: Message | undefined = first
  for (let rejections = 0; message !== undefined; rejections++) {
    const reply = follower
      .receive(message)
      .find((sent): sent is AppendEntriesReply => sent.type === 'AppendEntriesReply')
    if (reply?.rejected !== true) {
      const { log } = follower.raft.server
      const kept = before.filter(({ index, term }) => log.termAt(index) === term)
      const match = message.type === 'AppendEntries' ? message.prevLogIndex : 0
      return { rejections, match, cut: before.length - kept.length, terms: follower.terms }
    }
    ;[message] = leader.receive(hints ? reply : { ...reply, conflictIndex: reply.prevLogIndex, conflictTerm: 0 })
  }
  throw new Error(`${row.name} is given up`)
}

for (const hints of [true, false]) {
  const how = hints ? 'by the conflicting term' : 'one by one, where a follower says no more than no'
  void t.test(`R01: Figure 7 is repaired ${how}`, t => {
    for (const [place, row] of rows.entries()) {
      const { match, cut } = row
      const expected = { rejections: hints ? row.hinted : row.plain, match, cut, terms: [...leaderLog, 8] }
      t.same(repair(row, place + 2, hints), expected, row.name)
    }
    t.end()
  })
}
