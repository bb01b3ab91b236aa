/** What is committed, and what is not, in whole clusters: Figure 8 above all (SCENARIOS.md, C). */
import t from 'tap'
import { appendEntriesOverheadBytes } from '../../codec/peer-messages.js'
import { envelopeBytes } from '../../codec/envelope.js'
import { entryOverheadBytes } from '../../src/raft/types.js'
import { Prng } from '../../src/base/prng.js'
import { carriesEntry, isAppend } from '../support/story-mail.js'
import { electionTimeoutMs, Story } from '../support/story.js'

const timeoutMsMax = 2 * electionTimeoutMs

/**
 * Figure 8 up to (c). Term 1 is the leader's whose entry everybody has; every later entry is the no-op of its term. Each
 * datagram holds one entry, so that index 2 can go without index 3.
 */
function figure8(): Story {
  const datagramBytesMax = envelopeBytes + appendEntriesOverheadBytes + entryOverheadBytes
  const story = new Story({ servers: 5, seed: 8, datagramSizes: [datagramBytesMax] })
  story.elect(4)
  story.settle()
  // (a) "S1 is leader and partially replicates the log entry at index 2."
  const mendA = story.drop((message, from, to) => isAppend(message) && from === 1 && to !== 2)
  const onlyS1 = story.onlyCandidate(1)
  story.process(4).crash()
  story.until('S1 leads term 2, and S2 has its entry', () => {
    if (!story.leaders.includes(1)) return false
    const { role } = story.raft(1)
    return role.name === 'leader' && role.peers.get(2)!.matchIndex === 2
  })
  story.process(4).start()
  // (b) "S1 crashes; S5 is elected leader for term 3 with votes from S3, S4, and itself, and accepts a different entry."
  story.process(1).crash()
  onlyS1()
  const onlyS5 = story.onlyCandidate(5)
  const mendB = story.drop((message, from) => isAppend(message) && from === 5)
  const votes = story.record((message, from) => message.type === 'RequestVoteReply' && message.granted && from === 2)
  story.until('S5 leads term 3, and has an entry of it on its disk', () => {
    return story.leaders.includes(5) && story.raft(5).persistedIndex === 2
  })
  if (votes.count > 0) throw new Error('S2 has the longer log and votes for S5')
  // (c) "S5 crashes; S1 restarts, is elected leader, and continues replication."
  story.process(5).crash()
  onlyS5()
  mendA()
  mendB()
  const again = story.onlyCandidate(1)
  const keepBack = story.drop((message, from, to) => {
    return isAppend(message) && from === 1 && (to > 3 || carriesEntry(message, 3))
  })
  story.process(1).start()
  story.until('S1 leads term 4, and index 2 is on S2 and S3', () => {
    if (!story.leaders.includes(1)) return false
    const { role } = story.raft(1)
    return role.name === 'leader' && [2, 3].every(id => role.peers.get(id)!.matchIndex === 2)
  })
  again()
  keepBacks.set(story, keepBack)
  return story
}

const keepBacks = new WeakMap<Story, () => void>()

void t.test('C01: Figure 8 (c): an entry of term 2 on a majority is not committed by counting', t => {
  const story = figure8()
  t.same(
    [1, 2, 3, 4].map(id => story.termsOf(id)),
    [[1, 2, 4], [1, 2], [1, 2], [1]],
  )
  t.equal(story.raft(1).currentTerm, 4)
  t.equal(story.raft(1).persistedIndex, 3, 'it has its own entry on disk')
  story.runFor(electionTimeoutMs)
  const { role } = story.raft(1)
  t.same(role.name === 'leader' ? [2, 3].map(id => role.peers.get(id)!.matchIndex) : role.name, [2, 2])
  t.same(
    [1, 2, 3, 4].map(id => story.raft(id).commitIndex < 2),
    [true, true, true, true],
    'index 2 is on S1, S2 and S3, and not committed',
  )
  t.equal(story.cluster.invariants.committed.lastIndex, 1)
  t.end()
})

void t.test('C02: Figure 8 (d): S5 wins term 5 and replaces index 2 everywhere, and nothing done is undone', t => {
  const story = figure8()
  story.process(1).crash()
  const only = story.onlyCandidate(5)
  const votes = story.record((message, from) => message.type === 'RequestVoteReply' && message.granted && from !== 5)
  story.process(5).start()
  story.until('S5 leads term 5', () => story.leaders.includes(5))
  t.equal(story.raft(5).currentTerm, 5)
  only()
  story.process(1).start()
  story.settle()
  t.same(
    story.ids.map(id => story.termsOf(id)),
    story.ids.map(() => [1, 3, 5]),
  )
  t.notOk(
    votes.datagrams.some(({ from }) => from === 1),
    'S1 has the later entry and did not vote for S5',
  )
  t.equal(story.raft(5).commitIndex, 3)
  story.judge()
  t.end()
})

