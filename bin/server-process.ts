/**
 * A server as a process of its own: the real `raftgram serve`, started by `dev` and `bench`. Its stdin is a pipe that
 * nothing is ever written to: when this process ends, by kill -9 too, the kernel closes it and the server ends itself.
 */
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CommandError, exitStatus } from './exit-status.js'
import { shellQuoted } from './output.js'

const script = fileURLToPath(new URL('./raftgram.js', import.meta.url))

/** In front of the one line with which a command fails; everything else on stderr is its log. */
const ownPrefix = 'raftgram: '

/** Time that a server gets to stop cleanly: handing over takes less than an election timeout, closing the log less. */
const stopMsMax = 5_000

export interface ServerEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

export class ServerProcess {
  readonly id: number
  readonly address: string
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<ServerEnd>
  hasEnded = false
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly options: readonly string[]
  private readonly isReady: Promise<boolean>
  private lastWord = ''

  /** `options` are those of `serve`; every line of its log goes to `onLogLine`, without the newline. */
  constructor(id: number, address: string, options: readonly string[], onLogLine: (line: string) => void) {
    this.id = id
    this.address = address
    this.options = options
    const typed = [script, 'serve', ...options, '--json', '--end-with-parent']
    this.child = spawn(process.execPath, typed, { stdio: ['pipe', 'pipe', 'pipe'], env: ownEnvironment() })
    this.ended = new Promise(resolve => {
      this.child.once('error', () => this.conclude(resolve, { status: null, signal: null }))
      this.child.once('close', (status, signal) => this.conclude(resolve, { status, signal }))
    })
    // A server that is gone closes its stdin; that it is gone is told by `ended`.
    this.child.stdin.on('error', () => undefined)
    createInterface(this.child.stderr).on('line', line => {
      // Its last word, which `reason` hands on.
      if (line.startsWith(ownPrefix)) this.lastWord = line.slice(ownPrefix.length)
      else onLogLine(line)
    })
    this.isReady = new Promise(resolve => {
      // A failure is an object too.
      createInterface(this.child.stdout).once('line', line => resolve(line.includes('"event":"ready"')))
      void this.ended.then(() => resolve(false))
    })
  }

  /** The one line in which it said why it ended; empty where it said nothing. */
  get reason(): string {
    return this.lastWord
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** Resolves when it listens. Rejects with what it said where it ended instead. */
  async ready(): Promise<void> {
    if (await this.isReady) return
    const { status, signal } = await this.ended
    const how = signal === null ? 'it said nothing' : `it was ended by ${signal}`
    const code = status === exitStatus.usage ? 'usage' : 'failed'
    throw new CommandError(code, `server ${this.id} did not start: ${this.reason || how}`)
  }

  /** Stops it cleanly, and with force where that takes too long. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.child.kill('SIGTERM')
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), stopMsMax)
    await this.ended
    clearTimeout(impatience)
  }

  /** What to type to run the same server again, from any directory. */
  get commandLine(): string {
    return [process.execPath, script, 'serve', ...this.options].map(shellQuoted).join(' ')
  }

  private conclude(resolve: (end: ServerEnd) => void, end: ServerEnd): void {
    this.hasEnded = true
    resolve(end)
  }
}

/** Every option is typed, so what RAFTGRAM_... says to this process must not reach the servers a second time. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RAFTGRAM_')))
}
