/** Events in words: one line for lists and searches, and what a label beside an arrow says. */
import type { TraceEvent } from '../../trace.js'

/** An event on one line. */
export function describeEvent(event: TraceEvent): string {
  if (isLife(event)) return `${event.lane} ${event.kind}${event.why === '' ? '' : `: ${event.why}`}`
  switch (event.kind) {
    case 'run':
      return `run of seed ${event.seed}: ${event.servers.length} servers, ${event.clients.length} clients`
    case 'role':
      return `${event.lane} is ${event.role} in term ${event.term}`
    case 'send':
      return `${event.lane} → ${event.to} ${event.messages.join('; ')} (datagram ${event.datagram}, ${event.bytes} bytes)`
    case 'deliver':
      return `${event.lane} received datagram ${event.datagram} from ${event.from}`
    case 'lost':
      return `datagram ${event.datagram} ${event.from} → ${event.lane} lost: ${event.why}`
    case 'mangle':
      return `datagram ${event.datagram} to ${event.lane}: ${event.how}`
    case 'disk':
      return `${event.lane} disk ${event.operation} ${event.path} (${event.bytes} bytes): ${event.outcome}`
    case 'append':
      return `${event.lane} appended ${range(event.from, event.to)} of term ${event.term}${
        event.cut > 0 ? `, cut ${event.cut}` : ''
      }`
    case 'commit':
      return `${event.lane} committed up to ${event.index} in term ${event.term}`
    case 'invoke':
      return `${event.lane} asks: ${event.what}`
    case 'answer':
      return `${event.lane} is answered ${event.outcome}: ${event.what}`
    case 'fault':
      return `fault: ${event.what}`
    case 'end':
      return event.outcome === 'passed'
        ? 'end: nothing was wrong'
        : `end: ${event.outcome} ${event.invariant}: ${event.message}`
  }
}

/** The beginning or the end of a process, or of a pause of it. */
export type LifeEvent = Extract<
  TraceEvent,
  { why: string; kind: 'start' | 'crash' | 'kill' | 'stop' | 'pause' | 'resume' | 'failed' }
>

const lifeKinds: ReadonlySet<string> = new Set<LifeEvent['kind']>([
  ...(['start', 'crash', 'kill', 'stop', 'pause', 'resume', 'failed'] as const),
])

/** Whether a process began, ended, stood still or went on. */
export function isLife(event: TraceEvent): event is LifeEvent {
  return lifeKinds.has(event.kind)
}

/** The processes that an event concerns. */
export function lanesOfEvent(event: TraceEvent): readonly string[] {
  if (event.kind === 'fault') return event.lanes
  if (event.kind === 'run' || event.kind === 'end') return []
  if (event.kind === 'send') return [event.lane, event.to]
  return event.kind === 'deliver' || event.kind === 'lost' ? [event.lane, event.from] : [event.lane]
}

/** Entries, as a mark's label has them. */
export function range(from: number, to: number): string {
  return from === to ? `${from}` : `${from}..${to}`
}

/** A moment or a span of simulated time. */
export function timeText(ms: number): string {
  return `${ms.toFixed(3).replace(/\B(?=(\d{3})+(?=\.))/g, ' ')} ms`
}
