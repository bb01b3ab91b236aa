/** What the tests of sessions share: a machine whose every execution can be counted, and short ways to speak. */
import { Sessions } from '../../src/session/sessions.js'
import type { SessionLimits } from '../../src/session/limits.js'
import type { ApplyContext, ExecuteCommand, Outcome, StateMachine } from '../../src/session/types.js'

/** Appends every command to a list; its result names the command and the revision. Its snapshot is lazy, as naive ones are. */
export class ListMachine implements StateMachine {
  executed: string[] = []
  readonly contexts: ApplyContext[] = []

  apply(command: Uint8Array, context: ApplyContext): Uint8Array {
    const text = Buffer.from(command).toString()
    this.executed.push(text)
    this.contexts.push(context)
    return Buffer.from(`${text}@${context.revision}`)
  }

  query(): Uint8Array {
    return Buffer.from(this.executed.join())
  }

  *snapshot(): Generator<Uint8Array> {
    for (const text of [...this.executed]) yield Buffer.from(text)
  }

  restore(chunks: Iterable<Uint8Array>): void {
    this.executed = [...chunks].map(chunk => Buffer.from(chunk).toString())
  }
}

export class SessionsUser {
  readonly machine = new ListMachine()
  readonly sessions: Sessions
  #index = 0

  constructor(limits: Partial<SessionLimits> = {}) {
    this.sessions = new Sessions(this.machine, limits)
  }

  open(): number {
    const outcome = this.sessions.apply({ kind: 'open' }, ++this.#index)
    if (outcome.code !== 'opened') throw new Error('a session is opened')
    return outcome.sessionId
  }

  execute(sessionId: number, sequence: number, text: string, answeredUpTo = 0): string {
    return show(this.sessions.apply(request(sessionId, sequence, text, answeredUpTo), ++this.#index))
  }

  lookup(sessionId: number, sequence: number, text: string): string | null {
    const outcome = this.sessions.lookup(sessionId, sequence, Buffer.from(text))
    return outcome === null ? null : show(outcome)
  }
}

export function request(sessionId: number, sequence: number, text: string, answeredUpTo = 0): ExecuteCommand {
  return { kind: 'execute', sessionId, sequence, answeredUpTo, command: Buffer.from(text) }
}

/** The result of an outcome, or its code. */
export function show(outcome: Outcome): string {
  return outcome.code === 'ok' ? Buffer.from(outcome.result).toString() : outcome.code
}

export function restored(chunks: Iterable<Uint8Array>, limits: Partial<SessionLimits> = {}): SessionsUser {
  const user = new SessionsUser(limits)
  user.sessions.restore(chunks)
  return user
}

export function snapshotHex(sessions: Sessions): string {
  return Buffer.concat([...sessions.snapshot()]).toString('hex')
}
