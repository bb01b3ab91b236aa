/** What a search is told and what it reports. */
import type { ServerId } from '../../raft/types.js'

/** How often each kind of step may be taken on the way to one state; at most 7. What is left out is never taken. */
export interface Budgets {
  /** Election timeouts; of a leader, the check that finds it alone. */
  readonly timeouts?: number
  /** Commands that clients propose. */
  readonly commands?: number
  /** Power failures, each followed by a restart. */
  readonly crashes?: number
  /** Messages that arrive and stay under way. */
  readonly copies?: number
  /** Messages taken out. One that stays under way for ever is lost as well: this only makes room on its link. */
  readonly losses?: number
  /** A heartbeat interval passes at one server, too short for a retransmission. */
  readonly heartbeats?: number
  /** So much time passes at one server that everything it may send again is sent again. */
  readonly retransmissions?: number
  readonly reads?: number
  readonly transfers?: number
  /** Snapshots that a server takes of its own, the log behind them shortened; at most 3. */
  readonly snapshots?: number
  /** Messages that are taken together with the next fact, in one turn. */
  readonly held?: number
}

export interface SearchOptions {
  /** 1..5, by default 3. */
  readonly servers?: number
  readonly budgets: Budgets
  /** Messages under way on one link, in one direction; of more, the most outdated is lost. By default 3. */
  readonly linkMessagesMax?: number
  /** Entries in one AppendEntries. By default 1, so that what a leader sends can be cut anywhere. */
  readonly appendEntriesMax?: number
  /** Disks that may be lost, each in place of a crash: the server comes back to be filled by the others. By default 0. */
  readonly wipes?: number
  /** Entries that stay in the log when a snapshot covers them. By default 0. */
  readonly trailingEntries?: number
  /**
   * `at-once`: an append is durable when the turn ends. `later`: when its completion, a step of its own, is told; a crash
   * keeps any number of the first ones.
   */
  readonly disk?: 'at-once' | 'later'
  /**
   * `granted`: a timeout is followed by a campaign at once, as if a majority had granted its pre-vote. That is more than
   * can happen, and safety may not depend on pre-votes. `asked`: they are messages like all others.
   */
  readonly preVotes?: 'granted' | 'asked'
  /** Actions in their compact text, taken before the search begins. They use no budget. */
  readonly prefix?: string
  /** The search ends at paths of this length. */
  readonly depthMax?: number
  /** The search ends with so many distinct states. */
  readonly statesMax?: number
  /** Called every 65,536 distinct states; false ends the search. */
  readonly onProgress?: (soFar: SearchCounts) => boolean
}

export interface SearchCounts {
  /** States reached, each as often as it was. */
  readonly states: number
  readonly distinctStates: number
  /** Length of the longest of the shortest paths to a state, behind the prefix. */
  readonly depth: number
  /** Different states of single servers among them: so many steps the core was really run for, at least. */
  readonly serverStates: number
}

/** Which invariant is broken, and how. */
export interface Breach {
  readonly invariant: Invariant
  readonly what: string
}

export interface FoundViolation extends Breach {
  /** The shortest way there, the prefix included, as `replay` takes it. */
  readonly actions: string
  /** The same for people, one line per action. */
  readonly story: readonly string[]
}

export interface SearchResult extends SearchCounts {
  readonly end: 'exhausted' | 'depth' | 'states' | 'violation' | 'stopped'
  readonly violation: FoundViolation | null
}

export type Invariant =
  | 'Election Safety'
  | 'Leader Append-Only'
  | 'Log Matching'
  | 'Leader Completeness'
  | 'State Machine Safety'
  | 'One Vote Per Term'
  | 'Committed Never Lost'
  | 'Monotonic'
  | 'Acknowledged Is Durable'
  | 'Linearizable Reads'
  | 'Server State'

/** The options with their defaults. */
export interface SearchSettings {
  readonly ids: readonly ServerId[]
  readonly budgets: Required<Budgets>
  readonly linkMessagesMax: number
  readonly appendEntriesMax: number
  readonly trailingEntries: number
  readonly wipes: number
  readonly isDiskLater: boolean
  readonly arePreVotesAsked: boolean
}

/** The order is that of the action kinds that use them (actions.ts). */
export const budgetNames = [
  'timeouts',
  'commands',
  'crashes',
  'copies',
  'losses',
  'heartbeats',
  'retransmissions',
  'reads',
  'transfers',
  'held',
  'snapshots',
] as const satisfies readonly (keyof Budgets)[]

export function settingsOf(options: SearchOptions): SearchSettings {
  const { servers = 3, budgets, linkMessagesMax = 3, appendEntriesMax = 1, trailingEntries = 0, wipes = 0 } = options
  const all = budgetNames.map(name => [name, budgets[name] ?? 0] as const)
  for (const [name, budget] of all) {
    if (!(budget >= 0 && budget <= 7)) throw new RangeError(`${name}: a budget is 0..7, not ${budget}`)
  }
  if (!(servers >= 1 && servers <= 5)) throw new RangeError(`servers: 1..5, not ${servers}`)
  return {
    ids: Array.from({ length: servers }, (_, place) => place + 1),
    budgets: Object.fromEntries(all) as Required<Budgets>,
    linkMessagesMax,
    appendEntriesMax,
    trailingEntries,
    wipes,
    isDiskLater: options.disk === 'later',
    arePreVotesAsked: options.preVotes === 'asked',
  }
}
