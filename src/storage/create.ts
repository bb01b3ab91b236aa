/**
 * Makes a data directory at the first start. The identity comes last, durable after everything else: a directory
 * without one was never in use, so a crash in the middle leaves something that the next start removes and makes anew.
 * A log that holds batches, a hard state that was saved or a snapshot beside a missing identity is no such leftover:
 * refused.
 */
import type { Identity } from '../../codec/identity.js'
import { decodeHardStateSlot, hardStateSlotOffsets } from '../../codec/hard-state.js'
import type { LogPoint } from '../../codec/batch.js'
import type { Salt } from '../../codec/segment.js'
import type { Clock } from '../base/clock.js'
import type { Disk, Done } from './disk.js'
import { corruptError, type StorageError } from './storage-error.js'
import { listLog, listSnapshots, readWhole, removeIfThere, segmentPath, snapshotPath, type Paths } from './files.js'
import { createHardState } from './hard-state.js'
import { writeIdentity } from './identity.js'
import { isSegmentEmpty } from './log-reader.js'
import { SegmentSupply } from './segments.js'
import { eachInOrder, inOrder } from './steps.js'

export interface CreateOptions {
  readonly disk: Disk
  readonly paths: Paths
  readonly identity: Identity
  readonly segmentBytes: number
  readonly reserveBytes: number
  readonly salt: Salt
  readonly clock: Clock
}

/** Makes everything that a directory of this identity needs. */
export function createDirectory(options: CreateOptions, done: Done): void {
  const { disk, paths } = options
  inOrder(
    [next => removeLeftovers(disk, paths, next), next => fillDirectory(options, { index: 0, term: 0 }, next)],
    done,
  )
}

/**
 * Makes a log that begins behind `begin`, which a durable snapshot covers, a hard state of its term and, last of all, the
 * identity.
 */
export function fillDirectory(options: CreateOptions, begin: LogPoint, done: Done): void {
  const { disk, paths, identity } = options
  inOrder(
    [
      next => disk.makeDirectory(paths.log, next),
      next => disk.makeDirectory(paths.snapshots, next),
      next => createHardState(disk, paths, identity.incarnation, begin.term, next),
      next => createFirstSegment(options, begin, next),
      next => disk.syncDirectory(paths.directory, next),
      next => writeIdentity(disk, paths, identity, next),
    ],
    done,
  )
}

function removeLeftovers(disk: Disk, paths: Paths, done: Done): void {
  inOrder(
    [
      next => refuseSnapshots(disk, paths, next),
      next => removeUnusedHardState(disk, paths, next),
      next => removeEmptySegments(disk, paths, next),
    ],
    done,
  )
}

/** Only a directory that was in use has one. */
function refuseSnapshots(disk: Disk, paths: Paths, done: Done): void {
  listSnapshots(disk, paths, (error, indexes) => {
    const index = indexes.at(-1)
    done(error ?? (index === undefined ? null : missingIdentity(paths, snapshotPath(paths, index))))
  })
}

function removeUnusedHardState(disk: Disk, paths: Paths, done: Done): void {
  readWhole(disk, paths.hardState, (error, bytes) => {
    if (error !== null || bytes === null) {
      done(error)
      return
    }
    const slots = hardStateSlotOffsets.map(offset => decodeHardStateSlot(bytes, offset))
    if (slots.some(slot => slot !== null && slot.sequence > 1)) done(missingIdentity(paths, paths.hardState))
    else removeIfThere(disk, paths.hardState, done)
  })
}

function removeEmptySegments(disk: Disk, paths: Paths, done: Done): void {
  listLog(disk, paths, (listError, { segments }) => {
    if (listError !== null) {
      done(listError)
      return
    }
    const removeIfEmpty = (sequence: number, next: Done): void => {
      const path = segmentPath(paths, sequence)
      readWhole(disk, path, (error, bytes) => {
        if (error !== null) next(error)
        else if (bytes !== null && !isSegmentEmpty(bytes)) next(missingIdentity(paths, path))
        else removeIfThere(disk, path, next)
      })
    }
    eachInOrder(segments, removeIfEmpty, done)
  })
}

function missingIdentity(paths: Paths, beside: string): StorageError {
  return corruptError(paths.identity, 0, `it is missing, and ${beside} was in use`)
}

function createFirstSegment(options: CreateOptions, begin: LogPoint, done: Done): void {
  const { disk, paths, identity, segmentBytes, reserveBytes, clock, salt } = options
  const { clusterId, serverId, incarnation } = identity
  // A full disk is an error here: there is nobody yet who could go on without the segment.
  const end = (error: Error | null): void => supply.close(closeError => done(error ?? closeError))
  const onSpace = (available: boolean, error: Error | null): void => {
    if (!available) end(error)
  }
  const supply = new SegmentSupply({
    disk,
    paths,
    segmentBytes,
    spares: [],
    reserveBytes,
    clock,
    onFatal: end,
    onSpace,
  })
  supply.activate(
    supply.pieceBytes,
    bytes => ({
      segmentBytes: bytes,
      clusterId,
      serverId,
      incarnation,
      // The first segment of all follows nothing.
      sequence: begin.index === 0 ? 1 : 2,
      salt,
      previousIndex: begin.index,
      previousTerm: begin.term,
      firstBatchNumber: 1,
    }),
    ({ file }) => file.close(end),
  )
}
