/**
 * The plan of a search over one key: the steps, the order of their starts and ends, a bit for each step that is under way
 * (bits are used again), and tables of what is still to come, by which the search sees early that a way leads nowhere.
 */
import { ConfigurationSet } from './configurations.js'
import { narrowIntervals } from './intervals.js'
import { FoundTexts } from './texts.js'
import type { Step } from './steps.js'
import { anyValue, isBlindWrite, shownBy, stepOf } from './steps.js'
import { ValueTable } from './values.js'
import type { ValueId } from './values.js'
import type { Instant, Operation } from './history.js'

/** A step as the search sees it. */
export interface PlannedStep extends Readonly<Step> {
  /** Where its bit is in the row of a configuration. */
  readonly word: number
  readonly mask: number
  readonly isBlindWrite: boolean
  /** Optional steps of the same number do the same: using the first is as good as using another. */
  readonly twin: number
  readonly startEvent: number
  readonly endEvent: number
}

/** Start (or end) of a step. */
export interface PlannedEvent {
  readonly step: PlannedStep
  readonly isEnd: boolean
}

export interface Plan {
  readonly events: readonly PlannedEvent[]
  /** By rank: the instants at which something starts or ends. */
  readonly instants: readonly Instant[]
  readonly values: ValueTable
  readonly hasAppend: boolean
  /** By value: the last event at which a step starts that may write it; -1. */
  readonly lastWriterStart: Int32Array
  /** By value: the same of steps that must find it, and of all to which it makes a difference. */
  readonly lastFinderStart: Int32Array
  readonly lastWisherStart: Int32Array
  /** By event: the next one at which a step starts that must not find some value; Infinity. */
  readonly nextAversionStart: Float64Array
  /** With appends only. */
  readonly foundTexts: FoundTexts | null
  /** By event, with appends only: what shows the key next, where no reset yet to begin could lead to it; null. */
  readonly nextShown: readonly (PlannedStep | null)[]
  /** By step that shows the key: the last event within it at which a reset begins that could lead to it; -1. */
  readonly lastResetWithin: ReadonlyMap<PlannedStep, number>
  newSet(): ConfigurationSet
}

/** Plans the search over `operations`, all of one key. */
export function planOf(operations: readonly Operation[]): Plan {
  const values = new ValueTable()
  const instants = sortedInstants(operations)
  const rankOf = new Map(instants.map((instant, rank) => [instant, rank]))
  const given: Step[] = []
  for (const operation of operations) {
    const step = stepOf(operation, values)
    if (step === null) continue
    step.start = rankOf.get(operation.start)!
    step.end = operation.end === undefined ? Infinity : rankOf.get(operation.end)!
    given.push(step)
  }
  const hasAppend = given.some(({ effect }) => effect === 'append')
  const steps = hasAppend ? dropUnseen(given, values) : narrowIntervals(given, values.size)

  const { events, mandatoryWords, optionalWords } = layOut(steps)
  return {
    events,
    instants,
    values,
    hasAppend,
    foundTexts: hasAppend ? new FoundTexts(events, values) : null,
    ...startTables(events, values.size),
    ...(hasAppend ? appendTables(events, values) : { nextShown: [], lastResetWithin: new Map<PlannedStep, number>() }),
    newSet: () => new ConfigurationSet(mandatoryWords, optionalWords),
  }
}

function sortedInstants(operations: readonly Operation[]): Instant[] {
  const instants = new Set<Instant>()
  for (const { start, end } of operations) {
    instants.add(start)
    if (end !== undefined) instants.add(end)
  }
  return [...instants].sort((a, b) => (a < b ? -1 : 1))
}

/** Drops the unknown writes of texts that no later value contains; the others may help until the last step has ended. */
function dropUnseen(steps: readonly Step[], values: ValueTable): Step[] {
  const wishes = steps.filter(step => shownBy(step) >= 0 || step.notBefore !== anyValue)
  const isOfUse = (step: Step) => {
    const text = values.stringOf(step.after)
    return wishes.some(wish => {
      if (wish === step || wish.end < step.start) return false
      if (text === null || wish.notBefore !== anyValue) return true
      return values.stringOf(shownBy(wish))?.includes(text) === true
    })
  }
  return steps.filter(step => !step.isOptional || isOfUse(step))
}

