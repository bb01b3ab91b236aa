/** What clients asked, from question to answer, in as many rows as were open at once. */
import type { TraceEvent } from '../../trace.js'

export interface OperationBar {
  readonly lane: string
  readonly from: number
  to: number
  /** 'open' was never answered. */
  outcome: 'ok' | 'fail' | 'unknown' | 'open'
  readonly what: string
  readonly event: number
  /** The row in its lane, from 0; those never answered would fill all rows to the end of the run, and have none: -1. */
  row: number
}

/** More at once share rows. */
const rowsMax = 3

/** All operations in the order in which they began. */
export function operationBars(events: readonly TraceEvent[], endMs: number): OperationBar[] {
  const bars: OperationBar[] = []
  const open = new Map<string, OperationBar>()
  events.forEach((event, index) => {
    if (event.kind === 'invoke') {
      const { lane, at, what } = event
      const bar: OperationBar = { lane, from: at, to: endMs, outcome: 'open', what, event: index, row: -1 }
      open.set(`${lane} ${event.operation}`, bar)
      bars.push(bar)
    } else if (event.kind === 'answer') {
      const key = `${event.lane} ${event.operation}`
      const bar = open.get(key)
      if (bar === undefined) return
      bar.to = event.at
      bar.outcome = event.outcome
      open.delete(key)
    }
  })
  giveRows(bars)
  return bars
}

/** Each takes the first row whose last operation has ended. */
function giveRows(bars: readonly OperationBar[]): void {
  const endsOfLane = new Map<string, number[]>()
  for (const bar of bars) {
    if (bar.outcome === 'open') continue
    const ends = endsOfLane.get(bar.lane) ?? []
    endsOfLane.set(bar.lane, ends)
    const free = ends.findIndex(end => end <= bar.from)
    bar.row = free >= 0 ? free : ends.length < rowsMax ? ends.length : bar.event % rowsMax
    ends[bar.row] = Math.max(ends[bar.row] ?? 0, bar.to)
  }
}
