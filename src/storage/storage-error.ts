/** What storage refuses, as a stable code and one line that says what is wrong and what to do about it. */
import { whyPath } from '../base/path-error.js'

export type StorageErrorCode =
  /** Another process uses the directory. */
  | 'locked'
  /** The directory, or a file in it, was made by a server of another id. */
  | 'other-server'
  /** Another version of the program wrote it. */
  | 'other-version'
  /** A file in it belongs to another cluster. */
  | 'other-cluster'
  /** There is no such directory and it cannot be made, or it must not be entered. */
  | 'no-directory'
  /** Something that was durable is damaged or missing: acknowledged entries or a vote may be lost. */
  | 'corrupt'
  /** The operating system failed a read, a write or a sync. */
  | 'io'
  /** The file system is full, or the quota is used up. */
  | 'no-space'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The code that the operating system gave an error, or ''. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Whether an error says that there is no room: the one failure that passes by itself. */
export function isNoSpace(error: Error): boolean {
  return error instanceof StorageError ? error.code === 'no-space' : ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
}

/** An error of the disk as a StorageError; `doing` completes "failed to ...". A StorageError stays what it is. */
export function storageErrorOf(error: Error, doing: string): StorageError {
  if (error instanceof StorageError) return error
  if (isNoSpace(error)) {
    return new StorageError('no-space', `no space left to ${doing}: ${error.message}; free some space and start again`)
  }
  return new StorageError('io', `failed to ${doing}: ${error.message}; check the disk, then start again`)
}

/** There is room, but no more than what is to stay free. */
export function reserveError(directory: string, freeBytes: number, reserveBytes: number): StorageError {
  const message =
    `no space left for the log in ${directory}: ${mebibytes(freeBytes)} MiB are free, and the reserve of ` +
    `${mebibytes(reserveBytes)} MiB is to stay so; free some space, or set a smaller --disk-reserve-mib`
  return new StorageError('no-space', message)
}

function mebibytes(bytes: number): number {
  return Math.floor((10 * bytes) / 2 ** 20) / 10
}

/** What making or entering a data directory failed with: mostly a path that was mistyped, or not meant for this user. */
export function directoryErrorOf(error: Error, doing: string): StorageError {
  return pathErrorOf(error, doing, 'choose a directory that this user may make and write to')
}

/** The same of any path that somebody named; `mend` says what to do about it. */
export function pathErrorOf(error: Error, doing: string, mend: string): StorageError {
  const codes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP']
  if (!codes.includes(codeOf(error))) return storageErrorOf(error, doing)
  return new StorageError('no-directory', `cannot ${doing}: ${whyPath(error)}; ${mend}`)
}

const damageAdvice =
  'acknowledged data may be lost here, so this server does not start; the others go on without it. Start it with --repair: ' +
  'the directory is kept aside, and this server is filled from the others. Without that, start this id neither with an ' +
  'older copy nor with an empty one: it would have forgotten what it promised'

/** The refusal of a damaged file, with the place and the advice that fits all of them. */
export function corruptError(file: string, offset: number, what: string): StorageError {
  return new StorageError('corrupt', `${file} is damaged at byte ${offset}: ${what}; ${damageAdvice}`)
}
