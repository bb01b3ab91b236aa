/**
 * A seed's own mix (swarm testing: Groce et al., ISSTA 2012): cluster size, timeouts, load, which kinds of fault happen at
 * all, and how often. A seed in which only two kinds happen digs deeper than one in which everything does.
 */
import { Prng } from '../base/prng.js'
import { isRare, needsSnapshots } from './crash-points.js'
import { faultKinds } from './faults/faults.js'
import type { LinkQuality } from './network.js'
import { perfectLinks } from './network.js'
import type { Load, PlannedFault, SimPlan } from './plan.js'

/** What is decided by whoever asks, instead of by the seed. */
export interface PlanWishes {
  readonly servers?: number | undefined
  /** Of the whole run before progress is demanded, in simulated ms. */
  readonly durationMs?: number | undefined
  /** Nothing goes wrong at all. */
  readonly calm?: boolean | undefined
  readonly lyingDisks?: boolean | undefined
}

export const defaultDurationMs = 60_000

/** While servers start for the first time, and make their directories. */
const firstStartMs = 10

/** In one datagram of a small path it would not fit. */
export const largeBytesLeast = 2_000

/** A segment holds a batch with the largest entry: a cas of two large values. */
export function segmentBytesLeast(largeBytes: number): number {
  return 4_096 * Math.ceil((2 * largeBytes + 4_096) / 4_096)
}

export function drawPlan(seed: number, wishes: PlanWishes = {}): SimPlan {
  const prng = new Prng(seed, 0x91a4)
  const drawnSize = [1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 5, 6, 7][prng.below(13)]!
  const servers = wishes.servers ?? drawnSize
  const healedMs = wishes.durationMs ?? defaultDurationMs
  const isFar = prng.below(6) === 0
  // Slower than on a real LAN: what happens is the same, and more of it fits an hour.
  const heartbeatMs = isFar ? prng.between(150, 400) : prng.between(60, 250)
  const electionTimeoutMs = heartbeatMs * prng.between(3, 6)
  const links = wishes.calm === true ? perfectLinks : drawLinks(prng, isFar)
  const load = drawLoad(prng, electionTimeoutMs, links.bytesPerMs)
  const turnMs = prng.between(0.01, 0.1)
  const diskFromMs = prng.between(0.05, 0.3)
  const diskToMs = diskFromMs + (prng.below(4) === 0 ? prng.between(0, 20) : prng.between(0, 1.5))
  const smallSegmentBytes = [4_096, 4_096, 8_192, 32_768][prng.below(4)]!
  const drawnSnapshotBytes = [600, 1_500, 1_500, 4_000, 12_000, 1_000_000_000][prng.below(6)]!
  const datagramSizes = [[1_200], [1_200, 1_472, 8_972], [1_472], [1_200, 8_972]][prng.below(4)]!
  const [uncommittedBytesMax, unpersistedBytesMax] = [0, 1].map(() =>
    prng.below(3) === 0 ? 2_000 + prng.below(20_000) : 1_000_000,
  ) as [number, number]
  const receiveBufferBytes = prng.below(5) === 0 ? 26_000 : 425_984
  const drifts = prng.below(4) === 0 && wishes.calm !== true
  const clockRates = Array.from({ length: servers }, () => (drifts ? prng.between(0.75, 1.25) : 1))
  const faults = wishes.calm === true ? [] : drawFaults(prng, servers, healedMs, electionTimeoutMs)
  // What is to go wrong with snapshots needs some, and with segments, segments that come to an end.
  const needsMany = faults.some(({ kind, point }) => kind === 'left behind' || needsSnapshots(point))
  const snapshotEveryBytes = needsMany ? Math.min(drawnSnapshotBytes, 1_500) : drawnSnapshotBytes
  const usualSegmentBytes = faults.some(({ point }) => isRare(point)) ? 4_096 : smallSegmentBytes
  const segmentBytes = load.largeShare === 0 ? usualSegmentBytes : segmentBytesLeast(load.largeBytes)
  return {
    seed,
    servers,
    load,
    healedMs,
    heartbeatMs,
    electionTimeoutMs,
    clockRates,
    turnMs,
    diskFromMs,
    diskToMs,
    segmentBytes,
    snapshotEveryBytes,
    datagramSizes,
    uncommittedBytesMax,
    unpersistedBytesMax,
    receiveBufferBytes,
    links,
    faults,
    lyingDisks: wishes.lyingDisks ?? false,
  }
}

