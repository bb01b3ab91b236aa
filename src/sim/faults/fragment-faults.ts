/**
 * Reassembly under attack (U08, Z09): fragments that a stranger made up, and true ones of the past. Nobody can forge what
 * a living boot says without seeing its datagrams, so strangers speak with the id of a peer and a boot of their own, or as
 * a client that has proven its address.
 */
import { Prng } from '../../base/prng.js'
import { viewOf } from '../../../codec/cursor.js'
import { envelopeBytes, readEnvelope, writeEnvelope, type Envelope } from '../../../codec/envelope.js'
import { fragmentMessageBytes, fragmentType } from '../../../codec/fragment.js'
import { fragmentsMax } from '../../../codec/limits.js'
import { encodeMessage } from '../../../codec/messages.js'
import { stepKinds } from '../clock.js'
import type { SimCluster } from '../cluster.js'
import { clusterIdTo } from '../../transport/addressee.js'
import { clusterId } from '../server-process.js'
import { anyServer, sometime, usualShare, type FaultKind } from './fault-kind.js'

/** True datagrams with fragments that are kept to be sent again. */
const recordedMax = 64

/** Type byte of the first message of a datagram. */
const firstTypeAt = envelopeBytes

/** `amount` datagrams, made up or said again, to one server. */
const forgedFragments: FaultKind = {
  name: 'forged fragments',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: sometime(prng, timeoutMs),
    servers: [anyServer(prng, size)],
    amount: 20 + prng.below(100),
  }),
  begin: (cluster, { servers: [id], amount, atMs, forMs }) => {
    const { kernel, network, plan } = cluster
    const attack = new Attack(cluster, id!, new Prng(plan.seed, Math.floor(atMs) + 1))
    network.recorders.add(attack.record)
    for (let i = 0; i < amount; i++) {
      kernel.at(kernel.nowMs + attack.prng.between(0, forMs), null, stepKinds.plan, () => attack.go())
    }
    return () => {
      attack.isOver = true
      network.recorders.delete(attack.record)
    }
  },
  describe: ({ servers: [id], amount }) => `${amount} forged and late fragments for s${id}`,
}

class Attack {
  readonly prng: Prng
  isOver = false
  private readonly cluster: SimCluster
  private readonly id: number
  private readonly bootNonce: number
  private packetNumber = 0
  private readonly recorded: { readonly bytes: Uint8Array; readonly from: number; readonly to: number }[] = []
  /** The last request that the server got from a client: whose token it knows. */
  private request: { readonly envelope: Envelope; readonly from: number } | null = null

  constructor(cluster: SimCluster, id: number, prng: Prng) {
    this.cluster = cluster
    this.id = id
    this.prng = prng
    this.bootNonce = prng.id()
  }

  /** Looks at a datagram that is sent. */
  readonly record = (from: number, to: number, bytes: Uint8Array): void => {
    if (bytes[firstTypeAt] === fragmentType && this.recorded.length < recordedMax) {
      this.recorded.push({ bytes: bytes.slice(), from, to })
    }
    if (to !== this.id || from <= this.cluster.plan.servers || this.request !== null) return
    const envelope = readEnvelope(bytes)
    if (typeof envelope !== 'string' && envelope.incarnation !== 0) this.request = { envelope, from }
  }

  go(): void {
    if (this.isOver) return
    const { cluster, prng, recorded, request } = this
    const kind = prng.below(3)
    const late = recorded.length === 0 ? undefined : recorded[prng.below(recorded.length)]
    if (kind === 0 && late !== undefined) {
      cluster.tally.add('fragment: said again')
      return this.inject(late.bytes, late.from, late.to)
    }
    if (kind === 1 && request !== null) {
      cluster.tally.add('fragment: forged with a token')
      return this.forge({ ...request.envelope }, request.from)
    }
    const { servers } = cluster.plan
    const peer = servers === 1 ? 1 : 1 + (this.id % servers)
    this.forge(
      { kind: 'peer', clusterId: clusterIdTo(this.id, clusterId), sender: peer, incarnation: peer } as Envelope,
      peer,
    )
  }

  /** A fragment that begins a message, contradicts one, or claims to be one of thousands. */
  private forge(from: Envelope, lane: number): void {
    const { prng } = this
    this.cluster.tally.add('fragment: forged')
    const count = [2, 3, 50, fragmentsMax][prng.below(4)]!
    const message = {
      type: 'Fragment' as const,
      // Often one of the same few messages: pieces of many counts meet.
      messageId: prng.below(3) === 0 ? 1 + prng.below(4) : ++this.packetNumber + 100,
      count,
      index: prng.below(3) === 0 ? 0 : prng.below(count),
      bytes: new Uint8Array(1 + prng.below(1_000)).fill(prng.below(256)),
    }
    const bytes = new Uint8Array(envelopeBytes + fragmentMessageBytes(message))
    const view = viewOf(bytes)
    encodeMessage(message, bytes, view, envelopeBytes)
    const envelope: Envelope = {
      ...from,
      bootNonce: this.bootNonce,
      packetNumber: ++this.packetNumber,
      asksForAcknowledgement: 'soon',
      isFollowed: prng.below(2) === 1,
      ackedPacketNumber: 0,
      ackedBitsLow: 0,
      ackedBitsHigh: 0,
      receiveWindowBytes: prng.uint32(),
    }
    writeEnvelope(bytes, view, envelope, bytes.length)
    this.inject(bytes, lane, this.id)
  }

  private inject(bytes: Uint8Array, from: number, to: number): void {
    const { cluster } = this
    cluster.network.inject(bytes, cluster.addressOfLane(from), cluster.addressOfLane(to), from)
  }
}

export const fragmentFaults: readonly FaultKind[] = [forgedFragments]
