/** Datagrams that are lost, copied, late, recorded and sent again, and paths that change (SCENARIOS.md, U and Z). */
import t from 'tap'
import type { LinkQuality } from '../../src/sim/network.js'
import type { RequestRoundTrip } from '../../src/client/retransmission.js'
import { carriesEntry, isAppend, messagesOf } from '../support/story-mail.js'
import { electionTimeoutMs, heartbeatMs, Story } from '../support/story.js'
import { writeOf } from '../support/story-client.js'

const timeoutMsMax = 2 * electionTimeoutMs

/** Five servers under steady writes for a while, on links of this quality. */
function steadyWrites(links: Partial<LinkQuality>, durationMs: number, seed: number) {
  const story = new Story({
    servers: 5,
    seed,
    load: { clients: 4, outstanding: 1, pauseMs: 100, putShare: 1, casShare: 0 },
  })
  story.elect()
  story.settle()
  story.setLinks(links)
  const { cluster } = story
  const latencies: number[] = []
  const { history } = cluster.load
  story.told.length = 0
  const messages = cluster.peerMessages
  story.beginLoad()
  story.runFor(durationMs)
  const answered = cluster.load.answered
  const sent = cluster.peerMessages - messages
  const elections = story.told.length
  for (const { start, end } of history) if (end !== undefined) latencies.push(Number(end) - Number(start))
  latencies.sort((a, b) => a - b)
  story.judge()
  return { answered, sent, elections, p99Ms: latencies[Math.floor(latencies.length * 0.99)]! }
}

void t.test(
  'U01: 0 to 30 % of all datagrams lost: one leader for 60 s up to 10 %, half of the writes, bounded p99',
  t => {
    const clean = steadyWrites({}, 8_000, 1)
    for (const lossShare of [0.01, 0.05, 0.1]) {
      const durationMs = lossShare === 0.1 ? 60_000 : 8_000
      const lossy = steadyWrites({ lossShare }, durationMs, 1)
      const goodput = lossy.answered / durationMs / (clean.answered / 8_000)
      t.equal(lossy.elections, 0, `${100 * lossShare} %: nobody else is elected`)
      t.ok(goodput >= 0.5, `${100 * lossShare} %: ${Math.round(100 * goodput)} % of the writes`)
      t.ok(lossy.p99Ms < timeoutMsMax, `${100 * lossShare} %: p99 ${lossy.p99Ms.toFixed(1)} ms`)
    }
    for (const lossShare of [0.2, 0.3]) {
      const lossy = steadyWrites({ lossShare }, 10_000, 1)
      t.ok(lossy.answered > 50, `${100 * lossShare} %: ${lossy.answered} writes`)
      t.ok(lossy.p99Ms < 20 * timeoutMsMax, `${100 * lossShare} %: p99 ${lossy.p99Ms.toFixed(1)} ms`)
    }
    t.end()
  },
)

void t.test('U02: up to half copied, up to 30 ms late: no more than twice the messages of the clean run', t => {
  const clean = steadyWrites({}, 6_000, 2)
  const cases: Partial<LinkQuality>[] = [
    { duplicateShare: 0.5 },
    { reorderShare: 0.1, reorderMs: 30 },
    { delayFromMs: 0.05, delayToMs: 30 },
    { duplicateShare: 0.5, delayFromMs: 0.05, delayToMs: 30 },
  ]
  for (const links of cases) {
    const run = steadyWrites(links, 6_000, 2)
    const ratio = run.sent / run.answered / (clean.sent / clean.answered)
    t.ok(ratio <= 2, `${JSON.stringify(links)}: ${ratio.toFixed(2)} times the messages per write`)
    t.ok(run.sent <= 2 * clean.sent, `${run.sent} messages, ${clean.sent} in the clean run`)
    t.equal(run.elections, 0)
  }
  t.end()
})

