/**
 * Memory for bytes that come in great numbers and may be kept for long. Each is cut from a large array that many share: an
 * array of its own has V8 at work when it is born, in every collection that it outlives, and when it dies (measured: for
 * the entries of a log a sixth of all that a put costs a server). A large array goes when nobody refers to it any more, so
 * what is kept should be about as old as its neighbours.
 */
import { assert } from './assert.js'

/** Large enough that arrays are few, and small enough that the last of its tenants keeps little alive. */
const chunkBytes = 64 * 1024

/** What is larger gets an array of its own, and nobody else is kept by it. */
const sharingBytesMax = 16 * 1024

export class KeptBytes {
  /** Where the bytes stand that were reserved last. */
  bytes = new Uint8Array(0)
  /** The view of `bytes`. */
  view = new DataView(this.bytes.buffer)
  private chunk = this.bytes
  private chunkView = this.view
  private used = 0

  /**
   * Reserves `length` bytes, and returns where they begin in `bytes`; both `bytes` and `view` may be others than before.
   * They may hold anything. Nobody gives them back: they are free when nobody refers to that array.
   */
  reserve(length: number): number {
    assert(length >= 0, 'a length is not negative')
    if (length > sharingBytesMax) {
      this.bytes = new Uint8Array(length)
      this.view = new DataView(this.bytes.buffer)
      return 0
    }
    if (this.used + length > this.chunk.length) {
      this.chunk = new Uint8Array(chunkBytes)
      this.chunkView = new DataView(this.chunk.buffer)
      this.used = 0
    }
    this.bytes = this.chunk
    this.view = this.chunkView
    const at = this.used
    this.used += length
    return at
  }
}
