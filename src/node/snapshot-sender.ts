/**
 * A leader sends its newest snapshot to peers that need entries its log no longer has (section 7 of the paper), several at
 * once, each in pieces of one size. The core says who needs one and when it needs it no longer; the transport repairs what
 * is lost on the way; here is kept what a peer holds, what is on its way, and what to say again if nothing is heard:
 *
 *     heldBytes      the peer has everything below
 *     heldBeyond     pieces beyond that it has as well
 *     onTheirWay     pieces that left and were not heard of
 *
 * A reply names the snapshot that it is about, so an old one is told from one that matters (K01); what it says replaces what
 * was believed, so a receiver that started again and holds less simply gets more. After a silence one piece goes again, not
 * all of them (K13), also when the peer holds all of them: that it has installed them may have been said and lost. A peer is
 * sent little at a time, and nothing while its link has no room: pieces are bulk.
 */
import { chunkBytesMax } from '../../codec/snapshot.js'
import { answersFor } from '../raft/snapshot-meta.js'
import type { InstallSnapshotReply, LogIndex, Milliseconds, ServerId, SnapshotMeta } from '../raft/types.js'
import { snapshotPieceBytes } from '../raft/types.js'
import type { HeldSnapshot } from '../storage/held-snapshot.js'
import type { Link } from '../transport/types.js'

/** A peer's word covers so many pieces from the first that it lacks. */
const piecesAhead = 32

/**
 * Pieces on their way to one peer: nearly as many as its word covers. The link's window says how many of them are in flight;
 * the others are those that the receiver's disk is at work on, which takes longest. What is given up here of a transfer's
 * speed the others' writes have: with 16 on two busy cores it takes a quarter longer, and they go on at 82 % of their rate;
 * with 32 at 71 %.
 */
const piecesOnTheirWayMax = piecesAhead - 4

/**
 * Arrays that pieces are read into, in turn. New ones for each would call the collector of garbage dozens of times, and
 * each of its full rounds walks every key of a large state: half of what a transfer cost a leader of a million keys. One is
 * used again when the peer has long held what was in it. Were that still to leave once more, the peer would refuse it: it
 * has other bytes for that place. If it has begun anew, the hash of the whole tells, and all of it is sent again.
 */
const readArrays = 4 * piecesAhead

/** So long after the peer's last word a piece that is on its way goes again, and then after twice as long. */
const silenceMs = 100
const silenceMsMax = 2_000

export interface SnapshotSenderParts {
  /** Up to which entry the newest snapshot goes; 0 while there is none. */
  readonly newestIndex: () => LogIndex
  /** The newest snapshot, kept readable until it is released; null while there is none. */
  readonly hold: () => HeldSnapshot | null
  /** A transfer begins: the log from its snapshot on has to be kept. */
  readonly begun: (to: ServerId, meta: SnapshotMeta) => void
  /** Queues a piece for a peer. False: dropped. */
  readonly send: (link: Link, meta: SnapshotMeta, offset: number, data: Uint8Array) => boolean
  readonly now: () => Milliseconds
  readonly guard: (step: () => void) => void
  /** A piece was read: a turn is due, in which it leaves and the next one is read. */
  readonly onRead: () => void
  /** A snapshot of this server cannot be read. */
  readonly onUnreadable: (error: Error) => void
}

interface Transfer {
  readonly held: HeldSnapshot
  readonly link: Link
  /** The peer has everything below. */
  heldBytes: number
  /** By offset: pieces beyond that it has as well. */
  readonly heldBeyond: Set<number>
  /** By offset, the oldest first: pieces that left and were not heard of. */
  readonly onTheirWay: Set<number>
  readonly reading: Set<number>
  /** What pieces are read into, in turn. */
  readonly arrays: Uint8Array[]
  /** Pieces that were read so far. */
  reads: number
  /** Until the first reply, which may say that the peer has most of it, one piece asks. */
  isAnswered: boolean
  /** Since then nothing was heard. */
  sinceMs: Milliseconds
  silenceMs: Milliseconds
}

/** How far a transfer has come, for `status`. */
export interface TransferStatus {
  readonly to: ServerId
  readonly lastIncludedIndex: LogIndex
  readonly heldBytes: number
  readonly totalBytes: number
}

export class SnapshotSender {
  private readonly parts: SnapshotSenderParts
  private readonly transfers = new Map<ServerId, Transfer>()

  constructor(parts: SnapshotSenderParts) {
    this.parts = parts
  }

  get status(): readonly TransferStatus[] {
    return [...this.transfers].map(([to, { held, heldBytes }]) => {
      const { lastIncludedIndex, totalBytes } = held.meta
      return { to, lastIncludedIndex, heldBytes, totalBytes }
    })
  }

  /** Nobody is sent anything. */
  get isIdle(): boolean {
    return this.transfers.size === 0
  }

  /** Once a turn. `needy` are the ways to the peers that need a snapshot. Returns when to be asked again at the latest. */
  advance(needy: readonly Link[]): Milliseconds {
    for (const [to, transfer] of this.transfers) {
      if (!needy.some(({ serverId }) => serverId === to)) this.endTransfer(to, transfer)
    }
    let wakeAtMs = Infinity
    for (const link of needy) {
      const transfer = this.transfers.get(link.serverId) ?? this.begin(link)
      if (transfer !== null) wakeAtMs = Math.min(wakeAtMs, this.goOn(transfer))
    }
    return wakeAtMs
  }

