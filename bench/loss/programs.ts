/** The programs of a measurement, of any system: each started on a host, all ended by their process ids. */
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** Time that a program gets to end by itself once it is asked to. */
const endMsMax = 5_000

/** What is kept of what a program complains of: enough for one line of a report. */
const complaintCharacters = 2_000

export class Program {
  /** Resolves when it has ended and all that it said was read. Never rejects. */
  readonly ended: Promise<void>
  hasEnded = false
  private readonly name: string
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly lines: string[] = []
  private wake: () => void = () => undefined
  private complaints = ''

  /** Its stdin is a pipe: a program that reads it sees its end when this process ends, however that comes. */
  constructor(name: string, words: readonly string[], environment: NodeJS.ProcessEnv) {
    this.name = name
    const [file = '', ...rest] = words
    this.child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: environment })
    this.child.stdin.on('error', () => undefined)
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(-complaintCharacters)
    })
    createInterface(this.child.stdout).on('line', line => {
      this.lines.push(line)
      this.wake()
    })
    this.ended = new Promise(resolve => {
      const conclude = () => {
        this.hasEnded = true
        this.wake()
        resolve()
      }
      this.child.once('error', error => {
        this.complaints += error.message
        conclude()
      })
      this.child.once('close', conclude)
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** What it said on stderr, the end of it at least. */
  get complaint(): string {
    return this.complaints.trim() || 'it said nothing'
  }

  /** The next line on its stdout. Throws what it complained of where it ended instead. */
  async line(): Promise<string> {
    while (this.lines.length === 0 && !this.hasEnded) await new Promise<void>(resolve => (this.wake = resolve))
    const line = this.lines.shift()
    if (line === undefined) throw new Error(`${this.name} ended early: ${this.complaint}`)
    return line
  }

  /** Writes a line to its stdin. */
  say(line: string): void {
    this.child.stdin.write(`${line}\n`)
  }

  /** Everything on its stdout, when it has ended. */
  async output(): Promise<readonly string[]> {
    await this.ended
    return this.lines
  }

  /** Asks it to end, and ends it where that takes too long. */
  async end(): Promise<void> {
    if (this.hasEnded) return
    this.child.kill('SIGTERM')
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), endMsMax)
    await this.ended
    clearTimeout(impatience)
  }
}

/** All programs of one cell, to be ended together whatever becomes of it. */
export class Programs {
  private readonly started: Program[] = []
  private readonly before: readonly string[]

  /** With a nice value other than 0 every program runs at that priority. */
  constructor(nice: number) {
    this.before = nice === 0 ? [] : ['nice', '-n', String(nice)]
  }

  /** `name` is for people. */
  start(name: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(name, [...this.before, ...words], { ...ownEnvironment(), ...environment })
    this.started.push(program)
    return program
  }

  async end(): Promise<void> {
    await Promise.all(this.started.map(program => program.end()))
  }
}

/** What is set for this process's own use must not reach the programs. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(RAFTGRAM|ETCD)_/.test(name)))
}
