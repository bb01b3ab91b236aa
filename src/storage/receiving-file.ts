/**
 * The file `receiving`, in which a snapshot comes (snapshot-receiver.ts), as it is found: made, taken up again, or removed.
 * What a crash leaves of it:
 * - before the header is durable: a file without one. It begins anew.
 * - while pieces come: its header and some chunks, whole or not. If the same snapshot is sent again it goes on behind the
 *   chunks that are whole from the first on, less one window: see `resume`. Any other begins anew.
 */
import {
  checksumOfChunk,
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  hashChunk,
  snapshotFileBytes,
  snapshotHeaderBytes,
} from '../../codec/snapshot.js'
import { isSameSnapshot } from '../raft/snapshot-meta.js'
import type { LogIndex } from '../raft/types.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { removeIfThere, type Paths } from './files.js'
import { readBody, SnapshotDamage } from './snapshot-reader.js'
import { SnapshotReceiver, windowChunks, type HeldChunk, type ReceiverOptions } from './snapshot-receiver.js'
import { codeOf, isNoSpace, storageErrorOf, type StorageError } from './storage-error.js'

/** Begins to receive, or goes on with what `receiving` holds of the same snapshot. */
export function beginReceiving(
  options: ReceiverOptions,
  got: (error: StorageError | null, receiver: SnapshotReceiver | null) => void,
): void {
  const { disk, paths } = options
  const refuse = (error: Error): void => got(storageErrorOf(error, `write ${paths.receiving}`), null)
  openSame(options, (openError, file) => {
    if (openError !== null) refuse(openError)
    else if (file !== null) resume(options, file, finish)
    else create(options, finish)
  })
  function finish(error: Error | null, receiver: SnapshotReceiver | null): void {
    if (error === null) got(null, receiver)
    else if (isNoSpace(error)) removeIfThere(disk, paths.receiving, removeError => refuse(removeError ?? error))
    else refuse(error)
  }
}

/** What is received, opened, if it is of this snapshot; null if it is not, or there is nothing. */
function openSame({ disk, paths, identity, meta }: ReceiverOptions, got: Got<DiskFile | null>): void {
  disk.open(paths.receiving, 'existing', (error, file) => {
    if (error !== null) {
      got(codeOf(error) === 'ENOENT' ? null : error, null)
      return
    }
    file.read(0, snapshotHeaderBytes, (readError, bytes) => {
      const header = readError === null ? decodeSnapshotHeader(bytes) : null
      const isSame =
        header !== null &&
        header !== 'other-version' &&
        isSameSnapshot(header, meta) &&
        header.clusterId === identity.clusterId &&
        header.serverId === identity.serverId &&
        header.incarnation === identity.incarnation &&
        file.sizeBytes <= snapshotFileBytes(meta.totalBytes)
      if (isSame) got(null, file)
      else file.close(closeError => got(readError ?? closeError, null))
    })
  })
}

function headerOf({ identity, meta }: ReceiverOptions): Uint8Array {
  const { clusterId, serverId, incarnation } = identity
  return encodeSnapshotHeader({ ...meta, clusterId, serverId, incarnation })
}

function create(options: ReceiverOptions, got: Got<SnapshotReceiver | null>): void {
  const { disk, paths } = options
  removeIfThere(disk, paths.receiving, removeError => {
    if (removeError !== null) {
      got(removeError, null)
      return
    }
    disk.open(paths.receiving, 'create', (openError, file) => {
      if (openError !== null) {
        got(openError, null)
        return
      }
      file.write(0, headerOf(options), writeError => {
        if (writeError !== null) file.close(() => got(writeError, null))
        else {
          disk.syncDirectory(paths.snapshots, syncError => got(syncError, new SnapshotReceiver(options, file, [])))
        }
      })
    })
  })
}

/**
 * Goes on with a file of an earlier life. The process may have ended while a write was on its way, and then what can be
 * read is not yet durable. All such writes lie within one window of the first chunk that was not held, so the last
 * window of what is whole has to come again; and the header is written once more.
 */
function resume(options: ReceiverOptions, file: DiskFile, got: Got<SnapshotReceiver | null>): void {
  const { paths, meta } = options
  file.write(0, headerOf(options), writeError => {
    if (writeError !== null) {
      file.close(() => got(writeError, null))
      return
    }
    const found: HeldChunk[] = []
    const add = (payload: Uint8Array): void => {
      const bodyHash = hashChunk(payload, found.at(-1)?.bodyHash ?? 0)
      found.push({ checksum: checksumOfChunk(found.length, payload), bodyHash })
    }
    readBody(paths.receiving, file, meta.totalBytes, add, error => {
      if (error !== null && !(error instanceof SnapshotDamage)) {
        file.close(() => got(error, null))
        return
      }
      got(null, new SnapshotReceiver(options, file, found.slice(0, Math.max(0, found.length - windowChunks))))
    })
  })
}

/** Removes what was received of a snapshot that is not newer than `newestIndex`, or of none that can be told. */
export function removeStaleReceiving(disk: Disk, paths: Paths, newestIndex: LogIndex, done: Done): void {
  disk.open(paths.receiving, 'read-only', (error, file) => {
    if (error !== null) {
      done(codeOf(error) === 'ENOENT' ? null : error)
      return
    }
    file.read(0, snapshotHeaderBytes, (readError, bytes) => {
      const header = decodeSnapshotHeader(bytes)
      const isStale = header === null || header === 'other-version' || header.lastIncludedIndex <= newestIndex
      file.close(closeError => {
        if (readError !== null || closeError !== null || !isStale) done(readError ?? closeError)
        else removeIfThere(disk, paths.receiving, done)
      })
    })
  })
}
