/**
 * What the clients of a simulated cluster ask for, and the history of what they are told. Each has some operations under
 * way at a time; a client that is killed leaves them with an unknown end, and another begins in its place.
 */
import type { Prng } from '../base/prng.js'
import { decodeAnswer, decodeResult, encodeCommand, encodeQuery } from '../kv/commands.js'
import type { KvCommand, Value } from '../kv/types.js'
import type { ClientProcess } from './client-process.js'
import type { Operation } from './linearizability/history.js'
import { violated } from './invariants/violation.js'
import type { Kernel } from './kernel.js'
import { stepKinds } from './clock.js'
import { largeBytesLeast } from './draw-plan.js'
import type { Load as LoadPlan } from './plan.js'

/** What a run wants to know of its load; `what` makes the words of a trace. */
export interface LoadEvents {
  invoked(lane: number, operation: number, what: () => string): void
  answered(lane: number, operation: number, what: () => string, outcome: Operation['status']): void
  /** A write was executed at this revision, a client was told. */
  acknowledged(revision: number, command: Uint8Array): void
}

/** What is asked: values are texts here. */
interface Fields {
  readonly op: Operation['op']
  readonly key: string
  readonly value?: string
  readonly expected?: string | null
}

interface Ending {
  readonly status: Operation['status']
  readonly output?: string | boolean | null
}

interface UnderWay {
  readonly number: number
  readonly lane: number
  readonly fields: Fields
  readonly start: number
  readonly process: ClientProcess
}

/** Before the last put of a run is asked once more. */
const askAgainMs = 50

export class Load {
  /** What was asked and has ended, or never will. */
  readonly history: Operation[] = []
  /** Operations that were answered, of those that began. */
  answered = 0
  begun = 0
  private readonly kernel: Kernel
  private readonly plan: LoadPlan
  private readonly prng: Prng
  private readonly events: LoadEvents
  private readonly nameOf: (lane: number) => string
  private readonly underWay = new Map<number, UnderWay>()
  /** By key: what a read found last. */
  private readonly found = new Map<string, string | null>()
  private readonly padding: string
  private isOver = false

  /** `nameOf` gives the name of a client in the history by its lane. */
  constructor(kernel: Kernel, plan: LoadPlan, prng: Prng, events: LoadEvents, nameOf: (lane: number) => string) {
    this.kernel = kernel
    this.nameOf = nameOf
    this.plan = plan
    this.prng = prng
    this.events = events
    this.padding = '.'.repeat(plan.valueBytes)
  }

  get outstanding(): number {
    return this.underWay.size
  }

  /** Of one client. */
  outstandingOf(process: ClientProcess): number {
    let count = 0
    for (const one of this.underWay.values()) if (one.process === process) count++
    return count
  }

  /** A client begins to ask. */
  begin(process: ClientProcess): void {
    for (let i = 0; i < this.plan.outstanding; i++) this.pause(process)
  }

  /** A client was killed: the ends of what it asked for are not known. */
  killed(process: ClientProcess): void {
    for (const one of [...this.underWay.values()]) {
      if (one.process === process) this.ended(one, { status: 'unknown' })
    }
  }

  /** Nothing new is asked. */
  end(): void {
    this.isOver = true
  }

  /** Reads a key with a client of its own; for the end of a run. */
  readLast(process: ClientProcess, key: string, timeoutMs: number, done: (isAnswered: boolean) => void): void {
    this.read(process, key, timeoutMs, done)
  }

  /**
   * Puts a value; for the end of a run. A refusal is no answer: a server whose disk was full looks for space each while only,
   * and refuses until then.
   */
  putLast(process: ClientProcess, key: string, timeoutMs: number, done: (isAnswered: boolean) => void): void {
    const { kernel } = this
    const untilMs = kernel.nowMs + timeoutMs
    this.put(process, key, timeoutMs, isAnswered => {
      const leftMs = untilMs - kernel.nowMs - askAgainMs
      if (isAnswered || leftMs <= 0) return done(isAnswered)
      const askAgain = (): void => this.putLast(process, key, leftMs, done)
      kernel.at(kernel.nowMs + askAgainMs, process.life, stepKinds.plan, askAgain)
    })
  }

  /** What nobody will be told any more has an unknown end. */
  close(): void {
    for (const one of [...this.underWay.values()]) this.ended(one, { status: 'unknown' })
  }

  private pause(process: ClientProcess): void {
    const { kernel, prng, plan } = this
    kernel.at(kernel.nowMs + prng.between(0, plan.pauseMs), process.life, stepKinds.plan, () => this.ask(process))
  }

  private ask(process: ClientProcess): void {
    if (this.isOver) return
    const { prng, plan } = this
    const key = `k${prng.below(plan.keys)}`
    const kind = prng.fraction()
    const timeoutMs = prng.between(plan.timeoutMs / 3, plan.timeoutMs)
    const next = (): void => this.pause(process)
    if (kind < plan.putShare) this.put(process, key, timeoutMs, next)
    else if (kind < plan.putShare + plan.casShare) this.compareAndSet(process, key, timeoutMs, next)
    else if (kind < plan.putShare + plan.casShare + plan.deleteShare) this.delete(process, key, timeoutMs, next)
    else this.read(process, key, timeoutMs, next)
  }

