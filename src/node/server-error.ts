/** Why a server could not start or had to stop, with a stable code and one clear line. */
import type { StorageError } from '../storage/storage-error.js'

/**
 * `usage`: the options cannot be, nothing was started or written. `corrupt`: the data directory is damaged. `io`: a disk or
 * socket failed.
 */
export type ServerErrorCode = 'usage' | 'corrupt' | 'io'

/**
 * Everything that starting or running a server fails with. No RaftgramError: those are what calls of a client end with,
 * and what runs a server does not depend on the client. Tell it by its class, or by its `code`.
 */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ServerErrorCode

  constructor(code: ServerErrorCode, message: string) {
    super(message)
    this.code = code
  }

  /** A directory that cannot be used, is in use, of another server or of another version is the caller's mistake; damage is not. */
  static ofStorage(error: StorageError): ServerError {
    switch (error.code) {
      case 'locked':
      case 'other-server':
      case 'other-version':
      case 'other-cluster':
      case 'no-directory':
        return new ServerError('usage', error.message)
      case 'corrupt':
        return new ServerError('corrupt', error.message)
      case 'io':
      case 'no-space':
        return new ServerError('io', error.message)
    }
  }
}
