/** Bringing logs up to each other over datagrams that are lost, late and copied (SCENARIOS.md, R). */
import t, { type Test } from 'tap'
import { batchHeaderBytes } from '../../codec/batch.js'
import { workOf } from '../../src/sim/crash-points.js'
import type { Progress } from '../../src/raft/progress.js'
import type { Asked, StoryOptions } from '../support/story.js'
import type { StoryMail } from '../support/story-mail.js'
import { carriesEntry, isAppend } from '../support/story-mail.js'
import { electionTimeoutMs, heartbeatMs, Story } from '../support/story.js'

function settled(options: StoryOptions): { story: Story; leader: number; followers: number[] } {
  const story = new Story(options)
  if (story.put('first', 'value') !== 'ok') throw new Error('a calm cluster takes a put')
  story.settle()
  return { story, leader: story.leaderId, followers: story.others(story.leaderId) }
}

function progressOf(story: Story, peer: number): Progress {
  const { role } = story.raft(story.leaderId)
  if (role.name !== 'leader') throw new Error('it leads')
  return role.peers.get(peer)!
}

/**
 * Delivers what is held, in this order. The transport lets each packet in, however late: what it refuses is the second copy
 * of one that it had sent twice at once, as it does where much is lost.
 */
function deliverLate(test: Test, story: Story, late: StoryMail, datagrams = late.datagrams): void {
  const { to } = datagrams[0]!
  const replayed = (): number => story.node(to).status().transport.drops['replayed'] ?? 0
  const before = replayed()
  late.deliver(datagrams)
  story.runFor(0.1)
  test.equal(replayed() - before, late.count - late.packets, 'the transport lets all in, but for second copies')
}

void t.test('R02: an AppendEntries that was overtaken by a later one erases nothing', t => {
  const { story, leader, followers } = settled({ seed: 2 })
  const [follower] = followers as [number, number]
  const { lastIndex } = story.raft(leader).log
  const old = story.hold((message, _from, to) => isAppend(message) && to === follower && message.entries.length === 0)
  story.until('a heartbeat is held', () => old.count > 0)
  old.end()
  const put = story.beginPut('k', 'one')
  story.until('the entry is there', () => story.raft(follower).log.lastIndex === lastIndex + 1)
  t.equal(story.raft(follower).commitIndex, lastIndex, 'and it does not know yet that it is committed')
  deliverLate(t, story, old)
  t.equal(story.raft(follower).log.lastIndex, lastIndex + 1, 'it stays')
  story.end(put)

  const shorter = story.record((message, _from, to) => carriesEntry(message, lastIndex + 2) && to === follower)
  const held = story.hold((message, _from, to) => carriesEntry(message, lastIndex + 2) && to === follower)
  for (const value of ['two', 'three', 'four']) story.end(story.beginPut('k', value))
  held.end()
  story.settle()
  const before = story.termsOf(follower)
  t.ok(before.length === lastIndex + 4 && held.count > 0 && shorter.count > held.count)
  deliverLate(t, story, held)
  story.runFor(10)
  t.same(story.termsOf(follower), before, 'nor does a shorter one cut what a longer one brought')
  story.judge()
  t.end()
})

void t.test(
  'R03: the answer to an earlier AppendEntries arrives after that to a later one: matchIndex grows only',
  t => {
    const { story, leader, followers } = settled({ seed: 3 })
    const [follower] = followers as [number, number]
    const late = story.hold((message, from) => message.type === 'AppendEntriesReply' && from === follower)
    const put = story.beginPut('k', 'one')
    story.until('its answers are held', () => story.raft(follower).persistedIndex === story.raft(leader).log.lastIndex)
    story.end(put)
    story.runFor(3 * heartbeatMs)
    late.end()
    t.equal(story.put('k', 'two'), 'ok')
    story.until(
      'the newer answer is there',
      () => progressOf(story, follower).matchIndex === story.raft(leader).log.lastIndex,
    )
    story.runFor(1) // so is its second copy, if it went twice
    const { matchIndex, nextIndex } = progressOf(story, follower)
    t.ok(late.packets >= 2)
    deliverLate(t, story, late, late.datagrams.toReversed())
    for (let i = 0; i < 20; i++) {
      const progress = progressOf(story, follower)
      if (progress.matchIndex < matchIndex || progress.nextIndex < nextIndex)
        t.fail(`it is ${progress.matchIndex} again`)
      story.runFor(0.5)
    }
    story.judge()
    t.end()
  },
)

