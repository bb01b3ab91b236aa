/** Each kind of fault by itself, in clusters of 1, 3 and 5 servers: it happens, it is seen, and nothing is broken by it. */
import t from 'tap'
import { Prng } from '../../../src/base/prng.js'
import {
  crashPoints,
  firstStartPoints,
  laterPoints,
  needsSnapshots,
  needsTransfer,
} from '../../../src/sim/crash-points.js'
import { faultKind, faultKinds } from '../../../src/sim/faults/faults.js'
import type { PlannedFault, SimPlan } from '../../../src/sim/plan.js'
import type { RunResult } from '../../../src/sim/run.js'
import { runPlan } from '../../../src/sim/run.js'
import type { TraceEvent } from '../../../src/sim/trace.js'
import { calmPlan, faultOf, traced, verdictOf } from '../rig.js'

type Happened = (result: RunResult, events: readonly TraceEvent[], fault: PlannedFault) => boolean

const counted =
  (name: string, least = 1): Happened =>
  ({ counts }) =>
    (counts[name] ?? 0) >= least

const told =
  (kind: TraceEvent['kind'], least = 1): Happened =>
  (_result, events) =>
    events.filter(event => event.kind === kind).length >= least

/** While it lasts no operation of its disk ends. */
const diskIsStill: Happened = (_result, events, { atMs, forMs, servers: [id] }) =>
  events.every(
    ({ kind, at, ...event }) =>
      kind !== 'disk' || at <= atMs + 1 || at >= atMs + forMs || (event as { lane?: string }).lane !== `s${id}`,
  ) && events.some(({ kind, at }) => kind === 'disk' && at >= atMs + forMs)

/** What shows that it really happened. */
const effects: Record<string, Happened> = {
  partition: counted('lost: cut', 3),
  'leader isolated': counted('lost: cut', 3),
  'mute server': counted('lost: cut', 3),
  'deaf server': counted('lost: cut', 3),
  'one-way cut': counted('lost: cut', 3),
  star: counted('lost: cut', 3),
  chain: counted('lost: cut', 3),
  'flapping link': counted('lost: cut', 3),
  'clients cut off': counted('lost: cut'),
  blackout: counted('lost: cut', 3),
  'black hole': counted('lost: size', 3),
  garbage: counted('datagram: forged', 20),
  'forged fragments': counted('fragment: forged', 20),
  crash: counted('server: crash'),
  kill: counted('server: kill'),
  'leader killed': (result, events) =>
    counted('server: kill')(result, events, faultOf('')) && told('kill')(result, events, faultOf('')),
  'some crash': counted('server: crash'),
  'all crash': ({ counts, plan }) => counts['server: crash'] === plan.servers,
  'crash loop': counted('server: crash', 2),
  'clean stop': counted('server: stop'),
  pause: (result, events) => told('pause')(result, events, faultOf('')) && told('resume')(result, events, faultOf('')),
  'leader paused': told('resume'),
  'slow event loop': () => true,
  'client killed': (_result, events) => events.some(event => event.kind === 'kill' && event.lane.startsWith('c')),
  'crash point': counted('crash: during batch'),
  'slow disk': () => true,
  'stalled disk': diskIsStill,
  'full disk': counted('disk: ENOSPC'),
  'failing disk': counted('disk: EIO'),
  'bit rot': counted('disk: bit flipped'),
  wipe: counted('disk: lost'),
  'left behind': (result, events) =>
    counted('server: left behind')(result, events, faultOf('')) && (result.counts['snapshot: pieces sent'] ?? 0) > 0,
}

const amounts: Record<string, number> = {
  'black hole': 150,
  garbage: 40,
  'forged fragments': 40,
  'crash loop': 5,
  'flapping link': 80,
  'slow event loop': 120,
  'slow disk': 40,
  'bit rot': 3,
}

