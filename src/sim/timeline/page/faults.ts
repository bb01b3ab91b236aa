/** Faults as bands, each from its beginning until it is mended, in as few rows as they need. */
import type { TraceEvent } from '../../trace.js'

export interface FaultBand {
  readonly what: string
  /** The lanes concerned; none means all. */
  readonly lanes: readonly string[]
  readonly from: number
  readonly to: number
  readonly event: number
  /** The row in the track of faults, from 0: bands of one row do not overlap. */
  readonly row: number
}

/** All bands in the order of their beginnings; what is over at once has none. */
export function faultBands(events: readonly TraceEvent[], endMs: number): FaultBand[] {
  const healedMs = events.find(event => event.kind === 'run')?.healedMs ?? endMs
  const bands: FaultBand[] = []
  /** Until when each row is taken. */
  const rows: number[] = []
  events.forEach((event, index) => {
    if (event.kind !== 'fault') return
    const { what, lanes, at, forMs } = event
    const to = Math.min(at + forMs, healedMs, endMs)
    if (to <= at) return
    const free = rows.findIndex(takenTo => takenTo <= at)
    const row = free < 0 ? rows.length : free
    rows[row] = to
    bands.push({ what, lanes, from: at, to, event: index, row })
  })
  return bands
}
