/**
 * Frames: what keeps the parts of a snapshot apart. The chunks of a snapshot may be joined and cut anew on their way
 * through files and datagrams; frames come out as they went in.
 *
 *   0      1             5
 *   | kind | length 4    | payload |
 */
import { assert } from '../base/assert.js'
import { getUint32, putUint32 } from '../base/byte-string.js'

/** No chunk of a snapshot is larger (types.ts). */
export const chunkBytesMax = 65_536

const headerBytes = 5

/** In this order: one header, sessions, the machine's chunks, one end. */
export const frameKinds = { header: 1, sessions: 2, machine: 3, end: 4 } as const

export interface Frame {
  readonly kind: number
  /** May be a view of a chunk that was read. */
  readonly payload: Uint8Array
}

/** The bytes of a frame, in as many chunks as it takes. */
export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array[] {
  const bytes = new Uint8Array(headerBytes + payload.length)
  bytes[0] = kind
  putUint32(bytes, 1, payload.length)
  bytes.set(payload, headerBytes)
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytesMax) chunks.push(bytes.subarray(at, at + chunkBytesMax))
  return chunks
}

/** Takes frames out of chunks, however those are cut. Throws where the stream ends too early. */
export class FrameReader {
  readonly #chunks: Iterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  #frame: Frame

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.iterator]()
    this.#frame = this.advance()
  }

  /** The frame that was read last. */
  current(): Frame {
    return this.#frame
  }

  /** Reads the next frame. */
  advance(): Frame {
    const header = this.#take(headerBytes)
    this.#frame = { kind: header[0]!, payload: this.#take(getUint32(header, 1)) }
    return this.#frame
  }

  /** Whether nothing follows. */
  atEnd(): boolean {
    return !this.#refill()
  }

  #take(length: number): Uint8Array {
    if (length <= this.#chunk.length - this.#at) {
      this.#at += length
      return this.#chunk.subarray(this.#at - length, this.#at)
    }
    // Collected first and joined after: a damaged length reserves no memory.
    const parts: Uint8Array[] = []
    for (let missing = length; missing > 0;) {
      assert(this.#refill(), 'a snapshot is whole')
      const part = this.#chunk.subarray(this.#at, this.#at + missing)
      parts.push(part)
      missing -= part.length
      this.#at += part.length
    }
    return Buffer.concat(parts)
  }

  /** Goes on to the next chunk if this one is used up; false when there is none. */
  #refill(): boolean {
    while (this.#at === this.#chunk.length) {
      const next = this.#chunks.next()
      if (next.done === true) return false
      this.#chunk = next.value
      this.#at = 0
    }
    return true
  }
}