function calm(servers: number): SimPlan {
  const plan = calmPlan(7, { servers, healedMs: 3_500, segmentBytes: 4_096, snapshotEveryBytes: 1_500 })
  return { ...plan, load: { ...plan.load, pauseMs: 25, clients: 2 } }
}

/** Of links between followers nobody would notice that they are cut. */
function befallen(kind: string, size: number, servers: readonly number[]): readonly number[] {
  if (kind === 'clients cut off') return Array.from({ length: size }, (_, i) => i + 1)
  if (kind !== 'one-way cut') return servers
  let leader = 0
  const plan = calm(size)
  runPlan(plan, cluster => void cluster.kernel.at(1_400, null, 0, () => (leader = cluster.leader!.id)))
  return [leader, 1 + (leader % size)]
}

void t.test('every kind has a test of its effect here', t => {
  t.same(Object.keys(effects).sort(), faultKinds.map(({ name }) => name).sort())
  t.throws(() => faultKind('earthquake'), /no fault called 'earthquake'/)
  t.end()
})

for (const kind of faultKinds) {
  void t.test(kind.name, t => {
    for (const size of [1, 3, 5]) {
      const drawn = kind.draw(new Prng(size), size, 300, false)
      if (drawn === null) {
        t.ok(size < 5, `makes no sense with ${size}`)
        continue
      }
      const some = { ...drawn, forMs: kind.name === 'bit rot' || kind.name === 'client killed' ? 0 : 1_000 }
      if (kind.name === 'left behind') some.forMs = 2_000
      const amount = kind.name === 'leader killed' || kind.name === 'crash point' ? 0 : amounts[kind.name]
      const servers = befallen(kind.name, size, some.servers ?? [])
      const fault = faultOf(kind.name, { ...some, servers, amount: amount ?? some.amount ?? 0, point: 'during batch' })
      // Who is away for less than a second gets what the links still hold for it, and needs no snapshot.
      const snapshotEveryBytes = kind.name === 'left behind' ? 6_000 : calm(size).snapshotEveryBytes
      const { result, events } = traced({ ...calm(size), snapshotEveryBytes, faults: [fault] })
      t.equal(verdictOf(result), 'passed', `with ${size}`)
      t.equal(result.counts[`fault: ${kind.name}`], 1)
      t.ok(effects[kind.name]!(result, events, fault), `it shows with ${size}`)
      const news = events.filter(event => event.kind === 'fault')
      t.ok(news.some(event => event.what === kind.describe(fault)))
      if (fault.forMs > 0) t.ok(news.some(event => event.what.startsWith('mended: ')))
    }
    t.end()
  })
}

void t.test('a slow event loop and a slow disk make answers late', t => {
  const lateness = (kind: string, amount: number): number => {
    const plan = calmPlan(3, { servers: 1, faults: amount === 0 ? [] : [faultOf(kind, { servers: [1], amount })] })
    const { events } = traced(plan)
    const asked = new Map(events.flatMap(event => (event.kind === 'invoke' ? [[event.operation, event.at]] : [])))
    const times = events.flatMap(event =>
      event.kind === 'answer' && event.at > 1_500 && event.at < 2_500 && event.what.startsWith('put')
        ? [event.at - asked.get(event.operation)!]
        : [],
    )
    return Math.min(...times)
  }
  const usual = lateness('slow disk', 0)
  t.ok(usual < 5, String(usual))
  t.ok(lateness('slow event loop', 30) >= 30)
  t.ok(lateness('slow disk', 100) >= 10)
  t.end()
})

