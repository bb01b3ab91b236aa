/** Elections of whole clusters under the faults that are known to hurt them (SCENARIOS.md, E). */
import t from 'tap'
import { stepDown } from '../../src/raft/term.js'
import { electionTimeoutMs, Story } from '../support/story.js'

/** The longest that a server waits for a leader's word. */
const timeoutMsMax = 2 * electionTimeoutMs

void t.test('E03: a voter that crashes around its grant is bound by it: A is granted again, B is refused', t => {
  const points = ['after hard state, slot 0', 'during hard state, slot 1', 'after hard state, slot 1', 'reply left']
  for (const [place, point] of points.entries()) {
    const story = new Story({ servers: 5, seed: 3 })
    const first = story.elect()
    story.settle()
    const [a, b, voter, ...rest] = story.others(first) as [number, number, number, number]
    const term = story.highestTerm + 1
    const grants = story.record(
      (message, from) => message.type === 'RequestVoteReply' && message.granted && !message.preVote && from === voter,
    )
    story.process(first).kill()
    // Nobody stands by himself; A reaches the voter only, B everybody else.
    story.drop(message => message.type === 'RequestVote' && message.preVote)
    story.runFor(electionTimeoutMs)
    const mendLost = story.drop(
      (message, from) => message.type === 'RequestVoteReply' && from === voter && message.granted,
    )
    for (const other of [b, ...rest]) story.cut(a, other)
    story.cut(b, voter)
    if (point !== 'reply left') story.process(voter).disk.armed = { point, skip: 0 }
    story.campaign(a)
    if (point === 'reply left') {
      story.until('the grant leaves', () => grants.count > 0)
      story.process(voter).crash()
    } else {
      story.until('the power goes', () => !story.process(voter).isRunning)
      t.equal(grants.count, 0, `${point}: no grant has left before both slots are durable`)
    }
    story.cut(a, voter)
    story.process(voter).start()
    story.until('the voter is back', () => story.process(voter).node !== null)
    const isBound = place >= 2
    const { currentTerm, votedFor } = story.raft(voter)
    if (isBound) t.same([currentTerm, votedFor], [term, a], `${point}: the vote is remembered`)

    story.heal()
    story.cut(a, voter)
    for (const other of rest) story.cut(b, other)
    grants.datagrams.length = 0
    mendLost()
    story.campaign(b)
    t.equal(story.raft(b).currentTerm, term, 'B asks in the same term')
    story.runFor(electionTimeoutMs / 2)
    if (isBound) {
      t.equal(grants.count, 0, `${point}: B is refused`)
      story.heal()
      for (const other of [b, ...rest]) story.cut(a, other)
      if (story.raft(a).role.name === 'candidate') {
        story.until('A is granted again', () => grants.count > 0)
        t.ok(grants.datagrams.every(({ to }) => to === a))
      }
    }
    story.judge()
  }
  t.end()
})

void t.test('E04: a term learnt from a message that is refused is on disk before anything is said in it', t => {
  for (const point of ['after hard state, slot 0', 'refusal left']) {
    const story = new Story({ seed: 4 })
    const first = story.elect()
    const [candidate, voter] = story.others(first) as [number, number]
    story.settle()
    story.isolate(candidate)
    t.equal(story.put('k', 'v'), 'ok', 'the candidate does not have this')
    story.withoutPreVote(candidate)
    story.until('it has come to term 9', () => story.raft(candidate).currentTerm >= 9, 100 * timeoutMsMax)
    const refusals = story.record((message, from) => from === voter && 'term' in message && message.term >= 9)
    story.process(first).kill()
    story.heal()
    if (point !== 'refusal left') story.process(voter).disk.armed = { point, skip: 0 }
    story.until('it is told of term 9', () => refusals.count > 0 || !story.process(voter).isRunning)
    t.equal(refusals.count, point === 'refusal left' ? 1 : 0)
    story.process(voter).crash()
    story.process(voter).start()
    story.until('it is back', () => story.process(voter).node !== null)
    if (point === 'refusal left') t.ok(story.raft(voter).currentTerm >= 9)
    story.judge()
    t.equal(story.get('k'), 'v')
  }
  t.end()
})

void t.test('E06: two candidates with half of the votes each (200 seeds): nobody leads, then soon somebody', t => {
  const slow: number[] = []
  for (let seed = 1; seed <= 200; seed++) {
    const story = new Story({ servers: 4, seed })
    story.until('they run', () => story.cluster.servers.every(({ node }) => node !== null))
    const mend = story.drop(
      (message, from, to) => message.type === 'RequestVote' && !(from === 1 && to === 2) && !(from === 3 && to === 4),
    )
    story.campaign(1)
    story.campaign(3)
    story.until('each has two votes', () =>
      [1, 3].every(id => {
        const { role } = story.raft(id)
        return role.name === 'candidate' && role.granted.size === 2
      }),
    )
    mend()
    const tookMs = story.until('somebody leads', () => story.leaderId !== 0, 100 * timeoutMsMax)
    if (story.raft(story.leaderId).currentTerm < 2) t.fail(`seed ${seed}: term 1 has a leader`)
    if (tookMs > 10 * timeoutMsMax) slow.push(seed)
  }
  t.ok(slow.length <= 2, `99 % elect within 10 timeouts; not these seeds: ${slow.join(' ')}`)
  t.end()
})

