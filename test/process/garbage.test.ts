/**
 * Thousands of datagrams that nobody should send: noise, and real ones cut short, damaged, prolonged, of another version or
 * another cluster, or sent once more; to the servers themselves and as if from one server to another.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { freePorts, loopback } from '../../bin/local-cluster.js'
import { viewOf } from '../../codec/cursor.js'
import { envelopeBytes, formatVersion, readEnvelope, writeEnvelope } from '../../codec/envelope.js'
import { Prng } from '../../src/base/prng.js'
import { sleep } from './program.js'
import { Cluster, Ledger, Workload } from './rig.js'
import { Wire } from './wire.js'

/** In each of so many rounds each kind of garbage is sent once to somebody. */
const rounds = 3_000
const roundsAtOnce = 10
const versionAt = 4

type Kind = (captured: Uint8Array, prng: Prng) => Uint8Array

const kinds: Readonly<Record<string, Kind>> = {
  noise: (_, prng) => noise(prng.below(1_500), prng),
  short: (captured, prng) => captured.subarray(0, prng.below(captured.length)),
  long: (captured, prng) => joined(captured, noise(20, prng)),
  damaged(captured, prng) {
    const bytes = captured.slice()
    bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8)
    return bytes
  },
  otherVersion(captured) {
    const bytes = captured.slice()
    bytes[versionAt] = formatVersion + 1
    return bytes
  },
  otherCluster(captured) {
    const bytes = captured.slice()
    const envelope = readEnvelope(bytes)
    if (typeof envelope === 'string') throw new Error(`a real datagram is refused as ${envelope}`)
    writeEnvelope(bytes, viewOf(bytes), { ...envelope, clusterId: envelope.clusterId + 1 }, bytes.length)
    return bytes
  },
  /** Its checksum is right, and nothing that it says makes sense. */
  nonsense(captured, prng) {
    const bytes = joined(captured.slice(0, envelopeBytes), noise(prng.below(200), prng))
    const envelope = readEnvelope(captured)
    if (typeof envelope === 'string') throw new Error(`a real datagram is refused as ${envelope}`)
    writeEnvelope(bytes, viewOf(bytes), { ...envelope, kind: 'request', sender: 0 }, bytes.length)
    return bytes
  },
  replayed: captured => captured,
}

void t.test('garbage is dropped and counted, answered with less than it brought, and harms nobody', async t => {
  const prng = new Prng(1)
  const ports = await freePorts(3)
  const wire = await Wire.between(t, ports)
  const cluster = await Cluster.start(t, {
    addresses: wire.addresses,
    listen: ports.map(port => `${loopback}:${port}`),
  })
  await cluster.leader()
  const workload = await Workload.start(cluster)
  const ledger = new Ledger(cluster)
  await sleep(1_000)

  const stranger = createSocket('udp4')
  t.teardown(() => stranger.close())
  stranger.bind(0, loopback)
  await once(stranger, 'listening')
  let bytesSent = 0
  let bytesAnswered = 0
  stranger.on('message', answer => (bytesAnswered += answer.length))
  for (let round = 0; round < rounds; round++) {
    for (const kind of Object.values(kinds)) {
      const { from, to, bytes } = wire.captured[prng.below(wire.captured.length)]!
      const garbage = kind(bytes, prng)
      if (from > 0 && prng.below(2) === 0) {
        wire.forge(garbage, from, to)
      } else {
        stranger.send(garbage, ports[to - 1], loopback)
        bytesSent += garbage.length
      }
    }
    if (round % roundsAtOnce === 0) await sleep(1)
  }

  t.same((await ledger.close()).lost, [], 'nothing that was acknowledged is lost')
  const reports = await cluster.reports()
  t.ok((await workload.judge()) > 0, 'clients were answered')
  t.ok(bytesAnswered < bytesSent, `${bytesAnswered} bytes came back for ${bytesSent}`)
  for (const id of cluster.ids) t.notOk(cluster.server(id).hasEnded, `server ${id} runs`)
  const reasons = new Set(reports.flatMap(({ transport }) => Object.keys(transport.drops)))
  for (const reason of ['too-short', 'bad-magic', 'other-version', 'other-cluster', 'bad-checksum', 'replayed']) {
    t.ok(reasons.has(reason), `${reason} was counted`)
  }
})

function noise(length: number, prng: Prng): Uint8Array {
  return Uint8Array.from({ length }, () => prng.below(256))
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
