/** Killers that are found by exhaustive search: the search of a name, and the way to the breach. */
import type { SearchOptions } from '../../src/sim/search/options.js'
import { presets, type Preset } from '../../src/sim/search/presets.js'
import { replay } from '../../src/sim/search/replay.js'
import { search } from '../../src/sim/search/search.js'

/** Beside the searches of the program, those that only mutants need. */
const more: readonly Preset[] = [
  {
    name: 'three-leaders',
    about: 'a command at the first of three leaders',
    options: { budgets: { timeouts: 3, commands: 1 }, linkMessagesMax: 1 },
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
