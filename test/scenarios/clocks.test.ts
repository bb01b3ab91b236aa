/** Processes that stand still, event loops that are blocked, clocks that run fast and slow (SCENARIOS.md, T). */
import t from 'tap'
import { electionTimeoutMs, heartbeatMs, Story } from '../support/story.js'

const timeoutMsMax = 2 * electionTimeoutMs

void t.test('T01: a leader stands still for 3 timeouts: awake, it confirms nothing of before', t => {
  const story = new Story({ seed: 1 })
  const raw = story.rawClient()
  t.equal(story.put('k', 'old'), 'ok')
  story.settle()
  const former = story.leaderId
  raw.greet(former)
  story.cluster.pause(story.process(former))
  raw.send(former, raw.read('k'))
  t.equal(story.put('k', 'new'), 'ok')
  raw.send(former, raw.read('k'))
  story.runFor(3 * timeoutMsMax)
  story.told.length = 0
  story.cluster.resume(story.process(former))
  story.runFor(2 * timeoutMsMax)
  t.same([...new Set(raw.answers.map(({ code }) => code))], ['not-leader'], 'some twice, because they came twice')
  t.equal(new Set(raw.answers.map(({ requestId }) => requestId)).size, 2)
  t.same(story.told, [`s${former} resume`], 'and nobody is elected')
  t.equal(story.raft(former).role.name, 'follower')
  story.judge()
  t.end()
})

void t.test(
  'T02: the event loop of a follower is blocked for 2 s (10 seeds): it hears its leader before it stands',
  t => {
    for (let seed = 1; seed <= 10; seed++) {
      const story = new Story({ seed, load: { clients: 2, pauseMs: 30 } })
      story.elect()
      story.settle()
      story.beginLoad()
      const [follower] = story.others(story.leaderId) as [number]
      const term = story.highestTerm
      let stood = 0
      story.drop((message, from) => {
        if (message.type === 'RequestVote' && from === follower) stood++
        return false
      })
      story.told.length = 0
      story.cluster.pause(story.process(follower))
      // What waits takes several rounds to be read, and the first of it is not the leader's.
      const { network } = story.cluster
      for (let i = 0; i < 100; i++) {
        network.inject(Uint8Array.of(i), story.process(1).address, story.process(follower).address, 1)
      }
      story.runFor(2_000)
      story.cluster.resume(story.process(follower))
      story.runFor(4 * timeoutMsMax)
      t.same([stood, story.highestTerm], [0, term], `seed ${seed}`)
      story.judge()
    }
    t.end()
  },
)

void t.test(
  'T02: the event loop of a leader is blocked for 2 s: it finds out that it is none, and disturbs nobody',
  t => {
    const story = new Story({ seed: 2 })
    const former = story.elect()
    story.settle()
    story.cluster.pause(story.process(former))
    story.runFor(2_000)
    const { leaderId } = story
    t.not(leaderId, former)
    const term = story.highestTerm
    story.cluster.resume(story.process(former))
    story.runFor(heartbeatMs * 2)
    t.same(story.leaders, [leaderId])
    story.runFor(4 * timeoutMsMax)
    t.equal(story.highestTerm, term)
    story.judge()

    // Without anybody to hear from, its own check of the quorum ends it.
    const alone = new Story({ seed: 2 })
    const leader = alone.elect()
    alone.settle()
    alone.cluster.pause(alone.process(leader))
    alone.runFor(10)
    alone.isolate(leader)
    alone.runFor(2_000)
    alone.cluster.resume(alone.process(leader))
    const tookMs = alone.until('it steps down', () => !alone.leaders.includes(leader))
    // Replies that waited in its socket count as heard when they are read: that may give it one timeout more.
    t.ok(tookMs <= timeoutMsMax, `after ${tookMs} ms`)
    alone.judge()
    t.end()
  },
)

void t.test('T05: clocks run from half to twice as fast: safe, and there is service', t => {
  for (const clockRates of [
    [0.5, 1, 2],
    [2, 2, 0.5],
    [0.5, 0.5, 2],
    [1.25, 0.75, 1, 0.5, 2],
  ]) {
    const story = new Story({
      seed: 5,
      servers: clockRates.length,
      clockRates,
      heartbeatMs: electionTimeoutMs / 6,
      load: { clients: 3, pauseMs: 30 },
    })
    story.elect()
    story.beginLoad()
    for (let round = 0; round < 6; round++) {
      story.runFor(1_000)
      story.process(story.elect()).kill()
      story.elect()
      for (const id of story.ids) story.process(id).start()
    }
    const { answered } = story.cluster.load
    t.ok(answered > 300, `${clockRates.join(' ')}: ${answered} operations`)
    story.told.length = 0
    story.runFor(10_000)
    t.ok(story.told.length <= 1, `then the leader stays: ${story.told.join(', ')}`)
    story.judge()
  }
  t.end()
})
