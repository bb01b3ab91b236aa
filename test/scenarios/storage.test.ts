/** Disks that are slow, stalled, damaged or lose power at the worst moment (SCENARIOS.md, F). */
import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { electionTimeoutMs, heartbeatMs, Story } from '../support/story.js'

const timeoutMsMax = 2 * electionTimeoutMs

void t.test('F01: power cuts of all servers at once, 25 times under load: every acknowledged write is there', t => {
  const story = new Story({ seed: 1, load: { clients: 3, outstanding: 2, pauseMs: 10 } })
  story.beginLoad()
  const prng = new Prng(1, 1)
  for (let round = 0; round < 25; round++) {
    story.elect()
    story.runFor(prng.between(20, 150))
    for (const id of story.ids) story.process(id).crash()
    for (const id of story.ids) story.process(id).start()
  }
  story.judge()
  t.ok(story.cluster.load.answered > 200, `${story.cluster.load.answered} operations were answered`)
  t.end()
})

void t.test('F05: another record is damaged on each of 3 servers: none starts, none serves, nothing is merged', t => {
  let refused = 0
  for (let seed = 1; seed <= 10; seed++) {
    const story = new Story({ seed })
    for (let i = 0; i < 12; i++) story.put('k', `v${i}`)
    story.settle()
    // Until the seals are written: then all of it is proven to have been durable.
    story.runFor(100)
    const prng = new Prng(seed, 5)
    for (const id of story.ids) {
      const server = story.process(id)
      server.crash()
      // The hard state has two copies, one of which may be damaged: of the log there is one.
      const [path] = server.disk.disk
        .paths()
        .filter(name => /log\/\d/.test(name))
        .sort()
      const bytes = server.disk.disk.contents(path!)!
      const found = Buffer.from(bytes).indexOf(`v${3 * id}`)
      if (found < 0) throw new Error('the value stands in the log')
      server.disk.disk.flipBit(path!, found, prng.below(8))
      server.isDamaged = true
    }
    for (const id of story.ids) story.process(id).start()
    story.runFor(20 * timeoutMsMax)
    for (const id of story.ids) {
      if (story.process(id).failure === null) t.fail(`seed ${seed}: s${id} starts`)
      else refused++
    }
    t.equal(story.leaderId, 0)
    t.equal(story.put('k', 'never', 0, 2_000) === 'ok', false)
  }
  t.equal(refused, 30)
  t.end()
})

void t.test('F12: an fsync takes 5 s on a follower: the others commit as before', t => {
  const story = new Story({ seed: 12 })
  story.put('k', 'before')
  const { leaderId } = story
  const [slow] = story.others(leaderId) as [number]
  story.told.length = 0
  story.process(slow).disk.stalledUntilMs = story.nowMs + 5_000
  for (let i = 0; i < 100; i++) {
    const put = story.end(story.beginPut('k', `v${i}`))
    if (put.tookMs > heartbeatMs) t.fail(`a put takes ${put.tookMs} ms`)
    story.runFor(40)
  }
  t.same(story.told, [], 'nobody is elected')
  story.judge()
  t.end()
})

void t.test('F12: an fsync takes 5 s on the leader: it hands over, and is a follower like any other afterwards', t => {
  const story = new Story({ seed: 12 })
  story.put('k', 'before')
  story.settle()
  const { leaderId } = story
  story.told.length = 0
  story.process(leaderId).disk.stalledUntilMs = story.nowMs + 5_000
  const put = story.end(story.beginPut('k', 'v'))
  t.ok(put.tookMs <= heartbeatMs, 'the disks of the others suffice')
  t.equal(story.node(leaderId).status().disk, 'sound', 'a write may take a while')
  const tookMs = story.until('another leads', () => ![0, leaderId].includes(story.leaderId))
  t.ok(tookMs <= electionTimeoutMs + 4 * heartbeatMs, `after ${tookMs} ms`)
  t.equal(story.node(leaderId).status().disk, 'stalled')
  for (let i = 0; i < 20; i++) t.equal(story.put('k', `v${i}`), 'ok')
  story.runFor(1_000)
  t.match(story.told, [/^s\d leads term 2$/], 'one election')
  story.runFor(4_000)
  story.settle()
  t.equal(story.node(leaderId).status().disk, 'sound')
  t.equal(story.told.length, 1)
  story.judge()
  t.end()
})

void t.test('F12: a leader with a stalled disk whom nobody relieves goes on, and notices when it is alone', t => {
  const story = new Story({ seed: 12 })
  story.put('k', 'before')
  story.settle()
  const { leaderId } = story
  story.told.length = 0
  story.drop(({ type }) => type === 'TimeoutNow')
  story.process(leaderId).disk.stalledUntilMs = story.nowMs + 8_000
  for (let i = 0; i < 40; i++) {
    const put = story.end(story.beginPut('k', `v${i}`))
    t.equal(put.code, 'ok')
    if (put.tookMs > 4 * electionTimeoutMs) t.fail(`a put takes ${put.tookMs} ms, with a hand-over in vain under way`)
    story.runFor(40)
  }
  t.same(story.told, [], 'its heartbeats do not wait for the disk')
  story.isolate(leaderId)
  const tookMs = story.until('it steps down', () => !story.leaders.includes(leaderId))
  t.ok(tookMs <= electionTimeoutMs + heartbeatMs, `after ${tookMs} ms, its disk still stalled`)
  t.equal(story.put('k', 'after'), 'ok')
  story.judge()
  t.end()
})

