/**
 * No Storm: the messages that servers send each other stay below a bound that follows from time, operations and events,
 * whatever is lost or copied (R18; RFC 8085 section 3.1). Copies that the network makes do not count.
 */
import type { SimCluster } from '../cluster.js'

/** Per link and heartbeat: a heartbeat and its answer, or the requests and answers of candidates who ask each other. */
const perHeartbeat = 2.5
/** Per server and operation: it, its acknowledgements, their repeats. Six hundred seeds had 3.6 at the most. */
const perOperation = 6
/** To begin with. */
const always = 200

export function stormMessagesMax({ kernel, plan, load }: SimCluster): number {
  const links = plan.servers * (plan.servers - 1)
  const heartbeats = (kernel.nowMs / plan.heartbeatMs) * Math.max(...plan.clockRates)
  return always + Math.ceil(links * heartbeats * perHeartbeat + plan.servers * load.begun * perOperation)
}
