/** raftgram dev: a whole cluster on this host, to try things on. `npm start` is this. */
import { devPort } from './client-command.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus, usageError } from './exit-status.js'
import { LocalCluster, loopback } from './local-cluster.js'
import { writeLogLine } from './log-lines.js'
import { dashed, text, whole, withDefault } from './option.js'
import type { Output } from './output.js'
import { diskOptions, faultOptions, tuningOptions } from './server-options.js'
import type { ServerEnd, ServerProcess } from './server-process.js'
import { askedToEnd } from './signals.js'

/** Servers that take longer for their first election have a reason that the log tells. */
const electionMsMax = 30_000

/** After so long it is said what is waited for: faults may be too much for any election. */
const leaderlessMs = 5_000

export const devCommand = defineCommand({
  name: 'dev',
  words: [],
  describe: 'Run a whole cluster on this host, one real server process each',
  details: `
Servers listen on consecutive ports of 127.0.0.1 and keep their data in --data, so the next start finds it.
All end with this process, however it ends. Kill one to see what happens: the command that starts it
again is printed.`,
  options: {
    servers: withDefault('So many servers; an odd number', whole(1, 7), '3'),
    port: withDefault('UDP port of the first', whole(1, 65_535), String(devPort)),
    data: withDefault('Directory of the data of all', text, './raftgram-data'),
    ...tuningOptions,
    ...diskOptions,
    ...faultOptions,
  },
  examples: [
    ['dev', 'three servers on 127.0.0.1:7401 to 7403'],
    ['dev --servers 5 --fault-loss 0.1', 'five that lose every tenth datagram'],
  ],
  async run({ options, given, output }) {
    const { servers: size, port, data } = options
    if (port + size - 1 > 65_535) throw usageError(`--port ${port} leaves no room for ${size} servers below 65536`)
    const handedOn = [...Object.keys({ ...tuningOptions, ...diskOptions, ...faultOptions }).map(dashed), 'log-level']
    const end = askedToEnd()
    let isEnding = false
    void end.then(() => (isEnding = true))
    const starting = LocalCluster.start({
      ports: Array.from({ length: size }, (_, at) => port + at),
      data,
      serveOptions: id => handedOn.flatMap(name => handOn(name, given.get(name), id)),
      onLogLine: line => writeLogLine(`${line}\n`),
    })
    const cluster = await starting.catch((error: unknown) => {
      // Ctrl-C reaches the servers, too: they end as they were asked to.
      if (isEnding) return null
      throw error
    })
    if (cluster === null) return exitStatus.done
    for (const server of cluster.servers) {
      void server.ended.then(ended => {
        if (!isEnding) reportEnd(server, ended, output)
      })
    }
    try {
      const allEnded = Promise.all(cluster.servers.map(server => server.ended))
      const notice = setTimeout(() => output.note(noLeaderYet), leaderlessMs)
      const leaderId = await Promise.race([cluster.leader(electionMsMax), end, allEnded]).finally(() =>
        clearTimeout(notice),
      )
      if (typeof leaderId === 'number') introduce(cluster, leaderId, data, output)
      const why = await Promise.race([end, allEnded])
      if (Array.isArray(why)) throw new CommandError('failed', 'no server is left: see the log above')
      return exitStatus.done
    } finally {
      isEnding = true
      await cluster.stop()
    }
  },
})

const noLeaderYet = `no leader after ${leaderlessMs / 1_000} s: faults may be too much for an election; a larger --election-timeout-ms bears longer delays`

/** An option as server `id` gets it: none can be cut off from itself. */
function handOn(name: string, typed: string | undefined, id: number): string[] {
  if (typed === undefined) return []
  if (name !== 'fault-cut') return [`--${name}`, typed]
  const others = typed.split(',').filter(cut => cut !== String(id))
  return others.length === 0 ? [] : [`--${name}`, others.join(',')]
}

function introduce(cluster: LocalCluster, leaderId: number, data: string, output: Output): void {
  const { servers, endpoints } = cluster
  const leader = servers.find(({ id }) => id === leaderId)!
  const isDefault = endpoints[0] === `${loopback}:${devPort}` && endpoints.length >= 3
  const lines = [
    `${servers.length} servers are running, their data in ${data}:`,
    ...servers.map(({ id, address, pid }) => `  ${id}  ${address}  pid ${pid}${id === leaderId ? '  leader' : ''}`),
    '',
    'In another terminal:',
    ...(isDefault ? [] : [`  export RAFTGRAM_ENDPOINTS=${endpoints.join(',')}`]),
    '  npx raftgram put greeting hello',
    '  npx raftgram get greeting',
    '  npx raftgram status',
    ...(servers.length >= 3
      ? [`  kill -9 ${leader.pid}   # the leader: the others elect a new one, nothing is lost`]
      : []),
    '',
    'Ctrl-C stops them all.',
  ]
  const described = servers.map(({ id, address, pid }) => ({ id, address, pid }))
  output.result({ event: 'ready', leaderId, servers: described }, lines.join('\n'))
}

function reportEnd(server: ServerProcess, { status, signal }: ServerEnd, output: Output): void {
  const { id, pid, commandLine, reason } = server
  const how = signal === null ? `with status ${String(status)}` : `by ${signal}`
  const why = reason === '' ? '' : ` (${reason})`
  const line = `server ${id} (pid ${pid}) was ended ${how}${why}; this starts it again, in a terminal of its own:\n  ${commandLine}`
  if (output.isJson) output.result({ event: 'ended', id, pid, status, signal, restart: commandLine })
  output.note(line)
}