void t.test("R14: a heartbeat's leaderCommit commits nothing of another leader's tail", t => {
  const story = new Story({ servers: 5, seed: 14 })
  const raw = story.rawClient()
  const former = story.elect()
  story.settle()
  const [behind, ...majority] = story.others(former) as [number, ...number[]]
  raw.greet(former)
  for (const other of majority) {
    story.cut(former, other)
    story.cut(behind, other)
  }
  const start = story.raft(former).log.lastIndex
  for (let i = 0; i < 10; i++) {
    raw.send(former, { type: 'OpenSession', requestId: 9_000 + i })
    story.runFor(2)
  }
  const tail = story.raft(behind).log.lastIndex
  t.ok(tail >= start + 10, 'the follower has a tail that is committed nowhere')
  story.until('the others elect', () => majority.includes(story.leaderId))
  for (let i = 0; i < 20; i++) story.put('k', `v${i}`)
  t.ok(story.raft(story.leaderId).commitIndex > tail)
  const mend = story.drop((message, from, to) => to === behind && from !== former && carriesEntry(message))
  story.heal()
  story.cut(former, behind)
  story.until('it hears of its new leader', () => story.node(behind).raft.leaderId === story.leaderId)
  story.runFor(10 * heartbeatMs)
  t.ok(story.raft(behind).commitIndex <= start, `commitIndex is ${story.raft(behind).commitIndex}`)
  mend()
  story.judge()
  t.end()
})

void t.test('R16: of 64 AppendEntries on their way the third is lost: its datagram goes again, and no other', t => {
  const roundTripMs = 10
  const { story, leader, followers } = settled({
    seed: 16,
    links: { delayFromMs: roundTripMs / 2, delayToMs: roundTripMs / 2 },
    receiveBufferBytes: 2_000_000,
  })
  const [follower] = followers as [number, number]
  const { lastIndex } = story.raft(leader).log
  let lostMs = 0
  const sent = new Map<number, number>()
  story.drop((message, _from, to) => {
    if (!isAppend(message) || to !== follower) return false
    for (const { index } of message.entries) sent.set(index, (sent.get(index) ?? 0) + 1)
    if (lostMs > 0 || !carriesEntry(message, lastIndex + 3)) return false
    lostMs = story.nowMs
    return true
  })
  for (let i = 0; i < 64; i++)
    story.at(story.nowMs + i / 8, () => void story.beginPut(`k${i}`, `v${i}${'x'.repeat(300)}`))
  story.until('it is lost', () => lostMs > 0)
  let mostInFlight = 0
  story.until('the follower has all', () => {
    mostInFlight = Math.max(mostInFlight, progressOf(story, follower).inflight.length)
    return progressOf(story, follower).matchIndex >= lastIndex + 30
  })
  const tookMs = story.nowMs - lostMs
  // It is noticed by what came after it, a round trip later, and is there after another half.
  t.ok(tookMs < 4.5 * roundTripMs, `${tookMs.toFixed(1)} ms after the loss`)
  t.ok(mostInFlight > 15 && mostInFlight <= 256, `${mostInFlight} on their way`)
  const again = [...sent].filter(([, times]) => times > 1).map(([index]) => index - lastIndex)
  t.same(again, [3], 'nothing else goes again')
  t.ok(sent.get(lastIndex + 3)! <= 3, 'and it goes once more, or twice at once because much is lost')
  story.judge()
  t.end()
})

