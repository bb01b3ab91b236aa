/**
 * Is there an order of the operations on one key that explains every answer? The search of Wing and Gong ("Testing and
 * Verifying Concurrent Objects", 1993) in the just-in-time form of Lowe ("Testing for Linearizability", 2017):
 *
 * It goes through starts and ends in the order of time and keeps every configuration that explains all that has ended: the
 * key's value, and which of the operations under way have taken effect. Only when an operation ends must it have taken
 * effect; then, and not before, each configuration in which it has not is carried on by every sequence of operations
 * under way that closes with it. No configuration left: not linearizable.
 *
 * What keeps the sets small, each of it without changing a verdict:
 * - an operation that changes nothing takes effect as soon as it can;
 * - a value that somebody has yet to find is not overwritten where nobody could write it again;
 * - a write that nobody will ever find takes effect in the shadow of the next overwriting one;
 * - values that make no difference any more count as one;
 * - with appends, the key's text must be a beginning of the one that is seen next.
 *
 * The set is cut at a width that grows from one pass to the next: a linearizable history mostly needs a few
 * configurations, and one that is found to be so within a narrow pass is so.
 */
import type { ConfigurationSet } from './configurations.js'
import type { Plan, PlannedStep } from './plan.js'
import { mayReset } from './plan.js'
import { anyValue, mayFollow, shownBy } from './steps.js'
import type { ValueId } from './values.js'
import { absent, forgotten, noValue } from './values.js'

/** Asked now and then: must the search be given up? */
export type IsExpired = () => boolean

export type SearchResult =
  | { readonly verdict: 'yes' }
  /** Everything that ended before the instant of rank `failedAtRank` can be explained. */
  | { readonly verdict: 'no'; readonly failedAtRank: number }
  | { readonly verdict: 'undecided'; readonly why: 'timeout' | 'memory' }

const firstWidth = 64
const widthGrowth = 16
/** Words that the sets of configurations may fill: 4 bytes each. */
const wordsMax = 2 ** 27

export function search(plan: Plan, isExpired: IsExpired): SearchResult {
  const widthMax = Math.floor(wordsMax / (3 * plan.newSet().stride))
  for (let width = firstWidth; width <= widthMax; width *= widthGrowth) {
    const result = new Pass(plan, width, isExpired).run()
    if (result !== null) return result
  }
  return { verdict: 'undecided', why: 'memory' }
}

class Pass {
  private readonly plan: Plan
  private readonly width: number
  private readonly isExpired: IsExpired
  /** Each explains everything that has ended. */
  private current: ConfigurationSet
  /** While a step ends: the configurations in which it has taken effect, and those in which it has yet to. */
  private done: ConfigurationSet
  private readonly waiting: ConfigurationSet
  /** The steps under way that must take effect. */
  private readonly open = new Set<PlannedStep>()
  /** Those that may, by what they do: of twins the first that is unused stands for all, so none of them is empty. */
  private readonly twins = new Map<number, PlannedStep[]>()
  /** The configuration that is looked at, and the one that is made of it. */
  private readonly from: Int32Array
  private readonly row: Int32Array
  private event = 0
  private rounds = 0
  private wasCut = false

  constructor(plan: Plan, width: number, isExpired: IsExpired) {
    this.plan = plan
    this.width = width
    this.isExpired = isExpired
    this.current = plan.newSet()
    this.done = plan.newSet()
    this.waiting = plan.newSet()
    this.from = new Int32Array(this.current.stride)
    this.row = new Int32Array(this.current.stride)
    this.row[0] = absent
    this.current.add(this.row)
  }

  /** The result, or null where the width was too small to tell. */
  run(): SearchResult | null {
    const { events } = this.plan
    for (; this.event < events.length; this.event++) {
      const { step, isEnd } = events[this.event]!
      if (!isEnd) this.begin(step)
      else if (step.isOptional) this.forget(step)
      else if (!this.finish(step)) return { verdict: 'undecided', why: 'timeout' }
      if (this.current.count > 0) continue
      return this.wasCut ? null : { verdict: 'no', failedAtRank: step.end }
    }
    return { verdict: 'yes' }
  }

  private begin(step: PlannedStep): void {
    if (step.isOptional) {
      const twins = this.twins.get(step.twin)
      if (twins === undefined) this.twins.set(step.twin, [step])
      else twins.push(step)
      return
    }
    this.open.add(step)
    if (step.effect !== 'read') return
    const { word, mask } = step
    this.replaceCurrent(this.current, row => {
      if (mayFollow(step, row[0]!)) row[word]! |= mask
    })
  }

  /** Nobody needs the step any more, and whether it ever took effect makes no difference from now on. */
  private forget(step: PlannedStep): void {
    const left = this.twins.get(step.twin)!.filter(twin => twin !== step)
    if (left.length > 0) this.twins.set(step.twin, left)
    else this.twins.delete(step.twin)
    this.clearBit(this.current, step)
  }

  /** The step must have taken effect by now. False: out of time. */
  private finish(step: PlannedStep): boolean {
    const { current, done, waiting } = this
    done.clear()
    waiting.clear()
    for (let index = 0; index < current.count; index++) {
      if (current.isDead(index)) continue
      current.copyTo(this.row, index)
      this.sort(step)
    }
    // What is made of a waiting configuration may have to wait itself: the set grows while it is walked.
    for (let index = 0; index < waiting.count; index++) {
      if (++this.rounds % 256 === 0 && this.isExpired()) return false
      if (waiting.isDead(index)) continue
      waiting.copyTo(this.from, index)
      for (const next of this.open) if (this.takeEffect(next)) this.sort(step)
      for (const twins of this.twins.values()) {
        const next = this.firstUnused(this.from, twins)
        if (next !== undefined && this.takeEffect(next)) this.sort(step)
      }
    }
    this.open.delete(step)
    this.clearBit(done, step)
    return true
  }

