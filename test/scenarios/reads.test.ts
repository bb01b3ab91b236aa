/** Linearizable reads, whoever is asked and whatever is late (SCENARIOS.md, L). */
import t from 'tap'
import { decodeAnswer, encodeQuery } from '../../src/kv/commands.js'
import type { StoryClient, TimedAnswer } from '../support/story-client.js'
import { writeOf } from '../support/story-client.js'
import { carriesEntry, isAppend } from '../support/story-mail.js'
import { electionTimeoutMs, Story } from '../support/story.js'

const timeoutMsMax = 2 * electionTimeoutMs

function valueIn({ result }: Pick<TimedAnswer, 'result'>): string | null {
  const answer = decodeAnswer(result)
  if (answer?.op !== 'get') throw new Error('a get is answered')
  return answer.found === null ? null : Buffer.from(answer.found.value.bytes).toString()
}

/** What was answered with a value: the others are refusals. */
function valuesTold(raw: StoryClient): (string | null)[] {
  return raw.answers.filter(({ to, code }) => to === 'read' && code === 'ok').map(valueIn)
}

void t.test('L01: a leader that is cut off with a client never tells the old value, and no write of it is done', t => {
  const story = new Story({ servers: 5, seed: 101 })
  const raw = story.rawClient()
  t.equal(story.put('k', 'old'), 'ok')
  story.settle()
  const former = story.leaderId
  raw.greet(former)
  const sessionId = raw.openSession(former)
  story.settle()
  raw.answers.length = 0
  story.isolate(former, [...story.others(former), story.clientLane(0)])
  raw.send(former, raw.read('k'))
  raw.send(former, writeOf(sessionId, 1, 'k', 'never'))
  const put = story.beginPut('k', 'new')
  while (put.code === 'pending') {
    raw.send(former, raw.read('k'))
    story.runFor(5)
  }
  t.equal(put.code, 'ok')
  raw.send(former, raw.read('k'))
  story.runFor(4 * timeoutMsMax)
  t.same(valuesTold(raw), [], 'no read was answered')
  t.ok(raw.answers.length > 10)
  t.ok(
    raw.answers.every(({ code }) => code === 'not-leader'),
    'all were refused when it knew',
  )
  const stale = raw.call(former, raw.read('k', true))
  t.equal(valueIn(stale), 'old', 'who allows that is told what it knows')
  t.equal(story.get('k'), 'new')
  story.judge()
  t.end()
})

void t.test('L02: a new leader whose no-op is not committed makes a read wait, for it may not know what is', t => {
  const story = new Story({ seed: 102 })
  const raw = story.rawClient()
  t.equal(story.put('k', 'old'), 'ok')
  const first = story.elect()
  story.settle()
  // The others are not told that this is committed.
  const before = story.raft(first).commitIndex
  const untold = story.drop((message, from) => isAppend(message) && from === first && message.leaderCommit > before)
  t.equal(story.put('k', 'new'), 'ok')
  story.until('both have it', () => story.others(first).every(id => story.raft(id).persistedIndex > before))
  // Heartbeats go through, so a round of reads is confirmed; the no-op does not.
  const noop = story.drop((message, from) => from !== first && carriesEntry(message))
  story.process(first).kill()
  untold()
  story.until('another leads', () => story.leaderId !== 0)
  const { leaderId } = story
  raw.greet(leaderId)
  raw.send(leaderId, raw.read('k'))
  story.runFor(electionTimeoutMs / 3)
  t.equal(story.raft(leaderId).commitIndex, before, 'it knows of the old value only')
  t.same(raw.answers, [], 'and says nothing')
  noop()
  story.until('an answer', () => raw.answers.length > 0)
  t.same(raw.answers.map(valueIn), ['new'])
  story.judge()
  t.end()
})

void t.test('L03: answers to the first round of a read come late: they confirm no newer read', t => {
  // The clock of the first leader is slow, so it does not notice in time that it is alone.
  const story = new Story({ servers: 5, seed: 103, clockRates: [0.35, 1, 1, 1, 1] })
  const raw = story.rawClient()
  story.elect(1)
  t.equal(story.put('k', 'old'), 'ok')
  story.settle()
  raw.greet(1)
  const replies = story.hold((message, _from, to) => message.type === 'AppendEntriesReply' && to === 1)
  const [first, second] = [raw.read('k'), raw.read('k')]
  raw.send(1, first)
  story.until('its round is answered by all', () => new Set(replies.datagrams.map(({ from }) => from)).size === 4)
  story.isolate(1, [...story.others(1), story.clientLane(0)])
  replies.end()
  t.equal(story.put('k', 'new'), 'ok', 'another leads now')
  t.ok(story.leaders.includes(1), 'and this one does not know')
  raw.send(1, second)
  raw.send(1, { ...first })
  story.runFor(2)
  replies.deliver()
  story.runFor(timeoutMsMax)
  const toSecond = raw.answers.filter(answer => 'requestId' in second && answer.requestId === second.requestId)
  t.same(toSecond.filter(({ code }) => code === 'ok').map(valueIn), [], 'the newer read is not answered')
  t.ok(
    raw.answers.some(({ code }) => code === 'ok'),
    'the first one is: it began before',
  )
  story.judge()
  t.end()
})

