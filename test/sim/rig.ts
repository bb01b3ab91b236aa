/** Parts of the simulator, set up for its own tests: plans in which nothing goes wrong, small networks, finished runs. */
import { Prng } from '../../src/base/prng.js'
import { SimClock } from '../../src/sim/clock.js'
import type { SimCluster } from '../../src/sim/cluster.js'
import { drawPlan } from '../../src/sim/draw-plan.js'
import { Kernel, Life } from '../../src/sim/kernel.js'
import type { LinkQuality, NetworkWatch } from '../../src/sim/network.js'
import { perfectLinks, SimNetwork } from '../../src/sim/network.js'
import type { PlannedFault, SimPlan } from '../../src/sim/plan.js'
import type { RunResult } from '../../src/sim/run.js'
import { runPlan } from '../../src/sim/run.js'
import { SimSocket } from '../../src/sim/socket.js'
import { Tally } from '../../src/sim/tally.js'
import type { TraceEvent } from '../../src/sim/trace.js'
import { endOfTrace, writeTrace } from '../../src/sim/trace-writer.js'
import { parseAddress } from '../../src/transport/address.js'

/** Nothing goes wrong but what `faults` say; one client asks often. */
export function calmPlan(seed: number, some: Partial<SimPlan> = {}): SimPlan {
  const plan = drawPlan(seed, { servers: some.servers ?? 3, calm: true, durationMs: some.healedMs ?? 5_000 })
  const load = { ...plan.load, clients: 1, outstanding: 1, pauseMs: 50, largeShare: 0 }
  return { ...plan, load, heartbeatMs: 60, electionTimeoutMs: 300, diskFromMs: 0.1, diskToMs: 0.5, ...some }
}

export function faultOf(kind: string, some: Partial<PlannedFault> = {}): PlannedFault {
  return { kind, atMs: 1_500, forMs: 1_000, servers: [], amount: 0, point: '', ...some }
}

/** A run in which disks that lie forget what was committed, and a leader is elected without it. */
export function forgetfulPlan(changed: (plan: SimPlan) => SimPlan = plan => plan): RunResult {
  for (let seed = 1; seed < 200; seed++) {
    const atMs = 200 + 10 * seed
    const faults = [
      faultOf('crash', { atMs, forMs: 100, servers: [1] }),
      faultOf('crash', { atMs: atMs + 110, forMs: 50, servers: [2] }),
    ]
    const plan = calmPlan(seed, { lyingDisks: true, healedMs: 3_000, faults })
    const result = runPlan(changed({ ...plan, load: { ...plan.load, pauseMs: 20 } }))
    if (result.invariant === 'Leader Completeness') return result
  }
  throw new Error('disks lie and nobody notices')
}

/** Runs a plan with all its events. */
export function traced(plan: SimPlan, attach: (cluster: SimCluster) => void = () => undefined) {
  const events: TraceEvent[] = []
  const sink = (event: TraceEvent): void => void events.push(event)
  const result = runPlan(plan, cluster => {
    writeTrace(cluster, sink)
    attach(cluster)
  })
  endOfTrace(result, sink)
  return { result, events }
}

/** What a test says of a run that should have passed. */
export function verdictOf({ outcome, message }: RunResult): string {
  return outcome === 'passed' ? outcome : `${outcome}: ${message}`
}

export function addressOf(lane: number) {
  return parseAddress(`10.0.0.${lane}:7400`)!
}

/** A kernel with a network, and a socket for each lane that is asked for. */
export class NetworkBench {
  readonly kernel = new Kernel()
  readonly tally = new Tally()
  readonly network: SimNetwork
  /** What the watch was told, in the order told. */
  readonly told: string[] = []

  constructor(quality: Partial<LinkQuality> = {}, seed = 1) {
    this.network = new SimNetwork(this.kernel, new Prng(seed), this.tally, { ...perfectLinks, ...quality })
    const watch: NetworkWatch = {
      sent: (from, to, datagram) => this.told.push(`sent ${from} ${to} ${datagram}`),
      delivered: (from, to, datagram, cause) => this.told.push(`delivered ${from} ${to} ${datagram} of ${cause}`),
      lost: (from, to, datagram, why) => this.told.push(`lost ${from} ${to} ${datagram} ${why}`),
      mangled: (to, datagram, how) => this.told.push(`mangled ${to} ${datagram} ${how}`),
    }
    this.network.watch = watch
  }

  open(lane: number, turnMs = 0.1) {
    const life = new Life(lane)
    const clock = new SimClock(this.kernel, life, { rate: 1, offsetMs: 0, turnMs })
    this.network.place(lane, addressOf(lane))
    const socket = new SimSocket(this.kernel, this.network, life, clock, addressOf(lane))
    return { life, clock, socket }
  }

  /** Sends `count` numbered datagrams from lane 1 to lane 2, one each ms, and lets them travel. What arrived, and when. */
  talk(count: number) {
    const { socket } = this.open(1)
    const other = this.open(2).socket
    const arrivals: { readonly number: number; readonly tookMs: number; readonly bytes: Uint8Array }[] = []
    other.onDatagram = bytes => {
      const number = bytes[0]! + 256 * bytes[1]!
      arrivals.push({ number, tookMs: this.kernel.nowMs - number, bytes: bytes.slice() })
    }
    for (let i = 0; i < count; i++) {
      this.kernel.runUntil(i)
      socket.send(numbered(i), other.address)
    }
    this.kernel.runUntil(count + 60_000)
    return arrivals
  }
}

/** 40 bytes: a number, and 77 from there on. */
export function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(40).fill(77)
  bytes[0] = number & 255
  bytes[1] = number >>> 8
  return bytes
}
