/** Killers that are found by exhaustive search: the search of a name, and the way to the breach. */
import type { SearchOptions } from '../../src/sim/search/options.js'
import { presets, type Preset } from '../../src/sim/search/presets.js'
import { replay } from '../../src/sim/search/replay.js'
import { search } from '../../src/sim/search/search.js'

/** S1 leads, and has its first entry committed with S2 in a snapshot only; the append of it to S3 is still on its way. */
const overtakenAppend = 's1 d1>2:V d2>1:v d1>2:A d2>1:a n1'

/** S3 has led term 1 alone and holds three entries of it; S1 leads term 2, and has the two that are committed in a snapshot. */
const longerConflict = 's3 d3>1:V d3>2:V d2>3:v p3 p3 s1 d1>2:V d2>1:v2 d1>2:A2 d2>1:a2 p1 d1>2:A2 d2>1:a2 n1'

/** S1 leads term 1 and S3 is being admitted when it is elected in term 2 with the vote of S2, who loses its disk. */
const voteLostEarly = 's1 d1>2:V d2>1:v d1>3:A d3>1:a d1>2:A d2>1:a d1>3:A s3 d3>2:V d2>3:v c2.15 h1'

/** Beside the searches of the program, those that only mutants need. */
const more: readonly Preset[] = [
  {
    name: 'three-leaders',
    about: 'a command at the first of three leaders',
    options: { budgets: { timeouts: 3, commands: 1 }, linkMessagesMax: 1 },
  },
  {
    name: 'overtaken-append',
    about: 'a snapshot overtakes the entries that it covers',
    options: { prefix: overtakenAppend, budgets: {} },
  },
  {
    name: 'longer-conflict',
    about: 'a snapshot for a server whose log conflicts with it and is longer',
    options: { prefix: longerConflict, budgets: { crashes: 1 } },
  },
  {
    name: 'vote-lost-early',
    about: 'a server that is being admitted is elected, and who voted for it loses its disk',
    options: {
      prefix: voteLostEarly,
      budgets: { timeouts: 1, heartbeats: 1 },
      wipes: 1,
      appendEntriesMax: 4,
      linkMessagesMax: 1,
    },
  },
]

export const searches: readonly Preset[] = [...presets, ...more]

export interface ReplayedSearch {
  readonly preset: string
  readonly actions: string
}

export interface Found {
  readonly invariant: string
  readonly message: string
  readonly states: number
  readonly actions: string
}

/** Takes the way of a killer. A program that never sends one of its messages is another one than was searched. */
export function replaySearch({ preset, actions }: ReplayedSearch): Omit<Found, 'actions'> {
  const states = actions.split(' ').length
  try {
    const { breach } = replay(optionsOf(preset), actions)
    return { invariant: breach?.invariant ?? '', message: breach?.what ?? '', states }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { invariant: '', message: `not the program that was searched: ${error.message}`, states }
  }
}

/** Searches by a preset until `mayGoOn` says no. */
export function searchFor(preset: string, mayGoOn: () => boolean): Found {
  const options = optionsOf(preset)
  try {
    replay(options, options.prefix ?? '')
  } catch (error) {
    // A mutant may never come to where a search begins.
    if (error instanceof RangeError) return { invariant: '', message: '', states: 0, actions: '' }
    throw error
  }
  const { violation, distinctStates } = search({ ...options, onProgress: mayGoOn })
  if (violation === null) return { invariant: '', message: '', states: distinctStates, actions: '' }
  const { invariant, what, actions } = violation
  return { invariant, message: what, states: distinctStates, actions }
}

function optionsOf(name: string): SearchOptions {
  const preset = searches.find(one => one.name === name)
  if (preset === undefined) throw new Error(`there is no search called '${name}'`)
  return preset.options
}
