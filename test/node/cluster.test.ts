/** Stories of whole clusters: what users were promised, under one fault at a time. campaign.test.ts mixes them. */
import t from 'tap'
import { encodeCommand } from '../../src/kv/commands.js'
import { latin1, putCommand } from './clients.js'
import { electionTimeoutMs } from './process.js'
import { Cluster } from './rig.js'
import { Workload } from './workload.js'

/** Puts k0..k(count-1) and returns how many were acknowledged. */
function putAll(cluster: Cluster, count: number, value = 'v'): number {
  const client = cluster.client()
  let acknowledged = 0
  for (let i = 0; i < count; i++) if (client.put(`k${i}`, `${value}${i}`) === 'ok') acknowledged++
  return acknowledged
}

/** The keys of k0..k(count-1) that do not hold what was put there. */
function missing(cluster: Cluster, count: number, value = 'v'): string[] {
  const client = cluster.client()
  return Array.from({ length: count }, (_, i) => `k${i}`).filter((key, i) => client.get(key) !== `${value}${i}`)
}

void t.test('a put goes through three servers, and any of them tells of it', t => {
  const cluster = new Cluster()
  const client = cluster.client()
  t.equal(client.put('a', '1'), 'ok')
  t.equal(client.get('a'), '1')
  t.equal(client.get('b'), null)
  t.ok(cluster.runUntil(() => cluster.isSettled))
  for (const { id } of cluster.servers) t.equal(cluster.statusOf(id)?.revision, 2, 'a session was opened, and one put')
  t.end()
})

void t.test(
  'C09: the leader loses its power: everything acknowledged is there, and the cluster goes on without it',
  t => {
    const cluster = new Cluster({ seed: 2 })
    t.equal(putAll(cluster, 30), 30)
    const leader = cluster.leader!
    leader.crash()
    t.strictSame(missing(cluster, 30), [])
    t.equal(putAll(cluster, 10, 'w'), 10)
    leader.start()
    t.ok(
      cluster.runUntil(() => cluster.isSettled),
      'it comes back and catches up',
    )
    t.strictSame(missing(cluster, 10, 'w'), [])
    t.end()
  },
)

void t.test('all servers lose their power at once, again and again: everything acknowledged is there', t => {
  const cluster = new Cluster({ seed: 3 })
  for (let round = 0; round < 5; round++) {
    t.equal(putAll(cluster, 8, `r${round}-`), 8)
    for (const server of cluster.servers) server.crash()
    for (const server of cluster.servers) server.start()
    t.strictSame(missing(cluster, 8, `r${round}-`), [])
  }
  t.end()
})

void t.test('servers are killed while clients write: nothing acknowledged is lost', t => {
  const cluster = new Cluster({ seed: 4 })
  const workload = new Workload(cluster)
  cluster.elect()
  workload.begin()
  for (let round = 0; round < 6; round++) {
    cluster.runFor(300)
    const victim = cluster.elect()
    victim.kill()
    cluster.runFor(500)
    victim.start()
  }
  workload.end()
  workload.judge()
  t.ok(workload.answered > 200, `${workload.answered} of ${workload.begun} were answered`)
  t.end()
})

void t.test('T02: a leader that stood still hears of its successor before it does anything', t => {
  const cluster = new Cluster({ seed: 5 })
  const client = cluster.client()
  t.equal(client.put('a', 'old'), 'ok')
  const former = cluster.elect()
  former.pause()
  t.equal(client.put('a', 'new'), 'ok', 'the others elect another')
  const raw = cluster.rawClient()
  raw.greet(former.id)
  cluster.runFor(5 * electionTimeoutMs)
  const successor = cluster.leader!
  t.not(successor, former)
  const { term } = cluster.statusOf(successor.id)!
  former.resume()
  cluster.runFor(2 * electionTimeoutMs)
  t.equal(cluster.statusOf(successor.id)?.term, term, 'and it disturbs nobody')
  t.equal(cluster.statusOf(former.id)?.role, 'follower')
  t.equal(client.get('a'), 'new')
  t.end()
})

