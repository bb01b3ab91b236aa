/** A temporary directory for what is measured: on a disk, because in memory a sync costs nothing. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isInMemory } from '../bench/conditions.js'
import { nodeDisk } from '../src/storage/disk-node.js'
import { messageOfError, usageError } from './exit-status.js'

/**
 * Makes one in `parent`, or where none is named in the first place that lies on a disk: most systems keep /tmp there, and
 * where they do not, the directory we are in may be on one.
 */
export async function makeDiskDirectory(prefix: string, parent: string | undefined): Promise<string> {
  const candidates = parent === undefined ? [tmpdir(), '/var/tmp', process.cwd()] : [parent]
  if (parent !== undefined) await makeParent(parent)
  const onDisk = candidates.find(candidate => !isInMemory(candidate))
  if (onDisk === undefined) {
    throw usageError(
      `${candidates.join(', ')} are all in memory, where a sync costs nothing: name a disk with --data DIR`,
    )
  }
  return mkdtempSync(join(onDisk, prefix))
}

/** As a server makes its own: Node's recursive mkdir never comes back from below /proc. */
async function makeParent(path: string): Promise<void> {
  try {
    await promisify(nodeDisk.makeDirectory.bind(nodeDisk))(path)
  } catch (error) {
    throw usageError(`--data: cannot make the directory ${path}: ${messageOfError(error)}`)
  }
}
