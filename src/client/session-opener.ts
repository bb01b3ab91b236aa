/**
 * The session in which this client writes. It is opened without asking when the first write comes, and anew when the
 * cluster has evicted it (session/sessions.ts): a write that was never sent goes on under the new one; of one that was,
 * a copy may have been executed before the eviction, so its outcome is unknown.
 */
import { Request } from './request.js'
import { ClientSession } from './session.js'

const nothing = new Uint8Array(0)

export class SessionOpener {
  /** Null until one is open. */
  session: ClientSession | null = null
  private opening: Request | null = null
  private readonly ask: (request: Request) => void
  private readonly withdraw: (request: Request) => void

  /** `ask` sends an OpenSession and repeats it until it is answered; `withdraw` stops that. */
  constructor(ask: (request: Request) => void, withdraw: (request: Request) => void) {
    this.ask = ask
    this.withdraw = withdraw
  }

  /** Called in each turn: opens a session if writes wait for one, and gives up when none does any more. */
  update(writesWait: boolean): void {
    if (this.session === null && this.opening === null && writesWait) {
      this.opening = new Request('open', 'leader', nothing, Infinity, () => undefined)
      this.ask(this.opening)
    } else if (this.opening !== null && !writesWait) {
      this.withdraw(this.opening)
      this.opening = null
    }
  }

  /** The answer to `ask`. */
  opened(sessionId: number): void {
    this.opening = null
    this.session = new ClientSession(sessionId)
  }

  /** The opening itself was refused for good. Another write tries again. */
  refused(): void {
    this.opening = null
  }

  /** The cluster no longer knows this session. Returns the writes whose outcome is unknown because of it. */
  expired(sessionId: number): readonly Request[] {
    if (this.session?.id !== sessionId) return []
    const { unended } = this.session
    this.session = null
    return unended
  }
}
