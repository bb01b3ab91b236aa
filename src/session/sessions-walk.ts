/**
 * One walk over sessions and machine as they were when the walk was made, while commands go on. Before a session that
 * the walk has yet to reach is changed or evicted, its bytes are kept; sessions opened later are not in the list of ids
 * that the walk follows. Equal states give equal bytes.
 */
import { chunkBytesMax, encodeFrame, frameKinds } from './frames.js'
import type { Session } from './session.js'
import { encodeCounters, encodeSession, pieceBytesMax } from './session-bytes.js'
import type { Counters } from './session-bytes.js'

export class SessionsWalk implements IterableIterator<Uint8Array> {
  readonly #counters: Counters
  readonly #sessions: ReadonlyMap<number, Session>
  readonly #ids: readonly number[]
  readonly #machineChunks: Iterator<Uint8Array>
  #machineChunk: IteratorResult<Uint8Array, unknown>
  readonly #ended: (walk: SessionsWalk) => void
  /** Bytes, as of the snapshot, of sessions changed since, which the walk has yet to reach. */
  readonly #kept = new Map<number, Uint8Array[]>()
  /** How many of the ids are written. */
  #written = 0
  /** Chunks that are ready to be given. */
  readonly #ready: Uint8Array[]
  #state: 'sessions' | 'machine' | 'end' | 'closed' = 'sessions'

  /**
   * `sessions` is ascending by id, and may change later after `beforeChange`. `ended` is called once, when the walk
   * wants to hear of no more changes.
   */
  constructor(
    counters: Counters,
    sessions: ReadonlyMap<number, Session>,
    machineChunks: Iterable<Uint8Array>,
    ended: (walk: SessionsWalk) => void,
  ) {
    this.#counters = counters
    this.#sessions = sessions
    this.#ids = [...sessions.keys()]
    this.#ended = ended
    this.#ready = encodeFrame(frameKinds.header, encodeCounters(counters))
    this.#machineChunks = machineChunks[Symbol.iterator]()
    // The first chunk is taken at once: the body of a generator does not run before, and would see a later state.
    this.#machineChunk = this.#machineChunks.next()
  }

  /** The session is about to change, or to be evicted. */
  beforeChange(session: Session): void {
    const { id } = session
    const reached = this.#ids[this.#written]
    if (reached === undefined || id < reached || id > this.#counters.lastSessionId || this.#kept.has(id)) return
    this.#kept.set(id, encodeSession(session))
  }

  next(): IteratorResult<Uint8Array, undefined> {
    while (this.#ready.length === 0 && (this.#state === 'sessions' || this.#state === 'machine')) this.#prepare()
    const chunk = this.#ready.shift()
    return chunk === undefined ? this.return() : { done: false, value: chunk }
  }

  /** Makes the next frame ready, or goes on to the next state. */
  #prepare(): void {
    if (this.#state === 'sessions') {
      const payload = this.#fillSessions()
      if (payload.length === 0) this.#state = 'machine'
      else this.#ready.push(...encodeFrame(frameKinds.sessions, payload))
    } else if (this.#machineChunk.done === true) {
      this.#state = 'end'
      this.#ready.push(...encodeFrame(frameKinds.end, new Uint8Array(0)))
    } else {
      this.#ready.push(...encodeFrame(frameKinds.machine, this.#machineChunk.value))
      this.#machineChunk = this.#machineChunks.next()
    }
  }

  /** As many sessions as a chunk is sure to hold; a session of many results goes over, into further chunks. */
  #fillSessions(): Uint8Array {
    const pieces: Uint8Array[] = []
    let bytes = 0
    while (this.#written < this.#ids.length && bytes + pieceBytesMax < chunkBytesMax) {
      const id = this.#ids[this.#written]!
      for (const piece of this.#kept.get(id) ?? encodeSession(this.#sessions.get(id)!)) {
        pieces.push(piece)
        bytes += piece.length
      }
      this.#kept.delete(id)
      this.#written++
    }
    return Buffer.concat(pieces)
  }

  /** Ends the walk early: whoever does not walk to the end must call it (leaving a `for of` does). */
  return(): IteratorResult<Uint8Array, undefined> {
    if (this.#state !== 'closed') {
      this.#state = 'closed'
      if (this.#machineChunk.done !== true) this.#machineChunks.return?.()
      this.#ready.length = 0
      this.#kept.clear()
      this.#ended(this)
    }
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}
