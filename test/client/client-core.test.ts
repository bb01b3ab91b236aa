import t from 'tap'
import { commandBytesMax } from '../../codec/limits.js'
import type { ClientCore } from '../../src/client/client-core.js'
import type { RequestOutcome } from '../../src/client/request.js'
import { minTimeoutMs } from '../../src/client/retransmission.js'
import { Outcomes, ScriptedCluster, bytes } from './scripted-cluster.js'

/** Connects, writes once, and so has a session and a leader it trusts. */
function warmedUp(cluster: ScriptedCluster, options: Parameters<ScriptedCluster['client']>[0] = {}): ClientCore {
  const client = cluster.client(options)
  const outcomes = new Outcomes()
  client.write(bytes('warm-up'), cluster.clock.now() + 10_000, outcomes.done)
  cluster.clock.runFor(1_000)
  if (outcomes.count('ok') !== 1) throw new Error('the warm-up write was not answered')
  return client
}

void t.test('a first write opens a session and is executed once', t => {
  const cluster = new ScriptedCluster()
  const client = cluster.client()
  const outcomes = new Outcomes()
  client.write(bytes('x'), 5_000, outcomes.done)
  cluster.clock.runFor(100)
  t.same(outcomes.all, ['ok x'])
  t.same(cluster.executed, ['100/1:x'])
  t.equal(cluster.received('OpenSession').length, 1, 'one session, by the first datagram')
  t.end()
})

void t.test('one endpoint is enough: the members are learnt, and a follower names the leader', t => {
  const cluster = new ScriptedCluster()
  cluster.leaderId = 3
  const client = cluster.client({ knows: [1] })
  const outcomes = new Outcomes()
  client.write(bytes('x'), 5_000, outcomes.done)
  cluster.clock.runFor(200)
  t.same(outcomes.all, ['ok x'])
  t.equal(client.servers.length, 3)
  t.end()
})

void t.test('connect ends at the first Welcome, or as unavailable', t => {
  const cluster = new ScriptedCluster()
  cluster.server(1).kill()
  cluster.server(2).kill()
  const client = cluster.client()
  const outcomes = new Outcomes()
  client.connect(1_000, outcomes.done)
  cluster.clock.runFor(10)
  t.same(outcomes.all, ['ok '])
  cluster.server(3).kill()
  const lonely = cluster.client({ port: 9_001, knows: [1] })
  lonely.connect(1_000, outcomes.done)
  cluster.clock.runFor(2_000)
  t.same(outcomes.all, ['ok ', 'unavailable'])
  t.end()
})

void t.test('an idle client sends nothing, and has no timer set', t => {
  const cluster = new ScriptedCluster()
  cluster.server(3).kill()
  warmedUp(cluster)
  cluster.clock.runFor(5_000)
  const before = cluster.network.sent.length
  cluster.clock.runFor(60_000)
  t.equal(cluster.network.sent.length, before)
  t.equal(cluster.clock.nextMs(), Infinity)
  t.end()
})

