/**
 * Reads a snapshot file: its header, its whole body for a check or for a restore, and pieces of it for a transfer. Never
 * more than a few chunks are in memory, and nothing is handed on that was not held against its checksum.
 */
import type { Identity } from '../../codec/identity.js'
import {
  chunkBytesMax,
  chunkCount,
  chunkOffset,
  chunkPayloadBytes,
  chunkPayloadBytesMax,
  decodeSnapshotHeader,
  hashChunk,
  openChunk,
  snapshotFileBytes,
  snapshotHeaderBytes,
  snapshotVersion,
  type SnapshotHeader,
} from '../../codec/snapshot.js'
import { viewOf } from '../../codec/cursor.js'
import { assert } from '../base/assert.js'
import type { LogIndex, SnapshotMeta } from '../raft/types.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { snapshotPath, type Paths } from './files.js'
import { corruptError, StorageError } from './storage-error.js'

/** Chunks that are read at once: what is done with them is done in one turn. */
const readChunks = 8

/** Is given a body chunk by chunk, each only lent and held against its checksum. */
export type OnChunk = (payload: Uint8Array) => void

/** What is wrong with a snapshot, and where. */
export class SnapshotDamage extends StorageError {
  readonly file: string
  readonly offset: number
  readonly what: string

  constructor(file: string, offset: number, what: string) {
    super('corrupt', corruptError(file, offset, what).message)
    this.file = file
    this.offset = offset
    this.what = what
  }
}

/**
 * Opens the snapshot named after `index`. Header and length are checked, the body is not: see `openVerified`. A
 * StorageError tells what is wrong with the file, any other error is one of the disk.
 */
export function openSnapshot(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  index: LogIndex,
  got: Got<SnapshotFile | null>,
): void {
  const path = snapshotPath(paths, index)
  disk.open(path, 'read-only', (error, file) => {
    if (error !== null) {
      got(error, null)
      return
    }
    file.read(0, snapshotHeaderBytes, (readError, bytes) => {
      const header = decodeSnapshotHeader(bytes)
      const refusal = readError ?? headerRefusal(path, header, identity) ?? placeRefusal(path, header, index, file)
      if (refusal !== null) file.close(() => got(refusal, null))
      else got(null, new SnapshotFile(path, file, header as SnapshotHeader))
    })
  })
}

/** Opens the snapshot named after `index`, and reads its whole body once to see that it is right (SnapshotFile.verify). */
export function openVerified(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  index: LogIndex,
  got: Got<SnapshotFile | null>,
  onChunk: OnChunk = () => undefined,
): void {
  openSnapshot(disk, paths, identity, index, (openError, file) => {
    if (openError !== null || file === null) {
      got(openError, null)
      return
    }
    file.verify(error => {
      if (error === null) got(null, file)
      else file.close(() => got(error, null))
    }, onChunk)
  })
}

function headerRefusal(
  path: string,
  header: SnapshotHeader | 'other-version' | null,
  identity: Identity,
): StorageError | null {
  if (header === null) return new SnapshotDamage(path, 0, 'its header is unreadable')
  if (header === 'other-version') {
    const message = `${path} was written by another version, this program reads version ${snapshotVersion}`
    return new StorageError('other-version', `${message}: start the version of raftgram that wrote it`)
  }
  if (header.clusterId !== identity.clusterId) return foreignError('other-cluster', path, 'another cluster')
  if (header.serverId !== identity.serverId) return foreignError('other-server', path, `server ${header.serverId}`)
  if (header.incarnation !== identity.incarnation)
    return new SnapshotDamage(path, 0, 'it belongs to another data directory')
  return null
}

function foreignError(code: 'other-cluster' | 'other-server', path: string, owner: string): StorageError {
  const message = `${path} belongs to ${owner}, and the directory around it does not`
  return new StorageError(code, `${message}: put the file back where it came from, and restore the right one`)
}

function placeRefusal(
  path: string,
  header: SnapshotHeader | 'other-version' | null,
  index: LogIndex,
  { sizeBytes }: DiskFile,
): StorageError | null {
  if (header === null || header === 'other-version') return null
  const { lastIncludedIndex, totalBytes } = header
  if (lastIncludedIndex !== index) {
    return new SnapshotDamage(path, 0, `it is the snapshot of entry ${lastIncludedIndex} by its header`)
  }
  const wholeBytes = snapshotFileBytes(totalBytes)
  if (wholeBytes === sizeBytes) return null
  return new SnapshotDamage(path, Math.min(wholeBytes, sizeBytes), `it has ${sizeBytes} bytes, not ${wholeBytes}`)
}

/** An open snapshot. It stays readable when its name goes. */
export class SnapshotFile {
  readonly path: string
  readonly meta: SnapshotMeta
  private readonly file: DiskFile

  constructor(path: string, file: DiskFile, header: SnapshotHeader) {
    const { lastIncludedIndex, lastIncludedTerm, voters, admitted, totalBytes, hash } = header
    const meta = { lastIncludedIndex, lastIncludedTerm, voters, totalBytes, hash }
    this.path = path
    this.file = file
    this.meta = admitted === undefined ? meta : { ...meta, admitted }
  }