void t.test('U02: entries in full flow overtake each other on a path of 10 ms: few go twice', t => {
  for (const seed of [1, 2, 3, 4, 5]) {
    for (const [delayFromMs, delayToMs] of [
      [4.75, 5.25],
      [2, 8],
    ] as const) {
      const story = new Story({ seed, links: { delayFromMs, delayToMs }, receiveBufferBytes: 2_000_000 })
      story.put('first', 'value')
      story.settle()
      const { log } = story.raft(story.leaderId)
      const before = log.lastIndex
      let sent = 0
      story.drop(message => {
        if (isAppend(message)) sent += message.entries.length
        return false
      })
      for (let i = 0; i < 500; i++) {
        story.at(story.nowMs + 0.3 * i, () => void story.beginPut(`k${i}`, 'x'.repeat(1_000)))
      }
      story.runFor(200)
      story.settle()
      const times = sent / (log.lastIndex - before) / 2
      t.ok(log.lastIndex - before > 400 && times < 1.1, `${times} times, of ${log.lastIndex - before} entries`)
      story.judge()
    }
  }
  t.end()
})

void t.test('U03: datagrams of term 1 held for 10 minutes and delivered into term 50 change nothing', t => {
  const story = new Story({ seed: 3 })
  const raw = story.rawClient()
  const held = story.hold((_message, from, to) => from <= 3 && to <= 3 && (from + to + story.nowMs) % 7 < 1)
  const recorded = story.record((message, from) => message.type !== 'Hello' && from !== raw.lane && story.nowMs < 2_000)
  story.elect()
  raw.greet(story.leaderId)
  const sessionId = raw.openSession(story.leaderId)
  const lateWrite = story.hold(message => message.type === 'Write')
  raw.send(story.leaderId, writeOf(sessionId, 1, 'k', 'late'))
  story.until('it is held', () => lateWrite.count > 0)
  lateWrite.end()
  for (let i = 0; i < 20; i++) story.put('k', `v${i}`)
  held.end()
  recorded.end()
  t.ok(held.count > 5 && recorded.count > 100, `${held.count} held, ${recorded.count} recorded`)
  for (const id of story.ids) story.cluster.pause(story.process(id))
  story.runFor(600_000)
  for (const id of story.ids) story.cluster.resume(story.process(id))
  const restless = story.others(story.elect())[0]!
  story.withoutPreVote(restless)
  while (story.highestTerm < 50) {
    story.isolate(restless)
    story.until('its term grows', () => story.raft(restless).currentTerm >= 50, 200 * timeoutMsMax)
    story.heal()
  }
  story.elect()
  t.equal(story.put('k', 'fifty'), 'ok')
  story.settle()
  const stateOf = (id: number): unknown[] => {
    const { currentTerm, votedFor, commitIndex } = story.raft(id)
    const { log } = story.raft(id)
    return [currentTerm, votedFor, commitIndex, log.lastIndex, story.node(id).status().revision]
  }
  const before = story.ids.map(stateOf)
  story.told.length = 0
  for (const mail of [held, recorded]) {
    mail.deliver()
    story.runFor(heartbeatMs)
  }
  story.runFor(timeoutMsMax)
  t.same(story.ids.map(stateOf), before)
  t.same(story.told, [])
  // A request has no term: it may still be executed, once, as long as its session is there.
  lateWrite.deliver()
  lateWrite.deliver()
  story.runFor(timeoutMsMax)
  t.ok(['fifty', 'late'].includes(story.get('k')!))
  story.judge()
  t.end()
})

/** What a client has found out of the way to each server. */
function roundTripsOf(story: Story): readonly RequestRoundTrip[] {
  const { core } = story.cluster.clients[0]!
  return core['endpoints'].all.map(endpoint => endpoint.roundTrip)
}