void t.test('R17: a follower that is away for 60 s is asked once per heartbeat, with 5 % of the bytes', t => {
  const { story, leader, followers } = settled({
    seed: 17,
    links: { delayFromMs: 0.05, delayToMs: 0.5 },
    load: { clients: 4, outstanding: 8, pauseMs: 12, valueBytes: 600, putShare: 1, casShare: 0 },
  })
  const [away, near] = followers as [number, number]
  story.cut(leader, away)
  const bytes = new Map([away, near].map(id => [id, 0]))
  const count = (from: number, to: number, datagram: Uint8Array): void => {
    if (from === leader && bytes.has(to)) bytes.set(to, bytes.get(to)! + datagram.length)
  }
  story.beginLoad()
  story.runFor(1_000)
  story.cluster.network.recorders.add(count)
  const probes = story.record((message, _from, to) => to === away && carriesEntry(message))
  story.runFor(2_000)
  const entriesSent = probes.count
  story.cluster.network.recorders.delete(count)
  t.ok(entriesSent <= 2_000 / heartbeatMs, `${entriesSent} probes in ${2_000 / heartbeatMs} heartbeats`)
  const share = bytes.get(away)! / bytes.get(near)!
  t.ok(share <= 0.05, `${(100 * share).toFixed(1)} % of the bytes that the other gets`)
  story.endLoad()
  probes.datagrams.length = 0
  story.runFor(57_000)
  t.ok(probes.count <= 57_000 / heartbeatMs, `${probes.count} in the long time after`)
  probes.end()
  story.heal()
  story.settle()
  t.equal(story.leaderId, leader)
  story.judge()
  t.end()
})

void t.test('R18: half of the datagrams copied, a third lost, many late (5 seeds): no storm of resends', t => {
  for (let seed = 1; seed <= 5; seed++) {
    const { story } = settled({ seed, servers: 5, load: { clients: 4, outstanding: 8, pauseMs: 10 } })
    story.setLinks({ duplicateShare: 0.5, lossShare: 0.3, reorderShare: 0.3, reorderMs: 20 })
    story.beginLoad()
    const { cluster } = story
    const [messages, operations, sinceMs] = [cluster.peerMessages, cluster.load.answered, story.nowMs]
    for (let i = 0; i < 20; i++) {
      const before = [cluster.peerMessages, cluster.load.answered] as const
      story.runFor(100)
      const [inAWhile, answered] = [cluster.peerMessages - before[0], cluster.load.answered - before[1]]
      // Each operation costs about five; the first 100 ms, with no loss known yet, have the most of both.
      const most = (100 / heartbeatMs) * 20 + 12 * Math.max(answered, 100)
      if (inAWhile > most) t.fail(`seed ${seed}: ${inAWhile} messages in 100 ms, ${answered} operations`)
    }
    const sent = cluster.peerMessages - messages
    const heartbeats = ((story.nowMs - sinceMs) / heartbeatMs) * 20
    const done = cluster.load.answered - operations
    if (sent > heartbeats + 12 * done) t.fail(`seed ${seed}: ${sent} messages, ${done} operations`)
    story.endLoad()
    story.settle()
    // At rest there are heartbeats, copied or not, and their answers.
    const atRest = cluster.peerMessages
    story.runFor(1_000)
    if (cluster.peerMessages - atRest > 1.5 * (1_000 / heartbeatMs) * 8) {
      t.fail(`seed ${seed}: ${cluster.peerMessages - atRest} messages in a second at rest`)
    }
    story.judge()
  }
  t.pass()
  t.end()
})

void t.test('R19: one disk of five takes 200 ms: the others commit as fast, and little piles up there', t => {
  const meanMs = (isSlow: boolean): number => {
    const { story, followers } = settled({ seed: 19, servers: 5, diskFromMs: 0.4, diskToMs: 0.5 })
    const slow = story.process(followers[0]!)
    if (isSlow) slow.disk.slowness = 440
    let sumMs = 0
    for (let i = 0; i < 300; i++) {
      const put = story.end(story.beginPut(`k${i % 7}`, `${i}${'x'.repeat(300)}`))
      sumMs += put.tookMs
    }
    if (isSlow) t.ok(story.raft(slow.id).unpersistedBytes <= 1_010_000)
    slow.disk.slowness = 1
    story.judge()
    return sumMs / 300
  }
  const [usualMs, besideMs] = [meanMs(false), meanMs(true)]
  t.ok(besideMs < 1.1 * usualMs, `a put takes ${besideMs.toFixed(2)} ms, else ${usualMs.toFixed(2)} ms`)
  t.end()
})

