/** Reads the events back out of the numbers in the page. */
import type { TraceEvent } from '../../trace.js'
import { causeIsPlan, fieldsOfKind, ticksPerMs, traceKinds } from './fields.js'
import type { FieldForm, PageData } from './fields.js'

/** All events of the run, in the order in which they happened. */
export function decodeEvents({ rows, texts }: PageData): TraceEvent[] {
  const events: TraceEvent[] = []
  let position = 0
  let n = 0
  let ticks = 0
  const next = () => rows[position++]!
  const word = () => texts[next()]![0]!
  const text = () => {
    const [first = '', ...others] = texts[next()]!
    return others.reduce((whole, piece) => `${whole}${next()}${piece}`, first)
  }
  const many = (read: () => string) => Array.from({ length: next() }, read)
  const read: Record<FieldForm, () => unknown> = {
    number: next,
    word,
    text,
    words: () => many(word),
    texts: () => many(text),
  }
  while (position < rows.length) {
    const code = next()
    n += next()
    ticks += next()
    const distance = next()
    const event: Record<string, unknown> = {
      n,
      at: ticks / ticksPerMs,
      cause: distance === causeIsPlan ? 0 : n - distance,
      kind: traceKinds[code],
    }
    for (const [name, form] of fieldsOfKind[code]!) event[name] = read[form]()
    events.push(event as unknown as TraceEvent)
  }
  return events
}
