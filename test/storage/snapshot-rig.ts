/** Snapshots on a simulated disk: what the tests of snapshot files share. */
import { chunkPayloadBytesMax } from '../../codec/snapshot.js'
import { Prng } from '../../src/base/prng.js'
import type { Identity } from '../../codec/identity.js'
import type { SnapshotMeta } from '../../src/raft/types.js'
import { pathsOf } from '../../src/storage/files.js'
import type { SnapshotReceiver } from '../../src/storage/snapshot-receiver.js'
import { openSnapshots, type Snapshots } from '../../src/storage/snapshots.js'
import type { SnapshotPosition } from '../../src/storage/snapshot-writer.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { directory, Rig } from './rig.js'

export const identity: Identity = {
  serverId: 1,
  clusterId: 77,
  clusterName: 'orchard',
  incarnation: 4_711,
  foundingCluster: '1=127.0.0.1:7001',
}

export const paths = pathsOf(directory)

export const pieceBytes = chunkPayloadBytesMax

export function positionOf(lastIncludedIndex: number, lastIncludedTerm = 2): SnapshotPosition {
  return { lastIncludedIndex, lastIncludedTerm, voters: [1, 2, 3] }
}

/** `length` bytes that depend on the seed. */
export function bodyOf(length: number, seed = 1): Uint8Array {
  const prng = new Prng(seed)
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = at % 4 === 0 ? prng.below(256) : at
  return bytes
}

/** The body cut into chunks of sizes that vary, told of its end. */
export class Chunks implements IterableIterator<Uint8Array> {
  returned = 0
  pulled = 0
  private readonly body: Uint8Array
  private readonly prng: Prng

  constructor(body: Uint8Array, seed = 1) {
    this.body = body
    this.prng = new Prng(seed)
  }

  next(): IteratorResult<Uint8Array, undefined> {
    if (this.pulled === this.body.length) return { done: true, value: undefined }
    const chunk = this.body.slice(this.pulled, this.pulled + 1 + this.prng.below(pieceBytes))
    this.pulled += chunk.length
    return { done: false, value: chunk }
  }

  return(): IteratorResult<Uint8Array, undefined> {
    this.returned++
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}

export interface Result<T> {
  readonly error: StorageError | null
  readonly value: T | null
}

export class SnapshotRig extends Rig {
  /** Starts `begin` and turns the clock until it calls back; null if the machine is gone before. */
  wait<T>(begin: (got: (error: StorageError | null, value?: T | null) => void) => void): Result<T> | null {
    const results: Result<T>[] = []
    begin((error, value) => {
      if (results.push({ error, value: value ?? null }) > 1) throw new Error('called back twice')
    })
    this.until(() => results.length > 0)
    return results[0] ?? null
  }

  tryOpenSnapshots(): Result<Snapshots> | null {
    return this.wait<Snapshots>(got => openSnapshots(this.disk, paths, identity, got))
  }

  openSnapshots(): Snapshots {
    const { error, value } = this.tryOpenSnapshots()!
    if (value === null) throw error!
    return value
  }

  take(snapshots: Snapshots, index: number, body: Uint8Array): Result<SnapshotMeta> | null {
    return this.wait<SnapshotMeta>(got => snapshots.take(positionOf(index), new Chunks(body), got))
  }

  /** The whole body of the newest snapshot. */
  body(snapshots: Snapshots): Uint8Array {
    const chunks: Uint8Array[] = []
    const read = this.wait(got => snapshots.readBody(chunk => chunks.push(chunk.slice()), got))
    if (read === null || read.error !== null) throw read?.error ?? new Error('the machine is gone')
    return Uint8Array.from(Buffer.concat(chunks))
  }

  receive(snapshots: Snapshots, meta: SnapshotMeta): Result<SnapshotReceiver> | null {
    return this.wait<SnapshotReceiver>(got => snapshots.receive(meta, got))
  }

  /** Sends every piece from `nextOffset` on, in any order within four; null if the machine is gone before. */
  send(receiver: SnapshotReceiver, body: Uint8Array): StorageError | 'sent' | null {
    while (receiver.nextOffset < body.length) {
      const offsets = [3, 0, 2, 1]
        .map(ahead => receiver.nextOffset + ahead * pieceBytes)
        .filter(offset => offset < body.length)
      let waiting = offsets.length
      const failed: StorageError[] = []
      for (const offset of offsets) {
        receiver.write(offset, body.subarray(offset, offset + pieceBytes), error => {
          waiting--
          if (error !== null) failed.push(error)
        })
      }
      this.until(() => waiting === 0)
      if (this.crashed) return null
      if (failed[0] !== undefined) return failed[0]
    }
    return 'sent'
  }

  closeSnapshots(snapshots: Snapshots): void {
    let closed = false
    snapshots.close(() => (closed = true))
    this.until(() => closed)
  }
}
