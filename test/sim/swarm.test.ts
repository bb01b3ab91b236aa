/**
 * The swarm: 750 seeds of ten simulated seconds over all cores, most of them the same each time, some of them new.
 * What they exercised is printed, and must be everything there is: a kind of fault that never fired proves nothing.
 */
import { availableParallelism } from 'node:os'
import t from 'tap'
import { SimPool } from '../../bin/sim-pool.js'
import { describeCounts } from '../../bin/sim-report.js'
import type { SeedsDone } from '../../bin/sim-worker.js'
import { crashPoints } from '../../src/sim/crash-points.js'
import { faultKinds } from '../../src/sim/faults/faults.js'
import { Tally } from '../../src/sim/tally.js'

const durationMs = 10_000
const wantedSeeds = Number(process.env['RAFTGRAM_SWARM_SEEDS'] ?? 750)
/** So many of them nobody has run before. */
const newSeeds = Math.floor(wantedSeeds / 100)
const seedsPerTask = 20
/** How often each kind of fault and each crash point is met at least, in so many seeds. */
const timesAtLeast = Math.floor((20 * wantedSeeds) / 10_000)
/** Crash points are met less often; and of a few hardly ever: the log must roll over, or a vote be saved, just then. */
const pointsAtLeast = Math.max(1, Math.floor((5 * wantedSeeds) / 10_000))
const rarePointsMax = 3

t.setTimeout(30 * 60_000)

void t.test(`${wantedSeeds} seeds keep every invariant`, async t => {
  const firstNew = 1_000_000 + (Date.now() % 1_000_000_000) * 1_000
  const pool = new SimPool(availableParallelism())
  t.teardown(() => pool.end())
  const tally = new Tally()
  let [runs, steps, simulatedMs] = [0, 0, 0]
  const run = async (seeds: readonly number[]): Promise<void> => {
    const done = await pool.run<SeedsDone>({ kind: 'seeds', seeds, wishes: { durationMs } })
    runs += done.runs
    steps += done.steps
    simulatedMs += done.simulatedMs
    tally.merge(done.counts)
    for (const { plan, invariant, message } of done.failures) {
      const replay = `npx raftgram sim --seed ${plan.seed} --duration-s ${durationMs / 1_000}`
      t.fail(`seed ${plan.seed}: ${invariant}: ${message} (${replay})`)
    }
  }
  const seeds = [...range(1, wantedSeeds - newSeeds), ...range(firstNew, newSeeds)]
  const tasks: Promise<void>[] = []
  for (let i = 0; i < seeds.length; i += seedsPerTask) tasks.push(run(seeds.slice(i, i + seedsPerTask)))
  await Promise.race([Promise.all(tasks), pool.failure])
  t.equal(runs, wantedSeeds)
  const hours = (simulatedMs / 3_600_000).toFixed(1)
  process.stderr.write(`${describeCounts(tally.all)}\n\n${runs} seeds, ${hours} cluster-hours, ${steps} events\n`)
  for (const { name } of faultKinds) {
    const times = tally.of(`fault: ${name}`)
    t.ok(times >= timesAtLeast, `the fault '${name}' happened ${times} times`)
  }
  const rare = crashPoints.filter(point => tally.of(`crash: ${point}`) < pointsAtLeast)
  t.ok(rare.length <= rarePointsMax, `the power hardly ever went: ${rare.join(', ')}`)
  for (const what of proofsOfLife) t.ok(tally.of(what) > 0, `${what}: ${tally.of(what)}`)
})

/** What a swarm that reaches the corners must have seen. */
const proofsOfLife = [
  'elections won',
  'log: truncations',
  'log: requests repeated, executed once',
  'recovery: torn tail cut off',
  'recovery: slot of term and vote mended',
  'server: refused damaged files',
  'server: left behind',
  'snapshot: taken',
  'snapshot: pieces sent',
  'snapshot: received',
  'log: resets',
  'log: segments set aside',
  'log: segments used again',
  'disk: bit of a snapshot flipped',
  'disk: EIO',
  'disk: ENOSPC',
  'lost: loss',
  'lost: burst',
  'lost: cut',
  'lost: queue',
  'lost: overflow',
  'lost: size',
  'datagram: duplicate',
  'datagram: reorder',
  'datagram: corrupt',
  'datagram: late',
  'datagram: forged',
  'fragment: forged',
  'fragment: forged with a token',
  'fragment: said again',
  'messages larger than a datagram',
  'operation: unknown',
]

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}
