/** A temporary directory for what is measured: on a disk, because in memory a sync costs nothing. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInMemory } from '../bench/conditions.js'
import { usageError } from './exit-status.js'

/**
 * Makes one in `parent`, or where none is named in the first place that lies on a disk: most systems keep /tmp there, and
 * where they do not, the directory we are in may be on one.
 */
export function makeDiskDirectory(prefix: string, parent: string | undefined): string {
  const candidates = parent === undefined ? [tmpdir(), '/var/tmp', process.cwd()] : [parent]
  if (parent !== undefined) mkdirSync(parent, { recursive: true })
  const onDisk = candidates.find(candidate => !isInMemory(candidate))
  if (onDisk === undefined) {
    throw usageError(
      `${candidates.join(', ')} are all in memory, where a sync costs nothing: name a disk with --data DIR`,
    )
  }
  return mkdtempSync(join(onDisk, prefix))
}