  /** What a peer says of the snapshot that it is sent. */
  received(reply: InstallSnapshotReply): void {
    const transfer = this.transfers.get(reply.from)
    if (transfer === undefined || !answersFor(reply, transfer.held.meta)) return
    // It has it, and needs another one all the same if the log has been cut beyond it: the newest is begun.
    if (reply.persisted) return this.endTransfer(reply.from, transfer)
    const { heldBeyond, onTheirWay, held } = transfer
    if (!isPlace(reply.nextOffset, held.meta.totalBytes)) return
    // Further back than any late word: it has started again, and what was on its way to the process before is gone.
    if (reply.nextOffset + piecesAhead * snapshotPieceBytes < transfer.heldBytes) onTheirWay.clear()
    transfer.isAnswered = true
    transfer.sinceMs = this.parts.now()
    if (reply.nextOffset > transfer.heldBytes) transfer.silenceMs = silenceMs
    transfer.heldBytes = reply.nextOffset
    heldBeyond.clear()
    for (let bit = 0; bit < piecesAhead; bit++) {
      const offset = reply.nextOffset + (bit + 1) * snapshotPieceBytes
      if (((reply.received >>> bit) & 1) === 1) heldBeyond.add(offset)
    }
    for (const offset of onTheirWay) {
      if (offset < transfer.heldBytes || heldBeyond.has(offset)) onTheirWay.delete(offset)
    }
  }

  private endTransfer(to: ServerId, { held }: Transfer): void {
    held.release()
    this.transfers.delete(to)
  }

  private begin(link: Link): Transfer | null {
    const held = this.parts.hold()
    if (held === null) return null
    const transfer: Transfer = {
      held,
      link,
      heldBytes: 0,
      heldBeyond: new Set(),
      onTheirWay: new Set(),
      reading: new Set(),
      arrays: [],
      reads: 0,
      isAnswered: false,
      sinceMs: this.parts.now(),
      silenceMs,
    }
    this.transfers.set(link.serverId, transfer)
    this.parts.begun(link.serverId, held.meta)
    return transfer
  }

  /** Sends what may go now, and says when a silence will have lasted too long. */
  private goOn(known: Transfer): Milliseconds {
    const transfer = this.noticeSilence(known)
    const { onTheirWay, reading, link } = transfer
    const piecesMax = transfer.isAnswered ? piecesOnTheirWayMax : 1
    while (onTheirWay.size + reading.size < piecesMax && link.availableBytes > 0) {
      const offset = offsetToSend(transfer)
      if (offset === null) break
      this.sendPiece(transfer, offset)
    }
    return onTheirWay.size > 0 || isAllHeld(transfer) ? transfer.sinceMs + transfer.silenceMs : Infinity
  }

  /**
   * What the transport still repairs is only late. What it gave up is said again: the oldest piece, alone, and at once when
   * the peer is heard of again. A peer that holds all pieces and says no more is asked with the last of them: its word that
   * the snapshot is installed was lost, or it has started again since. And whoever was silent for so long that it may have
   * lost what it had gets the newest instead.
   */
  private noticeSilence(transfer: Transfer): Transfer {
    const { onTheirWay, link, held } = transfer
    const nowMs = this.parts.now()
    const asks = isAllHeld(transfer)
    const isBack = link.lastHeardAtMs > transfer.sinceMs + silenceMs && onTheirWay.size > 0
    const isDue = isBack || nowMs >= transfer.sinceMs + transfer.silenceMs
    if (!isDue || (onTheirWay.size === 0 && !asks)) return transfer
    transfer.sinceMs = nowMs
    if (link.isAtWork) return transfer
    if (!asks && transfer.silenceMs === silenceMsMax && this.parts.newestIndex() > held.meta.lastIncludedIndex) {
      this.endTransfer(link.serverId, transfer)
      return this.begin(link) ?? transfer
    }
    transfer.silenceMs = Math.min(2 * transfer.silenceMs, silenceMsMax)
    for (const oldest of onTheirWay) {
      onTheirWay.delete(oldest)
      break
    }
    if (asks) this.sendPiece(transfer, lastPieceOffset(held.meta.totalBytes))
    return transfer
  }

  private sendPiece(transfer: Transfer, offset: number): void {
    const { held, link, reading, onTheirWay } = transfer
    const bytes = Math.min(snapshotPieceBytes, held.meta.totalBytes - offset)
    reading.add(offset)
    const read = (error: Error | null, data: Uint8Array): void => {
      reading.delete(offset)
      if (this.transfers.get(link.serverId) !== transfer) return
      if (error !== null) return this.parts.onUnreadable(error)
      if (this.parts.send(link, held.meta, offset, data)) onTheirWay.add(offset)
      this.parts.onRead()
    }
    const target = (transfer.arrays[transfer.reads++ % readArrays] ??= new Uint8Array(chunkBytesMax))
    held.read(offset, bytes, (error, data) => this.parts.guard(() => read(error, data)), target)
  }
}

/** The peer holds every piece, and nothing is being read for it; whether it has installed them is not known. */
function isAllHeld({ held, heldBytes, reading }: Transfer): boolean {
  return heldBytes >= held.meta.totalBytes && reading.size === 0
}

/** Where a piece begins, or the body ends. */
function isPlace(offset: number, totalBytes: number): boolean {
  return offset === totalBytes || (offset < totalBytes && offset % snapshotPieceBytes === 0)
}

function lastPieceOffset(totalBytes: number): number {
  return snapshotPieceBytes * (Math.max(1, Math.ceil(totalBytes / snapshotPieceBytes)) - 1)
}

/** The first piece that the peer lacks and that is not on its way, or null. */
function offsetToSend({ held, heldBytes, heldBeyond, onTheirWay, reading }: Transfer): number | null {
  const end = Math.min(held.meta.totalBytes, heldBytes + piecesAhead * snapshotPieceBytes)
  for (let offset = heldBytes; offset < end; offset += snapshotPieceBytes) {
    if (!heldBeyond.has(offset) && !onTheirWay.has(offset) && !reading.has(offset)) return offset
  }
  return null
}
