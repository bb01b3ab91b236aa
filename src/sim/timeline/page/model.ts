/** A run as what the page draws: lanes, bars, arrows, marks, and where to look first. */
import type { TraceEvent } from '../../trace.js'
import { arrowsOf, usualFlightMs } from './arrows.js'
import type { Arrow } from './arrows.js'
import { isLife, lanesOfEvent } from './describe.js'
import { faultBands } from './faults.js'
import type { FaultBand } from './faults.js'
import { operationBars } from './operations.js'
import type { OperationBar } from './operations.js'
import { roleSpans } from './spans.js'
import type { RoleSpan } from './spans.js'
import type { View } from './view.js'

export type MarkKind = 'append' | 'commit' | 'disk' | 'disk-error' | 'life'

export interface Mark {
  readonly lane: string
  readonly at: number
  readonly kind: MarkKind
  readonly event: number
}

export interface Model {
  readonly events: readonly TraceEvent[]
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  readonly endMs: number
  readonly spans: readonly RoleSpan[]
  readonly arrows: readonly Arrow[]
  readonly usualFlightMs: number
  readonly operations: readonly OperationBar[]
  readonly marks: readonly Mark[]
  readonly faults: readonly FaultBand[]
  readonly faultRows: number
  /** The end, when something was wrong. */
  readonly violation: (TraceEvent & { kind: 'end' }) | undefined
  readonly violationEvent: number
}

/** Most rows of faults; more at once share the last one in the detail, and stand in the lanes' shade. */
const faultRowsMax = 4

/** Reads a run. */
export function modelOf(events: readonly TraceEvent[]): Model {
  const run = events.find(event => event.kind === 'run')
  const clients = run?.clients ?? namesIn(events, 'c')
  const servers = run?.servers ?? namesIn(events, 's')
  const violationEvent = events.findIndex(event => event.kind === 'end' && event.outcome !== 'passed')
  const endMs = events.reduce((latest, { at }) => Math.max(latest, at), 1)
  const arrows = arrowsOf(events, new Set(clients), endMs)
  const faults = faultBands(events, endMs)
  return {
    events,
    servers,
    clients,
    endMs,
    spans: roleSpans(events, new Set(servers), endMs),
    arrows,
    usualFlightMs: usualFlightMs(arrows),
    operations: operationBars(events, endMs),
    marks: marksOf(events),
    faults,
    faultRows: faults.reduce((rows, { row }) => Math.max(rows, Math.min(row + 1, faultRowsMax)), 0),
    violation: events[violationEvent] as Model['violation'],
    violationEvent,
  }
}

/** What to show first: the last moments before a violation, else the first election, else all. */
export function firstView({ events, arrows, violation, endMs }: Model): View {
  if (violation !== undefined) {
    const before = arrows.filter(({ sentAt }) => sentAt < violation.at)
    const first = before.at(-messagesShownFirst) ?? before[0]
    const span = violation.at - (first?.sentAt ?? 0)
    return { from: violation.at - span, to: violation.at + span * 0.12 }
  }
  const campaign = events.find(event => event.kind === 'role' && event.role !== 'follower')
  if (campaign === undefined) return { from: 0, to: endMs }
  const won = events.find(event => event.kind === 'role' && event.role === 'leader' && event.at >= campaign.at)
  const span = Math.max(2, (won ?? campaign).at - campaign.at)
  return { from: campaign.at - span * 0.4, to: campaign.at + span * 2 }
}

const messagesShownFirst = 40

function marksOf(events: readonly TraceEvent[]): Mark[] {
  return events.flatMap((event, index) => {
    const kind = markKindOf(event)
    return kind === undefined || !('lane' in event) ? [] : [{ lane: event.lane, at: event.at, kind, event: index }]
  })
}

function markKindOf(event: TraceEvent): MarkKind | undefined {
  if (event.kind === 'append' || event.kind === 'commit') return event.kind
  if (event.kind === 'disk') return event.outcome === 'ok' ? 'disk' : 'disk-error'
  return isLife(event) ? 'life' : undefined
}

/** The lanes of a trace that does not begin with its run. */
function namesIn(events: readonly TraceEvent[], letter: string): string[] {
  const names = new Set(events.flatMap(lanesOfEvent).filter(name => name.startsWith(letter)))
  return [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}
