/** What finds a mutant, as data that is kept, and what it says of a program. */
import type { ReplayedSearch } from './searches.js'

export type Killer =
  /** A seed of the swarm. */
  | { readonly by: 'seed'; readonly seed: number; readonly durationMs: number }
  /** A search, by the shortest way that it found. */
  | ({ readonly by: 'search' } & ReplayedSearch)
  /** A story, see scripts/. */
  | { readonly by: 'script'; readonly name: string }

export interface Verdict {
  /** The broken invariant, 'Crash' where the program threw, the name of the script that was not content; '' for none. */
  readonly invariant: string
  readonly message: string
  /** Events of a run, states of a search. */
  readonly steps: number
  readonly cpuSeconds: number
}

/** What is kept of a mutant that was found. */
export interface Kill {
  readonly killer: Killer
  readonly invariant: string
  readonly message: string
  /** Seeds, searches or scripts that were tried before, this one included; events or states in all of them. */
  readonly tried: number
  readonly steps: number
  readonly cpuSeconds: number
}

/** By name of the mutant; null for one that was hunted in vain. */
export type Kills = Readonly<Record<string, Kill | null>>

/** What a child process is asked to do with its program. */
export type Job =
  | { readonly do: 'killer'; readonly killer: Killer }
  | { readonly do: 'seeds'; readonly durationMs: number; readonly fromSeed: number; readonly cpuSecondsMax: number }
  | { readonly do: 'searches'; readonly cpuSecondsMax: number }
  | { readonly do: 'scripts' }

/** A line of its output: the verdict of a killer, or what a hunt came to. */
export interface JobResult {
  readonly kill: Kill | null
  readonly tried: number
  readonly steps: number
  readonly cpuSeconds: number
}
