/**
 * With appends: until when is a text of use? As long as somebody is still to find it, or a text that begins with it. All
 * texts that are ever found stand here in order, so those that begin with another one stand together.
 */
import type { PlannedEvent } from './plan.js'
import { shownBy } from './steps.js'
import type { ValueId, ValueTable } from './values.js'

export class FoundTexts {
  private readonly values: ValueTable
  private readonly texts: readonly string[]
  /** lastEnds[level][i]: the last event at which one who finds a text of i .. i + 2^level - 1 ends. */
  private readonly lastEnds: number[][]
  private readonly known = new Map<ValueId, number>()

  constructor(events: readonly PlannedEvent[], values: ValueTable) {
    this.values = values
    const lastEnd = new Map<string, number>()
    for (const { step, isEnd } of events) {
      if (isEnd) continue
      for (const value of [shownBy(step), step.notBefore]) {
        const text = value < 0 ? null : values.stringOf(value)
        if (text !== null) lastEnd.set(text, Math.max(step.endEvent, lastEnd.get(text) ?? -1))
      }
    }
    this.texts = [...lastEnd.keys()].sort()
    this.lastEnds = [this.texts.map(text => lastEnd.get(text)!)]
    for (let width = 1; width * 2 <= this.texts.length; width *= 2) {
      const half = this.lastEnds.at(-1)!
      this.lastEnds.push(half.slice(width).map((end, at) => Math.max(end, half[at]!)))
    }
  }

  /** The last event up to which `value` is of use; -1 for never, Infinity for what is not a text. */
  usefulUntil(value: ValueId): number {
    const known = this.known.get(value)
    if (known !== undefined) return known
    const text = this.values.stringOf(value)
    const until = text === null ? Infinity : this.lastEndOfExtensions(text)
    this.known.set(value, until)
    return until
  }

  private lastEndOfExtensions(text: string): number {
    const from = this.firstAt(other => other >= text)
    const to = this.firstAt(other => other >= text && !other.startsWith(text))
    if (from === to) return -1
    const level = 31 - Math.clz32(to - from)
    const ends = this.lastEnds[level]!
    return Math.max(ends[from]!, ends[to - (1 << level)]!)
  }

  /** The first place where `isBeyond` holds; it holds from there on. */
  private firstAt(isBeyond: (text: string) => boolean): number {
    let low = 0
    let high = this.texts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBeyond(this.texts[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}
