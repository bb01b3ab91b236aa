/**
 * A cluster of real server processes with real sockets and real files, real clients that load it, and the judge of what
 * the clients saw. Servers have free ports and a temporary directory, and end with the test.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePorts, loopback } from '../../bin/local-cluster.js'
import { Client } from '../../src/client/client.js'
import { RaftgramError } from '../../src/client/errors.js'
import { parseHistory } from '../../src/sim/linearizability/history.js'
import { checkHistory } from '../../src/sim/linearizability/linearizability.js'
import type { Ended } from './program.js'
import { Program, raftgram, sleep } from './program.js'

/** Deadlines are for what would never happen at all: a loaded machine is slow, and no test asserts a time. */
export const patienceMs = 25_000

/** A directory on the disk that tests use, removed when the test has ended. */
export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'raftgram-process-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface ClusterOptions {
  /** Options of `serve` beyond those that say who and where it is. */
  readonly serve?: readonly string[]
  /** HOST:PORT of each server; by default three free ports of loopback. */
  readonly addresses?: readonly string[]
  /** Where the servers listen, where that differs from the addresses by which they know each other. */
  readonly listen?: readonly string[]
  /** Called before the first start, with where each server will have its data. */
  readonly prepare?: (directories: readonly string[]) => Promise<void>
  /** What to put before the command of server `id`, as in `ip netns exec ...`; 0: of a client. */
  readonly before?: (id: number) => readonly string[]
}

export class Cluster {
  readonly addresses: readonly string[]
  readonly directory: string
  readonly options: ClusterOptions
  private readonly t: Test
  private readonly running = new Map<number, Program>()

  private constructor(t: Test, directory: string, addresses: readonly string[], options: ClusterOptions) {
    this.t = t
    this.directory = directory
    this.addresses = addresses
    this.options = options
  }

  /** Resolves when all servers listen. */
  static async start(t: Test, options: ClusterOptions = {}): Promise<Cluster> {
    const directory = await temporaryDirectory(t)
    const addresses = options.addresses ?? (await freePorts(3)).map(port => `${loopback}:${port}`)
    const cluster = new Cluster(t, directory, addresses, options)
    await options.prepare?.(cluster.ids.map(id => cluster.dataOf(id)))
    // A directory is removed when nobody writes to it any more.
    t.teardown(() => cluster.killAll())
    await Promise.all(cluster.ids.map(id => cluster.startServer(id)))
    return cluster
  }

  get ids(): number[] {
    return this.addresses.map((_, at) => at + 1)
  }

  get endpoints(): string {
    return this.addresses.join(',')
  }

  dataOf(id: number): string {
    return join(this.directory, String(id))
  }

  /** The process of a server that was started; it may have ended since. */
  server(id: number): Program {
    return this.running.get(id)!
  }

  /** Starts a server that does not run, with its data of before. Resolves when it listens. */
  async startServer(id: number, ...more: readonly string[]): Promise<void> {
    const program = this.launch(id, ...more)
    this.running.set(id, program)
    await program.line()
  }

  /** The process of a server, whether it will run or refuse to. */
  launch(id: number, ...more: readonly string[]): Program {
    const list = this.addresses.map((address, at) => `${at + 1}=${address}`).join(',')
    const who = ['--id', String(id), '--cluster', list, '--data', this.dataOf(id)]
    const { before = () => [], listen, serve = [] } = this.options
    const where = listen === undefined ? [] : ['--listen', listen[id - 1]!]
    const words = [
      ...before(id),
      ...raftgram,
      'serve',
      ...who,
      ...where,
      ...serve,
      ...more,
      '--json',
      '--end-with-parent',
    ]
    return new Program(this.t, words)
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.running.values()].map(program => program.kill()))
  }

  /** Starts a command that talks to this cluster. */
  command(...words: readonly string[]): Program {
    const { before = () => [] } = this.options
    const environment = { RAFTGRAM_ENDPOINTS: this.endpoints, RAFTGRAM_TIMEOUT_MS: String(patienceMs) }
    return new Program(this.t, [...before(0), ...raftgram, ...words], environment)
  }

  /** Runs a command that talks to this cluster to its end. */
  run(...words: readonly string[]): Promise<Ended> {
    return this.command(...words).ended
  }

  /** What each server says of itself. */
  async reports(): Promise<readonly Report[]> {
    const { stdout } = await this.run('status', '--json', '--timeout-ms', '1000')
    return stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Report)
  }

  /** Waits for a leader and returns its id. Throws where none is elected. */
  leader(): Promise<number> {
    return this.leaderOtherThan(0)
  }

  /** Waits until a server other than this one leads the highest term, and returns its id. */
  async leaderOtherThan(id: number): Promise<number> {
    const deadlineMs = performance.now() + patienceMs
    let reports: readonly Report[]
    do {
      reports = await this.reports()
      const leaders = reports.filter(({ role }) => role === 'leader').sort((a, b) => b.term - a.term)
      const leader = leaders[0]
      if (leader !== undefined && leader.id !== id) return leader.id
    } while (performance.now() < deadlineMs)
    throw new Error(`no leader was elected: ${JSON.stringify(reports)}`)
  }
}