void t.test('R23: a follower starts again: it applies nothing before it hears how far, and answers no client', t => {
  const { story, followers } = settled({ seed: 23 })
  const [follower] = followers as [number, number]
  for (let i = 0; i < 10; i++) story.put('k', `v${i}`)
  story.settle()
  const { lastIndex } = story.raft(follower).log
  const answers = story.record(
    (message, from) => message.type === 'Answer' && from === follower && message.code === 'ok',
  )
  story.process(follower).crash()
  story.isolate(follower)
  story.process(follower).start()
  story.runFor(2 * electionTimeoutMs)
  const raft = story.raft(follower)
  t.equal(raft.log.lastIndex, lastIndex, 'it has its log')
  t.same([raft.commitIndex, raft.lastApplied, story.node(follower).state.lastApplied], [0, 0, 0])
  story.heal()
  story.settle()
  t.equal(story.node(follower).state.lastApplied, story.raft(story.leaderId).log.lastIndex)
  t.equal(answers.count, 0)
  story.judge()
  t.end()
})

void t.test('what is sent together in several datagrams is one write, on nearly every server', t => {
  const { story, followers } = settled({
    seed: 3,
    load: { clients: 1 },
    links: { delayFromMs: 0.1, delayToMs: 0.1, bytesPerMs: 12_500 },
  })
  const rounds = 30
  let writes = 0
  story.cluster.watch!.disk = (_lane, operation) => {
    // A seal is empty: it comes when nothing has followed for a while.
    if (workOf(operation) === 'batch' && operation.bytes > batchHeaderBytes) writes++
  }
  const received = (): number => story.node(followers[0]!).status().transport.datagramsReceived
  const before = received()
  for (let round = 0; round < rounds; round++) {
    const asked = Array.from({ length: 25 }, (_, i) => story.beginPut(`k${i}`, `${round}-${i}`.padEnd(200)))
    for (const one of asked) t.equal(story.end(one).code, 'ok')
    story.runFor(20)
  }
  t.ok(received() - before > 4 * rounds, `${received() - before} datagrams in ${rounds} rounds`)
  t.ok(writes < 4 * rounds, `${writes} writes of three servers`)
  t.end()
})

void t.test(
  'R24: what came in one turn is one write; the power goes in it: all or a beginning of it, nobody told',
  t => {
    let kept = 0
    let lost = 0
    for (let seed = 1; seed <= 20; seed++) {
      const story = new Story({ seed, servers: 1, load: { clients: 1 } })
      story.put('first', 'v')
      const raft = story.raft(1)
      const before = raft.log.lastIndex
      const term = raft.currentTerm
      let batches = 0
      story.cluster.watch!.disk = (_lane, operation) => {
        if (workOf(operation) === 'batch') batches++
      }
      story.process(1).disk.armed = { point: 'during batch', skip: 0 }
      const asked: Asked[] = []
      for (let i = 0; i < 50; i++) asked.push(story.beginPut(`k${i}`, `v${i}`))
      story.until('the power goes', () => !story.process(1).isRunning)
      t.equal(asked.filter(({ code }) => code !== 'pending').length, 0, 'nothing is acknowledged before it is durable')
      t.equal(batches, 0)
      const all = raft.log.lastIndex - before
      story.process(1).start()
      story.until('it is back', () => story.process(1).node !== null)
      // It leads again at once, so that an entry of its new term may be there.
      const { log } = story.raft(1)
      let found = 0
      while (log.termAt(before + found + 1) === term) found++
      if (found === 0) lost++
      else kept++
      if (found > all) t.fail(`seed ${seed}: ${found} of ${all} entries`)
      for (const one of asked) t.equal(story.end(one).code, 'ok')
      story.judge()
    }
    t.ok(kept > 0 && lost > 0, `${kept} times some of it was there, ${lost} times nothing`)
    t.end()
  },
)
