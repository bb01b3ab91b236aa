/**
 * Opens a data directory: the lock, whose it is, term and vote, the newest snapshot, the log behind it. Each is read back and
 * mended before the next is looked at, and all of it before the server speaks (recovery.ts).
 */
import type { Identity } from '../../codec/identity.js'
import type { Recovered } from '../raft/types.js'
import { createDirectory } from './create.js'
import type { Disk, Got } from './disk.js'
import { pathsOf, type Paths } from './files.js'
import { openHardState, type OpenedHardState } from './hard-state.js'
import { otherServerError, readIdentity } from './identity.js'
import { lockDirectory, type Lock } from './lock.js'
import { recoverLog, termBehindSnapshot, type RecoveredLog } from './recovery.js'
import { openSnapshots, type Snapshots } from './snapshots.js'
import { inOrder, type Step } from './steps.js'
import { newSalt, Storage, type StorageOptions } from './storage.js'
import { directoryErrorOf, storageErrorOf, type StorageError } from './storage-error.js'
import { WriteWatch } from './write-watch.js'

export interface OpenedStorage {
  readonly storage: Storage
  readonly recovered: Recovered
  readonly identity: Identity
  /** Lines that an operator should read: what was mended. */
  readonly notes: readonly string[]
}

/**
 * Opens a data directory, or makes it at the first start, and reads back what it holds; the body of the newest
 * snapshot goes to `onSnapshotChunk`. On an error nothing stays open.
 */
export function openStorage(
  disk: Disk,
  options: StorageOptions,
  got: (error: StorageError | null, opened: OpenedStorage | null) => void,
): void {
  const paths = pathsOf(options.directory)
  const watch = new WriteWatch(disk, options.clock)
  disk.makeDirectory(options.directory, makeError => {
    if (makeError !== null) {
      got(directoryErrorOf(makeError, `make the directory ${options.directory}`), null)
      return
    }
    lockDirectory(disk, paths, (lockError, lock) => {
      if (lock === null) {
        got(lockError, null)
        return
      }
      openLocked(watch, paths, options, lock, got)
    })
  })
}

function openLocked(
  disk: WriteWatch,
  paths: Paths,
  options: StorageOptions,
  lock: Lock,
  got: (error: StorageError | null, opened: OpenedStorage | null) => void,
): void {
  let identity: Identity | null = null
  let hardState: OpenedHardState | null = null
  let snapshots: Snapshots | null = null
  let log: RecoveredLog | null = null
  /** A step that takes what it opened by `keep`. */
  const opening =
    <T>(open: (got: Got<T | null>) => void, keep: (opened: T | null) => void): Step =>
    next =>
      open((error, opened) => {
        keep(opened)
        next(error)
      })
  const steps: Step[] = [
    opening<Identity>(
      found => readOrCreateIdentity(disk, paths, options, found),
      found => (identity = found),
    ),
    opening<OpenedHardState>(
      opened => openHardState(disk, paths, identity!.incarnation, opened),
      opened => (hardState = opened),
    ),
    opening<Snapshots>(
      opened => openSnapshots(disk, paths, identity!, opened, options.onSnapshotChunk),
      opened => (snapshots = opened),
    ),
    next => next(termBehindSnapshot(paths, snapshots!.newest, hardState!.store.hardState)),
    opening<RecoveredLog>(
      read => recoverLog(disk, paths, identity!, hardState!.store.hardState, snapshots!.newest, read),
      read => (log = read),
    ),
  ]
  inOrder(steps, error => {
    if (error === null) {
      got(null, openedStorage(disk, paths, options, lock, identity!, hardState!, snapshots!, log!))
      return
    }
    const closing: Step[] = [
      next => (snapshots === null ? next(null) : snapshots.close(next)),
      next => (hardState === null ? next(null) : hardState.store.close(next)),
    ]
    inOrder(closing, () => {
      lock.release()
      got(storageErrorOf(error, `open ${paths.directory}`), null)
    })
  })
}

function openedStorage(
  disk: WriteWatch,
  paths: Paths,
  options: StorageOptions,
  lock: Lock,
  identity: Identity,
  { store, note }: OpenedHardState,
  snapshots: Snapshots,
  log: RecoveredLog,
): OpenedStorage {
  const { entries, baseIndex, baseTerm } = log.replay
  const { newest } = snapshots
  return {
    storage: new Storage(disk, paths, options, lock, store, snapshots, log),
    recovered: {
      hardState: store.hardState,
      snapshotIndex: newest?.lastIncludedIndex ?? 0,
      snapshotTerm: newest?.lastIncludedTerm ?? 0,
      ...(newest?.admitted === undefined ? {} : { snapshotAdmitted: newest.admitted }),
      baseIndex,
      baseTerm,
      entries,
    },
    identity,
    notes: [...(note === null ? [] : [note]), ...log.notes],
  }
}

function readOrCreateIdentity(disk: Disk, paths: Paths, options: StorageOptions, got: Got<Identity | null>): void {
  readIdentity(disk, paths, (error, found) => {
    if (error !== null || found !== null) {
      got(error ?? otherServerError(paths.directory, found!, options.serverId), found)
      return
    }
    const { serverId, clusterId, clusterName, foundingCluster, segmentBytes, reserveBytes = 0, prng, clock } = options
    const forRepair = options.isForRepair === true ? { isForRepair: true as const } : {}
    const identity = { serverId, clusterId, clusterName, foundingCluster, incarnation: prng.id(), ...forRepair }
    createDirectory({ disk, paths, identity, segmentBytes, reserveBytes, clock, salt: newSalt(prng) }, createError => {
      got(createError, identity)
    })
  })
}
