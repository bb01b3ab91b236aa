/** A temporary directory for what is measured: on a disk, because in memory a sync costs nothing. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInMemory } from '../bench/conditions.js'
import { whyPath } from '../src/base/path-error.js'
import { usageError } from './exit-status.js'
import { isDirectory } from './is-directory.js'

/**
 * Makes one in `parent`, or where none is named in the first place that lies on a disk: most systems keep /tmp there, and
 * where they do not, the directory we are in may be on one.
 */
export function makeDiskDirectory(prefix: string, parent: string | undefined): string {
  const candidates = parent === undefined ? [tmpdir(), '/var/tmp', process.cwd()] : [parent]
  if (parent !== undefined) checkParent(parent)
  const onDisk = candidates.find(candidate => !isInMemory(candidate))
  if (onDisk === undefined) {
    throw usageError(
      `${candidates.join(', ')} are all in memory, where a sync costs nothing: name a disk with --data DIR`,
    )
  }
  return makeIn(onDisk, prefix)
}

/** What is made in it is removed again; it would stay, and a slip of the fingers with it. */
function checkParent(path: string): void {
  if (!existsSync(path)) throw usageError(`--data ${path} does not exist: make it first, or name another directory`)
  if (!isDirectory(path)) throw usageError(`--data ${path} is no directory`)
}

function makeIn(parent: string, prefix: string): string {
  try {
    return mkdtempSync(join(parent, prefix))
  } catch (error) {
    throw usageError(`--data: cannot make a directory in ${parent}: ${whyPath(error)}: name another`)
  }
}
