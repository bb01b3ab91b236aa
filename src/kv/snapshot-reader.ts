/**
 * Builds contents out of the chunks of a snapshot (snapshot-walk.ts), each as the walk gave it, one at a time: a million
 * keys must not stop the world. Nothing
 * is made for a record but what is kept of it. Whoever began it gets the contents at the end, whole or not at all.
 */
import { assert } from '../base/assert.js'
import { getUint32, getUint53, latin1FromBytes } from '../base/byte-string.js'
import { hashBytes } from '../base/hash.js'
import type { Restorer } from '../session/types.js'
import { Contents } from './contents.js'
import { keyAtOf, recordEnd, revisionAtOf, typeAtOf, valueAtOf } from './record-bytes.js'
import { snapshotHeaderBytes, snapshotVersion } from './snapshot-walk.js'

export class SnapshotReader implements Restorer {
  readonly #contents = new Contents()
  readonly #ended: (contents: Contents, revision: number) => void
  #revision = 0
  /** How many records there will be; none before the header is read. */
  #count = -1

  constructor(ended: (contents: Contents, revision: number) => void) {
    this.#ended = ended
  }

  /** Of what was read so far. */
  get stateHash(): number {
    return this.#contents.hashSum
  }

  push(chunk: Uint8Array): void {
    let at = 0
    if (this.#count < 0) {
      const isHeader = chunk.length >= snapshotHeaderBytes && getUint32(chunk, 0) === snapshotVersion
      assert(isHeader, 'a snapshot begins with its header')
      this.#revision = getUint53(chunk, 4)
      this.#count = getUint53(chunk, 12)
      assert(this.#revision >= 0 && this.#count >= 0, 'the numbers of a header lie below 2^53')
      this.#contents.expect(this.#count)
      at = snapshotHeaderBytes
    }
    while (at < chunk.length) {
      const end = recordEnd(chunk, at)
      assert(end > 0, 'a snapshot is made of whole records')
      const keyAt = keyAtOf(at)
      const valueAt = valueAtOf(chunk, at)
      const key = latin1FromBytes(chunk, keyAt, valueAt)
      const keyHash = hashBytes(chunk, 0, keyAt, valueAt)
      this.#contents.append(key, keyHash, revisionAtOf(chunk, at), typeAtOf(chunk, at), chunk, valueAt, end)
      at = end
    }
  }

  end(): void {
    assert(this.#contents.size === this.#count, 'a snapshot holds as many records as it says')
    this.#ended(this.#contents, this.#revision)
  }
}