  private put(process: ClientProcess, key: string, timeoutMs: number, next: (isAnswered: boolean) => void): void {
    const value = this.newValue(process)
    const command: KvCommand = { op: 'put', key: Buffer.from(key), value: textValue(value) }
    this.write(process, { op: 'put', key, value }, command, timeoutMs, next)
  }

  /** Expects what was last read by somebody, or that there is nothing. */
  private compareAndSet(process: ClientProcess, key: string, timeoutMs: number, next: () => void): void {
    const value = this.newValue(process)
    const expected = this.found.get(key) ?? null
    const by = expected === null ? { by: 'absent' as const } : { by: 'value' as const, value: textValue(expected) }
    const command: KvCommand = { op: 'cas', key: Buffer.from(key), expected: by, value: textValue(value) }
    this.write(process, { op: 'cas', key, value, expected }, command, timeoutMs, next)
  }

  private delete(process: ClientProcess, key: string, timeoutMs: number, next: () => void): void {
    this.write(process, { op: 'delete', key }, { op: 'delete', key: Buffer.from(key) }, timeoutMs, next)
  }

  private write(
    process: ClientProcess,
    fields: Fields,
    command: KvCommand,
    timeoutMs: number,
    next: (isAnswered: boolean) => void,
  ): void {
    const bytes = encodeCommand(command)
    const one = this.start(process, fields)
    process.core.write(bytes, process.clock.now() + timeoutMs, outcome => {
      if (!this.underWay.has(one.number)) return
      if (outcome.code !== 'ok') {
        if (outcome.why.includes('another request under this number')) {
          violated('Exactly Once', `client ${one.lane} gave one number to two requests`)
        }
        this.ended(one, { status: outcome.code === 'unknown-outcome' ? 'unknown' : 'fail' })
        return next(false)
      }
      const result = decodeResult(outcome.result)!
      // A delete of a key is the same bytes each time, the others carry a value of their own.
      if (result.status === 'ok' && command.op !== 'delete') this.events.acknowledged(result.revision, bytes)
      this.ended(one, command.op === 'put' ? { status: 'ok' } : { status: 'ok', output: result.status === 'ok' })
      next(true)
    })
  }

  private read(process: ClientProcess, key: string, timeoutMs: number, next: (isAnswered: boolean) => void): void {
    const query = encodeQuery({ op: 'get', key: Buffer.from(key) })
    const one = this.start(process, { op: 'get', key })
    process.core.read(query, { stale: false }, process.clock.now() + timeoutMs, outcome => {
      if (!this.underWay.has(one.number)) return
      if (outcome.code !== 'ok') {
        this.ended(one, { status: 'unknown' })
        return next(false)
      }
      const output = foundIn(outcome.result)
      this.found.set(key, output)
      this.ended(one, { status: 'ok', output })
      next(true)
    })
  }

  private start(process: ClientProcess, fields: Fields): UnderWay {
    const one = { number: ++this.begun, lane: process.life.lane, fields, start: this.kernel.nowMs, process }
    this.underWay.set(one.number, one)
    this.events.invoked(one.lane, one.number, () => describe(fields))
    return one
  }

  private ended({ number, lane, fields, start }: UnderWay, ending: Ending): void {
    this.underWay.delete(number)
    if (ending.status === 'ok') this.answered++
    this.history.push(operationOf(this.history.length + 1, this.nameOf(lane), fields, start, this.kernel.nowMs, ending))
    const what = (): string => {
      const said = ending.output === undefined ? '' : ` -> ${shortened(String(ending.output))}`
      return `${describe(fields)}${said}`
    }
    this.events.answered(lane, number, what, ending.status)
  }

  /** Different from all others, so that it is known which write a read found. */
  private newValue(process: ClientProcess): string {
    const name = `${process.life.lane}-${this.begun + 1}`
    const { valueBytes, largeShare, largeBytes } = this.plan
    if (largeShare === 0 || this.prng.fraction() >= largeShare) {
      return `${name}${this.padding}`.slice(0, Math.max(12, valueBytes))
    }
    // No piece of it looks like one of another value, or like the piece before.
    const bytes = Math.floor(this.prng.between(largeBytesLeast, largeBytes))
    return `${name}.`.repeat(Math.ceil(bytes / (name.length + 1))).slice(0, bytes)
  }
}

/** A line of the history. */
export function operationOf(
  line: number,
  client: string,
  fields: Fields,
  start: number,
  end: number,
  ending: Ending,
): Operation {
  const absent = { value: undefined, expected: undefined, output: undefined, current: undefined, prev: undefined }
  const whole = { line, client, ...absent, ...fields, ...ending }
  return { ...whole, start, end: ending.status === 'unknown' ? undefined : end }
}

/** The value in the answer to a get, null for none. */
export function foundIn(bytes: Uint8Array): string | null {
  const answer = decodeAnswer(bytes)
  if (answer?.op !== 'get') throw new Error('a get is answered by a record')
  return answer.found === null ? null : Buffer.from(answer.found.value.bytes).toString('latin1')
}

function textValue(value: string): Value {
  return { type: 1, bytes: Buffer.from(value) }
}

function describe({ op, key, value, expected }: Fields): string {
  if (op === 'get' || op === 'delete') return `${op} ${key}`
  const written = shortened(String(value))
  return op === 'put' ? `put ${key} ${written}` : `cas ${key} ${shortened(String(expected))} ${written}`
}

function shortened(text: string): string {
  const [head] = text.split('.', 1)
  return head!
}
