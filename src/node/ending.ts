/**
 * How a node ends. Asked to stop, it hands leadership over if there is a peer to take it, then closes what is open. Broken, it
 * ends at once: a server that stops is safe, one that goes on after a broken invariant may not be.
 */
import type { Raft } from '../raft/raft.js'
import type { Milliseconds } from '../raft/types.js'
import type { Storage } from '../storage/storage.js'
import type { TransportApi } from '../transport/types.js'
import type { TurnSchedule } from './turn-schedule.js'

interface Parts {
  readonly raft: Pick<Raft, 'isLeader' | 'transferLeadership'>
  readonly storage: Pick<Storage, 'close' | 'abandon'>
  readonly transport: Pick<TransportApi, 'close'>
  readonly turns: Pick<TurnSchedule, 'schedule' | 'end'>
  /** Is there anybody to hand leadership over to? */
  readonly hasPeers: boolean
  /** Called once, when all is closed, with what broke. */
  readonly failed: (error: Error) => void
}

export class Ending {
  private readonly parts: Parts
  /** When a stop that was asked for waits no longer for somebody to take leadership over; Infinity when none was. */
  private stopByMs = Infinity
  /** Nothing is taken in any more; what is open is being closed. */
  private isClosed = false
  /** Everything is closed. */
  private hasEnded = false
  private failure: Error | null = null
  private readonly whenEnded: (() => void)[] = []

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Runs a step that a fact asks for, unless the end has begun; what it throws ends the node. */
  guard(step: () => void): void {
    if (this.isClosed) return
    try {
      step()
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** A stop is asked for, which waits until `byMs` at most for a new leader. Calls back when all is closed. */
  stop(now: Milliseconds, byMs: Milliseconds, done: () => void): void {
    if (this.hasEnded) return done()
    this.whenEnded.push(done)
    if (this.isClosed || this.stopByMs !== Infinity) return
    this.stopByMs = byMs
    this.guard(() => {
      this.parts.raft.transferLeadership(now, 0)
      this.parts.turns.schedule()
    })
  }

  /**
   * At the end of a turn, when nothing of it waits for the hard state: closes everything if a stop was asked for and this
   * server need not lead on.
   */
  continueStopping(now: Milliseconds): void {
    if (this.stopByMs === Infinity || this.isClosed) return
    const { raft, storage, transport, hasPeers } = this.parts
    const handsOver = raft.isLeader && hasPeers && now < this.stopByMs
    if (handsOver) return
    this.close()
    storage.close(() => transport.close(() => this.end()))
  }

  /** Ends the node at once, because of `error`: nothing more leaves it, and nothing more is written. */
  fail(error: Error): void {
    this.failure ??= error
    if (this.isClosed) return
    const { storage, transport } = this.parts
    this.close()
    transport.close(() => storage.abandon(() => this.end()))
  }

  private close(): void {
    this.isClosed = true
    this.parts.turns.end()
  }

  private end(): void {
    this.hasEnded = true
    if (this.failure !== null) this.parts.failed(this.failure)
    for (const done of this.whenEnded) done()
  }
}
