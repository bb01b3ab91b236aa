/**
 * Faults as bands: each begins with an event of the plan and lasts until the same part of the world changes again. What
 * an event is about stands before ' is ' ('disk of s2' is slow), or is its first word ('cut').
 */
import type { TraceEvent } from '../../trace.js'

export interface FaultBand {
  readonly what: string
  /** The lanes concerned; none means all. */
  readonly lanes: readonly string[]
  readonly from: number
  to: number
  readonly event: number
  /** The row in the track of faults, from 0: bands of one row do not overlap. */
  readonly row: number
}

const isEnd = /\b(healed|heals?|whole|well|healthy|normal|usual|again|over|ends?|ended|restored|ok|fast)\b/i

/** All bands in the order of their beginnings. */
export function faultBands(events: readonly TraceEvent[], endMs: number): FaultBand[] {
  const healedMs = events.find(event => event.kind === 'run')?.healedMs ?? endMs
  const bands: FaultBand[] = []
  let open: FaultBand[] = []
  events.forEach((event, index) => {
    if (event.kind !== 'fault') return
    const subject = subjectOf(event.what)
    // 'healed' names no subject: it ends every cut.
    const isHealed = subject === 'healed' || /^(network|all)\b/.test(subject)
    open = open.filter(band => {
      const ends = subjectOf(band.what) === subject || (isHealed && isEnd.test(event.what) && isOfNetwork(band))
      if (ends) band.to = Math.min(band.to, event.at)
      return !ends && band.to > event.at
    })
    if (isEnd.test(event.what)) return
    const taken = new Set(open.map(({ row }) => row))
    let row = 0
    while (taken.has(row)) row++
    const to = event.at < healedMs ? Math.min(healedMs, endMs) : endMs
    const band = { what: event.what, lanes: event.lanes, from: event.at, to, event: index, row }
    open.push(band)
    bands.push(band)
  })
  return bands.filter(({ from, to }) => to > from)
}

function subjectOf(what: string): string {
  const verb = what.indexOf(' is ')
  return (verb < 0 ? (/^\S+/.exec(what)?.[0] ?? '') : what.slice(0, verb)).toLowerCase().replace(/[:,]$/, '')
}

function isOfNetwork({ what }: FaultBand): boolean {
  return !/\bdisk\b|\bclock\b/i.test(what)
}
