/** A server as a process of its own, which tells of its pauses, its processor time and its state. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '../../src/client/client.js'
import type { ServerStatus } from '../../src/node/status.js'
import { usageOf } from '../server-usage.js'
import type { Program, Programs } from '../loss/programs.js'
import type { Owner } from './made-directory.js'
import type { Pauses } from './pause-meter.js'

const meter = new URL('./pause-meter.js', import.meta.url).href
const script = fileURLToPath(new URL('../../bin/raftgram.js', import.meta.url))
const statusMsMax = 60_000
/** A question costs each server a millisecond: few of them. */
const pollMs = 50

export class MeasuredServer {
  readonly address: string
  private readonly owner: Owner
  private readonly program: Program
  private readonly startedMs = performance.now()
  private client: Client | null = null

  private constructor(owner: Owner, address: string, program: Program) {
    this.owner = owner
    this.address = address
    this.program = program
  }

  /** `serveOptions` go to `raftgram serve`. */
  static start(programs: Programs, owner: Owner, serveOptions: readonly string[]): MeasuredServer {
    const { id, cluster, directory } = owner
    const address = cluster.split(',').flatMap(member => member.split(`${id}=`).slice(1))[0]!
    const who = ['--id', String(id), '--cluster', cluster, '--data', directory]
    const words = [process.execPath, '--import', meter, script, 'serve', ...who, '--json', '--end-with-parent']
    return new MeasuredServer(owner, address, programs.start(`server ${id}`, [...words, ...serveOptions]))
  }

  /** Resolves when it listens: milliseconds since it was started. */
  async listens(): Promise<number> {
    await this.program.line()
    return performance.now() - this.startedMs
  }

  /** Resolves when it has applied the entry: milliseconds since it was started. */
  async applied(index: number): Promise<number> {
    while ((await this.status()).lastApplied < index) await sleep(pollMs)
    return performance.now() - this.startedMs
  }

  async status(): Promise<ServerStatus> {
    this.client ??= await Client.connect({ endpoints: [this.address], timeoutMs: statusMsMax })
    // The client may have learned of the others.
    const report = (await this.client.status()).find(({ address }) => address === this.address)
    if (report === undefined || report.role === 'unreachable') throw new Error(`${this.address} does not answer`)
    return report
  }

  /** Processor time since it was started. */
  get cpuMs(): number {
    return (usageOf([this.program.pid])?.cpuUs ?? 0) / 1_000
  }

  /** Since this was asked before. */
  async pauses(): Promise<Pauses> {
    process.kill(this.program.pid, 'SIGUSR2')
    return JSON.parse(await this.program.line()) as Pauses
  }

  /** Whether it is writing a snapshot of its own. */
  get isTaking(): boolean {
    return this.filesIn('snapshots').some(({ name }) => name === 'taking')
  }

  /** Names of its snapshots. */
  get snapshots(): string {
    return this.filesIn('snapshots')
      .filter(({ name }) => name.endsWith('.snapshot'))
      .map(({ name }) => name)
      .join()
  }

  /** Bytes of all files of its log, prepared and spare ones included. */
  get logBytes(): number {
    return this.filesIn('log').reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async end(): Promise<void> {
    await this.client?.close()
    await this.program.end()
  }

  private filesIn(name: string): { readonly name: string; readonly bytes: number }[] {
    const directory = join(this.owner.directory, name)
    return readdirSync(directory).map(file => ({
      name: file,
      // It may go in between.
      bytes: statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0,
    }))
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
