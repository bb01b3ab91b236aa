/** Each request is executed once, however often and however late it comes (SCENARIOS.md, D and X). */
import t from 'tap'
import type { StoryClient } from '../support/story-client.js'
import { writeOf } from '../support/story-client.js'
import { electionTimeoutMs, Story } from '../support/story.js'

/** A settled cluster, and a client with a session that knows all servers. */
function inSession(seed: number, servers = 3): { story: Story; raw: StoryClient; sessionId: number } {
  const story = new Story({ seed, servers })
  const raw = story.rawClient()
  const leader = story.elect()
  raw.greet(...story.ids)
  const sessionId = raw.openSession(leader)
  story.settle()
  raw.answers.length = 0
  return { story, raw, sessionId }
}

/** Commands executed so far, on the leader. */
function revisionOf(story: Story): number {
  return story.node(story.leaderId).status().revision
}

void t.test(
  'D01: the answer to a committed write is lost, and it is asked again everywhere: once, the same answer',
  t => {
    const { story, raw, sessionId } = inSession(201)
    const first = story.leaderId
    const write = writeOf(sessionId, 1, 'k', 'once')
    const mend = story.drop((message, _from, to) => message.type === 'Answer' && to === raw.lane)
    raw.send(first, write)
    story.until(
      'it is committed',
      () =>
        story.node(first).status().sessions > 0 &&
        story.raft(first).commitIndex === story.raft(first).log.lastIndex &&
        story.raft(first).log.lastIndex > 2,
    )
    story.settle()
    t.same(raw.answers, [])
    mend()
    const revision = revisionOf(story)
    const answer = raw.call(first, write)
    t.equal(answer.code, 'ok', 'from the same leader')
    const follower = story.others(first)[0]!
    t.same(raw.call(follower, write).result, answer.result, 'from a follower')
    story.process(first).crash()
    story.elect()
    story.until(
      'it has applied all',
      () => story.node(story.leaderId).state.lastApplied === story.raft(story.leaderId).log.lastIndex,
    )
    t.same(raw.call(story.leaderId, write).result, answer.result, 'from a new leader')
    for (const id of story.ids) story.process(id).crash()
    for (const id of story.ids) story.process(id).start()
    story.settle()
    raw.greet(...story.ids)
    t.same(raw.call(story.leaderId, write).result, answer.result, 'after a restart of all')
    t.equal(revisionOf(story), revision, 'and nothing more was executed')
    const other = writeOf(sessionId, 1, 'k', 'other')
    t.equal(raw.call(story.leaderId, other).code, 'request-mismatch', 'the number with other bytes is refused')
    t.equal(story.get('k'), 'once')
    story.judge()
    t.end()
  },
)

void t.test('D02: a request comes five times within 1 ms, before the first is committed: one execution', t => {
  const { story, raw, sessionId } = inSession(202)
  const { leaderId } = story
  const copies = story.record((message, _from, to) => message.type === 'Write' && to === leaderId)
  const before = revisionOf(story)
  const { lastIndex } = story.raft(leaderId).log
  const write = writeOf(sessionId, 1, 'k', 'once')
  for (let i = 0; i < 5; i++) {
    raw.send(leaderId, write)
    story.runFor(0.1)
  }
  copies.end()
  for (let i = 0; i < 5; i++) copies.deliver()
  story.runFor(50)
  t.equal(revisionOf(story), before + 1)
  t.equal(story.raft(leaderId).log.lastIndex, lastIndex + 1, 'one entry')
  t.ok(raw.answers.length >= 1 && raw.answers.length <= 5)
  t.equal(new Set(raw.answers.map(({ result }) => Buffer.from(result).toString('hex'))).size, 1)
  story.judge()

  const told = new Story({ seed: 202, links: { duplicateShare: 1 } })
  const ends: string[] = []
  for (let i = 0; i < 20; i++) {
    const put = told.end(told.beginPut('k', `v${i}`))
    ends.push(put.code)
  }
  t.equal(ends.length, 20, 'and the client of the library is told once')
  t.equal(told.get('k'), 'v19')
  told.judge()
  t.end()
})

void t.test(
  'D04: a copy of request 1 comes after 2 was answered, or after its answer was confirmed: never again',
  t => {
    const { story, raw, sessionId } = inSession(204)
    const { leaderId } = story
    const one = writeOf(sessionId, 1, 'k', 'one')
    t.equal(raw.call(leaderId, one).code, 'ok')
    t.equal(raw.call(leaderId, writeOf(sessionId, 2, 'k', 'two')).code, 'ok')
    const before = revisionOf(story)
    const stored = raw.call(leaderId, one)
    t.equal(stored.code, 'ok', 'the stored answer')
    t.equal(revisionOf(story), before)
    t.equal(raw.call(leaderId, writeOf(sessionId, 3, 'other', 'three', 2)).code, 'ok')
    story.settle()
    raw.answers.length = 0
    for (const id of story.ids) raw.send(id, one)
    story.process(leaderId).kill()
    story.elect()
    raw.send(story.leaderId, one)
    story.runFor(electionTimeoutMs)
    t.notOk(
      raw.answers.some(({ code, requestId }) => code === 'ok' && requestId === 1),
      'no answer',
    )
    t.equal(story.get('k'), 'two')
    story.judge()
    t.end()
  },
)