void t.test('a repeat has the same session and sequence number, and is executed once', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  let answersLost = 2
  cluster.server(1).script = request => {
    if (request.type !== 'Write' || answersLost-- <= 0) return false
    cluster.execute(request)
    return true
  }
  client.write(bytes('y'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(1_000)
  t.same(outcomes.all, ['ok y'])
  t.same(cluster.executed, ['100/1:warm-up', '100/2:y'])
  const copies = cluster.received('Write').filter(({ sequence }) => sequence === 2)
  t.ok(copies.length >= 3)
  t.ok(copies.every(({ sessionId }) => sessionId === 100))
  t.end()
})

void t.test('U04: the answer to a repeated request gives no sample of the round trip (Karn)', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const server = cluster.server(1)
  server.script = (request, link) => {
    if (request.type !== 'Write') return false
    // Shortly after the repeat, which leaves after 1 to 1.25 timeouts.
    const answerAtMs = cluster.clock.now() + 1.3 * minTimeoutMs
    if (request.sequence === 2) cluster.clock.at(answerAtMs, () => server.answer(link, request, 'ok'))
    return true
  }
  const outcomes = new Outcomes()
  client.write(bytes('slow'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(1.6 * minTimeoutMs)
  t.equal(server.receivedOf('Write').length, 3, 'repeated once')
  t.same(outcomes.all, ['ok '])
  client.write(bytes('next'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(1.9 * minTimeoutMs)
  t.equal(server.receivedOf('Write').length, 4, 'the doubled timeout stays, until a request sent once is answered')
  cluster.clock.runFor(minTimeoutMs)
  t.equal(server.receivedOf('Write').length, 5)
  t.end()
})

void t.test('timed out: a write that was sent is unknown, one never sent and a read are unavailable', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  for (const server of cluster.servers) server.script = () => true
  client.write(bytes('sent'), cluster.clock.now() + 500, outcomes.done)
  cluster.clock.runFor(1_000)
  t.same(outcomes.all, ['unknown-outcome'])
  client.read(bytes('r'), { stale: false }, cluster.clock.now() + 500, outcomes.done)
  client.read(bytes('r'), { stale: true }, cluster.clock.now() + 500, outcomes.done)
  cluster.clock.runFor(1_000)
  t.same(outcomes.all, ['unknown-outcome', 'unavailable', 'unavailable'])

  const sessionless = cluster.client({ port: 9_001 })
  sessionless.write(bytes('never'), cluster.clock.now() + 500, outcomes.done)
  cluster.clock.runFor(1_000)
  t.equal(outcomes.all.at(-1), 'unavailable', 'no session could be opened: certainly no effect')
  t.notOk(cluster.received('Write').some(({ command }) => Buffer.from(command).toString() === 'never'))
  t.end()
})

void t.test('refused everywhere, a write that was sent is unknown all the same', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  cluster.leaderId = 0
  const outcomes = new Outcomes()
  client.write(bytes('z'), cluster.clock.now() + 1_000, outcomes.done)
  cluster.clock.runFor(2_000)
  t.same(outcomes.all, ['unknown-outcome'])
  t.end()
})

void t.test('X04: a given-up write counts as done: answeredUpTo passes it, its late answer is ignored', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  cluster.server(1).script = (request, link) => {
    if (request.type !== 'Write' || request.sequence !== 2) return false
    cluster.clock.at(cluster.clock.now() + 900, () => cluster.server(1).answer(link, request, 'ok'))
    return true
  }
  client.write(bytes('slow'), cluster.clock.now() + 300, outcomes.done)
  cluster.clock.runFor(350)
  client.write(bytes('next'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(3_000)
  t.same(outcomes.all, ['unknown-outcome', 'ok next'])
  const next = cluster.received('Write').filter(({ sequence }) => sequence === 3)
  t.ok(next.every(({ answeredUpTo }) => answeredUpTo === 2))
  t.end()
})

void t.test('X04: answers that cross, come twice or belong to nobody reach only whom they are for', t => {
  const cluster = new ScriptedCluster({ duplicateShare: 0.5, delayFromMs: 0.1, delayToMs: 8, seed: 3 })
  const client = warmedUp(cluster)
  const server = cluster.server(1)
  server.script = (request, link) => {
    if (request.type === 'Read') {
      server.answer(link, request, 'ok', { requestId: request.requestId + 1, result: bytes('crossed') })
      server.answer(link, request, 'ok', { to: 'status', result: bytes('another kind') })
    }
    if (request.type === 'Write') {
      server.answer(link, request, 'ok', { sessionId: 99, result: bytes('another session') })
      server.answer(link, request, 'ok', { to: 'read', result: bytes('another kind') })
      server.answer(link, request, 'ok', { requestId: request.sequence + 1_000, result: bytes('another number') })
    }
    return false
  }
  const answers: string[] = []
  for (let i = 0; i < 50; i++) {
    const deadlineMs = cluster.clock.now() + 5_000
    client.write(bytes(`w${i}`), deadlineMs, outcome => {
      answers.push(outcome.code === 'ok' ? Buffer.from(outcome.result).toString() : outcome.code)
    })
  }
  client.read(bytes('alone'), { stale: false }, cluster.clock.now() + 5_000, outcome => {
    answers.push(outcome.code === 'ok' ? Buffer.from(outcome.result).toString() : outcome.code)
  })
  cluster.clock.runFor(6_000)
  t.same(answers.sort(), ['alone', ...Array.from({ length: 50 }, (_, i) => `w${i}`)].sort())
  t.end()
})

void t.test('an evicted session: what was sent is unknown, what was not goes on under a new one', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  cluster.evictSessions()
  const outcomes = new Outcomes()
  client.write(bytes('sent'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(100)
  t.same(outcomes.all, ['unknown-outcome'])
  client.write(bytes('later'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(100)
  t.same(outcomes.all, ['unknown-outcome', 'ok later'])
  t.same(cluster.executed, ['100/1:warm-up', '101/1:later'])
  t.end()
})

void t.test('an evicted session: a write that still waits unsent is not unknown', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster, { limits: { outstandingMax: 1 } })
  cluster.evictSessions()
  const outcomes = new Outcomes()
  client.write(bytes('sent'), cluster.clock.now() + 5_000, outcomes.done)
  client.write(bytes('waiting'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(200)
  t.same(outcomes.all, ['unknown-outcome', 'ok waiting'])
  t.end()
})

void t.test('never more than 16,384 numbers above answeredUpTo', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster, { limits: { outstandingMax: 20_000 } })
  const outcomes = new Outcomes()
  cluster.server(1).script = request => request.type === 'Write' && request.sequence === 2
  for (let i = 0; i < 17_000; i++) client.write(bytes(`${i}`), cluster.clock.now() + 4_000, outcomes.done)
  cluster.clock.runFor(3_000)
  const writes = cluster.received('Write')
  t.equal(outcomes.count('ok'), 16_383, 'all but the one that blocks and those beyond the window')
  t.ok(writes.every(({ sequence, answeredUpTo }) => sequence - answeredUpTo <= 16_384))
  cluster.server(1).script = () => false
  cluster.clock.runFor(900)
  t.equal(outcomes.count('ok'), 17_000)
  t.end()
})

void t.test('bounded when nobody answers: beyond the limits writes are refused as busy', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster, { limits: { outstandingMax: 100, waitingMax: 200 } })
  for (const server of cluster.servers) server.script = () => true
  const outcomes = new Outcomes()
  const before = cluster.received('Write').length
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 100; i++) client.write(bytes('x'), cluster.clock.now() + 20_000, outcomes.done)
    cluster.clock.runFor(10)
  }
  t.equal(outcomes.count('busy'), 200, '100 outstanding, 200 waiting, the rest refused')
  const sequences = new Set(
    cluster
      .received('Write')
      .slice(before)
      .map(({ sequence }) => sequence),
  )
  t.ok(sequences.size <= 100)
  const byBytes = cluster.client({ port: 9_001, limits: { waitingBytesMax: 10_000 } })
  for (let i = 0; i < 20; i++) byBytes.write(new Uint8Array(1_000), cluster.clock.now() + 20_000, outcomes.done)
  cluster.clock.runFor(10)
  t.equal(outcomes.count('busy'), 211)
  // Endless silence: what is sent does not grow either.
  const sentBefore = cluster.network.sent.length
  cluster.clock.runFor(10_000)
  t.ok(
    cluster.network.sent.length - sentBefore < 1_000,
    `${cluster.network.sent.length - sentBefore} datagrams in 10 s`,
  )
  t.end()
})