void t.test('T02: a follower that stood still reads the heartbeats that wait before it judges the time', t => {
  const cluster = new Cluster({ seed: 6 })
  cluster.elect()
  cluster.runFor(500)
  const follower = cluster.followers()[0]!
  const { term } = cluster.statusOf(follower.id)!
  cluster.lines.length = 0
  follower.pause()
  // They take several rounds to be read, and the first of them are not a leader's.
  for (let i = 0; i < 100; i++) cluster.network.carry(Uint8Array.of(i), cluster.server(1).address, follower.address)
  cluster.runFor(6 * electionTimeoutMs)
  follower.resume()
  cluster.runFor(1_000)
  t.strictSame(cluster.lines, [], 'nobody stood for election')
  t.equal(cluster.statusOf(follower.id)?.term, term)
  t.end()
})

void t.test('the network loses a fifth each way, copies, reorders and damages: everything goes through', t => {
  const cluster = new Cluster({ seed: 7 })
  cluster.setFaults({ lossShare: 0.2, duplicateShare: 0.1, reorderShare: 0.2, reorderMs: 10, corruptShare: 0.05 })
  const workload = new Workload(cluster, { timeoutMs: 15_000 })
  workload.begin()
  cluster.runFor(3_000)
  workload.end()
  workload.judge()
  t.ok(workload.answered > 80, `${workload.answered} of ${workload.begun} were answered`)
  t.equal(workload.history.filter(({ status }) => status === 'unknown').length, 0, 'none was given up')
  const drops = cluster.servers.map(({ id }) => cluster.statusOf(id)!.transport.drops['bad-checksum'] ?? 0)
  t.ok(
    drops.every(count => count > 0),
    'what was damaged was dropped and counted',
  )
  t.end()
})

void t.test('D01: a request that is repeated after a leader change, and after a restart of all, runs once', t => {
  const cluster = new Cluster({ seed: 8 })
  const raw = cluster.rawClient()
  const first = cluster.elect()
  for (const { id } of cluster.servers) raw.greet(id)
  const sessionId = raw.openSession(first.id)
  const command = encodeCommand(putCommand('a', 'once'))
  const write = { type: 'Write', sessionId, sequence: 1, answeredUpTo: 0, command } as const
  const answer = raw.call(first.id, write)
  t.equal(answer?.code, 'ok')

  t.strictSame(raw.call(first.id, write)?.result, answer?.result, 'to the same leader')
  first.crash()
  cluster.elect()
  t.ok(cluster.runUntil(() => cluster.leader !== null && cluster.leader !== first))
  cluster.runFor(200)
  t.strictSame(raw.call(cluster.leader!.id, write)?.result, answer?.result, 'to its successor')
  first.start()
  for (const server of cluster.servers) server.crash()
  for (const server of cluster.servers) server.start()
  cluster.elect()
  cluster.runFor(200)
  for (const { id } of cluster.servers) raw.greet(id)
  t.strictSame(raw.call(cluster.leader!.id, write)?.result, answer?.result, 'after a restart of all')
  const follower = cluster.followers()[0]!
  t.strictSame(raw.call(follower.id, write)?.result, answer?.result, 'any server answers from its table')
  t.equal(cluster.applied.of(command).length, 1)

  const other = raw.call(cluster.leader!.id, { ...write, command: encodeCommand(putCommand('a', 'other')) })
  t.equal(other?.code, 'request-mismatch', 'the number with other bytes is refused')
  t.end()
})

