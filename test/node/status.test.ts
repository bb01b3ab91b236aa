import t from 'tap'
import { Story } from '../support/story.js'

void t.test('a status has the fields that scripts rely on, on a leader with what it knows of its peers', t => {
  const story = new Story()
  t.equal(story.put('a', '1'), 'ok')
  story.settle()
  story.runFor(100)
  const { leaderId } = story
  const status = story.node(leaderId).status()
  t.match(status, {
    id: leaderId,
    address: story.process(leaderId).address.key,
    role: 'leader',
    term: 1,
    leaderId,
    commitIndex: 3,
    lastApplied: 3,
    firstLogIndex: 1,
    lastLogIndex: 3,
    persistedIndex: 3,
    snapshotIndex: 0,
    checkpointIndex: 0,
    checkpointHash: '0',
    revision: 2,
    sessions: 1,
    clients: 1,
    memory: { rssBytes: 0, heapBytes: 0, externalBytes: 0 },
    storage: { spaceAvailable: true, queuedEntries: 0 },
    snapshots: { taking: false, receiving: null, sending: [] },
  })
  t.ok(Number.isInteger(status.uptimeMs) && status.uptimeMs > 0)
  t.equal(status.peers.length, 2)
  for (const peer of status.peers) {
    t.match(peer, { state: 'replicate', matchIndex: 3, nextIndex: 4, retransmissions: 0, datagramBytesMax: 1_200 })
    t.equal(peer.address, story.process(peer.id).address.key)
    t.ok(peer.roundTripMs > 0 && peer.windowBytes > 0)
    t.match(peer.link, {
      waitingBytes: 0,
      reassemblyBytes: 0,
      duplicates: 0,
      drops: {},
      datagramBytesMax: 1_200,
    })
    t.ok(peer.link.lost <= 1, 'the greeting, to one that was not there yet')
    t.ok(peer.silentMs !== null && peer.silentMs <= 100, 'heard since its last heartbeat')
    t.ok(peer.link.roundTripP50Ms > 0 && peer.link.roundTripP99Ms >= peer.link.roundTripP50Ms)
  }
  t.match(status.requests, { answeredFromTable: 0, mismatched: 0, repeatsInLog: 0 })
  t.ok(status.requests.received >= 2, 'a session to open, and a write')
  t.end()
})

void t.test('everything that can pile up is shown with its bound', t => {
  const story = new Story()
  t.equal(story.put('a', '1'), 'ok')
  story.settle()
  story.runFor(100)
  const { plan } = story.cluster
  const { queues, storage } = story.node(story.leaderId).status()
  t.strictSame(queues, {
    uncommittedBytes: { used: 0, max: plan.uncommittedBytesMax },
    unpersistedBytes: { used: 0, max: plan.unpersistedBytesMax },
    heldAppends: { used: 0, max: 256 },
    heldAppendBytes: { used: 0, max: 4 * 2 ** 20 },
    waitingReads: { used: 0, max: 65_536 },
    waitingQueries: { used: 0, max: 65_536 },
    sessions: { used: 1, max: 65_536 },
    sessionResultBytes: { used: queues.sessionResultBytes.used, max: 2 ** 28 },
    reassemblyBytes: { used: 0, max: 64 * 2 ** 20 },
    sendQueueBytes: { used: 0, max: 65_536 },
    clientLinks: { used: 1, max: 4_096 },
    clientWaitingBytes: { used: 0, max: 512 * 2 ** 20 },
  })
  t.ok(queues.sessionResultBytes.used > 64, 'the result of the put')
  t.equal(storage.queuedEntries, 0)
  t.end()
})

void t.test('a follower says who leads and shows the paths to its peers', t => {
  const story = new Story()
  const leaderId = story.elect()
  story.runFor(200)
  const [id] = story.others(leaderId) as [number]
  const status = story.node(id).status()
  t.match(status, { id, role: 'follower', leaderId, term: 1 })
  t.strictSame(
    status.peers.map(peer => peer.id),
    story.others(id),
  )
  t.notOk(status.peers.some(peer => 'matchIndex' in peer))
  t.end()
})

void t.test('clients get it as JSON from every server, led or not', t => {
  const story = new Story({ start: [2] })
  story.runFor(300)
  const raw = story.rawClient()
  raw.greet(2)
  const answer = raw.call(2, { type: 'StatusRequest', requestId: 4 })
  t.match(answer, { to: 'status', requestId: 4, code: 'ok' })
  const status = JSON.parse(new TextDecoder().decode(answer.result)) as object
  t.match(status, { id: 2, role: 'pre-candidate', leaderId: 0, term: 0, transport: { drops: {} } })
  t.match(status, { peers: [{ silentMs: null }, { silentMs: null }] }, 'nobody else was ever heard')
  t.end()
})
