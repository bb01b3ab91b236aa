/**
 * A program that a test runs: the built `raftgram`, or a tool of the system. Whatever becomes of the test, every program
 * is ended by its process id in its teardown.
 */
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The command line as it was built together with this test. */
export const raftgram = [process.execPath, fileURLToPath(new URL('../../bin/raftgram.js', import.meta.url))] as const

/** What is left of a program that has ended. */
export interface Ended {
  /** Null where a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export class Program {
  /** Resolves when it has ended and all that it said was read. Never rejects. */
  readonly ended: Promise<Ended>
  hasEnded = false
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly firstLine: Promise<string | null>
  private stdout = ''
  private stderr = ''

  /** Runs `words[0]` with the rest as its arguments. Its stdin is a pipe that stays open until the test ends. */
  constructor(t: Test, words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const [file = '', ...rest] = words
    this.child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...ownEnvironment(), ...environment } })
    this.child.stdin.on('error', () => undefined)
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.ended = new Promise(resolve => {
      const conclude = (status: number | null) => {
        this.hasEnded = true
        resolve({ status, stdout: this.stdout, stderr: this.stderr })
      }
      this.child.once('error', error => {
        this.stderr += error.message
        conclude(null)
      })
      this.child.once('close', conclude)
    })
    const lines = createInterface(this.child.stdout)
    this.firstLine = Promise.race([once(lines, 'line').then(([line]) => String(line)), this.ended.then(() => null)])
    t.teardown(() => this.kill())
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** What it has said on stderr up to now. */
  get complaints(): string {
    return this.stderr
  }

  /** The first line on its stdout. Throws what it said on stderr where it ended instead. */
  async line(): Promise<string> {
    const line = await this.firstLine
    if (line === null) throw new Error(`${this.child.spawnargs.join(' ')} ended early: ${this.stderr}`)
    return line
  }

  signal(name: NodeJS.Signals): void {
    if (!this.hasEnded) this.child.kill(name)
  }

  /** kill -9; resolves when the kernel has taken it away. A program that stands still ends, too. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }
}

/** Runs a program to its end. */
export function run(t: Test, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Program(t, words, environment).ended
}

/** Options of the test's own environment must not reach what it runs. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RAFTGRAM_')))
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
