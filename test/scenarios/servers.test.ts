/** What users are promised of whole clusters, under one fault at a time. */
import t from 'tap'
import { writeOf } from '../support/story-client.js'
import { electionTimeoutMs, Story } from '../support/story.js'

void t.test('a put goes through three servers, and any of them tells of it', t => {
  const story = new Story()
  t.equal(story.put('a', '1'), 'ok')
  t.equal(story.get('a'), '1')
  t.equal(story.get('b'), null)
  story.settle()
  for (const id of story.ids) t.equal(story.node(id).status().revision, 2, 'a session was opened, and one put')
  story.judge()
  t.end()
})

void t.test('regression_followers_never_heard_each_other, and anybody could speak for one to another', t => {
  const story = new Story()
  story.elect()
  story.settle()
  for (const id of story.ids) {
    for (const peer of story.node(id).status().peers) {
      t.ok(peer.silentMs !== null, `${id} has heard ${peer.id}`)
      t.equal(peer.link.lossShare, 0, 'nor is it loss that the other was not there yet')
    }
  }
  t.end()
})

void t.test('servers are killed while clients write: nothing acknowledged is lost', t => {
  const story = new Story({ seed: 4, load: { clients: 4, outstanding: 2 } })
  story.elect()
  story.beginLoad()
  for (let round = 0; round < 6; round++) {
    story.runFor(300)
    const victim = story.elect()
    story.process(victim).kill()
    story.runFor(500)
    story.process(victim).start()
  }
  story.judge()
  const { answered, begun } = story.cluster.load
  t.ok(answered > 200, `${answered} of ${begun} were answered`)
  t.end()
})

void t.test('the network loses a fifth each way, copies, reorders and damages: everything goes through', t => {
  const story = new Story({
    seed: 7,
    links: { lossShare: 0.2, duplicateShare: 0.1, reorderShare: 0.2, reorderMs: 10, corruptShare: 0.05 },
    load: { timeoutMs: 45_000, outstanding: 2 },
  })
  story.beginLoad()
  story.runFor(8_000)
  const drops = story.ids.map(id => story.node(id).status().transport.drops['bad-checksum'] ?? 0)
  t.ok(
    drops.every(count => count > 0),
    'what was damaged was dropped and counted',
  )
  story.judge()
  const { answered, history } = story.cluster.load
  t.ok(answered > 80, `${answered} were answered`)
  t.equal(history.filter(({ status }) => status === 'unknown').length, 0, 'none was given up')
  t.end()
})

void t.test('D02: repeats of a request that is under way attach to it, and the latest place gets the answer', t => {
  const story = new Story({ seed: 9 })
  const leader = story.elect()
  const [raw, moved] = [story.rawClient(), story.rawClient()]
  raw.greet(leader)
  moved.greet(leader)
  const sessionId = raw.openSession(leader)
  raw.answers.length = 0
  const before = story.node(leader).status().revision
  for (const id of story.ids) story.process(id).disk.stalledUntilMs = story.nowMs + 40
  const write = writeOf(sessionId, 1, 'a', '1')
  for (let i = 0; i < 5; i++) {
    raw.send(leader, write)
    story.runFor(3)
  }
  moved.send(leader, write)
  story.runFor(300)
  t.same(
    moved.answers.map(({ code }) => code),
    ['ok'],
  )
  t.same(raw.answers, [])
  t.equal(story.node(leader).status().revision, before + 1, 'one copy came into the log')
  story.judge()
  t.end()
})

void t.test('a clean stop hands over at once and loses nothing', t => {
  const story = new Story({ seed: 11, load: { clients: 4, outstanding: 2 } })
  story.elect()
  story.runFor(300)
  story.beginLoad()
  story.runFor(300)
  const former = story.leaderId
  // Nobody has all of its log just now, so it has to wait for its successor.
  for (const id of story.others(former)) story.process(id).disk.slowness = 60
  story.runFor(50)
  const stops: string[] = []
  const { node } = story.process(former)
  node!.stop(() => stops.push('first'))
  story.process(former).stop()
  const tookMs = story.until('another leads', () => story.leaderId !== 0 && story.leaderId !== former)
  t.ok(tookMs < electionTimeoutMs, 'nobody waits for an election timeout')
  story.until('it has stopped', () => !story.process(former).isRunning)
  t.same(stops, ['first'])
  for (const id of story.ids) story.process(id).disk.slowness = 1
  story.runFor(300)
  story.process(former).start()
  story.runFor(300)
  story.judge()
  t.equal(story.cluster.load.history.filter(({ status }) => status === 'unknown').length, 0)
  t.end()
})

void t.test('a server that is alone in its cluster stops at once, and so does one that finds no successor', t => {
  const alone = new Story({ seed: 12, servers: 1 })
  t.equal(alone.put('a', '1'), 'ok')
  alone.process(1).stop()
  t.ok(alone.until('it has stopped', () => !alone.process(1).isRunning) < 30)
  alone.process(1).start()
  t.equal(alone.get('a'), '1')
  alone.judge()

  const deserted = new Story({ seed: 13 })
  const leader = deserted.elect()
  for (const id of deserted.others(leader)) deserted.process(id).kill()
  deserted.process(leader).stop()
  const tookMs = deserted.until('it has stopped', () => !deserted.process(leader).isRunning)
  t.ok(tookMs <= electionTimeoutMs + 50, 'after an election timeout it gives up')
  deserted.judge()
  t.end()
})

