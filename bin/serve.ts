/** raftgram serve: one server of a cluster, in the foreground. */
import { serverIdMax } from '../codec/limits.js'
import type { Server } from '../src/node/server.js'
import { parseHostPort } from '../src/transport/address.js'
import { collectSeldom } from './collector.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus, usageError } from './exit-status.js'
import { flag, hidden, optional, required, text, whole } from './option.js'
import { diskOptions, faultOptions, faultsOf, tuningOptions } from './server-options.js'
import { askedToEnd } from './signals.js'

export const serveCommand = defineCommand({
  name: 'serve',
  words: [],
  describe: 'Run one server of a cluster',
  details: `
Every server is given the same --cluster, and a directory of its own for --data. SIGTERM and SIGINT stop it
cleanly: a leader hands over first. The log goes to stderr: JSON to a pipe, readable lines to a terminal.

A disk that is full, or stalled, ends leadership where another server can lead; the server goes on, \`status\` says
so, and it mends by itself. A disk that fails a write or a sync ends the server, with exit status 1.

A server that has run before is never started on an empty directory without --repair: that is how a first start
looks, and it would vote and count as if it had promised nothing. With --repair an empty directory is filled from
the other servers, and so is a damaged one, which is kept aside as DIR.damaged-DATE; a sound one is left alone.
Until the others have admitted it, \`status\` shows it as recovering: it neither votes nor counts. It needs a
majority of the others.`,
  options: {
    id: required("This server's id in the cluster list", whole(1, serverIdMax)),
    cluster: required('Every server of the cluster, ID=HOST:PORT,...', text),
    data: required("Directory of this server's data, made if need be", text),
    repair: flag('Fill an empty or damaged directory from the other servers'),
    listen: optional('HOST:PORT to listen on, where it differs from its address in --cluster', hostPort),
    clusterName: optional('Clusters of different names ignore each other; by default the list is the name', text),
    ...tuningOptions,
    ...diskOptions,
    ...faultOptions,
    endWithParent: hidden(flag('End when stdin does, which it does when whoever started this process is gone')),
  },
  examples: [
    ['serve --id 1 --cluster 1=10.0.0.1:7401,2=10.0.0.2:7401,3=10.0.0.3:7401 --data /var/lib/raftgram', ''],
    ['serve --id 1 --cluster 1=127.0.0.1:7401 --data ./one --json', 'first line: {"event":"ready",...}'],
  ],
  async run({ options, output }) {
    const { id, cluster, data, listen, clusterName, datagramBytesMax } = options
    const { heartbeatMs, electionTimeoutMs, snapshotEveryMib } = options
    const faults = faultsOf(options)
    if (options.faultCut?.includes(id) === true) {
      throw usageError(`--fault-cut names ${id}, which is this server: name those that it is cut off from`)
    }
    collectSeldom()
    // Only here: the other commands start a third faster without them.
    const [node, { makeLogger }] = await Promise.all([import('../src/node/server.js'), import('./server-logger.js')])
    const server = await node.Server.start({
      id,
      cluster,
      data,
      repair: options.repair,
      heartbeatMs,
      electionTimeoutMs,
      snapshotEveryMib,
      diskReserveMib: options.diskReserveMib,
      diskStallMs: options.diskStallMs,
      logger: makeLogger(options.logLevel, id),
      ...(listen === undefined ? {} : { listen }),
      ...(clusterName === undefined ? {} : { clusterName }),
      ...(datagramBytesMax === undefined ? {} : { datagramBytesMax }),
      ...(faults === undefined ? {} : { faults }),
    })
    void askedToEnd().then(() => server.stop())
    if (options.endWithParent) endWithParent(server)
    output.result({ event: 'ready', id, address: server.address, pid: process.pid })

    const reason = await server.closed
    if (reason !== null) throw new CommandError('failed', `server ${id} stopped: ${reason.message}`)
    return exitStatus.done
  },
})

function hostPort(typed: string): string {
  if (parseHostPort(typed) === null) throw new Error(`must be HOST:PORT, as in 0.0.0.0:7401, not '${typed}'`)
  return typed
}

/** The other end of stdin is the parent's; the kernel closes it however the parent ends, also by kill -9. */
function endWithParent(server: Server): void {
  const stop = () => void server.stop()
  process.stdin.on('error', stop)
  process.stdin.once('close', stop)
  process.stdin.resume()
  // Read from, it keeps the process alive.
  void server.closed.then(() => process.stdin.destroy())
}
