import t from 'tap'
import { Cluster } from './rig.js'

void t.test('a status has the fields that scripts rely on, on a leader with what it knows of its peers', t => {
  const cluster = new Cluster()
  t.equal(cluster.client().put('a', '1'), 'ok')
  t.ok(cluster.runUntil(() => cluster.isSettled))
  const leader = cluster.leader!
  const status = cluster.statusOf(leader.id)!
  t.match(status, {
    id: leader.id,
    address: leader.address.key,
    role: 'leader',
    term: 1,
    leaderId: leader.id,
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
  })
  t.ok(Number.isInteger(status.uptimeMs) && status.uptimeMs > 0)
  t.equal(status.peers.length, 2)
  for (const peer of status.peers) {
    t.match(peer, { state: 'replicate', matchIndex: 3, nextIndex: 4, retransmissions: 0, datagramBytesMax: 1_200 })
    t.equal(peer.address, cluster.server(peer.id).address.key)
    t.ok(peer.roundTripMs > 0 && peer.windowBytes > 0)
  }
  t.end()
})

void t.test('a follower says who leads and shows the paths to its peers', t => {
  const cluster = new Cluster()
  const leader = cluster.elect()
  cluster.runFor(200)
  const { id } = cluster.followers()[0]!
  const status = cluster.statusOf(id)!
  t.match(status, { id, role: 'follower', leaderId: leader.id, term: 1 })
  t.strictSame(
    status.peers.map(peer => peer.id),
    cluster.servers.map(server => server.id).filter(other => other !== id),
  )
  t.notOk(status.peers.some(peer => 'matchIndex' in peer))
  t.end()
})

void t.test('clients get it as JSON from every server, led or not', t => {
  const cluster = new Cluster({ start: [2] })
  cluster.runFor(300)
  const raw = cluster.rawClient()
  raw.greet(2)
  const answer = raw.call(2, { type: 'StatusRequest', requestId: 4 })
  t.match(answer, { to: 'status', requestId: 4, code: 'ok' })
  const status = JSON.parse(new TextDecoder().decode(answer!.result)) as object
  t.match(status, { id: 2, role: 'pre-candidate', leaderId: 0, term: 0, transport: { drops: {} } })
  t.end()
})
