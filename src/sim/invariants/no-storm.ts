/**
 * No Storm: the messages that servers send each other stay below a bound that follows from time, operations and events,
 * whatever is lost or copied (R18; RFC 8085 section 3.1). Copies that the network makes do not count.
 */
import type { SimCluster } from '../cluster.js'

/** Per peer and heartbeat: the heartbeat, its answer, and what is asked again of one that does not answer. */
const perHeartbeat = 6
/** Per peer and operation: it, its two acknowledgements, their repeats. */
const perOperation = 24
/** To begin with. */
const always = 500

export function stormMessagesMax({ kernel, plan, load }: SimCluster): number {
  const links = plan.servers * (plan.servers - 1)
  const heartbeats = (kernel.nowMs / plan.heartbeatMs) * Math.max(...plan.clockRates)
  return always + Math.ceil(links * heartbeats * perHeartbeat + plan.servers * load.begun * perOperation)
}