void t.test(
  'D05: of requests 1 to 8 the third is lost, the others are done, and then it is, in its place in the log',
  t => {
    const { story, raw, sessionId } = inSession(205)
    const { leaderId } = story
    for (let sequence = 1; sequence <= 8; sequence++) {
      if (sequence !== 3) raw.send(leaderId, writeOf(sessionId, sequence, 'k', `v${sequence}`))
      story.runFor(1)
    }
    story.until('seven answers', () => raw.answers.length === 7)
    t.equal(story.get('k'), 'v8')
    t.equal(raw.call(leaderId, writeOf(sessionId, 3, 'k', 'v3')).code, 'ok')
    t.equal(story.get('k'), 'v3', 'outstanding requests have no order among them')
    const before = revisionOf(story)
    for (let sequence = 1; sequence <= 8; sequence++) {
      t.equal(raw.call(leaderId, writeOf(sessionId, sequence, 'k', `v${sequence}`)).code, 'ok', 'kept until confirmed')
    }
    t.equal(revisionOf(story), before)
    t.equal(story.get('k'), 'v3')
    story.judge()
    t.end()
  },
)

void t.test('D14: a repeat of what is in the log, uncommitted, waits with it; all are set free on a step-down', t => {
  const { story, raw, sessionId } = inSession(214)
  const former = story.leaderId
  const moved = story.rawClient()
  moved.greet(former)
  story.settle()
  const { lastIndex } = story.raft(former).log
  story.isolate(former)
  const write = writeOf(sessionId, 1, 'k', 'v')
  for (let i = 0; i < 5; i++) {
    raw.send(former, write)
    story.runFor(3)
  }
  moved.send(former, write)
  story.runFor(5)
  t.equal(story.raft(former).log.lastIndex, lastIndex + 1, 'one copy came into the log')
  t.same([raw.answers.length, moved.answers.length], [0, 0])
  story.until('it steps down', () => !story.leaders.includes(former))
  story.runFor(5)
  t.same(
    raw.answers.map(({ code }) => code),
    [],
  )
  t.same(
    moved.answers.map(({ code }) => code),
    ['not-leader'],
    'the latest place is told, once',
  )
  story.elect()
  raw.answers.length = 0
  t.equal(raw.call(story.leaderId, write).code, 'ok')
  story.heal()
  story.settle()
  t.equal(story.get('k'), 'v')
  story.judge()
  t.end()
})

void t.test('D16: reads need no session', t => {
  const story = new Story({ seed: 216 })
  const raw = story.rawClient()
  story.put('k', 'v')
  raw.greet(story.leaderId)
  const sessions = story.node(story.leaderId).status().sessions
  const { lastIndex } = story.raft(story.leaderId).log
  for (let i = 0; i < 20; i++) t.equal(raw.call(story.leaderId, raw.read('k')).code, 'ok')
  t.equal(story.node(story.leaderId).status().sessions, sessions)
  t.equal(story.raft(story.leaderId).log.lastIndex, lastIndex, 'and write nothing')
  t.end()
})

void t.test(
  'X03: a leader is deposed with 100 requests waiting, and others stand in their places: each is told once',
  t => {
    const { story, raw, sessionId } = inSession(303)
    const former = story.leaderId
    const { lastIndex } = story.raft(former).log
    story.isolate(former)
    for (let sequence = 1; sequence <= 100; sequence++) {
      raw.send(former, writeOf(sessionId, sequence, `k${sequence}`, `v${sequence}`))
      story.runFor(0.5)
    }
    t.ok(story.raft(former).log.lastIndex > lastIndex + 50)
    for (let i = 0; i < 60; i++) t.equal(story.put('other', `o${i}`), 'ok')
    t.not(story.leaderId, former)
    story.heal()
    story.settle()
    t.equal(raw.answers.length, 100)
    t.equal(new Set(raw.answers.map(({ requestId }) => requestId)).size, 100)
    t.ok(
      raw.answers.every(({ code }) => code === 'not-leader'),
      'nobody is told of the success of another',
    )
    t.same(story.termsOf(former), story.termsOf(story.leaderId))
    const before = revisionOf(story)
    for (let copies = 0; copies < 2; copies++) {
      for (let sequence = 1; sequence <= 100; sequence += 9) {
        const answer = raw.call(story.leaderId, writeOf(sessionId, sequence, `k${sequence}`, `v${sequence}`))
        t.equal(answer.code, 'ok')
      }
    }
    t.equal(revisionOf(story), before + 12, 'and asked again each is executed once')
    t.equal(story.get('k10'), 'v10')
    story.judge()
    t.end()
  },
)
