/** raftgram status: every server, as it sees the cluster. */
import type { ServerReport } from '../src/client/client.js'
import { clientOptions, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { exitStatus } from './exit-status.js'
import { table } from './output.js'

const headings = [
  'id',
  'address',
  'role',
  'term',
  'leader',
  'commit',
  'applied',
  'last',
  'state',
  'rtt',
  'memory',
  'lost',
]

export const statusCommand = defineCommand({
  name: 'status',
  words: [],
  describe: 'Show every server of the cluster',
  details: `
commit, applied, last: indexes of the log. state: hash of the key-value store at the last multiple of 4,096
applied, equal on all servers that came as far. rtt: round-trip time to the leader, or of the leader to the
others. lost: datagrams dropped on arrival. --json says more. Exit status 3 where no server leads.`,
  options: clientOptions,
  examples: [
    ['status', ''],
    ['status --json', 'one JSON object per server'],
  ],
  run({ options, output }) {
    return withClient(options, output, async (client, left) => {
      const reports = await client.status(left())
      // Id 0 is that of a server that never answered.
      if (output.isJson)
        for (const report of reports) output.result({ ...report, id: report.id === 0 ? null : report.id })
      else output.result({}, table(headings, reports.map(rowOf), headings.slice(3)))
      if (!reports.some(({ role }) => role === 'leader')) {
        const reached = reports.filter(({ role }) => role !== 'unreachable').length
        const message = `no leader: ${reached} of ${reports.length} servers answered, and none of them leads`
        // Every line on stdout is a server, so this one goes to stderr alone.
        output.note(`raftgram: ${message}`)
        return exitStatus.unavailable
      }
      return exitStatus.done
    })
  },
})

function rowOf(report: ServerReport): string[] {
  if (report.role === 'unreachable') {
    return [report.id === 0 ? '?' : String(report.id), report.address, report.role, ...headings.slice(3).map(() => '')]
  }
  const { id, address, role, term, leaderId, commitIndex, lastApplied, lastLogIndex, peers, memory } = report
  const roundTripMs = Math.max(...peers.map(peer => peer.roundTripMs), 0)
  const drops = Object.values(report.transport.drops).reduce((sum, count) => sum + count, 0)
  return [
    String(id),
    address,
    role,
    String(term),
    leaderId === 0 ? '-' : String(leaderId),
    String(commitIndex),
    String(lastApplied),
    String(lastLogIndex),
    report.checkpointIndex === 0 ? '-' : `${report.checkpointHash.slice(0, 6)}@${report.checkpointIndex}`,
    roundTripMs === 0 ? '-' : `${roundTripMs.toFixed(2)} ms`,
    `${Math.round(memory.rssBytes / 2 ** 20)} MiB`,
    String(drops),
  ]
}
