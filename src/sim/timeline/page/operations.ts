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
  /** The row in its lane, from 0. */
  readonly row: number
}

/** All operations in the order in which they began. */
export function operationBars(events: readonly TraceEvent[], endMs: number): OperationBar[] {
  const bars: OperationBar[] = []
  const open = new Map<string, OperationBar>()
  const rows = new Map<string, (OperationBar | undefined)[]>()
  events.forEach((event, index) => {
    if (event.kind === 'invoke') {
      const taken = rows.get(event.lane) ?? []
      rows.set(event.lane, taken)
      const free = taken.indexOf(undefined)
      const row = free < 0 ? taken.length : free
      const { lane, at, what } = event
      const bar: OperationBar = { lane, from: at, to: endMs, outcome: 'open', what, event: index, row }
      taken[row] = bar
      open.set(`${lane} ${event.operation}`, bar)
      bars.push(bar)
    } else if (event.kind === 'answer') {
      const key = `${event.lane} ${event.operation}`
      const bar = open.get(key)
      if (bar === undefined) return
      bar.to = event.at
      bar.outcome = event.outcome
      open.delete(key)
      rows.get(event.lane)![bar.row] = undefined
    }
  })
  return bars
}
