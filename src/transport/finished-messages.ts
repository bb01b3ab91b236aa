/**
 * Which messages of one sender are over, delivered or given up, so that a late fragment does not begin one anew. The ids
 * of a sender grow; the last 4,096 that are over are known one by one, and what lies below those counts as over, too:
 * more than can end while a piece of an older one is repeated.
 *
 * Ids far beyond all true ones would make every true one look over: a few forged datagrams would end all large messages.
 * So when nothing else is heard of for a while, all is forgotten (as in sender-boots.ts). Too early that costs little: a piece
 * of a message that was over waits in vain for the others.
 */
import { deafMsMax } from './sender-boots.js'

export const rememberedMax = 4_096

export class FinishedMessages {
  /** In ascending order. */
  private readonly ids: number[] = []
  /** All up to here are over. */
  private lowWaterMark = 0
  /** When something came that was not over. */
  private newsAtMs = -Infinity

  /** Whether a fragment of this message comes too late. */
  isOver(messageId: number, nowMs: number): boolean {
    if (messageId <= this.lowWaterMark && nowMs >= this.newsAtMs + deafMsMax) this.clear()
    const isOver = this.has(messageId)
    if (!isOver) this.newsAtMs = nowMs
    return isOver
  }

  has(messageId: number): boolean {
    return messageId <= this.lowWaterMark || this.ids[this.placeOf(messageId)] === messageId
  }

  add(messageId: number): void {
    if (this.has(messageId)) return
    this.ids.splice(this.placeOf(messageId), 0, messageId)
    if (this.ids.length > rememberedMax) this.lowWaterMark = this.ids.shift()!
  }

  clear(): void {
    this.ids.length = 0
    this.lowWaterMark = 0
  }

  /** Where the id stands, or would stand. */
  private placeOf(messageId: number): number {
    const { ids } = this
    let low = 0
    let high = ids.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ids[middle]! < messageId) low = middle + 1
      else high = middle
    }
    return low
  }
}
