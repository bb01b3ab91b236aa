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
  /** A payload is only lent: it may be a view of a chunk. */
  readonly #onFrame: (kind: number, payload: Uint8Array) => void
  /** Copies of the parts of a frame that is not whole yet: a damaged length reserves no memory. */
  #parts: Uint8Array[] = []
  #partsBytes = 0

  constructor(onFrame: (kind: number, payload: Uint8Array) => void) {
    this.#onFrame = onFrame
  }

  /** Reads the frames that end in this chunk, which is only lent. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) at += this.#parts.length === 0 ? this.#readWhole(chunk, at) : this.#readOn(chunk, at)
  }

  /** Whether the last frame is whole. */
  atEnd(): boolean {
    return this.#parts.length === 0
  }

  /** Reads the frame that begins at `at`, or keeps what is there of it; returns how many bytes that took. */
  #readWhole(chunk: Uint8Array, at: number): number {
    const rest = chunk.length - at
    const length = rest < headerBytes ? Infinity : headerBytes + getUint32(chunk, at + 1)
    if (length > rest) {
      this.#keep(new Uint8Array(chunk.subarray(at)))
      return rest
    }
    this.#onFrame(chunk[at]!, chunk.subarray(at + headerBytes, at + length))
    return length
  }

  /** Reads on where a frame was cut, first to the end of its header, then to its own; returns how many bytes that took. */
  #readOn(chunk: Uint8Array, at: number): number {
    const isHeaderWhole = this.#partsBytes >= headerBytes
    const length = isHeaderWhole ? headerBytes + getUint32(this.#parts[0]!, 1) : headerBytes
    // A copy: the slice of a Buffer would be a view.
    const part = new Uint8Array(chunk.subarray(at, at + length - this.#partsBytes))
    this.#keep(part)
    if (this.#partsBytes < length) return part.length
    const frame = this.#join()
    if (frame.length < headerBytes + getUint32(frame, 1)) return part.length
    this.#parts = []
    this.#partsBytes = 0
    this.#onFrame(frame[0]!, frame.subarray(headerBytes))
    return part.length
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part)
    this.#partsBytes += part.length
  }

  #join(): Uint8Array {
    const joined = Buffer.concat(this.#parts)
    this.#parts = [joined]
    return joined
  }
}
