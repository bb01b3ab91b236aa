/** A whole cluster on this host, one process per server, as `dev` runs it and `bench` borrows it. */
import { createSocket } from 'node:dgram'
import { join, resolve } from 'node:path'
import { Client } from '../src/client/client.js'
import { CommandError, usageError } from './exit-status.js'
import { checkFounding } from './founding-check.js'
import { ServerProcess } from './server-process.js'

export const loopback = '127.0.0.1'

export interface LocalClusterOptions {
  readonly ports: readonly number[]
  /** Each server has a directory of its own in it, named by its id. */
  readonly data: string
  /** Options of `serve` beyond those that say who and where it is. */
  readonly serveOptions: (id: number) => readonly string[]
  readonly onLogLine: (line: string) => void
}

export class LocalCluster {
  readonly servers: readonly ServerProcess[]

  private constructor(servers: readonly ServerProcess[]) {
    this.servers = servers
  }

  /** Starts all servers; resolves when all listen. Where one does not, all are stopped and its reason is thrown. */
  static async start({ ports, data, serveOptions, onLogLine }: LocalClusterOptions): Promise<LocalCluster> {
    for (const port of ports) await checkPort(port)
    const list = ports.map((port, at) => `${at + 1}=${loopback}:${port}`).join(',')
    const directoryOf = (id: number) => resolve(join(data, String(id)))
    await checkFounding(
      data,
      ports.map((_, at) => directoryOf(at + 1)),
      list,
    )
    const servers = ports.map((port, at) => {
      const id = at + 1
      const options = ['--id', String(id), '--cluster', list, '--data', directoryOf(id), ...serveOptions(id)]
      return new ServerProcess(id, `${loopback}:${port}`, options, onLogLine)
    })
    const cluster = new LocalCluster(servers)
    const started = await Promise.allSettled(servers.map(server => server.ready()))
    const failed = started.find(result => result.status === 'rejected')
    if (failed === undefined) return cluster
    await cluster.stop()
    throw failed.reason
  }

  get endpoints(): string[] {
    return this.servers.map(({ address }) => address)
  }

  /** Resolves with the id of the leader. Rejects as `unavailable` where none is elected in time. */
  async leader(timeoutMs: number): Promise<number> {
    const deadlineMs = performance.now() + timeoutMs
    const client = await Client.connect({ endpoints: this.endpoints, timeoutMs })
    try {
      while (performance.now() < deadlineMs && this.servers.some(({ hasEnded }) => !hasEnded)) {
        const reports = await client.status({ timeoutMs: 200 })
        const leader = reports.find(({ role }) => role === 'leader')
        if (leader !== undefined) return leader.id
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    } finally {
      await client.close()
    }
    throw new CommandError('unavailable', `no leader was elected within ${timeoutMs} ms`)
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map(server => server.stop()))
  }
}

/** So many UDP ports of the loopback interface that nobody uses now, drawn by the kernel. */
export async function freePorts(count: number): Promise<number[]> {
  const bound = await Promise.all(Array.from({ length: count }, () => bind(0)))
  const ports = bound.map(socket => socket.address().port)
  await Promise.all(bound.map(socket => new Promise<void>(resolve => socket.close(resolve))))
  return ports
}

/** One clear line before anything is started, instead of one from each server. */
async function checkPort(port: number): Promise<void> {
  try {
    const socket = await bind(port)
    await new Promise<void>(resolve => socket.close(resolve))
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 'in use' : String(error)
    throw usageError(`UDP port ${port} on ${loopback} is ${why}: stop what uses it, or choose others with --port`)
  }
}

function bind(port: number) {
  const socket = createSocket('udp4')
  return new Promise<typeof socket>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, loopback, () => resolve(socket))
  })
}