  /** Adds `row` to the configurations in which the ending step has taken effect or to the others, within the width. */
  private sort({ word, mask }: PlannedStep): void {
    const set = (this.row[word]! & mask) !== 0 ? this.done : this.waiting
    if (set.count < this.width) set.add(this.row)
    else this.wasCut = true
  }

  /** Makes `row` what becomes of `from` when `step` takes effect; false where it cannot, or leads nowhere. */
  private takeEffect(step: PlannedStep): boolean {
    const { from, row } = this
    if (this.has(from, step)) return false
    const state = from[0]!
    const next = this.valueAfter(step, state)
    if (next === noValue) return false
    if (step.isOptional && next === state) return false

    row.set(from)
    row[0] = next
    row[step.word]! |= step.mask
    if (next !== state && !this.plan.hasAppend) {
      if (this.isLostWithout(state)) return false
      if (step.isBlindWrite) this.hideUnneededBehind(step)
    }
    for (const reader of this.open) {
      if (reader.effect === 'read' && mayFollow(reader, next)) row[reader.word]! |= reader.mask
    }
    if (this.plan.hasAppend && !this.canStillBeSeen(next)) return false
    this.forgetValue(row)
    return true
  }

  /** Values that make no difference any more count as one, and so do the configurations that they tell apart. */
  private forgetValue(row: Int32Array): void {
    const state = row[0]!
    const { foundTexts } = this.plan
    const isOfUse = foundTexts === null ? this.isWished(state) : foundTexts.usefulUntil(state) >= this.event
    if (!isOfUse) row[0] = forgotten
  }

  private valueAfter(step: PlannedStep, state: ValueId): ValueId {
    if (!mayFollow(step, state)) return noValue
    if (step.effect === 'read') return state
    if (step.effect === 'write') return step.after
    const text = this.plan.values.append(state, step.after)
    return step.result === anyValue || step.result === text ? text : noValue
  }

  private firstUnused(row: Int32Array, twins: readonly PlannedStep[]): PlannedStep | undefined {
    return twins.find(twin => !this.has(row, twin))
  }

  /** Is there a step under way that passes `test` and has not taken effect in `row`? */
  private someUnused(test: (step: PlannedStep) => boolean): boolean {
    for (const step of this.open) if (test(step) && !this.has(this.row, step)) return true
    for (const twins of this.twins.values()) {
      if (test(twins[0]!) && this.firstUnused(this.row, twins) !== undefined) return true
    }
    return false
  }

  /** Somebody has yet to find `value`, which was just overwritten, and nobody can write it again. */
  private isLostWithout(value: ValueId): boolean {
    const { lastFinderStart, lastWriterStart } = this.plan
    if (lastWriterStart[value]! > this.event) return false
    const isWanted =
      lastFinderStart[value]! > this.event || this.someUnused(step => !step.isOptional && step.before === value)
    return isWanted && !this.someUnused(step => step.effect === 'write' && step.after === value)
  }

  /** Lets the writes under way whose values nobody will miss take effect just before `step`, which overwrites them. */
  private hideUnneededBehind(step: PlannedStep): void {
    const { row } = this
    // Taking effect later, each of them could take away a value that somebody, also after their ends, must not find.
    if (this.plan.nextAversionStart[this.event]! < Infinity) return
    for (const other of this.open) if (other.notBefore !== anyValue && !this.has(row, other)) return
    for (const hidden of this.open) {
      if (hidden === step || !hidden.isBlindWrite || this.has(row, hidden)) continue
      if (!this.isWished(hidden.after)) row[hidden.word]! |= hidden.mask
    }
  }

  private isWished(value: ValueId): boolean {
    if (this.plan.lastWisherStart[value]! > this.event) return true
    return this.someUnused(step => step.before === value || step.notBefore === value)
  }

  /** With appends: can the text `state` still become what is seen next, by appends or after a reset? */
  private canStillBeSeen(state: ValueId): boolean {
    const { nextShown, lastResetWithin } = this.plan
    for (const step of this.open) {
      if (shownBy(step) < 0 || this.has(this.row, step)) continue
      if (lastResetWithin.get(step)! < this.event && !this.canLeadTo(step, state)) return false
    }
    const next = nextShown[this.event] ?? null
    return next === null || this.canLeadTo(next, state)
  }

  /** Can `state`, or what a write under way puts in its place, become what `shown` shows? */
  private canLeadTo(shown: PlannedStep, state: ValueId): boolean {
    const { values } = this.plan
    if (values.canGrowInto(state, shownBy(shown))) return true
    return this.someUnused(step => mayReset(step, shown, values))
  }

  private has(row: Int32Array, { word, mask }: PlannedStep): boolean {
    return (row[word]! & mask) !== 0
  }

  private clearBit(set: ConfigurationSet, { word, mask }: PlannedStep): void {
    this.replaceCurrent(set, row => {
      row[word]! &= ~mask
      this.forgetValue(row)
    })
  }

  /** The rows of `set`, which is `current` or `done`, become the current ones, each changed by `change`. */
  private replaceCurrent(set: ConfigurationSet, change: (row: Int32Array) => void): void {
    const target = set === this.current ? this.done : this.current
    target.clear()
    for (let index = 0; index < set.count; index++) {
      if (set.isDead(index)) continue
      set.copyTo(this.row, index)
      change(this.row)
      target.add(this.row)
    }
    this.current = target
    this.done = set
  }
}
