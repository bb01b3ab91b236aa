/**
 * The program of a child process: does jobs with the program that it lies in, a mutated copy or the true one, and writes
 * a line of JSON for each. It imports what it judges by relative paths, so the copy that holds it is the one it judges.
 */
import type { Job, JobResult, Kill, Killer, Verdict } from './killer.js'
import { notTold } from './scripts/script.js'
import { replaySearch, searches, searchFor } from './searches.js'
import type * as Simulation from './simulation.js'

/** Null where only searches are asked for. */
let simulation: typeof Simulation | null = null

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** What a killer says of this program. */
function judge(killer: Killer): Verdict {
  const from = cpuSeconds()
  const said = judgeUntimed(killer)
  return { ...said, cpuSeconds: cpuSeconds() - from }
}

function judgeUntimed(killer: Killer): Omit<Verdict, 'cpuSeconds'> {
  if (killer.by !== 'search') return simulation!.simulate(killer)
  const { invariant, message, states } = replaySearch(killer)
  return { invariant, message, steps: states }
}

/** Judges with one killer after the other, until one finds something or there are no more. */
function hunt(killers: Iterable<Killer>, isOver: () => boolean): JobResult {
  const from = cpuSeconds()
  let tried = 0
  let steps = 0
  for (const killer of killers) {
    const { invariant, message, steps: more } = judge(killer)
    tried++
    steps += more
    const soFar = { tried, steps, cpuSeconds: cpuSeconds() - from }
    if (invariant !== '' && invariant !== notTold)
      return { ...soFar, kill: { killer, invariant, message: shortened(message), ...soFar } }
    if (isOver()) break
  }
  return { kill: null, tried, steps, cpuSeconds: cpuSeconds() - from }
}

/** Values of keys may be long. */
function shortened(message: string): string {
  return message.length > 200 ? `${message.slice(0, 200)} ...` : message
}

function* seeds(fromSeed: number, durationMs: number): Generator<Killer> {
  for (let seed = fromSeed; ; seed++) yield { by: 'seed', seed, durationMs }
}

/** First each search for a moment, for most breaches are near; then each as far as it goes. */
function huntBySearch(cpuSecondsMax: number): JobResult {
  const from = cpuSeconds()
  let steps = 0
  let tried = 0
  let kill: Kill | null = null
  for (const secondsEach of [cpuSecondsMax / 40, cpuSecondsMax]) {
    for (const { name } of searches) {
      const endsAt = Math.min(cpuSeconds() + secondsEach, from + cpuSecondsMax)
      if (kill !== null || cpuSeconds() >= endsAt) break
      const { invariant, message, states, actions } = searchFor(name, () => cpuSeconds() < endsAt)
      tried++
      steps += states
      if (invariant === '') continue
      const killer = { by: 'search', preset: name, actions } as const
      kill = { killer, invariant, message: shortened(message), tried, steps, cpuSeconds: cpuSeconds() - from }
    }
  }
  return { kill, tried, steps, cpuSeconds: cpuSeconds() - from }
}

/** What others cost does not count: each is written for a mutant of its own. */
function huntByScripts(): JobResult {
  for (const name of simulation!.scriptNames) {
    const result = hunt([{ by: 'script', name }], () => true)
    if (result.kill !== null) return result
  }
  return hunt([], () => true)
}

function done(job: Job): JobResult {
  switch (job.do) {
    case 'killer':
      return hunt([job.killer], () => true)
    case 'seeds': {
      const endsAt = cpuSeconds() + job.cpuSecondsMax
      return hunt(seeds(job.fromSeed, job.durationMs), () => cpuSeconds() > endsAt)
    }
    case 'searches':
      return huntBySearch(job.cpuSecondsMax)
    case 'scripts':
      return huntByScripts()
  }
}

const jobs = JSON.parse(process.argv[2] ?? '[]') as Job[]
const areSearches = jobs.every(job => job.do === 'searches' || (job.do === 'killer' && job.killer.by === 'search'))
if (!areSearches) simulation = await import('./simulation.js')
for (const job of jobs) process.stdout.write(`${JSON.stringify(done(job))}\n`)