void t.test('a follower with a stalled disk leaves the election to the other', t => {
  let soundLed = 0
  for (let seed = 1; seed <= 10; seed++) {
    const story = new Story({ seed })
    story.put('k', 'before')
    story.settle()
    const former = story.leaderId
    const [stalled, sound] = story.others(former) as [number, number]
    const stalledUntilMs = story.nowMs + 1_500
    story.process(stalled).disk.stalledUntilMs = stalledUntilMs
    // What it is to write it does not write; the others commit it.
    t.equal(story.put('k', 'v'), 'ok')
    story.runFor(2 * electionTimeoutMs)
    t.equal(story.node(stalled).status().disk, 'stalled')
    story.told.length = 0
    story.process(former).kill()
    const stood = new Set<number>()
    while (story.nowMs < stalledUntilMs - 1) {
      story.runFor(1)
      for (const id of [stalled, sound]) if (story.raft(id).role.name !== 'follower') stood.add(id)
    }
    t.same([...stood], [sound], 'as long as the disk stalls')
    story.runFor(2_000)
    t.equal(story.put('k', 'after'), 'ok')
    // Afterwards it has no reason to hold back, but the other has asked for its vote already.
    if (story.leaderId === sound) soundLed++
    story.judge()
  }
  t.ok(soundLed >= 8, `the sound one leads in ${soundLed} of 10`)
  t.end()
})

void t.test('F12: an fsync takes 5 s on all: nothing is acknowledged meanwhile, and nobody is elected', t => {
  const story = new Story({ seed: 12 })
  story.put('k', 'before')
  story.settle()
  story.told.length = 0
  for (const id of story.ids) story.process(id).disk.stalledUntilMs = story.nowMs + 5_000
  const put = story.beginPut('k', 'v')
  story.runFor(4_900)
  t.equal(put.code, 'pending')
  t.equal(story.raft(story.leaderId).log.lastTerm, 1)
  t.same(story.told, [])
  story.end(put)
  t.equal(put.code, 'ok')
  t.ok(put.tookMs < 5_000 + 100, `after ${put.tookMs} ms`)
  story.judge()
  t.end()
})

void t.test('F14: power goes while a conflict is being written (40 seeds): the old tail does not come back', t => {
  let stayed = 0
  let replaced = 0
  for (let seed = 1; seed <= 40; seed++) {
    const story = new Story({ seed, servers: 5 })
    story.put('k', 'first')
    story.settle()
    const former = story.leaderId
    const [behind, ...majority] = story.others(former) as [number, ...number[]]
    // The leader and one follower get a tail of their own.
    for (const other of majority) {
      story.cut(former, other)
      story.cut(behind, other)
    }
    const lost = [1, 2, 3].map(i => story.beginPut('lost', `l${i}`, 1, 100))
    const { lastIndex } = story.raft(behind).log
    story.until('it has the tail', () => story.raft(behind).persistedIndex > lastIndex)
    for (const one of lost) story.end(one)
    const oldTail = story.raft(behind).log.lastTerm
    story.process(former).crash()
    story.until('another leads', () => majority.includes(story.leaderId))
    for (let i = 0; i < 3; i++) t.equal(story.put('k', `new${i}`), 'ok')
    const newTerm = story.raft(story.leaderId).currentTerm
    const point = seed % 2 === 0 ? 'during batch' : 'after batch'
    story.process(behind).disk.armed = { point, skip: 0 }
    story.heal()
    story.until('the power goes', () => !story.process(behind).isRunning)
    // Alone it starts with the one tail or the other, never with parts of both.
    story.isolate(behind)
    story.process(behind).start()
    story.until('it is back', () => story.process(behind).node !== null)
    const terms = story.termsOf(behind)
    if (terms.includes(newTerm)) {
      replaced++
      if (terms.slice(terms.indexOf(newTerm)).includes(oldTail)) t.fail(`seed ${seed}: ${terms.join(' ')}`)
    } else stayed++
    if (point === 'after batch' && !terms.includes(newTerm)) t.fail(`seed ${seed}: what was durable is gone`)
    story.process(behind).crash()
    story.process(behind).start()
    story.judge()
    t.same(story.termsOf(behind), story.termsOf(story.leaderId))
  }
  t.ok(stayed > 0 && replaced > 20, `${stayed} times the old tail stayed, ${replaced} times it was replaced`)
  t.end()
})