void t.test('1,000 writes of one turn leave in few datagrams', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  const before = cluster.network.sent.filter(({ from }) => from.port === 9_000).length
  for (let i = 0; i < 1_000; i++) client.write(bytes('12345678'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(500)
  t.equal(outcomes.count('ok'), 1_000)
  const datagrams = cluster.network.sent.filter(({ from }) => from.port === 9_000).length - before
  t.ok(datagrams <= 60, `${datagrams} datagrams of 1,200 bytes`)
  t.equal(cluster.received('Write').length, 1_001, 'nothing was repeated')
  t.end()
})

void t.test('busy: the write is repeated after a pause, with the same number', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const server = cluster.server(1)
  let refusals = 4
  server.script = (request, link) => {
    if (request.type !== 'Write' || refusals-- <= 0) return false
    server.answer(link, request, 'busy')
    return true
  }
  const outcomes = new Outcomes()
  const startMs = cluster.clock.now()
  client.write(bytes('b'), startMs + 5_000, outcomes.done)
  cluster.clock.runFor(2_000)
  t.same(outcomes.all, ['ok b'])
  const times = server.received
    .filter(({ request }) => request.type === 'Write')
    .map(({ atMs }) => atMs)
    .slice(1)
  t.equal(times.length, 5)
  const pauses = times.slice(1).map((atMs, i) => atMs - times[i]!)
  t.ok(
    pauses.every((pause, i) => pause >= 10 * 2 ** i),
    `pauses grow: ${pauses.join(' ')}`,
  )
  t.end()
})

