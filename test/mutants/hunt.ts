/**
 * `npm run hunt`: looks for what kills each mutant, the cheapest way that is found within 60 CPU-seconds of each kind, and
 * keeps it in killers.json and docs/mutants.md. Names of mutants as arguments hunt only those, `--stale` those whose kept
 * killer is no longer one; the others stay as they are.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { doJobs } from './copies.js'
import type { Job, JobResult, Kill, Kills } from './killer.js'
import type { Mutant } from './mutant.js'
import { mutants } from './mutants.js'
import { survivors } from './survivors.js'
import { mutantsPage } from './table.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const killersPath = join(root, 'test/mutants/killers.json')
const atOnce = 2

/** For each kind of killer and mutant. `--cpu-seconds=20` makes it less, for a first look. */
const cpuSecondsMax = Number(/--cpu-seconds=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 60)

/** Most mutants die young, and what is kept is replayed with every test. */
const shortHunt: Job = { do: 'seeds', durationMs: 3_000, fromSeed: 1, cpuSecondsMax: 0.25 * cpuSecondsMax }
const longHunts: readonly Job[] = [
  { do: 'seeds', durationMs: 10_000, fromSeed: 1, cpuSecondsMax: 0.35 * cpuSecondsMax },
  { do: 'seeds', durationMs: 30_000, fromSeed: 1, cpuSecondsMax: 0.4 * cpuSecondsMax },
]
const searchHunt: Job = { do: 'searches', cpuSecondsMax }

/** A search finds mutants of the core within states, so it comes first there; then short seeds, stories, long seeds. */
async function hunt(mutant: Mutant): Promise<Kill | null> {
  const isOfTheCore = mutant.edits.every(({ file }) => file.startsWith('src/raft/'))
  const [bySearch] = isOfTheCore ? await doJobs(mutant, [searchHunt]) : []
  if (bySearch !== undefined && bySearch.kill !== null) return rounded(bySearch.kill)
  const spent = { tried: 0, steps: 0, cpuSeconds: 0 }
  for (const job of [shortHunt, { do: 'scripts' } as const, ...longHunts]) {
    const [result] = await doJobs(mutant, [job])
    const { kill } = result!
    if (job.do === 'seeds') add(spent, result!)
    if (kill !== null) return rounded(job.do === 'seeds' ? { ...kill, ...spent } : kill)
  }
  return null
}

function rounded(kill: Kill): Kill {
  return { ...kill, cpuSeconds: Math.round(kill.cpuSeconds * 100) / 100 }
}

function add(
  spent: { tried: number; steps: number; cpuSeconds: number },
  { tried, steps, cpuSeconds }: JobResult,
): void {
  spent.tried += tried
  spent.steps += steps
  spent.cpuSeconds += cpuSeconds
}

function knownKills(): Record<string, Kill | null> {
  try {
    return JSON.parse(readFileSync(killersPath, 'utf8')) as Record<string, Kill | null>
  } catch {
    return {}
  }
}

/** In the order of the mutants; those that are mutants no more go. */
function keep(kills: Record<string, Kill | null>): void {
  const kept: Kills = Object.fromEntries(
    mutants.filter(({ name }) => name in kills).map(({ name }) => [name, kills[name] ?? null]),
  )
  writeFileSync(killersPath, `${JSON.stringify(kept, null, 2)}\n`)
  mkdirSync(join(root, 'docs'), { recursive: true })
  writeFileSync(join(root, 'docs/mutants.md'), mutantsPage(mutants, kept, survivors))
}

/** Is what is kept still content with the true program, and does it still find the mutant? Known survivors stay. */
async function isStale(mutant: Mutant, kill: Kill | null | undefined): Promise<boolean> {
  if (kill === null || kill === undefined) return !survivors.some(({ name }) => name === mutant.name)
  const job: Job = { do: 'killer', killer: kill.killer }
  const [[truly], [mutated]] = [await doJobs(null, [job]), await doJobs(mutant, [job])]
  return truly!.kill !== null || mutated!.kill?.invariant !== kill.invariant
}

const isForStaleOnly = process.argv.includes('--stale')
const wanted = process.argv.slice(2).filter(name => !name.startsWith('--'))
const unknown = wanted.filter(name => !mutants.some(mutant => mutant.name === name))
if (unknown.length > 0) throw new Error(`no mutant is called ${unknown.join(', ')}`)
const queue = mutants.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const total = queue.length
const kills = knownKills()
let ended = 0
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      if (isForStaleOnly && !(await isStale(mutant, kills[mutant.name]))) continue
      const kill = await hunt(mutant).catch((error: unknown) => {
        process.stderr.write(`${mutant.name}: ${String(error)}\n`)
        return null
      })
      kills[mutant.name] = kill
      ended++
      const how =
        kill === null
          ? 'NOT FOUND'
          : `${JSON.stringify(kill.killer)}, ${kill.cpuSeconds} CPU-s: ${kill.invariant}, ${kill.message}`
      process.stderr.write(`${ended}/${total} ${mutant.name}: ${how}\n`)
      keep(kills)
    }
  }),
)
