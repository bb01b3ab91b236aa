/**
 * When a node's turns run. What follows from a fact follows at the end of the event loop's turn in which it came, once for
 * all that came with it. Time that has passed is a fact like others, but it is judged only after the socket was read
 * (drain-guard.ts).
 */
import type { Clock, Timer } from '../base/clock.js'
import type { Milliseconds } from '../raft/types.js'
import type { Socket } from '../transport/socket.js'
import { DrainGuard } from './drain-guard.js'

export class TurnSchedule {
  private readonly clock: Clock
  private readonly turn: () => void
  private readonly timer: Timer
  /** While more of what has come is waited for. */
  private readonly restTimer: Timer
  private readonly drainGuard: DrainGuard
  private isScheduled = false
  private isTimeUp = false
  private hasEnded = false

  /** `turn` is called at the end of each turn that was asked for. */
  constructor(clock: Clock, socket: Pick<Socket, 'datagramsReceived'>, turn: () => void) {
    this.clock = clock
    this.turn = turn
    this.drainGuard = new DrainGuard(socket)
    this.timer = clock.timer(() => this.timeIsUp())
    this.restTimer = clock.timer(() => this.schedule())
  }

  /** A fact came, and something may follow from it. */
  schedule(): void {
    if (this.isScheduled || this.hasEnded) return
    this.isScheduled = true
    this.clock.endOfTurn(() => {
      this.isScheduled = false
      if (!this.hasEnded) this.turn()
    })
  }

  /** The next turn, if nothing happens before. */
  wakeAt(atMs: Milliseconds): void {
    this.timer.set(atMs)
  }

  /**
   * The rest of what came is on its way, until `restDueMs`: acted upon together it is one write, on each server, in place of
   * two. True: the turn is to be taken up again then. Time that is up waits for nothing.
   */
  waitForRest(restDueMs: Milliseconds, now: Milliseconds): boolean {
    if (restDueMs <= now || this.isTimeUp) return false
    this.restTimer.set(restDueMs)
    return true
  }

  /** Is time to be judged in this turn? Where more may wait in the socket, that is read first, and a later turn judges. */
  takeTime(): boolean {
    if (!this.isTimeUp) return false
    if (this.drainGuard.mustWait()) {
      this.schedule()
      return false
    }
    this.isTimeUp = false
    return true
  }

  /** No turn runs any more. */
  end(): void {
    this.hasEnded = true
    this.timer.set(Infinity)
    this.restTimer.set(Infinity)
  }

  private timeIsUp(): void {
    // While the guard waits the deadline has passed, and fires again and again: its rounds are counted on.
    if (!this.isTimeUp) this.drainGuard.begin()
    this.isTimeUp = true
    this.schedule()
  }
}