/** Each kind of bad weather comes in a third of the runs. */
function drawLinks(prng: Prng, isFar: boolean): LinkQuality {
  const share = (most: number): number => (prng.below(3) === 0 ? prng.between(0, most) : 0)
  const delayFromMs = isFar ? prng.between(2, 15) : prng.between(0.02, 0.2)
  const hasJitter = prng.below(3) === 0
  return {
    lossShare: share(0.3),
    burstEnterShare: share(0.02),
    burstLeaveShare: prng.between(0.02, 0.3),
    burstLossShare: prng.between(0.5, 1),
    duplicateShare: share(0.5),
    reorderShare: share(0.3),
    reorderMs: prng.between(1, 30),
    corruptShare: share(0.05),
    lateShare: share(0.01),
    lateMs: prng.between(500, 20_000),
    delayFromMs,
    delayToMs: delayFromMs + (hasJitter ? prng.between(1, 15) : prng.between(0.05, 0.5)),
    tailShare: share(0.05),
    bytesPerMs: prng.below(6) === 0 ? prng.between(8, 80) : 0,
    queueBytes: prng.between(1_600, 16_000),
    datagramBytesMax: [0, 0, 1_472, 1_473 + prng.below(8_000)][prng.below(4)]!,
    delaySpread: share(4),
  }
}

function drawLoad(prng: Prng, electionTimeoutMs: number, bytesPerMs: number): Load {
  return {
    clients: 1 + prng.below(3),
    keys: 1 + prng.below(5),
    outstanding: 1 + prng.below(2),
    pauseMs: prng.below(8) === 0 ? prng.between(10, 60) : prng.between(150, 900),
    valueBytes: prng.below(4) === 0 ? prng.below(700) : 16,
    largeShare: prng.below(4) === 0 ? prng.between(0.03, 0.15) : 0,
    // A slow link takes its time for each.
    largeBytes: largeBytesLeast + prng.below(bytesPerMs === 0 ? 58_000 : Math.ceil(50 * bytesPerMs)),
    timeoutMs: electionTimeoutMs * prng.between(2, 12),
    putShare: prng.between(0.2, 0.5),
    casShare: prng.between(0, 0.25),
    deleteShare: prng.between(0, 0.2),
  }
}

function drawFaults(prng: Prng, size: number, healedMs: number, timeoutMs: number): PlannedFault[] {
  const kinds = faultKinds.filter(({ weight }) => prng.fraction() < weight)
  if (kinds.length === 0 || prng.below(12) === 0) return []
  const meanGapMs = timeoutMs * prng.between(0.7, 7)
  const faults: PlannedFault[] = []
  // Some from the very start: directories are made then.
  let atMs = prng.below(2) === 0 ? 0 : prng.between(0, 2 * meanGapMs)
  while (atMs < healedMs) {
    const kind = kinds[prng.below(kinds.length)]!
    const drawn = kind.draw(prng, size, timeoutMs, atMs === 0)
    // What befalls a process needs one: at the very beginning there are only points to be met.
    if (atMs === 0 && kind.name !== 'crash point') atMs = prng.between(0, firstStartMs)
    if (drawn !== null) faults.push({ kind: kind.name, atMs, servers: [], amount: 0, point: '', ...drawn })
    atMs += prng.between(0, 2 * meanGapMs)
  }
  return faults
}
