/** Turns what happens in a cluster into the events of trace.ts, as it happens. */
import type { SimOperation } from '../storage/disk-sim.js'
import type { ClusterWatch, SimCluster } from './cluster.js'
import { workOf } from './crash-points.js'
import { describeDatagram } from './describe-datagram.js'
import type { InvariantsWatch } from './invariants/invariants.js'
import { laneName } from './lanes.js'
import type { NetworkWatch } from './network.js'
import type { RunResult } from './run.js'
import type { Lane, LossReason, TraceEvent, TraceSink } from './trace.js'

/** An event as a place in the run hands it in; the rest follows from the step under way. */
type Told = TraceEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'n' | 'at' | 'cause'> : never) : never

/** Tells `sink` of everything from now on; to be called before the run begins. */
export function writeTrace(cluster: SimCluster, sink: TraceSink): void {
  const { kernel, plan, network, invariants } = cluster
  const tell = (event: Told): void => {
    sink({ n: kernel.steps, at: kernel.nowMs, cause: kernel.cause, ...event })
  }
  const lane = (number: number): Lane => laneName(number, plan.servers)
  const { servers, load, seed, healedMs } = plan
  tell({
    kind: 'run',
    seed,
    servers: lanesFrom(1, servers).map(lane),
    clients: lanesFrom(servers + 1, load.clients + 2).map(lane),
    durationMs: healedMs,
    healedMs,
  })
  cluster.watch = clusterWatch(tell, lane)
  network.watch = networkWatch(tell, lane)
  invariants.watch = invariantsWatch(tell, invariants.watch)
}

/** The last event: how the run ended. */
export function endOfTrace(result: RunResult, sink: TraceSink): void {
  const { steps, simulatedMs, outcome, invariant, message } = result
  sink({ kind: 'end', n: steps, at: simulatedMs, cause: steps, outcome, invariant, message })
}

function lanesFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

function clusterWatch(tell: (event: Told) => void, lane: (number: number) => Lane): ClusterWatch {
  return {
    process: (number, kind, why) => tell({ kind, lane: lane(number), why }),
    disk: (number, operation: SimOperation, outcome) => {
      const work = workOf(operation)
      if (work === null && outcome === 'ok') return
      const { path, bytes, kind } = operation
      tell({ kind: 'disk', lane: lane(number), operation: work ?? kind, path, bytes, outcome })
    },
    invoked: (number, operation, what) => tell({ kind: 'invoke', lane: lane(number), operation, what }),
    answered: (number, operation, what, outcome) =>
      tell({ kind: 'answer', lane: lane(number), operation, what, outcome }),
    fault: (what, lanes, forMs) => tell({ kind: 'fault', what, lanes: lanes.map(lane), forMs }),
  }
}

function networkWatch(tell: (event: Told) => void, lane: (number: number) => Lane): NetworkWatch {
  return {
    sent: (from, to, datagram, bytes) =>
      tell({
        kind: 'send',
        lane: lane(from),
        to: lane(to),
        datagram,
        bytes: bytes.length,
        messages: describeDatagram(bytes),
      }),
    delivered: (from, to, datagram) => tell({ kind: 'deliver', lane: lane(to), from: lane(from), datagram }),
    lost: (from, to, datagram, why: LossReason) =>
      tell({ kind: 'lost', lane: lane(to), from: lane(from), datagram, why }),
    mangled: (to, datagram, how) => tell({ kind: 'mangle', lane: lane(to), datagram, how }),
  }
}

function invariantsWatch(tell: (event: Told) => void, before: InvariantsWatch | null): InvariantsWatch {
  return {
    roleChanged: watched => {
      before?.roleChanged(watched)
      const { id, role, currentTerm: term } = watched
      tell({ kind: 'role', lane: `s${id}`, role: role.name, term })
    },
    logChanged: watched => {
      before?.logChanged(watched)
      const { id, entries, addedFrom, cut } = watched
      tell({
        kind: 'append',
        lane: `s${id}`,
        from: addedFrom,
        to: entries.length,
        term: entries.at(-1)?.term ?? 0,
        cut,
      })
    },
    committed: watched => {
      before?.committed(watched)
      const { id, commitIndex: index, entries } = watched
      tell({ kind: 'commit', lane: `s${id}`, index, term: entries[index - 1]?.term ?? 0 })
    },
  }
}
