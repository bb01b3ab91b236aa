/** The lock that keeps a second process out of a data directory. It ends with the process, also by kill -9. */
import type { Disk } from './disk.js'
import { codeOf, StorageError, directoryErrorOf } from './storage-error.js'
import type { Paths } from './files.js'

export interface Lock {
  release(): void
}

/** Takes the lock of a directory; 'locked' if a server runs there. */
export function lockDirectory(
  disk: Disk,
  paths: Paths,
  got: (error: StorageError | null, lock: Lock | null) => void,
): void {
  disk.lock(paths.lock, (error, lock) => {
    if (error === null) got(null, lock)
    else if (codeOf(error) !== 'ELOCKED') got(directoryErrorOf(error, `lock ${paths.lock}`), null)
    else {
      const what = `${paths.directory} is in use by another process`
      got(new StorageError('locked', `${what}: stop that server, or choose another directory`), null)
    }
  })
}
