/**
 * Where things stand in a data directory, and reading and writing of whole files.
 *
 *     DIR/identity              whose directory this is; made last, so where it stands everything else stands
 *     DIR/hard-state            currentTerm and votedFor, two slots
 *     DIR/lock                  empty; locked while a server runs
 *     DIR/log/<sequence>.log    segments, 16 digits, oldest first
 *     DIR/log/prepared          zeros that become a segment
 *     DIR/log/<sequence>.spare  what was that segment and becomes another one
 *     DIR/snapshots/<lastIncludedIndex>.snapshot   a whole snapshot, 16 digits
 *     DIR/snapshots/taking      a snapshot of this server's own that is being written
 *     DIR/snapshots/receiving   a snapshot of a leader's that is being received
 *     DIR/torn-<sequence>-<offset>   a torn tail that recovery cut off, kept for whoever wants to look at it
 */
import { join } from 'node:path'
import type { Disk, Done, Got } from './disk.js'
import { codeOf } from './storage-error.js'
import { eachInOrder, inOrder } from './steps.js'

export interface Paths {
  readonly directory: string
  readonly identity: string
  readonly identityTemporary: string
  readonly hardState: string
  readonly lock: string
  readonly log: string
  readonly prepared: string
  readonly snapshots: string
  readonly taking: string
  readonly receiving: string
}

export function pathsOf(directory: string): Paths {
  const log = join(directory, 'log')
  const snapshots = join(directory, 'snapshots')
  return {
    directory,
    identity: join(directory, 'identity'),
    identityTemporary: join(directory, 'identity.tmp'),
    hardState: join(directory, 'hard-state'),
    lock: join(directory, 'lock'),
    log,
    prepared: join(log, 'prepared'),
    snapshots,
    taking: join(snapshots, 'taking'),
    receiving: join(snapshots, 'receiving'),
  }
}

export function segmentPath(paths: Paths, sequence: number): string {
  return join(paths.log, `${String(sequence).padStart(16, '0')}.log`)
}

/** Where a segment that was given up waits to become another one. */
export function sparePath(paths: Paths, sequence: number): string {
  return join(paths.log, `${String(sequence).padStart(16, '0')}.spare`)
}

export function tornPath(paths: Paths, sequence: number, offset: number): string {
  return join(paths.directory, `torn-${sequence}-${offset}`)
}

/** What `log/` holds, by sequence numbers, ascending. */
export interface LogFiles {
  readonly segments: readonly number[]
  /** Those of the segments that they once were. */
  readonly spares: readonly number[]
}

/** What is in `log/`; nothing if there is no such directory. */
export function listLog(disk: Disk, paths: Paths, got: Got<LogFiles>): void {
  disk.list(paths.log, (error, names) => {
    const numbered = (pattern: RegExp): number[] =>
      names.filter(name => pattern.test(name)).map(name => Number(name.slice(0, 16)))
    if (error !== null && codeOf(error) !== 'ENOENT') got(error, { segments: [], spares: [] })
    else got(null, { segments: numbered(/^\d{16}\.log$/), spares: numbered(/^\d{16}\.spare$/) })
  })
}

export function snapshotPath(paths: Paths, lastIncludedIndex: number): string {
  return join(paths.snapshots, `${String(lastIncludedIndex).padStart(16, '0')}.snapshot`)
}

/** The lastIncludedIndex of each snapshot in `snapshots/`, ascending; none if there is no such directory. */
export function listSnapshots(disk: Disk, paths: Paths, got: Got<number[]>): void {
  disk.list(paths.snapshots, (error, names) => {
    if (error !== null && codeOf(error) !== 'ENOENT') got(error, [])
    else
      got(
        null,
        names.filter(name => /^\d{16}\.snapshot$/.test(name)).map(name => Number(name.slice(0, 16))),
      )
  })
}

/** All bytes of a file; null if there is none. */
export function readWhole(disk: Disk, path: string, got: Got<Uint8Array | null>): void {
  disk.open(path, 'read-only', (error, file) => {
    if (error !== null) {
      got(codeOf(error) === 'ENOENT' ? null : error, null)
      return
    }
    file.read(0, file.sizeBytes, (readError, bytes) => {
      file.close(closeError => got(readError ?? closeError, bytes))
    })
  })
}

/** The lengths of those of these files that there are. */
export function readLengths(
  disk: Disk,
  paths: readonly string[],
  got: Got<{ readonly path: string; readonly bytes: number }[]>,
): void {
  const lengths: { readonly path: string; readonly bytes: number }[] = []
  const measure = (path: string, next: Done): void => {
    disk.open(path, 'read-only', (error, file) => {
      if (error !== null) {
        next(codeOf(error) === 'ENOENT' ? null : error)
        return
      }
      lengths.push({ path, bytes: file.sizeBytes })
      file.close(next)
    })
  }
  eachInOrder(paths, measure, error => got(error, lengths))
}

/** Makes a file anew with these pieces in it, durable when it calls back; its name is not, until a sync. */
export function writeWhole(
  disk: Disk,
  path: string,
  pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[],
  done: Done,
): void {
  removeIfThere(disk, path, error => {
    if (error !== null) {
      done(error)
      return
    }
    disk.open(path, 'create', (openError, file) => {
      if (openError !== null) {
        done(openError)
        return
      }
      const writes = pieces.map(
        ({ offset, bytes }) =>
          (next: Done) =>
            file.write(offset, bytes, next),
      )
      inOrder(writes, writeError => file.close(closeError => done(writeError ?? closeError)))
    })
  })
}

export function removeIfThere(disk: Disk, path: string, done: Done): void {
  disk.remove(path, error => done(error !== null && codeOf(error) === 'ENOENT' ? null : error))
}
