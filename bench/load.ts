/**
 * A closed loop of requests: so many are outstanding all the time, and as one is answered the next is made. It shares
 * the processors with the servers that it measures, so it speaks to the client's callbacks rather than to its promises,
 * keys are encoded once, and nothing is kept per request but its command.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { assert } from '../src/base/assert.js'
import type { Clock } from '../src/base/clock.js'
import type { Prng } from '../src/base/prng.js'
import type { ClientCore } from '../src/client/client-core.js'
import type { RequestOutcome } from '../src/client/request.js'
import { encodeCommand, encodeQuery } from '../src/kv/commands.js'
import { valueTypes } from '../src/kv/types.js'

export const loadKinds = ['put', 'get', 'mixed'] as const

/** `mixed`: half of each, drawn anew for every request. */
export type LoadKind = (typeof loadKinds)[number]

export interface LoadOptions {
  readonly kind: LoadKind
  /** Requests outstanding. */
  readonly concurrency: number
  readonly valueBytes: number
  readonly keys: readonly Uint8Array[]
  readonly timeoutMs: number
  readonly prng: Prng
}

/** What was measured since `reset`. */
export interface Measured {
  /** Answered before the load was to end. */
  completed: number
  /** By code; those that the end found outstanding, and that were never answered, too. */
  readonly errors: Map<string, number>
  /**
   * Of everything that was answered, also after the end, and of what never was for as long as it was waited for. Without
   * these a cluster that stops answering would look as fast as it was before.
   */
  readonly latencyNs: RecordableHistogram
}

const nsPerMs = 1e6

/** The keys `key-000000000000` and following, as bytes. */
export function numberedKeys(count: number): Uint8Array[] {
  const encoder = new TextEncoder()
  return Array.from({ length: count }, (_, at) => encoder.encode(`key-${String(at).padStart(12, '0')}`))
}

export class Load {
  measured: Measured = nothingMeasured()
  private readonly core: ClientCore
  private readonly clock: Clock
  private readonly options: LoadOptions
  private readonly value: { readonly type: 0; readonly bytes: Uint8Array }
  private isStopping = false
  private outstanding = 0
  private onDrained: () => void = () => undefined

  constructor(core: ClientCore, clock: Clock, options: LoadOptions) {
    this.core = core
    this.clock = clock
    this.options = options
    const bytes = new Uint8Array(options.valueBytes)
    for (let at = 0; at < bytes.length; at++) bytes[at] = options.prng.below(256)
    this.value = { type: valueTypes.bytes, bytes }
  }

  /** Writes every key once; `done` when all are written, or with the first failure. */
  fill(done: (failure: RequestOutcome | null) => void): void {
    const { keys, concurrency, timeoutMs } = this.options
    let next = 0
    let left = keys.length
    let failure: RequestOutcome | null = null
    const writeNext = () => {
      const key = keys[next++]!
      const command = encodeCommand({ op: 'put', key, value: this.value })
      this.core.write(command, this.clock.now() + timeoutMs, outcome => {
        left--
        if (outcome.code !== 'ok') failure ??= outcome
        if (failure === null && next < keys.length) writeNext()
        else if (left === 0 || failure !== null) finish()
      })
    }
    const finish = once(() => done(failure))
    while (next < Math.min(concurrency, keys.length)) writeNext()
  }

  /** Begins the loop. */
  start(): void {
    for (let count = 0; count < this.options.concurrency; count++) new Slot(this).next()
  }

  /** Measures from now on. */
  reset(): void {
    this.measured = nothingMeasured()
  }

  /** Makes no more requests; without it, a client that is closed would be asked, and refuse, for ever. */
  stop(): void {
    this.isStopping = true
  }

  /** Stops, and calls back when what is outstanding has its answer or its time is over: `timeoutMs` later at most. */
  drain(done: () => void): void {
    this.stop()
    this.onDrained = done
    if (this.outstanding === 0) done()
  }

  /** One request of a slot; `done` is the slot's own callback, made once. */
  request(done: (outcome: RequestOutcome) => void): number {
    const { core, options } = this
    const { kind, keys, prng, timeoutMs } = options
    const key = keys[prng.below(keys.length)]!
    const nowMs = this.clock.now()
    this.outstanding++
    if (kind === 'get' || (kind === 'mixed' && prng.uint32() % 2 === 0)) {
      core.read(encodeQuery({ op: 'get', key }), linearizable, nowMs + timeoutMs, done)
    } else {
      core.write(encodeCommand({ op: 'put', key, value: this.value }), nowMs + timeoutMs, done)
    }
    return nowMs
  }

  /** Counts what a slot got; false: the slot ends. */
  answered(outcome: RequestOutcome, startMs: number): boolean {
    const { measured } = this
    const { code } = outcome
    if (code === 'ok' && !this.isStopping) measured.completed++
    if (code !== 'ok') measured.errors.set(code, (measured.errors.get(code) ?? 0) + 1)
    if (!isRefusal(code)) {
      measured.latencyNs.record(Math.max(1, Math.round((this.clock.now() - startMs) * nsPerMs)))
    }
    this.outstanding--
    if (!this.isStopping) return true
    if (this.outstanding === 0) this.onDrained()
    return false
  }
}

/** Somebody said no, maybe at once: how long that took says nothing of how long answers take. */
function isRefusal(code: RequestOutcome['code']): boolean {
  return code !== 'ok' && code !== 'unavailable' && code !== 'unknown-outcome'
}

const linearizable = { stale: false }

/** One of the requests outstanding, and the one that follows it, and so on. */
class Slot {
  private readonly load: Load
  private startMs = 0

  constructor(load: Load) {
    this.load = load
  }

  next(): void {
    this.startMs = this.load.request(this.done)
  }

  private readonly done = (outcome: RequestOutcome): void => {
    if (this.load.answered(outcome, this.startMs)) this.next()
  }
}

function nothingMeasured(): Measured {
  return { completed: 0, errors: new Map(), latencyNs: createHistogram() }
}

function once(callback: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    callback()
  }
}

/** The measurements of several loads as one. */
export function together(all: readonly Measured[]): Measured {
  assert(all.length > 0, 'there is something to put together')
  const sum = nothingMeasured()
  for (const { completed, errors, latencyNs } of all) {
    sum.completed += completed
    for (const [code, count] of errors) sum.errors.set(code, (sum.errors.get(code) ?? 0) + count)
    sum.latencyNs.add(latencyNs)
  }
  return sum
}
