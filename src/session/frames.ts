/**
 * Frames: what keeps the parts of a snapshot apart. The chunks of a snapshot may be joined and cut anew on their way
 * through files and datagrams; frames come out as they went in.
 *
 *   0      1             5
 *   | kind | length 4    | payload |
 */
import { getUint32, putUint32 } from '../base/byte-string.js'

/** No chunk of a snapshot is larger (types.ts). */
export const chunkBytesMax = 65_536

const headerBytes = 5

/** In this order: one header, sessions, the machine's chunks, one end. */
export const frameKinds = { header: 1, sessions: 2, machine: 3, end: 4 } as const

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

/** Takes frames out of chunks, however those are cut. */
export class FrameReader {
  /** A payload is only lent: it is a view of a chunk, or of what the next frame is put together in. */
  readonly #onFrame: (kind: number, payload: Uint8Array) => void
  /** What came of a frame that is not whole yet. It grows with what comes: a damaged length reserves no memory. */
  #held = new Uint8Array(0)
  #heldBytes = 0

  constructor(onFrame: (kind: number, payload: Uint8Array) => void) {
    this.#onFrame = onFrame
  }

  /** Reads the frames that end in this chunk, which is only lent. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) at += this.#heldBytes === 0 ? this.#readWhole(chunk, at) : this.#readOn(chunk, at)
  }

  /** Whether the last frame is whole. */
  atEnd(): boolean {
    return this.#heldBytes === 0
  }

  /** Reads the frame that begins at `at`, or keeps what is there of it; returns how many bytes that took. */
  #readWhole(chunk: Uint8Array, at: number): number {
    const rest = chunk.length - at
    const length = rest < headerBytes ? Infinity : frameBytes(chunk, at)
    if (length > rest) return this.#keep(chunk, at, chunk.length)
    this.#onFrame(chunk[at]!, chunk.subarray(at + headerBytes, at + length))
    return length
  }

  /** Reads on where a frame was cut, first to the end of its header, then to its own; returns how many bytes that took. */
  #readOn(chunk: Uint8Array, at: number): number {
    const length = this.#heldBytes < headerBytes ? headerBytes : frameBytes(this.#held, 0)
    const taken = this.#keep(chunk, at, Math.min(chunk.length, at + length - this.#heldBytes))
    if (this.#heldBytes < headerBytes || this.#heldBytes < frameBytes(this.#held, 0)) return taken
    const payload = this.#held.subarray(headerBytes, this.#heldBytes)
    this.#heldBytes = 0
    this.#onFrame(this.#held[0]!, payload)
    return taken
  }

  /** Copies the bytes of [from, to) behind what is held; returns how many that are. */
  #keep(chunk: Uint8Array, from: number, to: number): number {
    const bytes = this.#heldBytes + to - from
    if (bytes > this.#held.length) {
      const grown = new Uint8Array(Math.max(bytes, 2 * this.#held.length))
      grown.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = grown
    }
    this.#held.set(chunk.subarray(from, to), this.#heldBytes)
    this.#heldBytes = bytes
    return to - from
  }
}

/** Bytes of the frame whose header stands at `at`. */
function frameBytes(bytes: Uint8Array, at: number): number {
  return headerBytes + getUint32(bytes, at + 1)
}