/** What a test reads of a line of `status --json`; of a server that is unreachable only the first two. */
export interface Report {
  readonly id: number
  readonly role: string
  readonly term: number
  readonly leaderId: number
  readonly disk: string
  readonly transport: { readonly drops: Readonly<Record<string, number>> }
  readonly peers: readonly {
    readonly id: number
    readonly link: { readonly sent: number; readonly datagramBytesMax: number }
  }[]
}

/** Random concurrent clients, as `raftgram workload` runs them, and the history that they write. */
export class Workload {
  private readonly program: Program
  private readonly file: string

  private constructor(program: Program, file: string) {
    this.program = program
    this.file = file
  }

  /** Resolves when the load begins. */
  static async start(cluster: Cluster): Promise<Workload> {
    const file = join(cluster.directory, `history-${performance.now()}.jsonl`)
    const size = ['--clients', '8', '--keys', String(keys), '--duration-s', String(workloadS), '--rate', '400']
    const program = cluster.command('workload', ...size, '--timeout-ms', '10000', '--history', file, '--json')
    while (!existsSync(file) && !program.hasEnded) await sleep(20)
    return new Workload(program, file)
  }

  /**
   * Ends the load and judges: the history is linearizable, and a fresh client has read every key in the end, which shows
   * what was lost. Throws what is wrong; returns how many operations succeeded.
   */
  async judge(): Promise<number> {
    this.program.signal('SIGINT')
    const { status, stdout, stderr } = await this.program.ended
    if (status !== 0) throw new Error(`workload ended with ${String(status)}: ${stdout}${stderr}`)
    const operations = parseHistory(readFileSync(this.file, 'utf8').split('\n'))
    const finalReads = operations.filter(({ client }) => client === 'final').length
    if (finalReads !== keys) throw new Error(`${finalReads} of ${keys} keys were read in the end: ${stderr}`)
    const deadlineMs = performance.now() + patienceMs
    const verdict = checkHistory(operations, () => performance.now() > deadlineMs)
    if (verdict.verdict !== 'linearizable') throw new Error(`no order explains the history: ${JSON.stringify(verdict)}`)
    return operations.filter(({ status, client }) => status === 'ok' && client !== 'final').length
  }
}

/** Few, so that clients meet. They do not ask as fast as they can: other tests run beside this one. */
const keys = 5

/** The test ends the load; this only bounds it where the test is no more. */
const workloadS = 60

/** Writes that are never overwritten, so that each one that was acknowledged must be found until the end of time. */
export class Ledger {
  private readonly endpoints: string
  private readonly acknowledged: string[] = []
  private readonly writers: Promise<void>[]
  private isStopped = false

  constructor(cluster: Cluster) {
    this.endpoints = cluster.endpoints
    this.writers = ['a', 'b', 'c', 'd'].map(writer => this.write(`ledger/${writer}`))
  }

  /** Ends the writing and compares with what a fresh client finds: the keys that were acknowledged and are not there. */
  async close(): Promise<{ readonly acknowledged: number; readonly lost: readonly string[] }> {
    this.isStopped = true
    await Promise.all(this.writers)
    const client = await Client.connect({ endpoints: this.endpoints, timeoutMs: patienceMs })
    try {
      const found = new Set<string>()
      for await (const { key, value } of client.scan('ledger/')) found.add(`${String(key)}=${String(value)}`)
      const lost = this.acknowledged.filter(key => !found.has(`${key}=${key}`))
      return { acknowledged: this.acknowledged.length, lost }
    } finally {
      await client.close()
    }
  }

  /** Every key is tried once: one whose outcome is unknown is as good as never written. */
  private async write(prefix: string): Promise<void> {
    let client: Client | null = null
    for (let at = 0; !this.isStopped; at++) {
      const key = `${prefix}/${at}`
      try {
        client ??= await Client.connect({ endpoints: this.endpoints })
        await client.put(key, key)
        this.acknowledged.push(key)
        await sleep(5)
      } catch (error) {
        if (!(error instanceof RaftgramError)) throw error
      }
    }
    await client?.close()
  }
}
