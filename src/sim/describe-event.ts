/** One event of a trace as one line for people. */
import { unreachable } from '../base/assert.js'
import type { TraceEvent } from './trace.js'

export function describeEvent(event: TraceEvent): string {
  const at = `${event.at.toFixed(3).padStart(11)} ms`
  return `${at}  ${whatOf(event)}`
}

function whatOf(event: TraceEvent): string {
  switch (event.kind) {
    case 'run':
      return `seed ${event.seed}: servers ${event.servers.join(' ')}, clients ${event.clients.join(' ')}`
    case 'start':
    case 'crash':
    case 'kill':
    case 'stop':
    case 'pause':
    case 'resume':
    case 'failed':
      return `${event.lane} ${processWords[event.kind]}${event.why === '' ? '' : `: ${event.why}`}`
    case 'role':
      return `${event.lane} is ${event.role} in term ${event.term}`
    case 'send':
      return `${event.lane} -> ${event.to}  ${event.messages.join(' | ')}  (#${event.datagram})`
    case 'deliver':
      return `${event.lane} <- ${event.from}  #${event.datagram}`
    case 'lost':
      return `#${event.datagram} from ${event.from} to ${event.lane} is lost: ${event.why}`
    case 'mangle':
      return `#${event.datagram} to ${event.lane}: ${event.how}`
    case 'disk':
      return `${event.lane} disk: ${event.operation}, ${event.bytes} bytes${event.outcome === 'ok' ? '' : `: ${event.outcome}`}`
    case 'append': {
      const cut = event.cut === 0 ? '' : `cuts ${event.cut} entries, `
      return `${event.lane} ${cut}has entries up to ${event.to} (new from ${event.from}, last term ${event.term})`
    }
    case 'commit':
      return `${event.lane} commits up to ${event.index} (term ${event.term})`
    case 'invoke':
      return `${event.lane} asks: ${event.what}`
    case 'answer':
      return `${event.lane} is told (${event.outcome}): ${event.what}`
    case 'fault':
      return `*** ${event.what}`
    case 'end':
      return event.outcome === 'passed' ? 'nothing was wrong' : `!!! ${event.invariant}: ${event.message}`
    default:
      return unreachable(event)
  }
}

const processWords = {
  start: 'starts',
  crash: 'loses power',
  kill: 'is killed',
  stop: 'has stopped',
  pause: 'stands still',
  resume: 'goes on',
  failed: 'ends by itself',
} as const
