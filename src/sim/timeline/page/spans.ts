/** The bars of the lanes of servers: role and term over time, and when a server was down or stood still. */
import type { TraceEvent } from '../../trace.js'
import { isLife } from './describe.js'

/** What a bar says of a server; 'starting' is a server that has not yet told its role. */
export type Condition = 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'starting' | 'paused' | 'down'

export interface RoleSpan {
  readonly lane: string
  readonly from: number
  to: number
  readonly condition: Condition
  readonly term: number
  /** The event that began it. */
  readonly event: number
}

/** The spans of all lanes in `lanes`, in the order of their beginnings. */
export function roleSpans(events: readonly TraceEvent[], lanes: ReadonlySet<string>, endMs: number): RoleSpan[] {
  const spans: RoleSpan[] = []
  const open = new Map<string, RoleSpan>()
  const beforePause = new Map<string, RoleSpan>()
  const begin = (lane: string, at: number, condition: Condition, term: number, event: number) => {
    const last = open.get(lane)
    if (last !== undefined) last.to = at
    const span = { lane, from: at, to: endMs, condition, term, event }
    open.set(lane, span)
    spans.push(span)
  }
  events.forEach((event, index) => {
    if (!('lane' in event) || !lanes.has(event.lane)) return
    const { lane, at } = event
    const current = open.get(lane)
    const term = current?.term ?? 0
    if (event.kind === 'role') begin(lane, at, event.role, event.term, index)
    else if (isLife(event)) {
      if (event.kind === 'start') begin(lane, at, 'starting', term, index)
      else if (event.kind === 'resume') begin(lane, at, beforePause.get(lane)?.condition ?? 'starting', term, index)
      else if (event.kind === 'pause') {
        if (current !== undefined) beforePause.set(lane, current)
        begin(lane, at, 'paused', term, index)
      } else begin(lane, at, 'down', term, index)
    }
  })
  return spans.filter(({ from, to }) => to > from)
}
