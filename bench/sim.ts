/**
 * How fast the simulator is, per CPU-second of one core: events, simulated time, seeds. Every invariant is asked after
 * every event meanwhile. `node dist/bench/sim.js`; the figures are in README.md with their conditions.
 */
import { drawPlan } from '../src/sim/draw-plan.js'
import { perfectLinks } from '../src/sim/network.js'
import type { SimPlan } from '../src/sim/plan.js'
import { runPlan } from '../src/sim/run.js'
import { presets } from '../src/sim/search/presets.js'
import { search } from '../src/sim/search/search.js'

/** Five servers with the timeouts that `serve` has by default, and 100 operations a second. */
function steadyPlan(simulatedS: number): SimPlan {
  return {
    ...drawPlan(1, { servers: 5, durationMs: simulatedS * 1_000, calm: true }),
    heartbeatMs: 25,
    electionTimeoutMs: 200,
    turnMs: 0.05,
    diskFromMs: 0.1,
    diskToMs: 0.4,
    segmentBytes: 65_536,
    snapshotEveryBytes: 100_000,
    datagramSizes: [1_472],
    receiveBufferBytes: 425_984,
    clockRates: [1, 1, 1, 1, 1],
    links: perfectLinks,
    load: {
      clients: 4,
      keys: 8,
      outstanding: 1,
      pauseMs: 78,
      valueBytes: 16,
      largeShare: 0,
      largeBytes: 2_000,
      timeoutMs: 2_000,
      putShare: 0.5,
      casShare: 0.2,
      deleteShare: 0.05,
    },
  }
}

interface Figures {
  readonly runs: number
  readonly events: number
  readonly simulatedS: number
  readonly operations: number
  readonly datagrams: number
  readonly cpuS: number
}

function measure(plans: Iterable<SimPlan>): Figures {
  const cpuBefore = process.cpuUsage()
  let [runs, events, simulatedS, operations, datagrams] = [0, 0, 0, 0, 0]
  for (const plan of plans) {
    const result = runPlan(plan)
    if (result.outcome !== 'passed') throw new Error(`seed ${plan.seed}: ${result.invariant}: ${result.message}`)
    runs++
    events += result.steps
    simulatedS += result.simulatedMs / 1_000
    operations += result.operations
    datagrams += result.counts['datagrams'] ?? 0
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return { runs, events, simulatedS, operations, datagrams, cpuS: (user + system) / 1e6 }
}

function* seeds(from: number, count: number, wishes: Parameters<typeof drawPlan>[1]): Generator<SimPlan> {
  for (let seed = from; seed < from + count; seed++) yield drawPlan(seed, wishes)
}

function show(what: string, { runs, events, simulatedS, operations, datagrams, cpuS }: Figures): void {
  const line = {
    what,
    cpuS: Number(cpuS.toFixed(1)),
    eventsPerCpuS: Math.round(events / cpuS),
    clusterHoursPerCpuMinute: Number(((simulatedS / 3_600) * (60 / cpuS)).toFixed(2)),
    seedsPerCpuMinute: Math.round((runs * 60) / cpuS),
    operationsPerSimulatedS: Number((operations / simulatedS).toFixed(1)),
    datagramsPerOperation: Number((datagrams / operations).toFixed(1)),
  }
  console.log(JSON.stringify(line))
}

function showSearch(): void {
  const cpuBefore = process.cpuUsage()
  let [states, distinctStates] = [0, 0]
  for (const { options } of presets) {
    const result = search(options)
    states += result.states
    distinctStates += result.distinctStates
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuS = (user + system) / 1e6
  const distinctPerCpuS = Math.round(distinctStates / cpuS)
  console.log(
    JSON.stringify({
      what: 'search: all presets',
      cpuS: Number(cpuS.toFixed(1)),
      states,
      distinctStates,
      distinctPerCpuS,
    }),
  )
}

measure(seeds(1, 20, { durationMs: 20_000 })) // until the compiler has seen everything
show('steady: 5 servers, 100 operations/s, no faults', measure([steadyPlan(600)]))
show('swarm: seeds of 20 simulated seconds', measure(seeds(1_000, 300, { durationMs: 20_000 })))
show('swarm: seeds of 60 simulated seconds', measure(seeds(2_000, 100, { durationMs: 60_000 })))
showSearch()
