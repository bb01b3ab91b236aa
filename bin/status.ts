/** raftgram status: every server, as it sees the cluster. */
import type { ServerReport } from '../src/client/server-reports.js'
import { clientOptions, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { exitStatus } from './exit-status.js'
import { knownLossShare, worstKnownLossShare } from './known-loss.js'
import { flag } from './option.js'
import { whyNoLeader } from './no-leader.js'
import { table } from './table.js'
import { bytesText, millisecondsText, percentText } from './units.js'

type Reached = Exclude<ServerReport, { role: 'unreachable' }>

const headings = [
  ...['id', 'address', 'role'],
  ...['term', 'leader', 'commit', 'applied', 'last', 'snapshot', 'state', 'append rtt', 'loss', 'memory', 'disk'],
]

const linkHeadings = [
  'link',
  ...['link rtt p50', 'p99', 'sent', 'loss', 'repeated', 'heard', 'window', 'in flight', 'waiting', 'datagram'],
]

export const statusCommand = defineCommand({
  name: 'status',
  words: [],
  describe: 'Show every server of the cluster',
  details: `
commit, applied, last: indexes of the log. snapshot: the last entry that the newest snapshot covers. state: hash of
the key-value store at the last multiple of 4,096 applied, equal on all servers that came as far. append rtt:
round-trip time of the leader's entries to the slowest of the others and back, their disks included. loss: share of
the datagrams that were lost lately, on the worst way to a peer that is heard and hears; - where there is none. disk:
sound; full, no room to make the log longer; or stalled, no write was completed for --disk-stall-ms. Exit status 3
where no server leads.

--links adds a line for each server and each of its peers that it has had to do with. link rtt: of datagrams alone, no
disk included, since the start. sent: datagrams. loss: - where one of the two has not heard the other for a second,
for then nothing shows what is lost. repeated: messages and fragments that were lost and went once more. heard: so
long ago the peer was heard. window: what may be in flight, as the receiver's socket buffer counts it; in flight: what
is. waiting: for the window. datagram: the largest on this path.

--json says more, exactly: peers[].roundTripMs is the append rtt, peers[].link.roundTripMs that of datagrams lately,
with percentiles since the start beside it; links with drops by reason; requests: copies that were suppressed, and
answered from the session table; queues: whatever can pile up, with its bound.`,
  options: {
    ...clientOptions,
    links: flag('Show the links between servers too; --json always does'),
  },
  examples: [
    ['status', ''],
    ['status --links', 'who loses how much on the way to whom'],
    ['status --json', 'one JSON object per server'],
  ],
  run({ options, output }) {
    return withClient(options, output, async (client, left) => {
      const reports = await client.status(left())
      // Id 0 is that of a server that never answered.
      if (output.isJson)
        for (const report of reports) output.result({ ...report, id: report.id === 0 ? null : report.id })
      else {
        output.result({}, tablesOf(reports, options.links))
        for (const line of reports.flatMap(report => (isReached(report) ? transfersOf(report) : []))) output.note(line)
      }
      if (!reports.some(({ role }) => role === 'leader')) {
        // Every line on stdout is a server, so this one goes to stderr alone.
        output.note(`raftgram: ${whyNoLeader(reports)}`)
        return exitStatus.unavailable
      }
      return exitStatus.done
    })
  },
})

function tablesOf(reports: readonly ServerReport[], withLinks: boolean): string {
  const servers = table(
    headings,
    reports.map(report => rowOf(report, reports)),
    headings.slice(3),
  )
  const links = withLinks ? reports.flatMap(report => (isReached(report) ? linkRowsOf(report, reports) : [])) : []
  return links.length === 0 ? servers : `${servers}\n\n${table(linkHeadings, links, linkHeadings.slice(1))}`
}

function isReached(report: ServerReport): report is Reached {
  return report.role !== 'unreachable'
}

function rowOf(report: ServerReport, reports: readonly ServerReport[]): string[] {
  if (!isReached(report)) {
    return [report.id === 0 ? '?' : String(report.id), report.address, report.role, ...headings.slice(3).map(() => '')]
  }
  const { id, address, role, term, leaderId, commitIndex, lastApplied, lastLogIndex, peers, memory } = report
  return [
    String(id),
    address,
    role,
    String(term),
    leaderId === 0 ? '-' : String(leaderId),
    String(commitIndex),
    String(lastApplied),
    String(lastLogIndex),
    report.snapshotIndex === 0 ? '-' : String(report.snapshotIndex),
    report.checkpointIndex === 0 ? '-' : `${report.checkpointHash.slice(0, 6)}@${report.checkpointIndex}`,
    millisecondsText(Math.max(...peers.map(peer => peer.roundTripMs), 0)),
    lossText(worstKnownLossShare(report, reports)),
    `${Math.round(memory.rssBytes / 2 ** 20)} MiB`,
    report.disk,
  ]
}

/** Snapshots under way, in words. Of a transfer its sender tells. */
function transfersOf({ id, snapshots }: Reached): string[] {
  const taking = snapshots.taking ? [`server ${id} is taking a snapshot`] : []
  const sending = snapshots.sending.map(({ to, heldBytes, totalBytes }) => {
    return `server ${to} is sent a snapshot by server ${id}: ${percentText(totalBytes === 0 ? 1 : heldBytes / totalBytes)}`
  })
  return [...taking, ...sending]
}

function lossText(share: number | null): string {
  return share === null ? '-' : percentText(share)
}

function linkRowsOf(report: Reached, reports: readonly ServerReport[]): string[][] {
  // Followers hardly speak with each other: lines without a figure would be half of all.
  const used = report.peers.filter(({ link }) => link.sent + link.received + link.waitingBytes > 0)
  return used.map(peer => {
    const { id: peerId, silentMs, link } = peer
    return [
      `${report.id} -> ${peerId}`,
      millisecondsText(link.roundTripP50Ms),
      millisecondsText(link.roundTripP99Ms),
      String(link.sent),
      lossText(knownLossShare(report, peer, reports)),
      String(link.repeatedMessages),
      silentMs === null ? 'never' : silentMs < 1_000 ? `${silentMs} ms` : millisecondsText(silentMs),
      bytesText(link.windowBytes),
      bytesText(link.inFlightBytes),
      bytesText(link.waitingBytes),
      bytesText(link.datagramBytesMax),
    ]
  })
}
