/**
 * A bounded exhaustive search over the production core: every state that the budgets allow is visited once, in the order
 * of the number of steps to it, so that the first breach found has a shortest way. What seeds find by luck after days, it
 * finds in seconds, or shows that within these bounds there is nothing to find.
 */
import { limitsOf, type Action } from './actions.js'
import { Frontier, Ways } from './frontier.js'
import { HashSet } from './hash.js'
import type { Breach, FoundViolation, SearchCounts, SearchOptions, SearchResult } from './options.js'
import { actionText, actionWords, replay } from './replay.js'
import { usedAt, type Space, type State } from './space.js'

const statesBetweenProgress = 65_536

export function search(options: SearchOptions): SearchResult {
  const start = replay(options, options.prefix ?? '')
  if (start.breach !== null) return endWith('violation', zero, violation(start.space, start.actions, start.breach))
  return new Search(options, start.space, start.state, start.actions).run()
}

const zero: SearchCounts = { states: 1, distinctStates: 1, depth: 0, serverStates: 1 }

function endWith(end: SearchResult['end'], counts: SearchCounts, found: FoundViolation | null = null): SearchResult {
  return { ...counts, end, violation: found }
}

function violation(space: Space, actions: readonly Action[], breach: Breach): FoundViolation {
  const text = actions.map(action => actionText(space, action)).join(' ')
  return { ...breach, actions: text, story: actions.map(action => actionWords(space, action)) }
}

class Search {
  private readonly options: SearchOptions
  private readonly space: Space
  private readonly prefix: readonly Action[]
  private readonly limits: number
  private readonly visited = new HashSet()
  private readonly ways = new Ways()
  private present = new Frontier()
  private following = new Frontier()
  private readonly hash = { low: 0, high: 0 }
  private states = 1
  private depth = 0

  constructor(options: SearchOptions, space: Space, first: State, prefix: readonly Action[]) {
    this.options = options
    this.space = space
    this.prefix = prefix
    this.limits = limitsOf(space.settings, first[usedAt]!)
    space.hashOf(first, this.hash)
    this.visited.add(this.hash.low, this.hash.high)
    this.present.push(first)
  }

  run(): SearchResult {
    const { depthMax = Infinity } = this.options
    /** The number of the state that is expanded: states are numbered in the order in which they are found. */
    let parent = 0
    while (this.present.count > 0) {
      if (this.depth === depthMax) return endWith('depth', this.counts)
      const ended = this.expandAll(parent)
      if (ended !== null) return ended
      parent += this.present.count
      this.present.clear()
      ;[this.present, this.following] = [this.following, this.present]
      if (this.present.count > 0) this.depth++
    }
    return endWith('exhausted', this.counts)
  }

  private get counts(): SearchCounts {
    const { states, depth } = this
    return { states, distinctStates: this.visited.size, depth, serverStates: this.space.serverStates }
  }

  /** Takes every action in every state of the present depth. */
  private expandAll(firstParent: number): SearchResult | null {
    const { space, hash, visited } = this
    const { statesMax = Infinity, onProgress } = this.options
    const state: State = []
    const actions: Action[] = []
    for (let parent = firstParent; this.present.take(state); parent++) {
      space.actionsIn(state, this.limits, actions)
      for (const action of actions) {
        const answer = space.apply(state, action)
        if (answer === 'nothing') continue
        if (answer !== 'changed') return this.violated(parent, action, answer)
        this.states++
        space.hashOf(space.next, hash)
        if (!visited.add(hash.low, hash.high)) continue
        const breach = space.breachInNext()
        if (breach !== null) return this.violated(parent, action, breach)
        this.following.push(space.next)
        this.ways.add(parent, action)
        if (visited.size >= statesMax) return endWith('states', this.counts)
        if (visited.size % statesBetweenProgress === 0 && onProgress?.(this.counts) === false) {
          return endWith('stopped', this.counts)
        }
      }
    }
    return null
  }

  private violated(parent: number, action: Action, breach: Breach): SearchResult {
    const actions = [...this.prefix, ...this.ways.to(parent), action]
    return endWith('violation', { ...this.counts, depth: this.depth + 1 }, violation(this.space, actions, breach))
  }
}