void t.test('D02: repeats of a request that is under way attach to it, and the latest place gets the answer', t => {
  const cluster = new Cluster({ seed: 9 })
  const leader = cluster.elect()
  const [raw, moved] = [cluster.rawClient(), cluster.rawClient()]
  raw.greet(leader.id)
  moved.greet(leader.id)
  const sessionId = raw.openSession(leader.id)
  const before = cluster.statusOf(leader.id)!.revision
  for (const server of cluster.servers) server.diskMs = { from: 40, to: 41 }
  const write = {
    type: 'Write',
    sessionId,
    sequence: 1,
    answeredUpTo: 0,
    command: encodeCommand(putCommand('a', '1')),
  } as const
  for (let i = 0; i < 5; i++) {
    raw.send(leader.id, write)
    cluster.runFor(3)
  }
  moved.send(leader.id, write)
  cluster.runFor(300)
  t.equal(moved.answers.length, 1)
  t.equal(raw.answers.filter(({ to }) => to === 'write').length, 0)
  t.equal(cluster.statusOf(leader.id)?.revision, before + 1, 'one copy came into the log')
  t.end()
})

void t.test(
  'L01: a leader that is cut off answers no read and acknowledges no write, and says so when it notices',
  t => {
    const cluster = new Cluster({ seed: 10 })
    const client = cluster.client()
    t.equal(client.put('a', 'old'), 'ok')
    const former = cluster.elect()
    const raw = cluster.rawClient()
    raw.greet(former.id)
    const sessionId = raw.openSession(former.id)
    raw.answers.length = 0
    cluster.isolate(former.id)
    const query = Uint8Array.of(1, 0, 1, 0, 97)
    raw.send(former.id, { type: 'Read', requestId: 7, stale: false, query })
    const command = encodeCommand(putCommand('a', 'never'))
    raw.send(former.id, { type: 'Write', sessionId, sequence: 1, answeredUpTo: 0, command })
    t.equal(client.put('a', 'new'), 'ok')
    raw.send(former.id, { type: 'Read', requestId: 8, stale: false, query })
    cluster.runFor(4 * electionTimeoutMs)
    t.strictSame(raw.answers.map(({ to, code }) => `${to} ${code}`).sort(), [
      'read not-leader',
      'read not-leader',
      'write not-leader',
    ])
    t.equal(cluster.statusOf(former.id)?.role === 'leader', false)
    const stale = raw.call(former.id, { type: 'Read', requestId: 9, stale: true, query })
    t.match(latin1(stale!.result), /old$/, 'it tells what it knows to who asks for that')
    cluster.network.heal()
    t.ok(cluster.runUntil(() => cluster.isSettled))
    t.equal(client.get('a'), 'new')
    t.equal(cluster.applied.of(command).length, 0)
    t.end()
  },
)

void t.test('a clean stop hands over at once and loses nothing', t => {
  const cluster = new Cluster({ seed: 11 })
  const workload = new Workload(cluster)
  cluster.elect()
  cluster.runFor(300)
  workload.begin()
  cluster.runFor(300)
  const former = cluster.leader!
  // Nobody has all of its log just now, so it has to wait for its successor.
  for (const follower of cluster.followers()) follower.diskMs = { from: 20, to: 40 }
  cluster.runFor(50)
  const stops: string[] = []
  former.stop(() => stops.push('first'))
  former.stop(() => stops.push('again'))
  const before = cluster.clock.now()
  t.ok(cluster.runUntil(() => cluster.leader !== null && cluster.leader !== former))
  t.ok(cluster.clock.now() - before < electionTimeoutMs, 'nobody waits for an election timeout')
  t.ok(cluster.runUntil(() => stops.length === 2))
  t.notOk(former.isRunning)
  cluster.runFor(300)
  former.start()
  cluster.runFor(300)
  workload.end()
  workload.judge()
  t.equal(workload.history.filter(({ status }) => status === 'unknown').length, 0)
  t.end()
})

