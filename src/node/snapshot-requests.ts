/**
 * What an operator asks of a server's snapshots: to take one now, and to read one that is kept for it. Taking one takes
 * longer than a client waits for an answer, so a repeat of the request is told `busy`, ask again later, until the answer is
 * there; and an answer that was lost is given once more. What is read is held for a bounded time after the last piece, for
 * a bounded number of readers: it stays readable although newer ones come.
 */
import type { AnswerCode, SnapshotRequest } from '../../codec/client-types.js'
import type { Identity } from '../../codec/identity.js'
import type { LogIndex, Milliseconds, SnapshotMeta } from '../raft/types.js'
import { snapshotPieceBytes } from '../raft/types.js'
import type { HeldSnapshot } from '../storage/held-snapshot.js'
import type { Link } from '../transport/types.js'
import type { Asked } from './snapshot-taker.js'

/** A reader that asks for no piece for so long has gone. */
export const heldMs = 30_000

/** Snapshots held for readers at once: each may keep a file on the disk that has no name any more. */
export const heldMax = 4

/** Clients whose last request to take one is known. */
const askedMax = 64

/** Pieces that are read at once, for all clients: what they may take of memory. */
const readsMax = 64

/** Beyond one that was under way, one that begins after it covers everything applied before. */
const triesMax = 3

const nothing = new Uint8Array(0)

/** A snapshot as it is told to clients, in JSON. Names are promises to those who read it. */
export interface ToldSnapshot extends SnapshotMeta {
  readonly serverId: number
  readonly clusterId: number
  readonly incarnation: number
}

export interface SnapshotRequestsParts {
  /** Takes a snapshot of what is applied by now (snapshot-service.ts). */
  readonly ask: (asked: Asked) => void
  readonly lastApplied: () => LogIndex
  /** Keeps the newest snapshot, which is there, readable until it is released. */
  readonly hold: () => HeldSnapshot
  readonly identity: Pick<Identity, 'serverId' | 'clusterId' | 'incarnation'>
  readonly now: () => Milliseconds
  readonly guard: (step: () => void) => void
  readonly answer: (link: Link, requestId: number, code: AnswerCode, result: Uint8Array) => void
}

/** The last request of a client to take a snapshot, or to hold one. */
interface Ask {
  readonly requestId: number
  /** Null while there is none. */
  answer: { readonly code: AnswerCode; readonly result: Uint8Array } | null
}

interface Held {
  readonly snapshot: HeldSnapshot
  untilMs: Milliseconds
}

export class SnapshotRequests {
  private readonly parts: SnapshotRequestsParts
  private readonly asks = new Map<Link, Ask>()
  private held: Held[] = []
  private reading = 0

  constructor(parts: SnapshotRequestsParts) {
    this.parts = parts
  }

  /**
   * Whether a request to take or to hold is new: it is then under way. One that is under way is told `busy`, one that was
   * answered is answered again.
   */
  begin(link: Link, requestId: number): boolean {
    const known = this.asks.get(link)
    if (known?.requestId === requestId) {
      const { code, result } = known.answer ?? { code: 'busy', result: nothing }
      this.parts.answer(link, requestId, code, result)
      return false
    }
    if (this.asks.size >= askedMax && !this.forgetAnswered()) {
      this.parts.answer(link, requestId, 'busy', nothing)
      return false
    }
    this.asks.delete(link)
    this.asks.set(link, { requestId, answer: null })
    return true
  }

  /** What has begun cannot be done here: nothing is remembered of it, so it may be asked again. */
  refuse(link: Link, requestId: number, code: AnswerCode): void {
    if (this.asks.get(link)?.requestId === requestId) this.asks.delete(link)
    this.parts.answer(link, requestId, code, nothing)
  }

  /** Takes a snapshot of everything applied by now, and holds it if it is to be read. `begin` was called before. */
  take(link: Link, requestId: number, isHeld: boolean): void {
    this.askFor(this.parts.lastApplied(), triesMax, (meta, code) => {
      if (meta === null) return this.refuse(link, requestId, code)
      const told = isHeld ? this.hold() : meta
      const { serverId, clusterId, incarnation } = this.parts.identity
      const answer: ToldSnapshot = { ...told, serverId, clusterId, incarnation }
      const result = new TextEncoder().encode(JSON.stringify(answer))
      const ask = this.asks.get(link)
      if (ask?.requestId === requestId) ask.answer = { code: 'ok', result }
      this.parts.answer(link, requestId, 'ok', result)
    })
  }

  /** Answers with a piece of a snapshot that is held. */
  read(link: Link, { requestId, lastIncludedIndex, hash, offset }: SnapshotRequest): void {
    this.releaseOld()
    const held = this.held.find(({ snapshot }) => isOf(snapshot.meta, lastIncludedIndex, hash))
    const { answer, guard } = this.parts
    if (held === undefined) return answer(link, requestId, 'no-snapshot', nothing)
    if (offset >= held.snapshot.meta.totalBytes) return answer(link, requestId, 'bad-request', nothing)
    if (this.reading >= readsMax) return answer(link, requestId, 'busy', nothing)
    held.untilMs = this.parts.now() + heldMs
    this.reading++
    held.snapshot.read(offset, snapshotPieceBytes, (error, bytes) => {
      guard(() => {
        this.reading--
        // Damage on this disk: the reader begins again, with another snapshot or at another server.
        if (error === null) answer(link, requestId, 'ok', bytes)
        else answer(link, requestId, 'no-snapshot', nothing)
      })
    })
  }

  /** Once a turn: what nobody reads any more is let go. */
  releaseOld(): void {
    if (this.held.length === 0) return
    const nowMs = this.parts.now()
    for (const { snapshot, untilMs } of this.held) if (untilMs <= nowMs) snapshot.release()
    this.held = this.held.filter(({ untilMs }) => untilMs > nowMs)
  }

  /** One that was being written when it was asked for may be too old: then another is taken. */
  private askFor(index: LogIndex, tries: number, told: (meta: SnapshotMeta | null, code: AnswerCode) => void): void {
    if (index === 0) return told(null, 'busy')
    this.parts.ask(meta => {
      if (meta === null) told(null, 'no-space')
      else if (meta.lastIncludedIndex >= index) told(meta, 'ok')
      else if (tries === 1) told(null, 'busy')
      else this.askFor(index, tries - 1, told)
    })
  }

  /** The newest, which covers what was asked for. */
  private hold(): SnapshotMeta {
    const snapshot = this.parts.hold()
    const { lastIncludedIndex, hash } = snapshot.meta
    const untilMs = this.parts.now() + heldMs
    const same = this.held.find(held => isOf(held.snapshot.meta, lastIncludedIndex, hash))
    if (same !== undefined) {
      snapshot.release()
      same.untilMs = untilMs
      return same.snapshot.meta
    }
    // Whoever was silent for longest makes room.
    if (this.held.length >= heldMax) {
      this.held.sort((a, b) => a.untilMs - b.untilMs)
      this.held.shift()?.snapshot.release()
    }
    this.held.push({ snapshot, untilMs })
    return snapshot.meta
  }

  /** False: all of them are under way. */
  private forgetAnswered(): boolean {
    for (const [link, { answer }] of this.asks) {
      if (answer === null) continue
      this.asks.delete(link)
      return true
    }
    return false
  }
}

function isOf(meta: SnapshotMeta, lastIncludedIndex: LogIndex, hash: number): boolean {
  return meta.lastIncludedIndex === lastIncludedIndex && meta.hash === hash
}