void t.test('bad-request is a definite no', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const server = cluster.server(1)
  server.script = (request, link) => {
    server.answer(link, request, 'bad-request')
    return true
  }
  const outcomes = new Outcomes()
  client.write(bytes('b'), cluster.clock.now() + 5_000, outcomes.done)
  client.write(new Uint8Array(commandBytesMax + 1), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(100)
  t.same(outcomes.all, ['bad-request', 'bad-request'])
  t.equal(server.receivedOf('Write').length, 2, 'the one that is too large was not even sent')
  t.end()
})

void t.test('no-space: a definite no where no copy can have been taken, else the write is repeated', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const server = cluster.server(1)
  const codes: ('busy' | 'no-space' | null)[] = []
  server.script = (request, link) => {
    if (request.type !== 'Write') return false
    const code = codes.shift()
    if (code === undefined) return false
    if (code !== null) server.answer(link, request, code)
    return true
  }
  const write = (script: typeof codes): string[] => {
    codes.splice(0, Infinity, ...script)
    const outcomes = new Outcomes()
    client.write(bytes('b'), cluster.clock.now() + 5_000, outcomes.done)
    cluster.clock.runFor(6_000)
    return outcomes.all
  }
  t.same(write(['no-space']), ['no-space'])
  t.same(write(['busy', 'busy', 'no-space']), ['no-space'], 'a busy server has not taken it either')
  t.same(write([null, 'no-space', 'no-space']), ['ok b'], 'of the first copy nothing is known')
  t.same(write([null, ...Array<'no-space'>(100).fill('no-space')]), ['unknown-outcome'])
  t.end()
})

void t.test('regression_a_refusal_for_space_did_not_name_the_server', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const server = cluster.server(1)
  server.script = (request, link) => {
    if (request.type !== 'Write' && request.type !== 'SnapshotRequest') return false
    server.answer(link, request, 'no-space')
    return true
  }
  const ended: string[] = []
  const done = (outcome: RequestOutcome): void => void ended.push(outcome.code === 'ok' ? 'ok' : outcome.why)
  client.write(bytes('b'), cluster.clock.now() + 5_000, done)
  client.snapshot(null, { act: 'hold', lastIncludedIndex: 0, hash: 0, offset: 0 }, cluster.clock.now() + 5_000, done)
  cluster.clock.runFor(1_000)
  t.same(ended, ['the disk of server 1, the leader, is full', 'server 1 has no room on its disk'])
  t.end()
})

void t.test('no-space where a session is to be opened: what waits for it has had no effect', t => {
  const cluster = new ScriptedCluster()
  const server = cluster.server(1)
  let isFull = true
  server.script = (request, link) => {
    if (!isFull || request.type !== 'OpenSession') return false
    server.answer(link, request, 'no-space')
    return true
  }
  const client = cluster.client()
  const outcomes = new Outcomes()
  for (const text of ['a', 'b']) client.write(bytes(text), 5_000, outcomes.done)
  cluster.clock.runFor(100)
  t.same(outcomes.all, ['no-space', 'no-space'])
  isFull = false
  client.write(bytes('c'), 5_000, outcomes.done)
  cluster.clock.runFor(100)
  t.same(outcomes.all, ['no-space', 'no-space', 'ok c'])
  t.same(cluster.executed, ['100/1:c'])
  t.end()
})