  /**
   * Reads the body: every checksum, and the hash. `onChunk` is given it as `readBody` gives it, for a state that is made on
   * the way: it is to be believed only when there was no error in the end.
   */
  verify(done: Done, onChunk: OnChunk = () => undefined): void {
    const { path, file, meta } = this
    let hash = 0
    const add = (payload: Uint8Array): void => {
      hash = hashChunk(payload, hash)
      onChunk(payload)
    }
    readBody(path, file, meta.totalBytes, add, error => {
      if (error !== null) done(error)
      else done(hash === meta.hash ? null : new SnapshotDamage(path, snapshotHeaderBytes, 'its hash is wrong'))
    })
  }

  /**
   * Lends the body chunk by chunk, up to 31 KiB each, a few in one turn and then as the disk gives them. Their checksums
   * are held against them; the hash is not, for that was done when the snapshot was opened or made (snapshots.ts).
   * Whoever gets an error has to forget what came before it. Ends early, without an error, once `isOver`.
   */
  readBody(onChunk: OnChunk, done: Done, isOver: () => boolean = () => false): void {
    readBody(this.path, this.file, this.meta.totalBytes, onChunk, done, isOver)
  }

  /**
   * Reads up to `length` bytes of the body from `offset` on; fewer only at its end. Damage in them is an error. A `target`
   * has room for the chunks that they stand in, and what is got lies in it.
   */
  read(offset: number, length: number, got: Got<Uint8Array>, target?: Uint8Array): void {
    const { totalBytes } = this.meta
    assert(offset >= 0 && offset <= totalBytes && length >= 0, 'a piece begins within the body')
    const end = Math.min(totalBytes, offset + length)
    const first = Math.floor(offset / chunkPayloadBytesMax)
    const count = end === offset ? 0 : chunkCount(end) - first
    assert((target?.length ?? Infinity) >= count * chunkBytesMax, 'what is read fits the array for it')
    const read: Got<Uint8Array[]> = (error, payloads) => {
      if (error !== null) {
        got(error instanceof SnapshotDamage ? notSentOn(error) : error, new Uint8Array(0))
        return
      }
      const bytes = payloads.length === 1 ? payloads[0]! : Buffer.concat(payloads)
      const from = offset - first * chunkPayloadBytesMax
      got(null, bytes.subarray(from, from + end - offset))
    }
    readPayloads(this.path, this.file, totalBytes, first, count, read, target)
  }

  close(done: Done): void {
    this.file.close(done)
  }
}

/** Of a server that runs: what it holds in memory is good, so another snapshot is. */
function notSentOn({ file, offset, what }: SnapshotDamage): StorageError {
  const message = `${file} is damaged at byte ${offset}: ${what}; it is not sent to others`
  return new StorageError('corrupt', `${message}. Take another snapshot, and check the disk`)
}

/**
 * Lends the chunks of a body in order; a piece is read while the one before is worked on, into two arrays that take turns.
 * The error is a SnapshotDamage where a chunk is wrong. Ends early, without an error, once `isOver`.
 */
export function readBody(
  path: string,
  file: DiskFile,
  totalBytes: number,
  onChunk: OnChunk,
  done: Done,
  isOver: () => boolean = () => false,
): void {
  const count = chunkCount(totalBytes)
  const bytesMax = Math.min(readChunks, count) * chunkBytesMax
  const readFrom = (first: number, target: Uint8Array, other: Uint8Array): void => {
    const end = Math.min(first + readChunks, count)
    const read: Got<Uint8Array[]> = (error, payloads) => {
      const isLast = error !== null || isOver() || end === count
      if (!isLast) readFrom(end, other, target)
      for (const payload of payloads) if (!isOver()) onChunk(payload)
      if (isLast) done(error)
    }
    readPayloads(path, file, totalBytes, first, end - first, read, target)
  }
  if (count === 0) done(null)
  else readFrom(0, new Uint8Array(bytesMax), new Uint8Array(bytesMax))
}

/** With an error, the payloads are those before it. */
function readPayloads(
  path: string,
  file: DiskFile,
  totalBytes: number,
  first: number,
  count: number,
  got: Got<Uint8Array[]>,
  target?: Uint8Array,
): void {
  const read: Got<Uint8Array> = (error, bytes) => {
    const payloads: Uint8Array[] = []
    if (error !== null) {
      got(error, payloads)
      return
    }
    const view = viewOf(bytes)
    for (let chunk = 0; chunk < count; chunk++) {
      const number = first + chunk
      const at = chunk * chunkBytesMax
      const payload = openChunk(bytes, view, at, number, chunkPayloadBytes(totalBytes, number))
      if (payload === null) {
        got(new SnapshotDamage(path, chunkOffset(number), `chunk ${number} is unreadable`), payloads)
        return
      }
      payloads.push(payload)
    }
    got(null, payloads)
  }
  file.read(chunkOffset(first), count * chunkBytesMax, read, target)
}