void t.test('F07: a disk that fails ends its server, and the others go on', t => {
  const story = new Story({ seed: 14 })
  for (let i = 0; i < 5; i++) t.equal(story.put(`k${i}`, `v${i}`), 'ok')
  const broken = story.process(story.leaderId)
  broken.disk.isFailing = true
  for (let i = 0; i < 5; i++) t.equal(story.put(`k${i}`, `w${i}`), 'ok')
  t.match(broken.failure?.message, /failed to write to data: EIO/)
  t.equal((broken.failure as Error & { code: string }).code, 'io')
  t.notOk(broken.isRunning)
  broken.disk.isFailing = false
  broken.start()
  story.settle()
  for (let i = 0; i < 5; i++) t.equal(story.get(`k${i}`), `w${i}`)
  story.judge()
  t.end()
})

void t.test('F08: a leader whose disk is full hands over, and goes on when there is room', t => {
  const story = new Story({ seed: 15 })
  t.equal(story.put('first', 'v'), 'ok')
  story.runFor(500)
  const full = story.leaderId
  story.process(full).disk.isFull = true
  const value = 'x'.repeat(5_000)
  for (let i = 0; i < 60; i++) t.equal(story.put('big', `${i}${value}`), 'ok')
  t.notOk(story.node(full).status().storage.spaceAvailable, 'it says so')
  t.not(story.leaderId, full)
  t.ok(story.process(full).isRunning, 'it waits for room')
  story.process(full).disk.isFull = false
  story.runFor(1_500)
  t.ok(story.isSettled)
  t.ok(story.node(full).status().storage.spaceAvailable)
  t.equal(story.raft(full).persistedIndex, story.raft(full).log.lastIndex, 'what waited is written')
  story.process(full).crash()
  story.process(full).start()
  story.settle()
  story.judge()
  t.end()
})

void t.test('F20: all disks are full: writes are refused, reads go on, and it mends by itself', t => {
  const story = new Story({ seed: 15 })
  t.equal(story.put('first', 'v'), 'ok')
  story.runFor(500)
  for (const { disk } of story.cluster.servers) disk.isFull = true
  const value = 'x'.repeat(5_000)
  const codes = new Map<string, number>()
  for (let i = 0; i < 60; i++) {
    const { code } = story.end(story.beginPut('big', `${i}${value}`))
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  t.ok((codes.get('no-space') ?? 0) > 10, JSON.stringify([...codes]))
  const { leaderId } = story
  t.equal(story.node(leaderId).status().disk, 'full')
  t.ok(story.node(leaderId).status().requests.noSpace > 10)
  t.equal(story.get('first'), 'v')
  for (const { disk } of story.cluster.servers) disk.isFull = false
  story.runFor(3_000)
  t.equal(story.put('first', 'w'), 'ok')
  story.settle()
  t.same(
    story.ids.map(id => story.node(id).status().disk),
    ['sound', 'sound', 'sound'],
  )
  story.judge()
  t.end()
})

void t.test('F20: the disk of the leader and of a follower are full: the one with room leads', t => {
  for (let seed = 1; seed <= 6; seed++) {
    const story = new Story({ seed })
    t.equal(story.put('first', 'v'), 'ok')
    story.runFor(500)
    const { leaderId } = story
    const [alsoFull, sound] = story.others(leaderId) as [number, number]
    for (const id of [leaderId, alsoFull]) story.process(id).disk.isFull = true
    const value = 'x'.repeat(5_000)
    for (let i = 0; i < 60 && story.leaderId !== sound; i++) {
      story.end(story.beginPut('big', `${i}${value}`, 0, 10 * electionTimeoutMs))
    }
    t.equal(story.leaderId, sound)
    for (const id of [leaderId, alsoFull]) story.process(id).disk.isFull = false
    story.runFor(3_000)
    t.equal(story.put('first', 'w'), 'ok')
    story.judge()
  }
  t.end()
})

void t.test('C10: servers that applied as far have equal checkpoints', t => {
  const story = new Story({ seed: 16, diskFromMs: 0.01, diskToMs: 0.02 })
  story.elect()
  for (let i = 0; story.node(story.leaderId).state.lastApplied < 4_200; i++) {
    const puts = Array.from({ length: 4 }, (_, client) => story.beginPut(`k${i % 50}`, `${i} ${client}`, client))
    for (const put of puts) story.end(put)
  }
  story.settle()
  const checkpoints = story.ids.map(id => {
    const { checkpointIndex, checkpointHash } = story.node(id).status()
    return `${checkpointIndex} ${checkpointHash}`
  })
  t.match(checkpoints[0], /^4096 [0-9a-f]+$/)
  t.equal(new Set(checkpoints).size, 1)
  story.process(2).kill()
  story.process(2).start()
  story.settle()
  const { checkpointHash } = story.node(2).status()
  t.equal(`4096 ${checkpointHash}`, checkpoints[0], 'also after the log was applied anew')
  t.end()
})