void t.test(
  'U04: a word is held back, and the transport says it again: the wait counts once, and estimates stay near the path',
  t => {
    const story = new Story({ seed: 4, links: { delayFromMs: 5, delayToMs: 5 } })
    for (let i = 0; i < 10; i++) story.put('k', `warm${i}`)
    const { leaderId } = story
    const follower = story.others(leaderId)[0]!
    const serverMs = (): number => {
      const { role } = story.raft(leaderId)
      return role.name === 'leader' ? role.peers.get(follower)!.roundTripMs : 0
    }
    const clientMs = (): number => Math.max(...roundTripsOf(story).map(({ smoothedMs }) => smoothedMs))
    const [usualServerMs, usualClientMs] = [serverMs(), clientMs()]
    t.ok(usualServerMs >= 10 && usualServerMs < 12 && usualClientMs >= 20 && usualClientMs < 25)

    const answer = story.hold(message => message.type === 'Answer')
    const put = story.beginPut('k', 'answered late')
    story.until('the first answer is held', () => answer.count > 0)
    answer.end()
    story.end(put)
    story.runFor(400)
    answer.deliver()
    story.runFor(50)
    t.ok(Math.abs(clientMs() - usualClientMs) < 3, `the client believes in ${clientMs().toFixed(1)} ms`)

    const { lastIndex } = story.raft(leaderId).log
    const replies = story.hold((message, from) => message.type === 'AppendEntriesReply' && from === follower)
    story.beginPut('k', 'replied late')
    story.until('the first copy is there', () => story.raft(follower).log.lastIndex > lastIndex)
    story.runFor(60)
    replies.end()
    story.runFor(60)
    replies.deliver()
    story.runFor(60)
    t.ok(serverMs() >= 10 && serverMs() < 25, `the leader believes in ${serverMs().toFixed(1)} ms`)
    story.judge()
    t.end()
  },
)

void t.test('U05: the round trip is 0.1 ms, then 80 ms, then 0.1 ms: few are sent again without need', t => {
  const story = new Story({
    seed: 5,
    heartbeatMs: 100,
    electionTimeoutMs: 1_000,
    links: { delayFromMs: 0.05, delayToMs: 0.06 },
  })
  story.elect()
  story.settle()
  const { leaderId } = story
  const sent = new Map<string, number>()
  let times = 0
  story.drop((message, from, to) => {
    if (from === leaderId && carriesEntry(message) && message.type === 'AppendEntries') {
      for (const { index } of message.entries) {
        const name = `${index} to ${to}`
        sent.set(name, (sent.get(name) ?? 0) + 1)
        times++
      }
    }
    if (message.type === 'Write') {
      const name = `write ${message.sequence}`
      sent.set(name, (sent.get(name) ?? 0) + 1)
      times++
    }
    return false
  })
  const shares: string[] = []
  for (const roundTripMs of [0.1, 80, 0.1]) {
    story.setLinks({ delayFromMs: roundTripMs / 2, delayToMs: roundTripMs / 2 + 0.01 })
    for (let i = 0; i < 150; i++) story.put('k', `v${roundTripMs}-${story.nowMs}-${i}`)
    const spurious = times - sent.size
    shares.push(`${roundTripMs} ms: ${spurious} of ${times}`)
    if (spurious > 0.05 * times) t.fail(`too many again: ${shares.join(', ')}`)
  }
  t.comment(shares.join(', '))
  t.equal(story.leaderId, leaderId)
  story.judge()
  t.end()
})

void t.test(
  'U17: a server comes and goes every 50 to 500 ms for 60 s: terms hardly grow, and then there is service',
  t => {
    const story = new Story({ seed: 17 })
    story.elect()
    story.settle()
    const term = story.highestTerm
    let heals = 0
    const flap = (): void => {
      if (story.nowMs > 60_000) return
      if (heals % 2 === 0) story.isolate(2)
      else story.heal()
      heals++
      story.at(story.nowMs + 50 + ((heals * 137) % 450), flap)
    }
    flap()
    let puts = 0
    while (story.nowMs < 60_000) {
      if (story.put('k', `v${puts}`, 0, 10_000) === 'ok') puts++
      story.runFor(200)
    }
    story.heal()
    t.ok(story.highestTerm - term <= heals / 2, `${story.highestTerm - term} terms in ${heals / 2} comings`)
    const put = story.end(story.beginPut('k', 'after'))
    t.ok(put.tookMs <= 3 * timeoutMsMax, `service after ${put.tookMs} ms`)
    t.ok(puts > 100, `${puts} puts meanwhile`)
    story.judge()
    t.end()
  },
)