void t.test('C03: Figure 8 (e): with an entry of term 4 on a majority index 2 is committed, and S5 cannot win', t => {
  const story = figure8()
  keepBacks.get(story)!()
  const mend = story.drop((message, from, to) => isAppend(message) && from === 1 && to > 3)
  story.until('index 3 is committed', () => story.raft(1).commitIndex === 3)
  t.equal(story.cluster.invariants.committed.termAt(2), 2, 'and index 2 with it')
  story.until('S2 and S3 have it', () => [2, 3].every(id => story.raft(id).log.lastIndex === 3))
  story.process(1).crash()
  mend()
  const only = story.onlyCandidate(5)
  // Of term 3 its votes may be said again now, by whoever had no word that they came.
  const votes = story.record((message, from) => {
    return message.type === 'RequestVoteReply' && message.granted && message.campaignTerm > 3 && from !== 5
  })
  story.process(5).start()
  story.told.length = 0
  story.runFor(20 * timeoutMsMax)
  t.same(story.leaders, [], 'nobody is elected as long as only S5 stands')
  t.same([...new Set(votes.datagrams.map(({ from }) => from))], [4], 'S4 alone would vote for it')
  only()
  story.elect()
  t.ok([2, 3].includes(story.leaderId))
  story.process(1).start()
  story.settle()
  for (const id of story.ids) t.same(story.termsOf(id).slice(0, 3), [1, 2, 4])
  story.judge()
  t.end()
})

void t.test('C04: Figure 8 as a nemesis (20 seeds): leaders crash as they take something, a bare majority is up', t => {
  let crashes = 0
  let elected = 0
  for (let seed = 1; seed <= 20; seed++) {
    const story = new Story({
      servers: 5,
      seed,
      links: { reorderShare: 0.3, reorderMs: 2 * electionTimeoutMs, lossShare: 0.1 },
      load: { clients: 4, pauseMs: 60, timeoutMs: 10 * electionTimeoutMs },
    })
    const prng = new Prng(seed, 8)
    story.beginLoad()
    while (story.nowMs < 20_000) {
      story.runFor(prng.below(10) === 0 ? prng.between(0, 2 * electionTimeoutMs) : prng.between(0, 15))
      const { leaderId } = story
      if (
        leaderId !== 0 &&
        story.raft(leaderId).log.lastTerm === story.raft(leaderId).currentTerm &&
        prng.below(5) < 4
      ) {
        crashes++
        story.process(leaderId).crash()
      }
      const down = story.ids.filter(id => !story.process(id).isRunning)
      if (down.length > 2) story.process(down[prng.below(down.length)]!).start()
    }
    story.judge()
    elected += story.cluster.invariants.elections.elections
  }
  t.ok(crashes > 200 && elected > 400, `${crashes} crashes, ${elected} leaders`)
  t.end()
})

void t.test('C06: a new leader commits what was there with a no-op, without any client', t => {
  const story = new Story({ seed: 6, servers: 5 })
  const first = story.elect()
  story.settle()
  const mend = story.drop((message, _from, to) => message.type === 'AppendEntriesReply' && to === first)
  story.beginPut('k', 'v')
  story.until('all have what the client put', () =>
    story
      .others(first)
      .every(
        id => story.raft(id).persistedIndex === story.raft(first).log.lastIndex && story.raft(id).persistedIndex > 1,
      ),
  )
  const index = story.raft(first).log.lastIndex
  t.ok(story.raft(first).commitIndex < index, 'it is committed nowhere')
  story.process(first).crash()
  mend()
  for (let client = 0; client < 4; client++) story.cluster.clients[client]!.kill()
  story.until('there is a leader', () => story.leaderId !== 0)
  const tookMs = story.until('all of it is committed', () => story.raft(story.leaderId).commitIndex > index)
  t.ok(tookMs <= 8, `${tookMs} ms after the election: a round trip and the disks`)
  const { role } = story.raft(story.leaderId)
  t.equal(role.name === 'leader' && role.openingIndex, index + 1)
  story.judge()
  t.end()
})

void t.test('C09: committed and answered, told to no follower, and all restart: it is in every later leader', t => {
  for (let seed = 1; seed <= 10; seed++) {
    const story = new Story({ seed, servers: 5 })
    t.equal(story.put('k', `old${seed}`), 'ok')
    const leader = story.elect()
    story.settle()
    const before = story.raft(leader).commitIndex
    // Nothing that says how far is committed arrives any more.
    story.drop((message, from) => isAppend(message) && from === leader && message.leaderCommit > before)
    t.equal(story.put('k', `new${seed}`), 'ok')
    for (const id of story.ids) story.process(id).crash()
    for (const id of story.ids) story.process(id).start()
    const raft = story.elect()
    t.ok(story.raft(raft).log.lastIndex > before)
    t.equal(story.get('k'), `new${seed}`)
    story.judge()
  }
  t.end()
})

void t.test('C10: an entry is the same, and leads to the same state, on every server and in every life of it', t => {
  const story = new Story({ seed: 10, load: { clients: 4, outstanding: 3, pauseMs: 5 } })
  story.elect()
  story.beginLoad()
  for (let round = 0; round < 8; round++) {
    story.runFor(400)
    const id = 1 + (round % 3)
    story.process(id).crash()
    story.runFor(100)
    story.process(id).start()
  }
  story.judge()
  const hashes = story.ids.map(id => story.node(id).state.sessions.stateHash)
  t.equal(new Set(hashes).size, 1)
  t.ok(story.cluster.load.answered > 500, `${story.cluster.load.answered} operations`)
  t.end()
})
