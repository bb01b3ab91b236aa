/** What the servers of a cluster say of themselves: every one that is known is asked, and none is waited for long. */
import type { ServerStatus } from '../node/status.js'
import type { Calls } from './calls.js'
import type { ClientCore, KnownServer } from './client-core.js'
import { checkCall } from './options.js'
import type { CallOptions } from './types.js'

/** What a server says of itself, or that it said nothing in time (`id` 0 where it never did). */
export type ServerReport =
  ServerStatus | { readonly id: number; readonly address: string; readonly role: 'unreachable' }

/** A status is asked of servers that may be down: waiting long for them says nothing more. */
const statusTimeoutMsMax = 1_000
const decoder = new TextDecoder()

/** Of every server known, in the order of ids. Never rejects for one that is down. */
export async function serverReports(core: ClientCore, calls: Calls, options: CallOptions): Promise<ServerReport[]> {
  const { signal, ...checked } = checkCall(options, calls.timeoutMs)
  calls.checkOpen('the status')
  const timeoutMs = Math.min(checked.timeoutMs, statusTimeoutMsMax)
  const asked = signal === undefined ? { timeoutMs } : { timeoutMs, signal }
  const reports = await Promise.all(core.servers.map(server => reportOf(server, core, calls, asked)))
  // A server may be known by two addresses (a name of its own, and the cluster's).
  const byName = new Map<number | string, ServerReport>()
  for (const report of reports) {
    const name = report.id === 0 ? report.address : report.id
    if (report.role !== 'unreachable' || !byName.has(name)) byName.set(name, report)
  }
  return [...byName.values()].sort((a, b) => a.id - b.id)
}

async function reportOf(
  server: KnownServer,
  core: ClientCore,
  calls: Calls,
  options: CallOptions,
): Promise<ServerReport> {
  const unreachable = { id: server.serverId, address: server.address.key, role: 'unreachable' } as const
  try {
    const json = await calls.answer(options, 'the status', (deadlineMs, done) =>
      core.status(server.address, deadlineMs, done),
    )
    const report: unknown = JSON.parse(decoder.decode(json))
    return typeof report === 'object' && report !== null ? (report as ServerStatus) : unreachable
  } catch {
    return { ...unreachable, id: server.serverId }
  }
}
