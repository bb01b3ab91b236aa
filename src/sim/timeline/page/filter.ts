/** Which events a search finds: all its words occur in what the event says. */
import type { TraceEvent } from '../../trace.js'
import { describeEvent } from './describe.js'

export class EventFilter {
  private readonly events: readonly TraceEvent[]
  /** Built by the first search: most readers never search. */
  private lines: string[] | undefined

  constructor(events: readonly TraceEvent[]) {
    this.events = events
  }

  /** The indexes of what is found, in order; undefined when nothing is asked. */
  find(asked: string): number[] | undefined {
    const words = asked.toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return undefined
    this.lines ??= searchLines(this.events)
    const found: number[] = []
    this.lines.forEach((line, index) => {
      if (words.every(word => line.includes(word))) found.push(index)
    })
    return found
  }
}

/** What an event says; what became of a datagram also says what stood in it, so that 'vote lost' finds lost votes. */
function searchLines(events: readonly TraceEvent[]): string[] {
  const messages = new Map<number, string>()
  for (const event of events) if (event.kind === 'send') messages.set(event.datagram, event.messages.join('; '))
  return events.map(event => {
    const held = 'datagram' in event && event.kind !== 'send' ? messages.get(event.datagram) : undefined
    return `${event.kind} ${describeEvent(event)} ${held ?? ''}`.toLowerCase()
  })
}
