/** The bars of the lanes of servers: role and term over time, and when a server was down or stood still. */
import type { TraceEvent } from '../../trace.js'

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
    const term = open.get(event.lane)?.term ?? 0
    switch (event.kind) {
      case 'role':
        begin(event.lane, event.at, event.role, event.term, index)
        break
      case 'start':
        begin(event.lane, event.at, 'starting', term, index)
        break
      case 'crash':
      case 'kill':
      case 'stop':
      case 'failed':
        begin(event.lane, event.at, 'down', term, index)
        break
      case 'pause': {
        const running = open.get(event.lane)
        if (running !== undefined) beforePause.set(event.lane, running)
        begin(event.lane, event.at, 'paused', term, index)
        break
      }
      case 'resume':
        begin(event.lane, event.at, beforePause.get(event.lane)?.condition ?? 'starting', term, index)
        break
      default:
    }
  })
  return spans.filter(({ from, to }) => to > from)
}
