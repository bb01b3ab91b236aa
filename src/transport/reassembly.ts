/**
 * Puts the messages of one sender together again from their fragments, which come in any order, more than once or never.
 * A message is handed out whole or not at all, and once.
 *
 * Memory follows what arrived, never what a fragment claims: each piece is charged with its bytes and a fixed price, so that
 * pieces of one byte are no way around the bounds, and copied out of its datagram unless it is most of it, so that none of
 * them keeps what it is not charged with. Three bounds hold: one for a message, one for a sender (bytes, and messages
 * begun), and one for all senders that share a budget (reassembly-budget.ts). Where there is no room, the message that was
 * silent for longest goes: of the host that holds most, if that is another one; else of this sender. A message that got
 * nothing new for some seconds is given up as well.
 *
 * What was given up is not begun again. The transport acknowledges packets and not messages, so those of its fragments
 * that had arrived will not come a second time; whoever said it will say it again, as a new message.
 */
import type { Fragment } from '../../codec/fragment.js'
import { messageBytesMax } from '../../codec/limits.js'
import { equalBytes } from '../base/bytes.js'
import { FinishedMessages } from './finished-messages.js'
import type { Holder, ReassemblyBudget } from './reassembly-budget.js'

/** What one sender may hold: several of the largest messages, in the smallest fragments. */
export const linkReassemblyBytesMax = 16 * 1024 * 1024

/** Messages of one sender that have begun to arrive: what may have lost a piece in a round trip through a large window. */
export const unfinishedMax = 512

/** A message that got nothing for so long will not be completed: retransmission is much faster. */
export const reassemblyMsMax = 5_000

/** The memory that a piece takes beside its bytes: an array with its buffer, a place in a table, a share of a record. */
export const fragmentChargeBytes = 512

/** Why a fragment was dropped. */
export type ReassemblyDrop =
  /** It is there already. */
  | 'duplicate-fragment'
  /** It says something else than one that came before; the first is believed. */
  | 'contradictory-fragment'
  /** Its message is over: delivered, or given up. */
  | 'late-fragment'
  /** Its message is larger than any may be, and was given up. */
  | 'message-too-large'
  /** There is no memory for it that is not others', and its message was given up. */
  | 'reassembly-full'

interface Unfinished {
  readonly count: number
  /** By index; a table and no array, because an array may take memory for what is missing. */
  readonly pieces: Map<number, Uint8Array>
  /** Of the pieces alone. */
  bytes: number
  /** With the price of each. */
  chargedBytes: number
  lastNewsAtMs: number
}

export class Reassembly implements Holder {
  readonly host: string
  /** What this sender's pieces are charged with. */
  bytes = 0
  /** Messages of which fragments came and which will not be completed. */
  givenUp = 0
  /** When something new of any message last came. */
  lastNewsAtMs = -Infinity
  private readonly budget: ReassemblyBudget
  /** By id, in the order of their last news: the first is silent for longest. */
  private readonly messages = new Map<number, Unfinished>()
  private readonly finished = new FinishedMessages()

  /** `host` is the IP address of the sender. */
  constructor(host: string, budget: ReassemblyBudget) {
    this.host = host
    this.budget = budget
  }

  /** Messages of which some fragments have arrived. */
  get unfinished(): number {
    return this.messages.size
  }