void t.test('L03: a leader stands still between a round and its answers: awake, it confirms no newer read', t => {
  for (const place of ['before', 'behind'] as const) {
    const story = new Story({ servers: 5, seed: 103 })
    const raw = story.rawClient()
    t.equal(story.put('k', 'old'), 'ok')
    story.settle()
    const former = story.leaderId
    raw.greet(former)
    story.runFor(5)
    const replies = story.hold((message, _from, to) => message.type === 'AppendEntriesReply' && to === former)
    const read = raw.read('k')
    raw.send(former, read)
    story.until('its round is answered by all', () => new Set(replies.datagrams.map(({ from }) => from)).size === 4)
    story.runFor(10)
    const round = replies.datagrams.slice()
    story.cluster.pause(story.process(former))
    replies.end()
    t.equal(story.put('k', 'new'), 'ok', 'another leads now')
    t.not(story.leaderId, former)
    // They wait in its socket: the read of a client that knows of the new value, and the old answers.
    if (place === 'before') replies.deliver(round)
    story.runFor(1)
    raw.send(former, raw.read('k'))
    raw.send(former, { ...read })
    story.runFor(1)
    if (place === 'behind') replies.deliver(round)
    story.runFor(1)
    story.isolate(former)
    story.cluster.resume(story.process(former))
    story.runFor(timeoutMsMax)
    const newer = raw.answers.filter(
      ({ requestId, code }) => code === 'ok' && requestId !== (read as { requestId: number }).requestId,
    )
    t.same(newer.map(valueIn), [], `${place}: the newer read is not answered`)
    t.ok(raw.answers.length >= 2)
    story.judge()
  }
  t.end()
})

void t.test('L13: nobody writes, and reads go on after the leader is lost', t => {
  const story = new Story({ seed: 113, load: { clients: 3, putShare: 0, casShare: 0, pauseMs: 10, valueBytes: 0 } })
  t.equal(story.put('k0', 'v'), 'ok')
  story.settle()
  story.beginLoad()
  story.runFor(300)
  story.process(story.leaderId).kill()
  const read = story.end(story.beginGet('k0'))
  t.equal(read.value, 'v')
  t.ok(read.tookMs < 4 * timeoutMsMax, `after ${read.tookMs} ms`)
  const { answered } = story.cluster.load
  story.runFor(1_000)
  t.ok(story.cluster.load.answered > answered + 50)
  story.judge()
  t.end()
})

void t.test('L16: a scan during writes is the state at one index', t => {
  const story = new Story({ seed: 116 })
  story.elect()
  const { core, clock } = story.cluster.clients[1]!
  // a is always written before b: at any index a is equal to b, or one ahead.
  let i = 0
  let scans = 0
  let mixed = 0
  let between = 0
  const query = encodeQuery({
    op: 'scan',
    prefix: Buffer.from('s'),
    after: new Uint8Array(0),
    limit: 10,
    bytesMax: 1_000,
  })
  const scan = (): void => {
    story.cluster.load.begun++
    core.read(query, { stale: false }, clock.now() + 10_000, outcome => {
      const answer = outcome.code === 'ok' ? decodeAnswer(outcome.result) : null
      if (answer?.op !== 'scan') return
      const [a, b] = ['sa', 'sb'].map(key => {
        const record = answer.records.find(found => Buffer.from(found.key).toString() === key)
        return record === undefined ? 0 : Number(Buffer.from(record.value.bytes).toString().slice(1))
      })
      scans++
      if (a! - b! !== 0 && a! - b! !== 1) mixed++
      if (a! - b! === 1) between++
      if (i < 200) scan()
    })
  }
  for (let copies = 0; copies < 4; copies++) scan()
  for (i = 1; i < 200; i++) {
    if (i === 100) story.process(story.leaderId).kill()
    t.equal(story.put('sa', `a${i}`), 'ok')
    t.equal(story.put('sb', `b${i}`), 'ok')
  }
  i = 200
  t.equal(mixed, 0)
  t.ok(scans > 300 && between > 20, `${scans} scans, ${between} of them between two writes`)
  story.judge()
  t.end()
})
