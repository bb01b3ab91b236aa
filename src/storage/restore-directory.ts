/**
 * Makes the data directory of a server whose history begins with a backup. The identity comes last, as at a first start:
 * what a crash in the middle leaves holds a snapshot and no identity, with which no server starts (create.ts).
 */
import type { Identity } from '../../codec/identity.js'
import {
  chunkBytesMax,
  chunkCount,
  chunkOffset,
  encodeSnapshotHeader,
  snapshotFileBytes,
  type SnapshotHeader,
} from '../../codec/snapshot.js'
import type { Clock } from '../base/clock.js'
import type { Prng } from '../base/prng.js'
import type { ServerId } from '../raft/types.js'
import { fillDirectory } from './create.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { pathsOf, snapshotPath, type Paths } from './files.js'
import { lockDirectory } from './lock.js'
import { openVerified } from './snapshot-reader.js'
import { openBackup } from './snapshot-file.js'
import { directoryErrorOf, StorageError, storageErrorOf } from './storage-error.js'
import { inOrder, type Step } from './steps.js'

/** Chunks that are copied at once. */
const copiedChunks = 16

export interface RestoreOptions {
  /** The file of the backup. */
  readonly backup: string
  readonly directory: string
  readonly serverId: ServerId
  readonly voters: readonly ServerId[]
  readonly clusterId: number
  readonly clusterName: string
  readonly foundingCluster: string
  readonly segmentBytes: number
  readonly prng: Prng
  readonly clock: Clock
}

/** Makes the directory; calls back with the header of the backup. A directory that holds anything is refused. */
export function restoreDirectory(
  disk: Disk,
  options: RestoreOptions,
  got: (error: StorageError | null, header: SnapshotHeader | null) => void,
): void {
  const { directory, backup } = options
  openBackup(disk, backup, (openError, opened) => {
    if (opened === null) {
      got(openError === null ? null : storageErrorOf(openError, `read ${backup}`), null)
      return
    }
    const { header, file } = opened
    const makeDirectory: Step = next =>
      disk.makeDirectory(directory, error => {
        next(error === null ? null : directoryErrorOf(error, `make the directory ${directory}`))
      })
    const steps: Step[] = [
      next => file.close(next),
      makeDirectory,
      next => refuseUsed(disk, directory, next),
      next => restoreLocked(disk, options, header, next),
    ]
    inOrder(steps, error => {
      if (error === null) got(null, header)
      else got(storageErrorOf(error, `restore into ${directory}`), null)
    })
  })
}

function refuseUsed(disk: Disk, directory: string, done: Done): void {
  disk.list(directory, (error, names) => {
    if (error !== null || names.length === 0) done(error)
    else {
      const message = `${directory} is not empty: a backup is restored into a new directory, so that no other history is lost`
      done(new StorageError('no-directory', message))
    }
  })
}

function restoreLocked(disk: Disk, options: RestoreOptions, header: SnapshotHeader, done: Done): void {
  const { directory, serverId, clusterId, clusterName, foundingCluster, segmentBytes, prng, clock } = options
  const paths = pathsOf(directory)
  lockDirectory(disk, paths, (lockError, lock) => {
    if (lock === null) {
      done(lockError)
      return
    }
    const identity = { serverId, clusterId, clusterName, foundingCluster, incarnation: prng.id() }
    const salt = { low: prng.uint32(), high: prng.uint32() }
    const { lastIncludedIndex: index, lastIncludedTerm: term } = header
    const steps: Step[] = [
      next => disk.makeDirectory(paths.snapshots, next),
      next => copySnapshot(disk, paths, identity, options, header, next),
      next =>
        fillDirectory({ disk, paths, identity, segmentBytes, reserveBytes: 0, salt, clock }, { index, term }, next),
    ]
    inOrder(steps, error => {
      lock.release()
      done(error)
    })
  })
}

/** The body as it is, behind a header of this directory; read once more under its own name before anything relies on it. */
function copySnapshot(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  { backup, voters }: RestoreOptions,
  header: SnapshotHeader,
  done: Done,
): void {
  const { serverId, clusterId, incarnation } = identity
  const { lastIncludedIndex, lastIncludedTerm, totalBytes, hash } = header
  // Whom the old cluster admitted says nothing of the new one's directories: its first leader names those.
  const meta = { lastIncludedIndex, lastIncludedTerm, voters, totalBytes, hash }
  const bytes = encodeSnapshotHeader({ ...meta, serverId, clusterId, incarnation })
  const steps: Step[] = [
    next => copyChunks(disk, backup, paths.taking, header.totalBytes, bytes, next),
    next => disk.rename(paths.taking, snapshotPath(paths, lastIncludedIndex), next),
    next => disk.syncDirectory(paths.snapshots, next),
    next =>
      openVerified(disk, paths, identity, lastIncludedIndex, (error, file) => {
        if (file === null) next(error)
        else file.close(next)
      }),
  ]
  inOrder(steps, done)
}

function copyChunks(disk: Disk, from: string, to: string, totalBytes: number, header: Uint8Array, done: Done): void {
  let source: DiskFile | null = null
  let target: DiskFile | null = null
  const open = (path: string, mode: 'create' | 'read-only', keep: (file: DiskFile) => void): Step => {
    const opened = (next: Done): Got<DiskFile> => {
      return (error, file) => {
        if (error === null) keep(file)
        next(error)
      }
    }
    return next => disk.open(path, mode, opened(next))
  }
  const steps: Step[] = [
    open(from, 'read-only', file => (source = file)),
    open(to, 'create', file => (target = file)),
    next => copyFrom(source!, target!, 0, totalBytes, next),
    next => target!.write(0, header, next),
  ]
  inOrder(steps, error => {
    const closing = [source, target]
      .filter(file => file !== null)
      .map(
        (file): Step =>
          next =>
            file.close(next),
      )
    inOrder(closing, closeError => done(error ?? closeError))
  })
}

function copyFrom(source: DiskFile, target: DiskFile, chunk: number, totalBytes: number, done: Done): void {
  if (chunk >= chunkCount(totalBytes)) {
    done(null)
    return
  }
  const at = chunkOffset(chunk)
  const length = Math.min(copiedChunks * chunkBytesMax, snapshotFileBytes(totalBytes) - at)
  source.read(at, length, (error, bytes) => {
    if (error !== null) {
      done(error)
      return
    }
    target.write(at, bytes, writeError => {
      if (writeError === null) copyFrom(source, target, chunk + copiedChunks, totalBytes, done)
      else done(writeError)
    })
  })
}