void t.test('E10: a leader that was cut off for 10 timeouts disturbs nobody when it is back', t => {
  const story = new Story({ seed: 10 })
  const former = story.elect()
  const { currentTerm } = story.raft(former)
  story.isolate(former)
  story.runFor(10 * timeoutMsMax)
  const successor = story.leaderId
  const term = story.highestTerm
  t.not(successor, former)
  t.equal(story.raft(former).currentTerm, currentTerm, 'its term did not grow')
  story.told.length = 0
  story.heal()
  story.runFor(10 * timeoutMsMax)
  t.same(story.told, [], 'and nobody else was elected')
  t.equal(story.raft(former).currentTerm, term)
  story.judge()

  const without = new Story({ seed: 10 })
  const old = without.elect()
  without.isolate(old)
  without.withoutPreVote(old)
  without.runFor(10 * timeoutMsMax)
  without.told.length = 0
  without.heal()
  without.runFor(10 * timeoutMsMax)
  t.equal(without.told.length, 1, 'the control: without PreVote it deposes the leader once')
  t.end()
})

void t.test('E12: five servers, 4 linked to 2 only, 5 to 3 only: a leader soon, and the same for 30 s', t => {
  for (let seed = 1; seed <= 6; seed++) {
    const story = new Story({ servers: 5, seed })
    story.elect(3)
    story.settle()
    story.onlyLinks([1, 2], [1, 3], [2, 3], [4, 2], [5, 3])
    story.runFor(10 * timeoutMsMax)
    const { leaderId } = story
    t.ok([1, 2, 3].includes(leaderId), `seed ${seed}: s${leaderId} leads`)
    story.told.length = 0
    t.equal(story.put('k', `v${seed}`), 'ok')
    story.runFor(30_000)
    t.same(story.told, [], 'nobody else is elected')
    t.same(story.leaders, [leaderId])
    story.judge()
  }
  t.end()
})

void t.test('E13: a star whose leader is a ray: it steps down, the hub is elected, and writes go on', t => {
  const story = new Story({ servers: 5, seed: 13 })
  story.elect(4)
  story.settle()
  t.equal(story.put('k', 'before'), 'ok')
  story.onlyLinks([2, 1], [2, 3], [2, 4], [2, 5])
  const put = story.beginPut('k', 'after')
  const steppedDownMs = story.until('s4 steps down', () => !story.leaders.includes(4))
  t.ok(steppedDownMs <= electionTimeoutMs + 5, `after ${steppedDownMs} ms`)
  story.end(put)
  t.equal(put.code, 'ok')
  t.ok(put.tookMs <= 5 * timeoutMsMax, `a write takes ${put.tookMs} ms`)
  t.equal(story.leaderId, 2)
  story.judge()

  const control = new Story({ servers: 5, seed: 13 })
  control.elect(4)
  control.settle()
  t.equal(control.put('k', 'before'), 'ok')
  control.onlyLinks([2, 1], [2, 3], [2, 4], [2, 5])
  const neverAlone = (): void => {
    const { role } = control.raft(4)
    if (role.name === 'leader') for (const peer of role.peers.values()) peer.lastHeardMs = control.process(4).nowMs
    control.at(control.nowMs + 10, neverAlone)
  }
  neverAlone()
  control.runFor(20_000)
  t.same(control.leaders, [4], 'the control: without CheckQuorum it leads for ever')
  t.equal(control.put('k', 'never', 0, 5_000), 'unknown-outcome')
  t.end()
})

void t.test('E31: a star whose hub lacks committed entries: no progress, no growing terms, until one link heals', t => {
  const story = new Story({ servers: 5, seed: 31 })
  story.elect(4)
  story.settle()
  story.isolate(2)
  t.equal(story.put('k', 'committed'), 'ok')
  story.until('1 3 4 5 have it', () => [1, 3, 5].every(id => story.raft(id).commitIndex === story.raft(4).commitIndex))
  story.heal()
  story.onlyLinks([2, 1], [2, 3], [2, 5])
  // What the hub was to have is lost: it must not catch up in the moment in between.
  story.told.length = 0
  const term = story.highestTerm
  story.runFor(20_000)
  t.same(story.told, [], 'nobody is elected')
  t.equal(story.highestTerm, term, 'and the terms stay as they are')
  story.cluster.network.heal(1, 3)
  story.cluster.network.heal(3, 1)
  const tookMs = story.until('somebody leads', () => story.leaderId !== 0 && story.leaderId !== 4)
  t.ok(tookMs <= 10 * timeoutMsMax, `after ${tookMs} ms`)
  t.ok([1, 3].includes(story.leaderId))
  t.equal(story.get('k'), 'committed')
  story.cluster.network.cut(1, 3)
  story.cluster.network.cut(3, 1)
  story.judge()
  t.end()
})

