/** Before `dev` starts anything: does the data fit the cluster? Servers that find nothing would found another beside it. */
import { existsSync, statSync } from 'node:fs'
import { nodeDisk } from '../src/storage/disk-node.js'
import { pathsOf } from '../src/storage/files.js'
import { readIdentity } from '../src/storage/identity.js'
import { usageError } from './exit-status.js'

/** Throws a usage error where a server's directory was founded with another list. What is damaged its server tells. */
export async function checkFounding(data: string, directories: readonly string[], list: string): Promise<void> {
  if (!existsSync(data)) return
  if (!statSync(data).isDirectory()) throw usageError(`--data ${data} is no directory`)
  for (const directory of directories) {
    const founding = await foundingListOf(directory)
    if (founding !== null && founding !== list) {
      throw usageError(
        `${directory} was founded with ${founding}, not with ${list}: choose the same --servers and --port, or another --data`,
      )
    }
  }
}

function foundingListOf(directory: string): Promise<string | null> {
  return new Promise(resolve => {
    readIdentity(nodeDisk, pathsOf(directory), (_error, identity) => resolve(identity?.foundingCluster ?? null))
  })
}