void t.test('a server that is alone in its cluster stops at once, and so does one that finds no successor', t => {
  const alone = new Cluster({ seed: 12, size: 1 })
  t.equal(alone.client().put('a', '1'), 'ok')
  const stops: number[] = []
  alone.server(1).stop(() => stops.push(alone.clock.now()))
  const before = alone.clock.now()
  t.ok(alone.runUntil(() => stops.length > 0))
  t.ok(stops[0]! - before < 30)
  alone.server(1).start()
  t.equal(alone.client().get('a'), '1')

  const deserted = new Cluster({ seed: 13 })
  const leader = deserted.elect()
  for (const other of deserted.followers()) other.kill()
  leader.stop(() => stops.push(deserted.clock.now()))
  t.ok(
    deserted.runUntil(() => stops.length === 2, electionTimeoutMs + 50),
    'after an election timeout it gives up',
  )
  t.end()
})

void t.test('F07: a disk that fails ends its server, and the others go on', t => {
  const cluster = new Cluster({ seed: 14 })
  t.equal(putAll(cluster, 5), 5)
  const broken = cluster.elect()
  cluster.mayFail.add(broken.id)
  broken.disk.fault = ({ kind }) => (kind === 'write' ? 'EIO' : null)
  t.equal(putAll(cluster, 5, 'w'), 5)
  t.match(broken.failure?.message, /failed to write to data: EIO/)
  t.equal((broken.failure as Error & { code: string }).code, 'io')
  t.notOk(broken.isRunning)
  broken.disk.fault = () => null
  broken.start()
  t.ok(
    cluster.runUntil(() => cluster.isSettled),
    'with a sound disk it comes back',
  )
  t.strictSame(missing(cluster, 5, 'w'), [])
  t.end()
})

void t.test('F08: a leader whose disk is full hands over, says so, and goes on when there is room', t => {
  const cluster = new Cluster({ seed: 15 })
  t.equal(putAll(cluster, 5), 5)
  cluster.runFor(500)
  const full = cluster.elect()
  // Only zeros make a file longer, in pieces larger than any batch here.
  full.disk.fault = ({ bytes }) => (bytes > 30_000 ? 'ENOSPC' : null)
  const client = cluster.client()
  const value = 'x'.repeat(5_000)
  const answers = Array.from({ length: 60 }, (_, i) => client.put('big', `${i}${value}`))
  t.strictSame(new Set(answers), new Set(['ok']))
  t.match(cluster.lines.join('\n'), new RegExp(`server ${full.id}: the disk is full`))
  t.not(cluster.leader, full)
  t.ok(full.isRunning, 'it waits for room')
  full.disk.fault = () => null
  cluster.runFor(1_500)
  t.ok(cluster.isSettled)
  t.equal(cluster.statusOf(full.id)?.persistedIndex, cluster.statusOf(full.id)?.lastLogIndex, 'what waited is written')
  t.match(cluster.lines.join('\n'), new RegExp(`server ${full.id}: there is room on the disk again`))
  full.crash()
  full.start()
  t.ok(cluster.runUntil(() => cluster.isSettled))
  t.end()
})

void t.test('C10: servers that applied as far have equal checkpoints', t => {
  const cluster = new Cluster({ seed: 16 })
  for (const server of cluster.servers) server.diskMs = { from: 0.01, to: 0.02 }
  const client = cluster.client()
  cluster.elect()
  for (let i = 0; cluster.statusOf(1)!.lastApplied < 4_200; i++) client.put(`k${i % 50}`, `${i}`)
  t.ok(cluster.runUntil(() => cluster.isSettled))
  const statuses = cluster.servers.map(({ id }) => cluster.statusOf(id)!)
  t.equal(statuses[0]?.checkpointIndex, 4_096)
  t.equal(new Set(statuses.map(({ checkpointHash }) => checkpointHash)).size, 1)
  t.match(statuses[0]?.checkpointHash, /^[0-9a-f]+$/)
  cluster.server(2).kill()
  cluster.server(2).start()
  t.ok(cluster.runUntil(() => cluster.isSettled))
  t.equal(cluster.statusOf(2)?.checkpointHash, statuses[0]?.checkpointHash, 'also after the log was applied anew')
  t.end()
})
