/**
 * Sequence numbers of one session: 1, 2, 3 ... in the order in which writes are first sent, the same in every repeat.
 *
 * `answeredUpTo` is the highest number up to which every write has ended: its answer is in the caller's hands, or the
 * caller was told that the outcome is unknown. It travels with every write, and servers forget results up to it. No
 * number is given out more than 16,384 above it (servers would refuse it): the write waits.
 */
import { sequenceWindow } from '../../codec/limits.js'
import type { Request } from './request.js'

export class ClientSession {
  /** Given by the cluster, never reused. */
  readonly id: number
  /** Writes that have not ended, at their number modulo the window. */
  private readonly slots: (Request | null)[] = []
  private lowest = 1
  private next = 1

  constructor(id: number) {
    this.id = id
  }

  get answeredUpTo(): number {
    return this.lowest - 1
  }

  get hasRoom(): boolean {
    return this.next - this.answeredUpTo <= sequenceWindow
  }

  /** The number that the next write gets. */
  get nextSequence(): number {
    return this.next
  }

  /** Gives the next number to a write, which is about to be sent for the first time. */
  add(request: Request): void {
    request.id = this.next
    this.slots[this.next % sequenceWindow] = request
    this.next++
  }

  /** Undefined: no such write, or it has ended. */
  find(sequence: number): Request | undefined {
    if (sequence < this.lowest || sequence >= this.next) return undefined
    return this.slots[sequence % sequenceWindow] ?? undefined
  }

  /** The write has ended. */
  remove(request: Request): void {
    this.slots[request.id % sequenceWindow] = null
    while (this.lowest < this.next && this.slots[this.lowest % sequenceWindow] === null) this.lowest++
  }

  /** The writes that have not ended. */
  get unended(): Request[] {
    return this.slots.filter(request => request !== null)
  }
}
