/** Requests of a core as promises: until when each may take, what gives it up early, and what its outcome is as an error. */
import type { Clock } from '../base/clock.js'
import type { ClientCore } from './client-core.js'
import type { RaftgramError } from './errors.js'
import { BusyError, NoSpaceError, UnavailableError, UnknownOutcomeError, UsageError } from './errors.js'
import { checkCall } from './options.js'
import type { Done, Request, RequestOutcome } from './request.js'
import type { CallOptions } from './types.js'

/** Asks the core for one thing. */
export type Start = (deadlineMs: number, done: Done) => Request

export class Calls {
  private readonly core: ClientCore
  private readonly clock: Clock
  /** How long a call may take that does not say so itself. */
  readonly timeoutMs: number
  private closing: Promise<void> | null = null

  constructor(core: ClientCore, clock: Clock, timeoutMs: number) {
    this.core = core
    this.clock = clock
    this.timeoutMs = timeoutMs
  }

  /** The answer to one request, or an error. `what` begins the sentence of that. */
  async answer(options: CallOptions, what: string, start: Start): Promise<Uint8Array> {
    const { timeoutMs, signal } = checkCall(options, this.timeoutMs)
    this.checkOpen(what)
    if (signal?.aborted === true) throw new UnavailableError(`${what} was not sent: the call was aborted before`)
    let giveUp = (): void => undefined
    const ended = this.outcome(timeoutMs, (deadlineMs, done) => {
      const request = start(deadlineMs, done)
      giveUp = () => this.core.cancel(request, 'the call was aborted')
      return request
    })
    signal?.addEventListener('abort', giveUp, { once: true })
    const outcome = await ended
    signal?.removeEventListener('abort', giveUp)
    if (outcome.code === 'ok') return outcome.result
    throw this.errorOf(outcome, what)
  }

  /** How a request ends that begins now. */
  outcome(timeoutMs: number, start: Start): Promise<RequestOutcome> {
    // Only `resolve` is called from within the transport: whatever else may throw does so here, and rejects.
    return new Promise(resolve => start(this.clock.now() + timeoutMs, resolve))
  }

  /** Throws UnavailableError when the client is closed. */
  checkOpen(what: string): void {
    if (this.closing !== null) throw new UnavailableError(`${what} was not sent: the client is closed`)
  }

  /** Ends what is pending, and the core. */
  close(): Promise<void> {
    this.closing ??= new Promise(resolve => this.core.close(resolve))
    return this.closing
  }

  private errorOf(outcome: Exclude<RequestOutcome, { code: 'ok' }>, what: string): RaftgramError {
    const { code, why } = outcome
    switch (code) {
      case 'unknown-outcome':
        return new UnknownOutcomeError(
          `${what} was sent but its outcome is unknown (${why}): ` +
            'it may have been executed, once, or may yet be: read to find out',
        )
      case 'unavailable':
        if (this.closing !== null) return new UnavailableError(`${what} had no effect: the client is closed`)
        return new UnavailableError(`${what} had no effect, it may be tried again: ${why}`)
      case 'busy':
        return new BusyError(`${what} had no effect: ${why}: await some of them first`)
      case 'no-space':
        return new NoSpaceError(`${what} had no effect: ${why}; it may be tried again when there is space`)
      case 'bad-request':
      case 'no-snapshot':
        return new UsageError(`${what} had no effect: ${why}`)
    }
  }
}
