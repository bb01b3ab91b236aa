/**
 * Clients that wait for commands in this leader's log. A waiter belongs to (index, term, position in the entry): if
 * another leader's entry comes to stand at the index, nobody is told of somebody else's success. A repeat of a command
 * that is still in the log attaches to it instead of being proposed again.
 */
import type { Link } from '../transport/types.js'
import type { LogIndex, Term } from '../raft/types.js'
import type { SessionCommand } from '../session/types.js'

export interface Waiter {
  readonly command: SessionCommand
  /** Where the answer goes: the link of the latest repeat. */
  link: Link
  /** The sequence number of a write, the client's request id for a session to open. */
  readonly requestId: number
}

export class Waiters {
  private readonly byIndex = new Map<LogIndex, { term: Term; waiters: readonly Waiter[] }>()
  private readonly bySession = new Map<number, Map<number, Waiter>>()
  /** A client opens one session at a time. */
  private readonly opening = new Map<Link, Waiter>()

  /** The waiter of a request that is under way, or undefined. */
  find(sessionId: number, sequence: number): Waiter | undefined {
    return this.bySession.get(sessionId)?.get(sequence)
  }

  /** Whether this request of a client to open a session is under way. */
  isOpening(link: Link, requestId: number): boolean {
    return this.opening.get(link)?.requestId === requestId
  }

  /** A request is under way from now on, though it has no place in the log yet. */
  begin(waiter: Waiter): void {
    const { command } = waiter
    if (command.kind !== 'execute') return void this.opening.set(waiter.link, waiter)
    let ofSession = this.bySession.get(command.sessionId)
    if (ofSession === undefined) this.bySession.set(command.sessionId, (ofSession = new Map<number, Waiter>()))
    ofSession.set(command.sequence, waiter)
  }

  /** The commands of these waiters stand at `index`, in this order. */
  place(index: LogIndex, term: Term, waiters: readonly Waiter[]): void {
    this.byIndex.set(index, { term, waiters })
  }

  /** Takes the waiters at `index` out, with the term in which they were placed; undefined if there are none. */
  take(index: LogIndex): { term: Term; waiters: readonly Waiter[] } | undefined {
    const placed = this.byIndex.get(index)
    if (placed === undefined) return undefined
    this.byIndex.delete(index)
    for (const waiter of placed.waiters) this.end(waiter)
    return placed
  }

  /** Takes all waiters out: this server no longer leads. */
  takeAll(): readonly Waiter[] {
    const all = [...this.byIndex.values()].flatMap(placed => placed.waiters)
    this.byIndex.clear()
    this.bySession.clear()
    this.opening.clear()
    return all
  }

  /** A request is no longer under way. */
  end(waiter: Waiter): void {
    const { command } = waiter
    if (command.kind !== 'execute') {
      if (this.opening.get(waiter.link) === waiter) this.opening.delete(waiter.link)
      return
    }
    const ofSession = this.bySession.get(command.sessionId)
    if (ofSession?.get(command.sequence) !== waiter) return
    ofSession.delete(command.sequence)
    if (ofSession.size === 0) this.bySession.delete(command.sessionId)
  }
}