void t.test('E14: a leader whose words arrive and who hears nothing steps down within 2 timeouts', t => {
  const story = new Story({ servers: 5, seed: 14 })
  const former = story.elect()
  story.settle()
  for (const other of story.others(former)) story.cutOneWay(other, former)
  const put = story.beginPut('k', 'v')
  const tookMs = story.until('it steps down', () => !story.leaders.includes(former))
  t.ok(tookMs <= 2 * electionTimeoutMs, `after ${tookMs} ms`)
  story.end(put)
  t.equal(put.code, 'ok')
  t.not(story.leaderId, former)
  story.judge()
  t.end()
})

void t.test('E15: a follower that is heard and hears nothing is refused: no term grows, the leader stays', t => {
  const story = new Story({ servers: 5, seed: 15 })
  const leader = story.elect()
  story.settle()
  const deaf = story.others(leader)[0]!
  const term = story.highestTerm
  for (const other of story.others(deaf)) story.cutOneWay(other, deaf)
  story.told.length = 0
  story.runFor(20 * timeoutMsMax)
  t.equal(story.raft(deaf).role.name, 'pre-candidate')
  t.equal(story.highestTerm, term)
  t.same(story.told, [])
  t.equal(story.put('k', 'v'), 'ok')
  t.equal(story.leaderId, leader)
  story.judge()
  t.end()
})

void t.test('E17: a leader forgets that it leads while all others still hear it (20 seeds): soon there is one', t => {
  for (let seed = 1; seed <= 20; seed++) {
    const story = new Story({ seed })
    const former = story.elect()
    story.settle()
    stepDown(story.raft(former), 0, 'it is told that it leads no more', story.process(former).nowMs)
    const tookMs = story.until('somebody leads', () => story.leaderId !== 0)
    if (tookMs > 3 * timeoutMsMax) t.fail(`seed ${seed}: after ${tookMs} ms`)
    story.judge()
  }
  t.pass()
  t.end()
})

void t.test('E18: one server has no PreVote: elections complete whoever is lost, and it takes part (10 seeds)', t => {
  let won = 0
  for (let seed = 1; seed <= 10; seed++) {
    const story = new Story({ seed, servers: 5 })
    story.withoutPreVote(5)
    for (let round = 0; round < 4; round++) {
      const leader = story.elect(0, 20 * timeoutMsMax)
      if (leader === 5) won++
      story.settle()
      story.process(leader).kill()
      story.elect(0, 20 * timeoutMsMax)
      story.process(leader).start()
    }
    story.judge()
  }
  t.ok(won > 0, `it was elected ${won} times`)
  t.end()
})

void t.test('E22: every datagram arrives twice, and a candidate with 2 votes of 5 is never elected', t => {
  const story = new Story({ servers: 5, seed: 22, links: { duplicateShare: 1 } })
  story.elect()
  story.settle()
  const [a, b, ...majority] = [story.leaderId, ...story.others(story.leaderId)] as [number, number, ...number[]]
  for (const other of majority) {
    story.cut(a, other)
    story.cut(b, other)
  }
  story.withoutPreVote(a)
  story.withoutPreVote(b)
  story.runFor(electionTimeoutMs)
  story.told.length = 0
  story.runFor(20 * timeoutMsMax)
  t.notOk(story.told.some(line => line.startsWith(`s${a} `) || line.startsWith(`s${b} `)))
  t.ok(majority.includes(story.leaders.find(id => majority.includes(id))!))
  story.judge()
  t.end()
})

void t.test('E29: leadership is handed over, to whom it can be, and a late word of it changes nothing', t => {
  const story = new Story({ servers: 5, seed: 29 })
  const first = story.elect()
  story.settle()
  const [second, third] = story.others(first) as [number, number]
  const words = story.record(message => message.type === 'TimeoutNow')
  story.transfer(second)
  const tookMs = story.until('it leads', () => story.leaderId === second)
  t.ok(tookMs < electionTimeoutMs, `after ${tookMs} ms, without an election timeout`)
  words.end()

  story.settle()
  story.isolate(third)
  t.equal(story.put('a', '1'), 'ok', 'the next one does not have this')
  story.heal()
  story.transfer(third)
  story.until('it catches up and leads', () => story.leaderId === third, timeoutMsMax)

  story.settle()
  story.transfer(third)
  story.transfer(99)
  story.process(second).kill()
  story.transfer(second)
  const put = story.beginPut('a', '2')
  story.end(put)
  t.equal(put.code, 'ok', 'it serves again when it has given up')
  t.ok(put.tookMs > electionTimeoutMs / 2 && put.tookMs < 3 * electionTimeoutMs, `after ${put.tookMs} ms`)
  t.equal(story.leaderId, third)

  story.process(second).start()
  story.settle()
  story.told.length = 0
  story.runFor(5_000)
  words.deliver()
  story.runFor(5_000)
  t.same(story.told, [])
  t.equal(words.count > 0, true)
  story.judge()
  t.end()
})
