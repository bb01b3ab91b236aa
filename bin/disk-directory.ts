/** A temporary directory for what is measured: on a disk, because in memory a sync costs nothing. */
import { mkdirSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isInMemory } from '../bench/conditions.js'
import { messageOfError, usageError } from './exit-status.js'

/**
 * Makes one in `parent`, or where none is named in the first place that lies on a disk: most systems keep /tmp there, and
 * where they do not, the directory we are in may be on one.
 */
export function makeDiskDirectory(prefix: string, parent: string | undefined): string {
  const candidates = parent === undefined ? [tmpdir(), '/var/tmp', process.cwd()] : [parent]
  if (parent !== undefined) makeParent(parent)
  const onDisk = candidates.find(candidate => !isInMemory(candidate))
  if (onDisk === undefined) {
    throw usageError(
      `${candidates.join(', ')} are all in memory, where a sync costs nothing: name a disk with --data DIR`,
    )
  }
  return mkdtempSync(join(onDisk, prefix))
}

function makeParent(path: string): void {
  try {
    makeWithParents(path)
    if (!statSync(path).isDirectory()) throw new Error('it is there, and no directory')
  } catch (error) {
    throw usageError(`--data: cannot make the directory ${path}: ${messageOfError(error)}`)
  }
}

/** Node's own recursive mkdir never comes back where a parent says ENOENT to its children, as /proc does. */
function makeWithParents(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    makeWithParents(dirname(path))
    mkdirSync(path)
  }
}
