/** Why something happened: the way from an event back through the steps that caused it, and what it led to. */
import type { TraceEvent } from '../../trace.js'

export class Causes {
  private readonly events: readonly TraceEvent[]
  private readonly firstOfStep = new Map<number, number>()
  private readonly effects = new Map<number, number[]>()

  constructor(events: readonly TraceEvent[]) {
    this.events = events
    events.forEach((event, index) => {
      if (!this.firstOfStep.has(event.n)) this.firstOfStep.set(event.n, index)
      if (event.cause === 0 || event.cause === event.n) return
      const effects = this.effects.get(event.cause)
      if (effects === undefined) this.effects.set(event.cause, [index])
      else effects.push(index)
    })
  }

  /** The events that led to this one, the nearest first, `max` at most. */
  chain(index: number, max: number): number[] {
    const chain: number[] = []
    let at: number | undefined = index
    while (chain.length < max) {
      at = this.causeOf(at)
      if (at === undefined) break
      chain.push(at)
    }
    return chain
  }

  /** The other events of the same step. */
  companions(index: number): number[] {
    const { n } = this.events[index]!
    const step: number[] = []
    for (let i = this.firstOfStep.get(n)!; this.events[i]?.n === n; i++) if (i !== index) step.push(i)
    return step
  }

  /** The events that this one's step led to. */
  effectsOf(index: number): readonly number[] {
    return this.effects.get(this.events[index]!.n) ?? []
  }

  /** The event before this one: what began its step, then what the step that caused it did about it. */
  private causeOf(index: number): number | undefined {
    const event = this.events[index]!
    const first = this.firstOfStep.get(event.n)!
    const isOfWay = 'datagram' in event && event.kind !== 'send'
    if (first !== index && !isOfWay && canBegin(this.events[first]!)) return first
    if (event.cause === 0 || event.cause >= event.n) return undefined
    const begin = this.firstOfStep.get(event.cause)
    if (begin === undefined) return undefined
    if (!('datagram' in event)) return begin
    for (let i = begin; this.events[i]?.n === event.cause; i++) {
      const other = this.events[i]!
      if (other.kind === 'send' && other.datagram === event.datagram) return i
    }
    return begin
  }
}

/** A datagram that leaves is what a step did, never why. */
function canBegin({ kind }: TraceEvent): boolean {
  return kind !== 'send' && kind !== 'mangle' && kind !== 'lost'
}