  /**
   * Takes in a fragment: the bytes of its message, head and body, when nothing of it is missing any more; null while
   * something is; or why the fragment was dropped. The bytes are the caller's.
   */
  take(fragment: Fragment, nowMs: number): Uint8Array | null | ReassemblyDrop {
    this.expire(nowMs)
    const { messageId, count, index, bytes } = fragment
    const known = this.messages.get(messageId)
    if (known === undefined && this.finished.isOver(messageId, nowMs)) return 'late-fragment'
    if (known !== undefined && known.count !== count) return 'contradictory-fragment'
    const piece = known?.pieces.get(index)
    if (piece !== undefined) return equalBytes(piece, bytes) ? 'duplicate-fragment' : 'contradictory-fragment'
    if ((known?.bytes ?? 0) + bytes.length > messageBytesMax) {
      this.giveUp(messageId)
      return 'message-too-large'
    }
    if (!this.makeRoom(messageId, bytes.length + fragmentChargeBytes)) {
      this.giveUp(messageId)
      return 'reassembly-full'
    }
    const message = known ?? { count, pieces: new Map(), bytes: 0, chargedBytes: 0, lastNewsAtMs: nowMs }
    this.keep(messageId, message, fragment, nowMs)
    if (message.pieces.size < count) return null
    this.release(messageId)
    return joined(message)
  }

  /**
   * When to call `expire`, or its sender would keep the memory of others by never saying anything again; Infinity with
   * nothing begun.
   */
  get expiresAtMs(): number {
    for (const { lastNewsAtMs } of this.messages.values()) return lastNewsAtMs + reassemblyMsMax
    return Infinity
  }

  /** Gives up what got nothing for too long. */
  expire(nowMs: number): void {
    for (const [messageId, { lastNewsAtMs }] of this.messages) {
      if (nowMs < lastNewsAtMs + reassemblyMsMax) return
      this.giveUp(messageId)
    }
  }

  giveUpOldest(): void {
    for (const messageId of this.messages.keys()) return this.giveUp(messageId)
  }

  /** Forgets everything: the sender has started anew, and its ids with it, or it is gone. */
  clear(): void {
    for (const messageId of this.messages.keys()) this.release(messageId)
    this.finished.clear()
  }

  private keep(messageId: number, message: Unfinished, { index, bytes }: Fragment, nowMs: number): void {
    const chargedBytes = bytes.length + fragmentChargeBytes
    message.pieces.set(index, keepsLittle(bytes) ? bytes : new Uint8Array(bytes))
    message.bytes += bytes.length
    message.chargedBytes += chargedBytes
    message.lastNewsAtMs = nowMs
    this.lastNewsAtMs = nowMs
    this.bytes += chargedBytes
    this.budget.charge(this, chargedBytes)
    // To the end of the order.
    this.messages.delete(messageId)
    this.messages.set(messageId, message)
  }

  /** Makes room for `chargedBytes` more of a message. False: not even giving up all its others would be enough. */
  private makeRoom(messageId: number, chargedBytes: number): boolean {
    const { budget, messages } = this
    budget.makeRoom(this.host, chargedBytes)
    const ownBytes = messages.get(messageId)?.chargedBytes ?? 0
    const room = () => Math.min(linkReassemblyBytesMax - this.bytes, budget.bytesMax - budget.bytes)
    if (room() + this.bytes - ownBytes < chargedBytes) return false
    for (const other of messages.keys()) {
      const isRoom = room() >= chargedBytes && (messages.has(messageId) || messages.size < unfinishedMax)
      if (isRoom) break
      if (other !== messageId) this.giveUp(other)
    }
    return true
  }

  private giveUp(messageId: number): void {
    this.givenUp++
    this.release(messageId)
  }

  /** Lets go of a message, which is over. */
  private release(messageId: number): void {
    const chargedBytes = this.messages.get(messageId)?.chargedBytes ?? 0
    this.messages.delete(messageId)
    this.bytes -= chargedBytes
    this.budget.charge(this, -chargedBytes)
    this.finished.add(messageId)
  }
}

/** Whether a datagram that is kept for the sake of this piece is hardly larger: a copy would cost more than it saves. */
function keepsLittle(piece: Uint8Array): boolean {
  return piece.buffer.byteLength - piece.byteLength <= fragmentChargeBytes
}

function joined({ count, pieces, bytes }: Unfinished): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (let index = 0; index < count; index++) {
    const piece = pieces.get(index)!
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
