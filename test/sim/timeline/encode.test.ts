/** What is encoded comes back, whatever the texts and numbers. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { EventEncoder } from '../../../src/sim/timeline/encode.js'
import { decodeEvents } from '../../../src/sim/timeline/page/decode.js'
import type { TraceEvent } from '../../../src/sim/trace.js'
import { small, syntheticRun, violated } from './synthetic-run.js'
import { run, trace } from './events.js'

function there(events: readonly TraceEvent[]): { rows: number[]; texts: string[][] } {
  const encoder = new EventEncoder()
  const rows = events.flatMap(event => encoder.encode(event))
  return { rows, texts: encoder.texts.map(text => JSON.parse(text) as string[]) }
}

/** As the page has it: in whole microseconds. */
function rounded(events: readonly TraceEvent[]): TraceEvent[] {
  return events.map(event => ({ ...event, at: Math.round(event.at * 1000) / 1000 }))
}

void t.test('whole runs come back', t => {
  for (const options of [small, violated]) {
    const events = syntheticRun(options)
    t.ok(isDeepStrictEqual(decodeEvents(there(events)), rounded(events)))
  }
  t.end()
})

void t.test('any text comes back: digits, leading zeros, long numbers, controls', t => {
  const text: fc.Arbitrary<string> = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.stringMatching(/^[0-9 .a-]{0,40}$/),
  )
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), text, fc.nat(), (messages, what, datagram) => {
      const events = trace(
        { kind: 'send', at: 0.125, lane: 's1', to: what, datagram, bytes: 7, messages },
        { kind: 'invoke', at: 3, lane: 'c1', operation: 2 ** 53 - 1, what, n: 900, cause: 17 },
        { kind: 'end', at: 3, outcome: 'crash', invariant: what, message: what, n: 901 },
      )
      return isDeepStrictEqual(decodeEvents(there(events)), events)
    }),
  )
  t.end()
})

void t.test('what differs in numbers only takes one entry of the table', t => {
  const { texts } = there(
    trace(
      run,
      ...Array.from({ length: 50 }, (_, i) => {
        const messages = [`AppendEntries t3 prev ${i}/2 +1 commit ${i * 7}`]
        return { kind: 'send', at: i, lane: 's1', to: 's2', datagram: i, bytes: 60, messages } as const
      }),
    ),
  )
  t.same(texts, [['s1'], ['s2'], ['c1'], ['AppendEntries t', ' prev ', '/', ' +', ' commit ', '']])
  t.end()
})

void t.test('a run of five servers is less than a third of its JSON', t => {
  const events = syntheticRun(violated)
  const { rows, texts } = there(events)
  const bytes = rows.join().length + JSON.stringify(texts).length
  t.ok(bytes < events.reduce((sum, event) => sum + JSON.stringify(event).length, 0) / 3)
  t.end()
})
