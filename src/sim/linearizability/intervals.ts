/**
 * Makes the search smaller before it begins, for keys without appends. Where just one operation can have written a value,
 * whoever found that value says much about it:
 *
 * - it took effect, whatever its client was told, and before the finder was done: an unknown outcome becomes a known one;
 * - the finder took effect after it began.
 *
 * And an unknown write whose value nobody needs any more is forgotten: that is its end. So with unique values the
 * unknown outcomes, each of which would double the search, all but vanish. Nothing here changes a verdict.
 */
import type { Step } from './steps.js'
import { anyValue } from './steps.js'
import type { ValueId } from './values.js'
import { absent, forgotten } from './values.js'

/** Narrows the intervals of `steps` in place and returns those that are still of use. */
export function narrowIntervals(given: readonly Step[], valueCount: number): Step[] {
  const steps = dropIdleAversions(given, valueCount)
  const onlyWriter = onlyWriters(steps, valueCount)
  const finders = findersOf(steps, valueCount)
  endWritersBeforeTheirFinders(onlyWriter, finders)
  startFindersAfterTheirWriters(onlyWriter, finders)
  return forgetUnneeded(steps, valueCount)
}

/** Not to find what nobody ever writes is no demand at all. */
function dropIdleAversions(steps: readonly Step[], valueCount: number): Step[] {
  const isWritten = new Uint8Array(valueCount)
  isWritten[absent] = 1
  for (const { effect, after } of steps) if (effect === 'write') isWritten[after] = 1
  return steps.map(step => (step.notBefore < 0 || isWritten[step.notBefore] ? step : { ...step, notBefore: anyValue }))
}

/** By value: the one step that can have written it; null for none or several. Nobody has to write `absent`. */
function onlyWriters(steps: readonly Step[], valueCount: number): (Step | null)[] {
  const writers = new Int32Array(valueCount)
  writers[absent] = 1
  const onlyWriter = new Array<Step | null>(valueCount).fill(null)
  for (const step of steps) {
    if (step.effect !== 'write') continue
    onlyWriter[step.after] = ++writers[step.after]! === 1 ? step : null
  }
  return onlyWriter
}

/** By value: the steps that took effect for certain, and found it. */
function findersOf(steps: readonly Step[], valueCount: number): Step[][] {
  const finders = Array.from({ length: valueCount }, (): Step[] => [])
  for (const step of steps) if (!step.isOptional && step.before >= 0) finders[step.before]!.push(step)
  return finders
}

function endWritersBeforeTheirFinders(onlyWriter: readonly (Step | null)[], finders: Step[][]): void {
  const toVisit = finders.map((_, value) => value)
  for (let value = toVisit.pop(); value !== undefined; value = toVisit.pop()) {
    const writer = onlyWriter[value] ?? null
    if (writer === null) continue
    let end = writer.end
    for (const finder of finders[value]!) if (finder !== writer) end = Math.min(end, finder.end)
    end = Math.max(end, writer.start)
    if (end >= writer.end) continue
    writer.end = end
    const isNewlyKnown = writer.isOptional
    writer.isOptional = false
    // A compare-and-set is the finder of another value; its news goes on to the writer of that one.
    if (writer.before < 0) continue
    if (isNewlyKnown) finders[writer.before]!.push(writer)
    toVisit.push(writer.before)
  }
}

function startFindersAfterTheirWriters(onlyWriter: readonly (Step | null)[], finders: readonly Step[][]): void {
  const writers = onlyWriter.filter(writer => writer !== null).sort((a, b) => a.start - b.start)
  for (const writer of writers) {
    for (const finder of finders[writer.after]!) {
      if (finder !== writer) finder.start = Math.min(finder.end, Math.max(finder.start, writer.start))
    }
  }
}

/** Ends each optional step where the last one that it could help has ended; drops those that can help none. */
function forgetUnneeded(steps: readonly Step[], valueCount: number): Step[] {
  // By value: the last end of a step that wants to find it, and of one that wants not to.
  const lastUse = new Float64Array(valueCount).fill(-1)
  const lastAversionTo = new Float64Array(valueCount).fill(-1)
  for (const { isOptional, before, notBefore, end } of steps) {
    if (isOptional) continue
    if (before >= 0) lastUse[before] = Math.max(lastUse[before]!, end)
    if (notBefore >= 0) lastAversionTo[notBefore] = Math.max(lastAversionTo[notBefore]!, end)
  }
  const lastAversion = lastAversionTo.reduce((a, b) => Math.max(a, b), -1)
  // It brings a value that is wanted, or takes one away that is not: any, or the one that it compares with.
  const usefulUntil = ({ before, after }: Step) =>
    Math.max(lastUse[after]!, before >= 0 ? lastAversionTo[before]! : lastAversion)

  // A compare-and-set that may have happened wants its value found first: uses go on from one to the next.
  const optionalSwaps = steps.filter(step => step.isOptional && step.before >= 0)
  for (let swapsToVisit = optionalSwaps; swapsToVisit.length > 0;) {
    const raised = new Set<ValueId>()
    for (const swap of swapsToVisit) {
      if (usefulUntil(swap) <= lastUse[swap.before]!) continue
      lastUse[swap.before] = usefulUntil(swap)
      raised.add(swap.before)
    }
    swapsToVisit = optionalSwaps.filter(({ after }) => raised.has(after))
  }
  const kept: Step[] = []
  for (const step of steps) {
    if (step.isOptional) step.end = usefulUntil(step)
    if (step.end < step.start) continue
    const isValueOfUse = !step.isOptional || lastUse[step.after]! >= step.start || lastAversionTo[step.after]! >= 0
    // All that only take a value away are alike.
    kept.push(isValueOfUse ? step : { ...step, after: forgotten })
  }
  return kept
}