/** Puts starts and ends in order and gives every step a bit, from its start to its end. */
function layOut(steps: readonly Step[]): { events: PlannedEvent[]; mandatoryWords: number; optionalWords: number } {
  const marks: { at: number; order: number; index: number }[] = []
  steps.forEach(({ start, end, isOptional }, index) => {
    // Intervals are closed, so what starts at an instant starts before anything ends at it.
    marks.push({ at: start, order: 0, index })
    if (end !== Infinity) marks.push({ at: end, order: isOptional ? 2 : 1, index })
  })
  marks.sort((a, b) => a.at - b.at || a.order - b.order || a.index - b.index)

  const startEvents = new Int32Array(steps.length)
  const endEvents = new Float64Array(steps.length).fill(Infinity)
  const mandatory = new SlotPool()
  const optional = new SlotPool()
  const slots = new Int32Array(steps.length)
  marks.forEach(({ order, index }, event) => {
    const pool = steps[index]!.isOptional ? optional : mandatory
    if (order === 0) {
      slots[index] = pool.take()
      startEvents[index] = event
    } else {
      pool.give(slots[index]!)
      endEvents[index] = event
    }
  })

  const mandatoryWords = Math.ceil(mandatory.size / 32)
  const twins = new Map<string, number>()
  const planned = steps.map((step, index): PlannedStep => {
    const slot = slots[index]!
    const likeness = `${step.effect} ${step.before} ${step.after}`
    if (!twins.has(likeness)) twins.set(likeness, twins.size)
    return {
      ...step,
      word: 1 + (step.isOptional ? mandatoryWords : 0) + (slot >>> 5),
      mask: 1 << (slot & 31),
      isBlindWrite: isBlindWrite(step),
      twin: twins.get(likeness)!,
      startEvent: startEvents[index]!,
      endEvent: endEvents[index]!,
    }
  })
  const events = marks.map(({ order, index }) => ({ step: planned[index]!, isEnd: order !== 0 }))
  return { events, mandatoryWords, optionalWords: Math.ceil(optional.size / 32) }
}

/** Numbers that are given out, the lowest free one first come, and taken back. */
class SlotPool {
  size = 0
  private readonly free: number[] = []

  take(): number {
    return this.free.pop() ?? this.size++
  }

  give(slot: number): void {
    this.free.push(slot)
  }
}

function startTables(events: readonly PlannedEvent[], valueCount: number) {
  const lastWriterStart = new Int32Array(valueCount).fill(-1)
  const lastFinderStart = new Int32Array(valueCount).fill(-1)
  const lastWisherStart = new Int32Array(valueCount).fill(-1)
  const nextAversionStart = new Float64Array(events.length).fill(Infinity)
  const note = (table: Int32Array, value: ValueId, event: number) => {
    if (value >= 0) table[value] = event
  }
  events.forEach(({ step, isEnd }, event) => {
    if (isEnd) return
    if (step.effect === 'write') note(lastWriterStart, step.after, event)
    if (!step.isOptional) note(lastFinderStart, step.before, event)
    note(lastWisherStart, step.before, event)
    note(lastWisherStart, step.notBefore, event)
  })
  for (let event = events.length - 2; event >= 0; event--) {
    const { step, isEnd } = events[event + 1]!
    const isAversion = !isEnd && step.notBefore !== anyValue
    nextAversionStart[event] = isAversion ? event + 1 : nextAversionStart[event + 1]!
  }
  return { lastWriterStart, lastFinderStart, lastWisherStart, nextAversionStart }
}

/**
 * With appends: for each event what is shown next, and for each step that shows a text the last reset that begins while it
 * is under way and could lead to that text.
 */
function appendTables(events: readonly PlannedEvent[], values: ValueTable) {
  const nextShown = new Array<PlannedStep | null>(events.length).fill(null)
  const lastResetWithin = new Map<PlannedStep, number>()
  let shown: PlannedStep | null = null
  let isReset = false
  for (let event = events.length - 1; event >= 0; event--) {
    nextShown[event] = isReset ? null : shown
    const { step, isEnd } = events[event]!
    if (isEnd) continue
    const shows = shownBy(step)
    if (!step.isOptional && shows >= 0) {
      const within = lastReset(events, event, step, values)
      lastResetWithin.set(step, within)
      if (step.endEvent < (shown?.endEvent ?? Infinity)) {
        shown = step
        isReset = within >= 0
      }
    }
    if (shown !== null && mayReset(step, shown, values)) isReset = true
  }
  return { nextShown, lastResetWithin }
}

/** The last event in the interval of `shown`, which starts at `event`, at which a reset starts that could lead to it; -1. */
function lastReset(events: readonly PlannedEvent[], event: number, shown: PlannedStep, values: ValueTable): number {
  for (let at = shown.endEvent - 1; at > event; at--) {
    const { step, isEnd } = events[at]!
    if (!isEnd && mayReset(step, shown, values)) return at
  }
  return -1
}

/** Could what `shown` shows begin with what `step` writes? */
export function mayReset(step: PlannedStep, shown: PlannedStep, values: ValueTable): boolean {
  return step.effect === 'write' && values.canGrowInto(step.after, shownBy(shown))
}
