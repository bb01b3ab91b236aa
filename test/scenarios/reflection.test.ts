/** Answers are never answered: one forged datagram must not set two servers talking for ever. */
import t from 'tap'
import type { Message, ServerId } from '../../src/raft/types.js'
import { RaftCluster } from '../support/raft-cluster.js'
import { accept, append, Bench, rejectAt, requestVote, voteReply } from '../support/raft-servers.js'

/** Every answer that anybody might forge, of a former, the present and a later term. */
function answers(from: ServerId, present: number): Message[] {
  return [present - 1, present, present + 1].flatMap(term => [
    ...[true, false].flatMap(granted =>
      [true, false].map(preVote => voteReply(from, term, { term, granted, preVote })),
    ),
    accept(from, term, 1),
    accept(from, term, 1, 1, { readRound: 99 }),
    rejectAt(from, term, 1, [1, 1]),
    rejectAt(from, term, 3, [2, 0]),
    rejectAt(from, term, 1, [0, 0]),
  ])
}

void t.test('Z09: who does not lead answers no answer, whatever it says', t => {
  const roles: Record<string, () => Bench> = {
    follower: () => {
      const bench = new Bench({ term: 5, log: [1, 1] })
      bench.receive(append(2, 5, [2, 1]))
      return bench
    },
    'follower of nobody': () => new Bench({ term: 5, log: [1, 1] }),
    'pre-candidate': () => {
      const bench = new Bench({ term: 5, log: [1, 1], voters: [1, 2, 3, 4, 5] })
      bench.timeout()
      return bench
    },
    candidate: () => {
      const bench = new Bench({ term: 4, log: [1, 1], voters: [1, 2, 3, 4, 5] })
      bench.timeout()
      for (const from of [2, 3]) bench.receive(voteReply(from, 5, { preVote: true, term: 4 }))
      return bench
    },
  }
  for (const [role, make] of Object.entries(roles)) {
    for (const answer of answers(3, 5)) {
      const bench = make()
      t.same(bench.receive(answer), [], `${role}: ${JSON.stringify(answer)}`)
    }
  }
  t.end()
})

void t.test('Z09: whatever is forged in the name of a peer, the servers soon have no more to say about it', t => {
  const cluster = new RaftCluster({ servers: 3, delayMs: [0, 0], timers: false })
  cluster.stand(1)
  t.equal(cluster.leaderId, 1)
  const { currentTerm } = cluster.raft(1)
  let most = 0
  for (const to of cluster.ids) {
    for (const from of cluster.ids.filter(id => id !== to)) {
      const forged: Message[] = [
        ...answers(from, currentTerm).filter(message => message.term <= currentTerm),
        requestVote(from, currentTerm, [9, 1]),
        requestVote(from, currentTerm, [9, 1], { preVote: true, campaignTerm: currentTerm + 1 }),
        append(from, currentTerm - 1, [0, 0]),
        { type: 'TimeoutNow', term: currentTerm - 1, from },
      ]
      for (const message of forged) {
        if (to === 1 && message.type === 'AppendEntriesReply' && message.prevLogIndex > 1) continue
        const before = cluster.messages
        cluster.inject(to, message)
        cluster.settle()
        most = Math.max(most, cluster.messages - before)
      }
    }
  }
  t.ok(most >= 1, 'requests are answered')
  t.ok(most <= 3, `${most} messages for one`)
  t.equal(cluster.leaderId, 1)
  t.end()
})