void t.test('an Unwelcome: Hello again, and what is pending there is repeated at once', t => {
  const cluster = new ScriptedCluster({}, 1)
  const client = warmedUp(cluster)
  cluster.server(1).kill()
  cluster.server(1).start()
  const outcomes = new Outcomes()
  client.write(bytes('u'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(5)
  t.same(outcomes.all, ['ok u'], 'two more round trips, no timeout')
  t.same(cluster.executed, ['100/1:warm-up', '100/2:u'])
  t.end()
})

void t.test('stale reads leave a server that is silent; a status is asked of its server alone', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  client.read(bytes('s'), { stale: true }, cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(10)
  const asked = cluster.servers.find(server => server.receivedOf('Read').length > 0)!
  asked.kill()
  client.read(bytes('s'), { stale: true }, cluster.clock.now() + 5_000, outcomes.done)
  client.status(asked.address, cluster.clock.now() + 500, outcomes.done)
  client.status(cluster.server(asked.id === 2 ? 3 : 2).address, cluster.clock.now() + 500, outcomes.done)
  cluster.clock.runFor(1_000)
  t.equal(outcomes.count('ok'), 3)
  t.equal(outcomes.count('unavailable'), 1)
  t.end()
})

void t.test('cancel and close end what is pending as a deadline would', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  for (const server of cluster.servers) server.script = () => true
  const outcomes = new Outcomes()
  const write = client.write(bytes('c'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(10)
  client.cancel(write, 'test')
  client.cancel(write, 'test')
  t.same(outcomes.all, ['unknown-outcome'])
  client.cancel(client.write(bytes('d'), cluster.clock.now() + 5_000, outcomes.done), 'test')
  t.same(outcomes.all, ['unknown-outcome', 'unavailable'], 'cancelled in the turn in which it was asked: never sent')
  client.write(bytes('e'), cluster.clock.now() + 5_000, outcomes.done)
  client.read(bytes('f'), { stale: false }, cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(10)
  let closed = false
  client.close(() => (closed = true))
  client.write(bytes('g'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(10)
  t.same(outcomes.all.slice(2).sort(), ['unavailable', 'unavailable', 'unknown-outcome'])
  t.ok(closed)
  t.equal(cluster.clock.nextMs(), Infinity)
  t.end()
})

void t.test('no storm: few messages per operation under 30 % loss and duplicates', t => {
  for (const seed of [1, 2, 3]) {
    const cluster = new ScriptedCluster({ seed })
    const client = warmedUp(cluster)
    cluster.network.options = {
      ...cluster.network.options,
      lossShare: 0.3,
      duplicateShare: 0.3,
      delayFromMs: 0.1,
      delayToMs: 5,
    }
    const outcomes = new Outcomes()
    const before = cluster.received('Write').length
    const operations = 500
    const ask = (): void => {
      if (outcomes.all.length + 8 > operations) return
      client.write(bytes('x'), cluster.clock.now() + 30_000, outcome => {
        outcomes.done(outcome)
        ask()
      })
    }
    for (let i = 0; i < 8; i++) ask()
    cluster.clock.runFor(60_000)
    t.equal(outcomes.count('ok'), outcomes.all.length)
    t.ok(outcomes.all.length >= operations - 8)
    t.equal(cluster.executed.length, outcomes.all.length + 1, 'each executed once')
    const perOperation = (cluster.received('Write').length - before) / operations
    t.ok(perOperation < 4, `${perOperation} copies arrived per write`)
  }
  t.end()
})

void t.test('regression_refusals_do_not_make_the_next_repeat_wait_longer', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  let refusals = 0
  cluster.server(1).script = (request, link) => {
    if (request.type !== 'Write') return false
    cluster.server(1).answer(link, request, 'busy')
    if (++refusals < 4) return true
    // As a leader does that handed over: it refuses for a while, and then is not there.
    cluster.leaderId = 2
    cluster.server(1).script = () => true
    return true
  }
  client.write(bytes('x'), cluster.clock.now() + 10_000, outcomes.done)
  for (let ms = 0; refusals < 4 && ms < 1_000; ms++) cluster.clock.runFor(1)
  t.equal(refusals, 4)
  cluster.clock.runFor(400)
  t.same(outcomes.all, ['ok x'], 'the silence is noticed after one timeout, not after sixteen')
  t.end()
})

void t.test('regression_a_request_that_cannot_be_encoded_stops_no_other', t => {
  const cluster = new ScriptedCluster()
  const client = warmedUp(cluster)
  const outcomes = new Outcomes()
  client.write('x' as unknown as Uint8Array, cluster.clock.now() + 1_000, outcomes.done)
  client.write(bytes('y'), cluster.clock.now() + 1_000, outcomes.done)
  cluster.clock.runFor(500)
  t.same(outcomes.all.toSorted(), ['bad-request', 'ok y'])
  t.end()
})

void t.test('regression_reads_that_wait_keep_no_session_from_being_opened', t => {
  const cluster = new ScriptedCluster()
  const client = cluster.client({ limits: { waitingMax: 2 } })
  const outcomes = new Outcomes()
  for (const name of ['a', 'b']) client.read(bytes(name), { stale: false }, 5_000, outcomes.done)
  client.write(bytes('x'), 5_000, outcomes.done)
  cluster.clock.runFor(1_000)
  t.equal(outcomes.count('ok'), 1 + 2)
  t.same(cluster.executed, ['100/1:x'])
  t.equal(client.pendingCount, 0)
  // What was refused and then withdrawn left a leader that was wanted less than by nobody: none was looked for any more.
  cluster.leaderId = 2
  cluster.server(1).kill()
  client.write(bytes('y'), cluster.clock.now() + 5_000, outcomes.done)
  cluster.clock.runFor(5_000)
  t.same(cluster.executed, ['100/1:x', '100/2:y'])
  t.end()
})
