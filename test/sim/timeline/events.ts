/** Events for tests, with what does not matter left to be filled in. */
import type { TraceEvent } from '../../../src/sim/trace.js'

type Told<E = TraceEvent> = E extends unknown ? Omit<E, 'n' | 'cause'> & { n?: number; cause?: number } : never

/** A trace: each event is a step of its own unless it says otherwise, caused by the plan. */
export function trace(...events: Told[]): TraceEvent[] {
  return events.map((event, index) => ({ n: index + 1, cause: 0, ...event }))
}

/** The first line of a trace of two servers and a client. */
export const run = {
  ...({ kind: 'run', at: 0, seed: 1, servers: ['s1', 's2'], clients: ['c1'] } as const),
  ...{ durationMs: 100, healedMs: 80 },
}

/** A datagram from s1 to s2. */
export function send(at: number, datagram: number, message = 'AppendEntries t1') {
  return { kind: 'send', at, lane: 's1', to: 's2', datagram, bytes: 99, messages: [message] } as const
}

/** The arrival of one. */
export function deliver(at: number, datagram: number) {
  return { kind: 'deliver', at, lane: 's2', from: 's1', datagram } as const
}