void t.test('U23: a heartbeat is overtaken by entries, and entries by a heartbeat: one probe at most', t => {
  const story = new Story({ seed: 23 })
  story.put('k', 'first')
  story.settle()
  const { leaderId } = story
  const follower = story.others(leaderId)[0]!
  const replies = story.record(
    (message, from) => message.type === 'AppendEntriesReply' && message.rejected && from === follower,
  )
  const entries = story.record((message, _from, to) => carriesEntry(message) && to === follower)
  for (let i = 0; i < 20; i++) {
    const late = story.hold((message, _from, to) => {
      return message.type === 'AppendEntries' && to === follower && message.entries.length > 0 === (i % 2 === 0)
    })
    story.beginPut('k', `v${i}`)
    story.until('one is held', () => late.count > 0)
    late.end()
    story.runFor(3)
    late.deliver()
    story.settle()
  }
  t.ok(replies.count <= 20, `${replies.count} rejections`)
  t.ok(entries.count <= 2 * 20 + 2, `${entries.count} messages with entries for 20 puts`)
  story.judge()
  t.end()
})

void t.test('Z03: everything that was ever said is said again, a moment and a life later: nothing changes', t => {
  const story = new Story({ seed: 903 })
  const recorded = story.record(() => true)
  const raw = story.rawClient()
  story.elect()
  raw.greet(...story.ids)
  const sessionId = raw.openSession(story.leaderId)
  for (let i = 1; i <= 10; i++) raw.call(story.leaderId, writeOf(sessionId, i, 'k', `v${i}`, i - 1))
  story.process(story.leaderId).kill()
  story.elect()
  for (const server of story.cluster.servers) if (!server.isRunning) server.start()
  story.settle()
  raw.call(story.leaderId, raw.read('k'))
  recorded.end()
  const told = new Set<string>()
  for (const { type } of recorded.datagrams.flatMap(({ bytes }) => messagesOf(bytes))) told.add(type)
  t.ok(told.size >= 9, [...told].join(' '))
  for (const life of ['the same life', 'another life']) {
    const before = story.ids.map(id => [
      story.raft(id).currentTerm,
      story.raft(id).votedFor,
      story.node(id).status().revision,
    ])
    story.told.length = 0
    recorded.deliver()
    story.runFor(timeoutMsMax)
    t.same(
      story.ids.map(id => [story.raft(id).currentTerm, story.raft(id).votedFor, story.node(id).status().revision]),
      before,
      life,
    )
    t.same(story.told, [], life)
    for (const id of story.ids) story.process(id).crash()
    for (const id of story.ids) story.process(id).start()
    story.settle()
  }
  t.equal(story.node(story.leaderId).status().revision > 10, true)
  story.judge()
  t.end()
})

void t.test('Z09: datagrams of one server sent in the name of it to others: no answer answers an answer', t => {
  const story = new Story({ seed: 909 })
  const recorded = story.record((_message, from, to) => from <= 3 && to <= 3)
  story.put('k', 'v')
  story.settle()
  recorded.end()
  story.told.length = 0
  const { cluster } = story
  const before = cluster.network.datagrams
  let injected = 0
  for (const { bytes, from, to } of recorded.datagrams) {
    const other = story.others(from, to)[0]!
    cluster.network.inject(bytes, cluster.addressOfLane(from), cluster.addressOfLane(other), from)
    injected++
  }
  story.runFor(10)
  const answers = cluster.network.datagrams - before - injected
  t.ok(answers <= injected, `${answers} datagrams after ${injected}`)
  story.runFor(timeoutMsMax)
  const quiet = cluster.network.datagrams
  story.runFor(1_000)
  t.ok(cluster.network.datagrams - quiet < (1_000 / heartbeatMs) * 6, 'and it ends')
  t.same(story.told, [])
  story.judge()
  t.end()
})