void t.test('the power goes at every named point of the work of a disk, and the server comes back', t => {
  const met = new Set<string>()
  const runs = [
    ...laterPoints.map(point => ({ point, atMs: 1_500 })),
    ...firstStartPoints.map(point => ({ point, atMs: 0 })),
  ]
  for (const [seed, { point, atMs }] of runs.entries()) {
    // Whoever is sent a snapshot was away first, and where there are no snapshots no segment is used again.
    const isSent = needsTransfer(point)
    const faults = [faultOf('crash point', { atMs, forMs: isSent ? 4_000 : 1_200, servers: [1], point })]
    if (!isSent) faults.push(faultOf('kill', { atMs: 1_800, forMs: 50, servers: [1] }))
    const some = {
      servers: isSent ? 3 : 1,
      healedMs: isSent ? 6_000 : 3_000,
      segmentBytes: 4_096,
      snapshotEveryBytes: needsSnapshots(point) ? 600 : 1_000_000,
      faults,
    }
    // Entries that the transport still repeats may bring a server up to date that was away: then nothing is installed.
    let result: RunResult | null = null
    for (let i = 0; i < 8 && result?.counts[`crash: ${point}`] !== 1; i++) {
      const plan = calmPlan(seed + 100 * i, some)
      result = runPlan({ ...plan, load: { ...plan.load, pauseMs: 25 } })
      t.equal(verdictOf(result), 'passed', point)
      if (!isSent) break
    }
    t.equal(result!.counts[`crash: ${point}`], 1, point)
    met.add(point)
  }
  t.same([...met].sort(), [...crashPoints].sort())
  t.end()
})

void t.test('faults at the very start are there before the servers, and the end mends what lasts', t => {
  const faults = [
    faultOf('partition', { atMs: 0, forMs: 1e6, servers: [1] }),
    faultOf('pause', { atMs: 1_000, forMs: 1e6, servers: [2] }),
    faultOf('full disk', { atMs: 1_000, forMs: 1e6, servers: [3] }),
    faultOf('crash', { atMs: 1_000, forMs: 1e6, servers: [1] }),
  ]
  const { result, events } = traced(calmPlan(5, { faults }))
  t.equal(verdictOf(result), 'passed')
  const firstFault = events.findIndex(({ kind }) => kind === 'fault')
  const firstStart = events.findIndex(event => event.kind === 'start' && event.lane === 's1')
  t.ok(firstFault >= 0 && firstFault < firstStart)
  t.ok(events.some(event => event.kind === 'fault' && event.what === 'everything is mended'))
  t.end()
})

void t.test('regression_a_start_that_met_the_end_of_the_room_is_no_failure_when_there_is_room_by_then', t => {
  for (let aheadMs = 0.2; aheadMs < 5; aheadMs += 0.2) {
    const faults = [
      faultOf('full disk', { atMs: 0, forMs: 2_000, servers: [1] }),
      faultOf('crash', { atMs: 1_000, forMs: 1_000 - aheadMs, servers: [1] }),
    ]
    const result = runPlan(calmPlan(1, { servers: 1, faults }))
    if (verdictOf(result) !== 'passed') t.fail(`${aheadMs.toFixed(1)} ms ahead: ${verdictOf(result)}`)
  }
  t.pass()
  t.end()
})

void t.test('a kind draws only what fits the cluster', t => {
  for (const kind of faultKinds) {
    for (let seed = 0; seed < 200; seed++) {
      const size = 1 + (seed % 7)
      const drawn = kind.draw(new Prng(seed), size, 300, seed % 2 === 0)
      if (drawn === null) continue
      const servers = drawn.servers ?? []
      if (servers.some(id => id < 1 || id > size)) t.fail(`${kind.name}: ${servers.join()} of ${size}`)
      if (new Set(servers).size < servers.length) t.fail(`${kind.name}: twice the same`)
      if (!(drawn.forMs >= 0)) t.fail(`${kind.name}: for ${drawn.forMs}`)
    }
  }
  const points = (isFirst: boolean) =>
    Array.from({ length: 500 }, (_, seed) => faultKind('crash point').draw(new Prng(seed), 3, 300, isFirst)!.point!)
  t.same([...new Set(points(true))].sort(), [...firstStartPoints].sort())
  t.same([...new Set(points(false))].sort(), [...laterPoints].sort())
  t.end()
})
